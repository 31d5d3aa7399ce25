//! What the browser run saw, one line per step: printed, and appended to the file named by `BROWSER_REPORT`.

use std::{env, fs::OpenOptions, io::Write};

/// Notes what was just seen and checked.
pub(super) fn report(scenario: &str, seen: &str) {
    let line = format!("{scenario}: {seen}");
    println!("browser: {line}");
    if let Some(path) = env::var_os("BROWSER_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
