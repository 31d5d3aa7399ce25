//! The program, as an app's author runs it.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

const VARIABLES: usize = 6;

/// A running sandbox, ended when it is dropped.
struct Program {
    child: Child,
    exports: BTreeMap<String, String>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_komerza-sandbox"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is ours")).lines().map_while(Result::ok);
        let exports = lines.filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let exports = exports.take(VARIABLES).collect();
        Self { child, exports }
    }

    fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill is there").success());
        self.child.wait().expect("it ends")
    }

    fn run(&self, command: &str, arguments: &[&str]) -> String {
        let output = Command::new(command).args(arguments).envs(&self.exports).output();
        let output = output.unwrap_or_else(|why| panic!("{command}: {why}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let program = Command::new(env!("CARGO_BIN_EXE_komerza-sandbox")).args(arguments).output();
    let Output { status, stderr, .. } = program.expect("the program starts");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// The code block of this language in the README.
fn block(language: &str) -> &'static str {
    let (_, rest) =
        include_str!("../README.md").split_once(&format!("### {language}")).expect("a section of this name");
    let (_, block) = rest.split_once("```").and_then(|(_, rest)| rest.split_once('\n')).expect("a block");
    block.split_once("```").expect("the end of the block").0
}

#[test]
fn a_restart_changes_nothing_and_sigterm_ends_it_cleanly() {
    let mut first = Program::start(&["--port", "0"]);
    let address = first.exports["KOMERZA_API_URL"].clone();
    let port = address.rsplit(':').next().expect("a port");
    assert!(first.terminate().success());
    let second = Program::start(&["--port", port]);
    assert_eq!(first.exports, second.exports);
    assert_eq!(second.exports["KOMERZA_REDIRECT_URI"], "http://127.0.0.1:3000/komerza/callback");
}

#[test]
fn the_readme_shows_the_lines_that_it_prints() {
    for (name, value) in &Program::start(&["--port=0"]).exports {
        if !name.ends_with("_URL") {
            let line = format!("\nexport {name}={value}\n");
            assert!(include_str!("../README.md").contains(&line), "{line}");
        }
    }
}

#[test]
fn errors_name_the_argument_and_never_a_secret() {
    let port = Program::start(&["--port=0"]);
    let taken = port.exports["KOMERZA_API_URL"].rsplit(':').next().expect("a port").to_owned();
    for (arguments, start) in [
        (["--port", taken.as_str()], "komerza-sandbox: --port: "),
        (["--redirect-uri", "/callback"], "komerza-sandbox: --redirect-uri: "),
        (["--client-secret", "obviously-fake"], "komerza-sandbox: --client-secret: "),
        (["--nonsense", "1"], "komerza-sandbox: --nonsense: "),
    ] {
        let (code, said) = refused(&arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with(start) && !said.contains("obviously-fake"), "{said}");
    }
}

#[test]
#[ignore = "needs curl, python3 and node: bash .ci/run examples"]
fn an_app_in_another_language_connects_as_the_readme_says() {
    let sandbox = Program::start(&["--port=0"]);
    for (language, command, option) in [("curl", "sh", "-ec"), ("Python", "python3", "-c"), ("Node.js", "node", "-e")] {
        let said = sandbox.run(command, &[option, block(language)]);
        assert!(said.contains("Night Owl Keys"), "{language}: {said}");
    }
}

#[test]
fn the_doctor_names_what_answers_in_place_of_the_app() {
    // The sandbox is no app: its API wants a key for every path.
    let sandbox = Program::start(&["--port", "0"]);
    let url = format!("{}/komerza/login", sandbox.exports["KOMERZA_API_URL"]);
    let doctor = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_komerza-sandbox")).arg("doctor").args(arguments).output();
        let Output { status, stdout, .. } = output.expect("the program starts");
        (status.code(), String::from_utf8_lossy(&stdout).into_owned())
    };
    let (code, said) = doctor(&[&url]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error   ") && said.contains("/komerza/login answers 401"), "{said}");
    let (code, said) = doctor(&[&url, "--json"]);
    assert!(code == Some(1) && said.starts_with('{') && said.contains("\"code\":\"not_mounted\""), "{said}");
    assert_eq!(refused(&["doctor", "http://127.0.0.1:1/"]).0, Some(2));
}
