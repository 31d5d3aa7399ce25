//! The arguments of the program.

use std::ffi::OsString;

pub(crate) const HELP: &str = "\
A Komerza on a loopback port, for trying out and testing apps that connect with Komerza.

Usage: komerza-sandbox [OPTIONS]
       komerza-sandbox doctor URL [--cookie COOKIE] [--json]

doctor looks at a deployed app from outside. URL is the address of its login route; if URL has no path,
/komerza/login is used. --cookie signs in; without it, doctor cannot look behind a sign-in. It exits
with code 1 if something is wrong.

Options:
  --port PORT            Port on 127.0.0.1. Default: 4000. Zero: any free port.
  --redirect-uri URI     Redirect URI of the app. May be given several times.
                         Default: http://127.0.0.1:3000/komerza/callback
  --client-id ID         Client ID of the app. Default: the same on every start.
  --client-secret SECRET Client secret of the app, 72 characters. Default: the same on every start.
  -h, --help             Prints this.
  -V, --version          Prints the version.

It prints the variables that an app needs, as lines for a shell, and runs until Ctrl-C or SIGTERM.
Use no real secret with it: whoever reaches the port may approve everything.
";

/// The same on every start, so that an app keeps its settings.
const CLIENT_ID: &str = "00000000-0000-4000-8000-00005a4db0c5";
/// 72 characters, as Komerza's secrets have.
const CLIENT_SECRET: &str = "obviously-fake-secret-of-the-sandbox-the-same-on-every-start-of-it-00000";
const PORT: u16 = 4000;
const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Help,
    Version,
    Run(Arguments),
    Doctor { url: String, cookie: Option<String>, json: bool },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    /// Never empty.
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Reads what follows `doctor`.
fn doctor(words: &mut dyn Iterator<Item = Result<String, String>>) -> Result<Wish, String> {
    let (mut url, mut cookie, mut json) = (None, None, false);
    while let Some(word) = words.next().transpose()? {
        match word.as_str() {
            "--json" => json = true,
            "--cookie" => cookie = Some(words.next().transpose()?.ok_or("--cookie: a value must follow")?),
            _ if word.starts_with('-') || url.is_some() => {
                return Err(format!("{word}: one URL is expected; see --help"));
            }
            _ => url = Some(word),
        }
    }
    let url = url.ok_or("doctor: a URL must follow")?;
    Ok(Wish::Doctor { url, cookie, json })
}

/// Reads `--name value` and `--name=value`. An error names the argument.
pub(crate) fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Wish, String> {
    let mut arguments = Arguments {
        port: PORT,
        redirect_uris: Vec::new(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
    };
    let mut given = given.into_iter().map(|word| word.into_string().map_err(|_| "an argument is not UTF-8".to_owned()));
    let mut first = true;
    while let Some(word) = given.next().transpose()? {
        if std::mem::take(&mut first) && word == "doctor" {
            return doctor(&mut given);
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let value = || match value {
            Some(value) => Ok(value),
            None => given.next().transpose()?.ok_or_else(|| format!("{name}: a value must follow")),
        };
        match name {
            "-h" | "--help" => return Ok(Wish::Help),
            "-V" | "--version" => return Ok(Wish::Version),
            "--port" => {
                let value = value()?;
                arguments.port =
                    value.parse().map_err(|_| format!("--port: {value:?} is not a number from 0 to 65535"))?;
            }
            "--redirect-uri" => arguments.redirect_uris.push(value()?),
            "--client-id" => {
                arguments.client_id = Some(value()?).filter(|id| !id.is_empty()).ok_or("--client-id: is empty")?
            }
            "--client-secret" => arguments.client_secret = value()?,
            _ if name.starts_with('-') => return Err(format!("{name}: there is no such option; see --help")),
            _ => return Err(format!("{name:?}: only options are expected; see --help")),
        }
    }
    if arguments.redirect_uris.is_empty() {
        arguments.redirect_uris.push(REDIRECT_URI.to_owned());
    }
    Ok(Wish::Run(arguments))
}

/// A value as one word of a shell.
pub(crate) fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@+,%".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Arguments {
        match parse(words.iter().map(OsString::from)) {
            Ok(Wish::Run(arguments)) => arguments,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn without_arguments_everything_is_the_same_on_every_start() {
        let arguments = run(&[]);
        assert_eq!(arguments, run(&[]));
        assert_eq!((arguments.port, arguments.redirect_uris.len()), (4000, 1));
        assert_eq!(arguments.client_secret.len(), 72);
    }

    #[test]
    fn a_value_follows_its_name_or_an_equals_sign() {
        let spaced =
            run(&["--port", "0", "--redirect-uri", "http://a/?b=c", "--client-id", "id", "--client-secret", "s"]);
        let joined = run(&["--port=0", "--redirect-uri=http://a/?b=c", "--client-id=id", "--client-secret=s"]);
        assert_eq!(spaced, joined);
        assert_eq!(spaced.redirect_uris, ["http://a/?b=c"]);
    }

    #[test]
    fn redirect_uris_add_up_and_take_the_place_of_the_default() {
        assert_eq!(
            run(&["--redirect-uri", "http://a/", "--redirect-uri=http://b/"]).redirect_uris,
            ["http://a/", "http://b/"]
        );
    }

    #[test]
    fn an_error_names_the_argument() {
        for (words, why) in [
            (vec!["--port"], "--port: a value must follow"),
            (vec!["--port", "x"], "--port: \"x\" is not a number from 0 to 65535"),
            (vec!["--port=65536"], "--port: \"65536\" is not a number from 0 to 65535"),
            (vec!["--prot", "1"], "--prot: there is no such option; see --help"),
            (vec!["4000"], "\"4000\": only options are expected; see --help"),
            (vec!["--client-id="], "--client-id: is empty"),
        ] {
            assert_eq!(parse(words.iter().map(OsString::from)).unwrap_err(), why);
        }
    }

    #[test]
    fn the_doctor_takes_one_url() {
        let wish = |words: &[&str]| parse(words.iter().map(OsString::from));
        let url = || "https://shop.example".to_owned();
        assert_eq!(
            wish(&["doctor", "https://shop.example"]),
            Ok(Wish::Doctor { url: url(), cookie: None, json: false })
        );
        let asked = wish(&["doctor", "--json", "https://shop.example", "--cookie", "a=b"]);
        assert_eq!(asked, Ok(Wish::Doctor { url: url(), cookie: Some("a=b".to_owned()), json: true }));
        for words in [&["doctor"][..], &["doctor", "a", "b"], &["doctor", "--port", "1"], &["doctor", "a", "--cookie"]]
        {
            assert!(wish(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn help_and_version_win_over_what_follows() {
        assert_eq!(parse(["--help", "--nonsense"].map(OsString::from)), Ok(Wish::Help));
        assert_eq!(parse(["-V"].map(OsString::from)), Ok(Wish::Version));
        for option in ["--port", "--redirect-uri", "--client-id", "--client-secret"] {
            assert!(HELP.contains(&format!("\n  {option} ")), "{option} is in the help");
        }
    }

    #[test]
    fn a_value_is_one_word_of_a_shell() {
        for (value, word) in [
            ("SandboxedApp/1.0", "SandboxedApp/1.0"),
            ("http://a/?b=c&d", "'http://a/?b=c&d'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(value), word);
        }
    }
}
