#![no_main]
#[path = "../../tests/it/oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracles::run("webhook_signature", input));
