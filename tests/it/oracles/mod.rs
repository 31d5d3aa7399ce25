//! The fuzz targets: input bytes, and an oracle that says what must hold of the answer. `Err` says what did not.
//!
//! libFuzzer runs them by `fuzz/run`; `cargo test` runs the kept corpus and random inputs through the same functions. An oracle
//! knows another way to the answer (the URL standard's own parser, a reading of the whole JSON, a slow loop), never the code's own.

mod addresses;
mod answers;
mod request;
mod secrets;

/// What did not hold.
pub type Broken = String;

/// A fuzz target.
pub type Target = fn(&[u8]) -> Result<(), Broken>;

/// All targets by name, which is also the name of their corpus.
pub const TARGETS: [(&str, Target); 10] = [
    ("api_path", addresses::api_path),
    ("callback_query", request::callback_query),
    ("code_to_url", addresses::code_to_url),
    ("cookie_header", request::cookie_header),
    ("exchange_envelope", answers::exchange_envelope),
    ("retry_after", answers::retry_after),
    ("return_path", addresses::return_path),
    ("sealed_value", secrets::sealed_value),
    ("stored_record", secrets::stored_record),
    ("webhook_signature", answers::webhook_signature),
];

/// Runs a target by name.
///
/// # Panics
/// When the oracle does not hold, and for a name that is none: libFuzzer takes a panic for a finding.
pub fn run(name: &str, input: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    if let Err(broken) = target(input) {
        panic!("{name}: {broken}");
    }
}

/// Fails with a text unless a condition holds.
macro_rules! hold {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
use hold;
