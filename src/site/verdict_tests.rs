use super::*;
use crate::site::{client_address::charged, cookie::Done};
use crate::{config::Config, random::SystemRandomness};
use http::{HeaderValue, header::COOKIE};
use std::time::Duration;

#[test]
fn t27_a_callback_has_one_code_or_no_code_at_all() {
    for (query, wanted) in [
        ("code=abc", Ok("abc")),
        ("code=a%2Fb+c%3D", Ok("a/b+c=")),
        ("code=abc&error_description=x", Ok("abc")),
        ("", Err(FailureKind::Denied)),
        ("error=access_denied", Err(FailureKind::Denied)),
        ("code=&x", Err(FailureKind::Denied)),
        ("code=", Err(FailureKind::Denied)),
        ("code=&error=", Err(FailureKind::Denied)),
        ("error=", Err(FailureKind::Denied)),
        ("code=&error=access_denied", Err(FailureKind::Denied)),
        ("code=abc&error=", Ok("abc")),
        ("code=abc&error", Ok("abc")),
        ("code=abc&error=&error=", Err(FailureKind::MalformedRequest)),
        ("code=&code=", Err(FailureKind::MalformedRequest)),
        ("code=a&code=b", Err(FailureKind::MalformedRequest)),
        ("code=a&error=access_denied", Err(FailureKind::MalformedRequest)),
        ("error=a&error=b", Err(FailureKind::MalformedRequest)),
        ("error=%ff", Err(FailureKind::MalformedRequest)),
        ("code=%ff", Err(FailureKind::MalformedRequest)),
        ("code=a%20b", Err(FailureKind::MalformedRequest)),
        ("code=a%00b", Err(FailureKind::MalformedRequest)),
        ("code=..", Err(FailureKind::MalformedRequest)),
    ] {
        let code = read_code(query);
        assert_eq!(code.as_ref().map(AuthorizationCode::expose_secret).map_err(|kind| *kind), wanted, "{query}");
    }
}

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn at(seconds_ago: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW - Duration::from_secs(seconds_ago)
}

fn jar() -> Jar {
    let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0");
    Jar::new(&config.redirect_uri("https://shop.example/cb").build().unwrap())
}

fn session() -> BrowserSession {
    BrowserSession::mint(None, at(0), &SystemRandomness).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A callback as it arrives: its state, its cookies, and who is back.
struct Arrived {
    state: String,
    cookies: HeaderMap,
    back: Option<Returning>,
}

/// Begun by `starter` so many seconds ago.
fn begun(starter: Starter, seconds_ago: u64, caller: Option<Option<Caller>>) -> Arrived {
    let state = State::mint(&SystemRandomness).unwrap();
    let text = state.expose_secret();
    let attempt = LoginAttempt { state, starter, return_to: "/orders".into(), note: None };
    let (name, value) =
        jar().logins.seal(attempt.state.attempt_id(), at(seconds_ago), &attempt, &SystemRandomness).unwrap();
    Arrived { state: text, cookies: cookies(&name, &value), back: back(caller) }
}

/// `None`: not yet known. `Some(None)`: nobody.
fn back(caller: Option<Option<Caller>>) -> Option<Returning> {
    caller.map(|caller| Returning { charged: charged(caller.as_ref(), None), caller, expired: None })
}

fn cookies(name: &str, value: &str) -> HeaderMap {
    let mut cookies = HeaderMap::new();
    cookies.insert(COOKIE, HeaderValue::try_from(format!("{name}={value}")).unwrap());
    cookies
}

/// The verdict in a word, with what it does to the attempt's cookie.
fn word(verdict: &Result<Verdict, Failure>) -> String {
    match verdict {
        Ok(Verdict::Done { return_to }) => format!("done {return_to}"),
        Ok(Verdict::LoadAgain(_)) => "load again".to_owned(),
        Ok(Verdict::AskWhoIsBack(proven)) => format!("who? {}", proven.return_to),
        Err(failure) if failure.visitor.return_to.is_none() => {
            assert!(!failure.visitor.used_up, "of no attempt of this browser");
            format!("{} {}", failure.kind().code(), failure.attempt().map_or("of none", |_| "of one"))
        }
        Err(failure) => {
            format!("{} {}", failure.kind().code(), if failure.visitor.used_up { "used up" } else { "kept" })
        }
        Ok(Verdict::Connect { pending, .. }) => format!("connect {}", pending.user.as_str()),
    }
}

#[test]
fn every_callback_has_one_verdict() {
    let (alice, next) = (|| Some(Caller::User(user("alice"))), session());
    let own = |ago, caller| begun(Starter::of_user(&user("alice")), ago, caller);
    let browser = |caller| begun(Starter::Browser { new: true, next: next.clone() }, 9, caller);
    let nothing = || Arrived { state: String::new(), cookies: HeaderMap::new(), back: None };
    let strange = || Arrived { cookies: HeaderMap::new(), ..own(9, None) };
    let again = || {
        let mut arrived = own(9, Some(None));
        let mark = jar().names.again(State::parse(&arrived.state).unwrap().attempt_id());
        arrived.cookies.append(COOKIE, HeaderValue::try_from(format!("{mark}=1")).unwrap());
        arrived
    };
    let meant = format!("connect {}", next.user_id().as_str());
    for (what, arrived, query, wanted) in [
        ("no state", nothing(), "code=c", "unknown_state of none"),
        ("a state that is none", nothing(), "code=c&state=junk", "unknown_state of none"),
        ("two states", nothing(), "code=c&state=a&state=b", "malformed_request of none"),
        ("a broken escape", nothing(), "code=c&state=%ff", "malformed_request of none"),
        ("no cookie", strange(), "code=c&state=STATE", "unknown_state of one"),
        ("too old", own(601, Some(alice())), "code=c&state=STATE", "expired_state used up"),
        ("too old, and nobody asked who it is", own(601, None), "state=STATE", "expired_state used up"),
        ("not yet known who is back", own(9, None), "code=c&state=STATE", "who? /orders"),
        ("nobody is back", own(9, Some(None)), "code=c&state=STATE", "load again"),
        ("nobody is back a second time", again(), "code=c&state=STATE", "not_signed_in kept"),
        (
            "somebody else is back",
            own(9, Some(Some(Caller::User(user("bob"))))),
            "code=c&state=STATE",
            "other_user kept",
        ),
        ("a browser is back", own(9, Some(Some(Caller::Browser(None)))), "code=c&state=STATE", "other_user kept"),
        ("who refused", own(9, Some(alice())), "error=access_denied&state=STATE", "denied used up"),
        ("somebody else, who refused", own(9, Some(None)), "error=x&state=STATE", "load again"),
        ("code and error", own(9, Some(alice())), "code=c&error=x&state=STATE", "malformed_request kept"),
        ("a good one", own(9, Some(alice())), "code=c&state=STATE", "connect alice"),
        ("a new browser", browser(Some(Some(Caller::Browser(None)))), "code=c&state=STATE", &*meant),
        (
            "with a session from another tab",
            browser(Some(Some(Caller::Browser(Some(session()))))),
            "code=c&state=STATE",
            &meant,
        ),
        ("a user in place of a browser", browser(Some(alice())), "code=c&state=STATE", "other_user kept"),
    ] {
        let query = query.replace("STATE", &arrived.state);
        let verdict = check(&query, &arrived.cookies, arrived.back.as_ref(), at(0), &jar(), &Limits::default());
        assert_eq!(word(&verdict), wanted, "{what}");
    }
    let long = format!("state={}", "x".repeat(Limits::default().callback_query_bytes));
    let verdict = check(&long, &HeaderMap::new(), None, at(0), &jar(), &Limits::default());
    assert_eq!(word(&verdict), "query_too_long of none");
}

#[test]
fn t70_an_answered_attempt_ends_where_it_ended_then_unless_another_code_comes_until_its_mark_is_too_old() {
    let Arrived { state, .. } = begun(Starter::Browser { new: true, next: session() }, 9, None);
    let attempt = State::parse(&state).unwrap().attempt_id();
    let code = AuthorizationCode::new("first").unwrap().hash();
    let done = Done { code, session: None, return_to: "/then".into() };
    let (name, value) = jar().dones.seal(attempt, at(60), &done, &SystemRandomness).unwrap();
    let ends = |query: &str, now| {
        let query = format!("{query}&state={state}");
        word(&check(&query, &cookies(&name, &value), None, now, &jar(), &Limits::default()))
    };
    for (query, wanted) in [
        ("code=first", "done /then"),
        ("x", "done /then"),
        ("error=access_denied", "done /then"),
        ("code=another", "state_used kept"),
    ] {
        assert_eq!(ends(query, at(0)), wanted, "{query}");
    }
    assert_eq!(ends("code=first", at(0) + Limits::default().done_lifetime), "unknown_state of one");
}

#[test]
fn t02_an_attempt_of_a_user_is_no_browsers_and_one_of_a_browser_no_users() {
    let ends = |caller: Option<Caller>, starter: Starter| {
        let state = State::mint(&SystemRandomness).unwrap();
        let attempt = LoginAttempt { state, starter, return_to: "/".to_owned(), note: None };
        let back = Returning { charged: charged(caller.as_ref(), None), caller, expired: None };
        connect(&back, attempt, AuthorizationCode::new("code").unwrap()).map(|(pending, _)| pending.user)
    };
    let (alice, next) = (user("alice"), session());
    let (of_alice, of_browser) = (|| Starter::of_user(&alice), |new| Starter::Browser { new, next: next.clone() });
    assert_eq!(ends(Some(Caller::User(alice.clone())), of_alice()), Ok(alice.clone()));
    assert_eq!(ends(Some(Caller::Browser(None)), of_browser(true)), Ok(next.user_id()));
    for (caller, starter) in [
        (Some(Caller::User(alice.clone())), of_browser(true)),
        (Some(Caller::User(alice.clone())), of_browser(false)),
        (Some(Caller::Browser(None)), of_alice()),
        (Some(Caller::Browser(Some(session()))), of_alice()),
        (None, of_alice()),
        (None, of_browser(true)),
    ] {
        assert_eq!(ends(caller, starter), Err(FailureKind::OtherUser));
    }
}
