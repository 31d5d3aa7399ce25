//! The long texts; their examples are compiled.

#[doc = include_str!("guide/change.md")]
pub mod change {}

#[doc = include_str!("guide/design.md")]
pub mod design {}

#[doc = include_str!("guide/mounting.md")]
pub mod mounting {}

#[doc = include_str!("guide/operating.md")]
pub mod operating {}

#[doc = include_str!("guide/routes.md")]
pub mod routes {}

#[doc = include_str!("guide/security.md")]
pub mod security {}

#[doc = include_str!("guide/stores.md")]
pub mod stores {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/webhooks.md")]
pub mod webhooks {}
