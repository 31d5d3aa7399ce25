use super::capture::Buffer;
use super::{Canary, capture, fake_secret};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tracing::{Level, event, span};

/// The forms in which the secret `leaked` is found after `say`.
fn found(say: impl FnOnce(&str)) -> Vec<&'static str> {
    let canary = Canary::new();
    let secret = canary.secret("leaked~secret?");
    say(&secret);
    canary.into_leaks().into_iter().map(|leak| leak.form).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_secret_is_found_in_every_part_of_a_log() {
    assert_eq!(found(|secret| event!(Level::ERROR, "told {secret} to all")), ["plain"]);
    assert_eq!(found(|secret| event!(Level::TRACE, key = secret)), ["plain"]);
    assert_eq!(found(|secret| event!(Level::TRACE, key = ?Some(secret))), ["plain"]);
    assert_eq!(found(|secret| drop(span!(Level::TRACE, "work", secret))), ["plain"]);
    assert_eq!(found(|secret| span!(Level::TRACE, "work", %secret).in_scope(|| {})), ["plain"]);
    let recorded = |secret: &str| {
        let span = span!(Level::TRACE, "work", later = tracing::field::Empty);
        span.record("later", secret);
    };
    assert_eq!(found(recorded), ["plain"]);
    assert_eq!(found(|secret| event!(target: "some::other::crate", Level::TRACE, secret)), ["plain"]);
    assert_eq!(found(|secret| log::trace!("by the log crate: {secret}")), ["plain"]);
    assert_eq!(found(|secret| capture("a page", secret)), ["plain"]);
}

#[test]
fn a_secret_is_found_in_the_message_of_a_panic_on_any_thread() {
    let panics = |secret: &str| {
        let secret = secret.to_owned();
        assert!(std::thread::spawn(move || panic!("{secret} is wrong")).join().is_err());
    };
    assert_eq!(found(panics), ["plain"]);
}

#[test]
fn a_secret_is_found_in_every_encoding_and_at_every_alignment() {
    let say = |text: String| event!(Level::TRACE, "{text}");
    assert_eq!(found(|secret| say(hex(secret.as_bytes()))), ["hex, lower case"]);
    assert_eq!(found(|secret| say(hex(secret.as_bytes()).to_uppercase())), ["hex, upper case"]);
    assert_eq!(found(|secret| say(format!("{:?}", secret.as_bytes()))), ["list of bytes"]);
    assert_eq!(found(|secret| say(format!("{:#?}", secret.as_bytes()))), ["list of bytes"]);
    for before in ["", "x", "xy", "xyz"] {
        for after in ["", "x", "xy", "xyz"] {
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let forms = found(|secret| say(engine.encode(format!("{before}{secret}{after}"))));
                assert!(!forms.is_empty(), "{before:?} {after:?}");
                assert!(forms.iter().all(|form| form.starts_with("base64")), "{forms:?}");
            }
        }
    }
    let once = |secret: &str| utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    assert_eq!(found(|secret| say(once(secret))), ["plain"]);
    assert_eq!(found(|secret| say(once(secret).to_lowercase())), ["plain"]);
    assert_eq!(found(|secret| say(once(&once(secret)))), ["plain"]);
    let every_byte = |secret: &str| secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(found(|secret| say(every_byte(secret))), ["plain"]);
    let wrapped = |secret: &str| say(STANDARD.encode(secret).replacen('m', "m\n", 1));
    assert!(!found(wrapped).is_empty());
    // Both alphabets of base64 are searched: six bits of ones are `/` in one and `_` in the other.
    for engine in [STANDARD, URL_SAFE] {
        let canary = Canary::new();
        canary.register("sealing key", [0xff; 16]);
        say(engine.encode([0xff; 16]));
        assert!(canary.into_leaks().iter().any(|leak| leak.form.starts_with("base64")));
    }
}

#[test]
fn a_secret_that_differs_only_at_its_end_is_another_one() {
    let (said, other) = ("obviously-fake-neighbour-1", "obviously-fake-neighbour-2");
    let canary = Canary::new();
    canary.register("other", other);
    for before in ["", "x", "xy"] {
        for after in ["", "x", "xy"] {
            let text = format!("{before}{said}{after}");
            event!(Level::TRACE, text, base64 = STANDARD.encode(&text), hex = hex(text.as_bytes()));
            event!(Level::TRACE, url_safe = URL_SAFE_NO_PAD.encode(&text), bytes = ?text.as_bytes());
        }
    }
    canary.assert_nothing_leaked();
}

#[test]
fn a_secret_with_quotes_is_found_in_its_debug_form() {
    let canary = Canary::new();
    let secret = format!("say \"{}\" \\", fake_secret("quoted"));
    canary.register("quoted", &secret);
    event!(Level::TRACE, text = ?secret.as_str());
    assert_eq!(canary.into_leaks().iter().map(|leak| leak.form).collect::<Vec<_>>(), ["escaped"]);
}

#[test]
fn what_was_said_before_and_what_is_no_secret_is_not_reported() {
    let secret = fake_secret("earlier");
    event!(Level::TRACE, "{secret}");
    let canary = Canary::new();
    canary.register("earlier", &secret);
    canary.also_search("Debug of a config", "Config { secret: \"[redacted]\" }");
    let prefix = &secret[..secret.len() - 1];
    event!(Level::TRACE, prefix, hash = hex(prefix.as_bytes()));
    canary.assert_nothing_leaked();
    canary.register("secret with another name", &secret);
    assert_eq!(canary.leaks().len(), 0);
}

#[test]
fn a_leak_fails_the_test_at_its_end_and_says_what_leaked_where() {
    let leaking = || {
        let canary = Canary::new();
        let secret = canary.secret("api-key");
        canary.also_search("Debug of the store", format!("Store({secret:?})"));
    };
    let report = std::panic::catch_unwind(leaking).unwrap_err();
    let report = report.downcast_ref::<String>().unwrap();
    for part in ["1 leaks", "api-key", "Debug of the store", "plain"] {
        assert!(report.contains(part), "{part:?} is missing in {report}");
    }
    let too_short = || Canary::new().register("code", "1234567");
    assert!(std::panic::catch_unwind(too_short).is_err());
}

#[test]
fn the_buffer_keeps_the_newest_and_admits_what_is_gone() {
    let mut buffer = Buffer::new(10);
    let start = buffer.position();
    buffer.push("12345".to_owned());
    let middle = buffer.position();
    buffer.push("67890".to_owned());
    assert_eq!((buffer.since(start).as_str(), buffer.since(middle).as_str()), ("1234567890", "67890"));
    buffer.push("x".to_owned());
    assert_eq!((buffer.since(middle).as_str(), buffer.position()), ("67890x", 11));
    assert!(std::panic::catch_unwind(|| buffer.since(start)).is_err());
}

#[tokio::test]
async fn the_pages_of_the_crates_routes_are_searched() {
    let canary = Canary::new();
    let answer = |secret: String| {
        move || async move { crate::headers_tests::correct_answer(&secret).map(axum::body::Body::from) }
    };
    let app = axum::Router::new()
        .route("/komerza/status", axum::routing::get(answer(canary.secret("on-our-page"))))
        .route("/account", axum::routing::get(answer(canary.secret("on-their-page"))));
    let browser = crate::browser::Browser::new().serve("https://shop.example", app);
    browser.open("https://shop.example/account").await;
    browser.open("https://shop.example/komerza/status").await;
    let leaked: Vec<_> = canary.into_leaks().into_iter().map(|leak| leak.secret).collect();
    assert_eq!(leaked, ["on-our-page"], "the app may show what it likes");
}
