//! The guides. Their examples are compiled and tested.

#[doc = include_str!("guide/change.md")]
pub mod change {}

#[doc = include_str!("guide/deployment.md")]
pub mod deployment {}

#[doc = include_str!("guide/design.md")]
pub mod design {}

#[doc = include_str!("guide/first_steps.md")]
pub mod first_steps {}

#[doc = include_str!("guide/front_ends.md")]
pub mod front_ends {}

#[doc = include_str!("guide/jobs.md")]
pub mod jobs {}

#[doc = include_str!("guide/mounting.md")]
pub mod mounting {}

#[doc = include_str!("guide/operating.md")]
pub mod operating {}

#[doc = include_str!("guide/own_login.md")]
pub mod own_login {}

#[doc = include_str!("guide/routes.md")]
pub mod routes {}

#[doc = include_str!("guide/scale.md")]
pub mod scale {}

#[doc = include_str!("guide/security.md")]
pub mod security {}

#[doc = include_str!("guide/setting_up.md")]
#[allow(rustdoc::bare_urls, reason = "its addresses are what people read in a terminal")]
pub mod setting_up {}

#[doc = include_str!("guide/stores.md")]
pub mod stores {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[cfg(feature = "webhook")]
#[doc = include_str!("guide/webhooks.md")]
pub mod webhooks {}

#[cfg(test)]
mod tests {
    use crate::{RejectionKind, config, doctor, layer, site};
    use std::fmt::Write;

    const PAGE: &str = "setting_up.md";
    const TABLE: &str = "<!-- The tables are written by a test: `UPDATE_GUIDE=1 cargo test setting_up`. -->\n";

    /// The tables of the page, from the messages in the code.
    fn tables() -> String {
        let mut text = String::from("\n## Settings\n\nNames and values are examples.\n\n");
        text.push_str("| Code | Message | Remedy |\n| --- | --- | --- |\n");
        for error in config::tests::provoked() {
            let wrong = &error.settings()[0];
            let _ = writeln!(text, "| `{}` | {wrong} | {} |", wrong.why.code, wrong.why.remedy);
        }
        for (title, messages) in [
            ("Log and tests", [site::notices::ALL, layer::mounted::ALL].concat()),
            ("Doctor", doctor::checks::ALL.to_vec()),
        ] {
            let _ = write!(text, "\n## {title}\n\n| Code | Message | Remedy |\n| --- | --- | --- |\n");
            for message in messages {
                let remedy = if message.remedy.is_empty() { "none needed" } else { message.remedy };
                let _ = writeln!(text, "| `{}` | {} | {remedy} |", message.code, message.text("…"));
            }
            if title == "Log and tests" {
                // Its text is text and remedy in one.
                let _ = writeln!(
                    text,
                    "| `layer_missing` | {} | as the message says |",
                    RejectionKind::LayerMissing.title()
                );
            }
        }
        text.replace("<", "&lt;")
    }

    #[test]
    fn the_page_on_setting_up_has_every_message_of_the_code() {
        let path = format!("{}/../src/guide/{PAGE}", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(&path).unwrap();
        let (words, _) = page.split_once(TABLE).unwrap();
        let wanted = format!("{words}{TABLE}{}", tables());
        if std::env::var_os("UPDATE_GUIDE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == wanted, "run UPDATE_GUIDE=1 cargo test setting_up");
    }
}
