//! The models, the typed calls and the sandbox, compared with `docs/provider-facts.tsv`.
//!
//! Each test lists every difference, so that a corrected line of the table says what has to change.

mod calls;
mod drift;
mod models;
mod odd;
mod sandbox;
mod shape;
mod table;
mod unknowns;

pub(crate) use table::TABLE;
