//! Every kind of failure, made once: its page, its problem document, and what becomes of the login attempt.

use crate::prelude::*;

/// Whether the failure names the attempt, and whether the attempt is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Unnamed,
    Kept,
    Over,
}
use Attempt::{Kept, Over, Unnamed};

/// Section 2 of the threat model: kind, status, attempt, and a word of the page that says what to do.
const TABLE: &[(FailureKind, u16, Attempt, &str)] = &[
    (FailureKind::MalformedRequest, 400, Kept, "Start again"),
    (FailureKind::QueryTooLong, 414, Unnamed, "Start again"),
    (FailureKind::UnknownState, 400, Kept, "Start again"),
    (FailureKind::ExpiredState, 400, Over, "Start again"),
    (FailureKind::StateUsed, 400, Kept, "Start again"),
    (FailureKind::NotSignedIn, 401, Kept, "Sign in"),
    (FailureKind::OtherUser, 403, Kept, "or start again"),
    (FailureKind::CrossSite, 403, Unnamed, "try again there"),
    (FailureKind::NotApproved, 400, Unnamed, "If you refused at Komerza"),
    (FailureKind::InvalidCode, 400, Over, "Start again"),
    (FailureKind::ExpiredCode, 400, Over, "one minute"),
    (FailureKind::ExchangeRefused, 400, Over, "Start again"),
    (FailureKind::InvalidClientSecret, 500, Over, "not set up correctly"),
    (FailureKind::AppNotFound, 500, Over, "not set up correctly"),
    (FailureKind::TooManyAttempts, 429, Kept, "Wait a minute"),
    (FailureKind::Busy, 503, Kept, "Reload this page"),
    (FailureKind::ProviderUnreachable, 502, Kept, "Nothing is lost"),
    (FailureKind::ProviderFault, 502, Over, "Nothing was stored"),
    (FailureKind::ExchangeBlocked, 502, Over, "Tell the people who run it"),
    (FailureKind::UnknownOutcome, 502, Over, "extra entry"),
    (FailureKind::ProviderTimeout, 504, Over, "extra entry"),
    (FailureKind::UserLookupFailed, 503, Kept, "Nothing is lost"),
    (FailureKind::StoreUnavailable, 503, Kept, "Nothing is lost"),
    (FailureKind::SaveFailed, 503, Kept, "remove it"),
    (FailureKind::Vetoed, 403, Over, "a reason of the app"),
    (FailureKind::MethodNotAllowed, 405, Unnamed, "Start again"),
    (FailureKind::Speculative, 503, Unnamed, "Open it again"),
    (FailureKind::ShuttingDown, 503, Kept, "Nothing is lost"),
    (FailureKind::Internal, 500, Unnamed, "Tell the people who run it"),
];

/// What must not come back on any page.
const CODE: &str = "obviously-fake-code-to-look-for";
const ECHO: &str = "obviously-fake-echo-to-look-for";

fn limit(kind: FailureKind, limits: &mut Limits) {
    match kind {
        FailureKind::TooManyAttempts => limits.exchanges_per_user = 0,
        FailureKind::Busy => {
            limits.exchange_bucket = Bucket { capacity: 0, refill: 0, period: Duration::from_secs(1) };
            limits.exchange_wait = Duration::ZERO;
        }
        FailureKind::SaveFailed => limits.save_deadline = Duration::ZERO,
        _ => {}
    }
}

async fn shop_for(kind: FailureKind) -> Shop {
    let provider = match kind {
        FailureKind::ProviderUnreachable => RawProvider::reserved(),
        _ => RawProvider::start().await,
    };
    let shop = Shop::builder(Mode::Users).still().provider(provider).limits(|limits| limit(kind, limits));
    let shop = shop.layer(move |layer| match kind {
        FailureKind::Internal => layer.with_randomness(Chance::dry_if(|| true)),
        // Its pauses between tries are real ones.
        FailureKind::ProviderUnreachable => layer.with_clock(SystemClock),
        _ => layer,
    });
    let shop = shop.open().await;
    let reply = match kind {
        FailureKind::InvalidCode => Reply::error(401, "invalid_code"),
        FailureKind::ExpiredCode => Reply::error(401, "code_expired"),
        FailureKind::ExchangeRefused => Reply::error(403, "SomethingNew"),
        FailureKind::InvalidClientSecret => Reply::error(401, "invalid_client_secret"),
        FailureKind::AppNotFound => Reply::error(404, "app_not_found"),
        FailureKind::ProviderFault => Reply::html(200, "Down for maintenance"),
        FailureKind::ExchangeBlocked => Reply::html(403, "unavailable in your region"),
        FailureKind::UnknownOutcome => Reply::close(),
        FailureKind::ProviderTimeout => Reply::hang(),
        FailureKind::Vetoed => {
            shop.watch.all(Hook::BeforeStoring, Fate::Say("a reason of the app".into()));
            return shop;
        }
        _ => return shop,
    };
    shop.provider.on_code(CODE, reply);
    shop
}

/// The load that fails in this way, after whatever has to come before it.
async fn preparation(shop: &Shop, browser: &Browser, kind: FailureKind) -> (Option<Login>, Load) {
    let unnamed = match kind {
        FailureKind::NotApproved => Some(shop.returning(&format!("error=access_denied&error_description={ECHO}"))),
        FailureKind::QueryTooLong => Some(shop.returning(&format!("state={ECHO}&x={}", "x".repeat(8_200)))),
        FailureKind::CrossSite => Some(Load::form(EVIL, DISCONNECT, "")),
        FailureKind::MethodNotAllowed => Some(Load::typed(&format!("{CALLBACK}?{ECHO}")).method(Method::PUT)),
        FailureKind::Speculative => Some(Load::prefetch(SITE, &format!("{LOGIN}?return_to={ECHO}"))),
        FailureKind::Internal => Some(Load::link(SITE, LOGIN)),
        _ => None,
    };
    if let Some(load) = unnamed {
        return (None, load);
    }
    let login = shop.start(browser, "/x").await;
    let mut load = shop.returning(&format!("{}&unknown={ECHO}", login.with(CODE)));
    match kind {
        FailureKind::MalformedRequest => load = shop.returning(&format!("{}&code={ECHO}", login.with(CODE))),
        FailureKind::UnknownState => browser.jar().clear(),
        FailureKind::ExpiredState => shop.clock.advance(Duration::from_secs(601)),
        FailureKind::StateUsed => {
            let other_tab = browser.clone();
            shop.accepts(&other_tab, &login, "the-first-code", "/x").await;
        }
        FailureKind::NotSignedIn => browser.remove_header(USER),
        FailureKind::OtherUser => browser.set_header(USER, "bob"),
        FailureKind::UserLookupFailed => browser.set_header(USER, "broken"),
        FailureKind::StoreUnavailable => shop.shelf.decide(|_| Fate::Fail),
        FailureKind::SaveFailed => shop.shelf.all(Op::Save, Fate::Fail),
        FailureKind::ShuttingDown => assert!(shop.layer.shutdown(PATIENCE).await),
        _ => {}
    }
    (Some(login), load)
}

/// The failure as a person sees it, or a program; with the attempt that it belongs to.
async fn fail(kind: FailureKind, program: bool) -> (Hop, Option<Login>) {
    let shop = shop_for(kind).await;
    // A browser that drops no cookie by itself; what the server says about them still counts.
    let browser = shop.browser("alice").with_clock(|| SystemTime::UNIX_EPOCH);
    let browser = if program { browser.without_fetch_metadata() } else { browser };
    let (login, load) = preparation(&shop, &browser, kind).await;
    let load = if program { load.header("accept", "application/json") } else { load };
    let jar = cookies(&browser);
    let records = shop.shelf.snapshot();
    let hop = load_and_go_on(&browser, load.stop_at_first()).await;
    assert_eq!(shop.shelf.snapshot(), records, "{kind:?} changed the store");
    let kept = TABLE.iter().any(|row| row.0 == kind && row.2 != Over);
    assert_eq!(cookies(&browser) == jar, kept, "{kind:?}: cookies of the attempt");
    (hop, login)
}

fn says_nothing_secret(kind: FailureKind, hop: &Hop, login: Option<&Login>) {
    let said = format!("{}{:?}", hop.text(), hop.response.headers());
    for secret in [CODE, ECHO, "obviously-fake-client-secret", "obviously-fake-key", "obviously fake"] {
        assert!(!said.contains(secret), "{kind:?} repeats {secret}: {said}");
    }
    if let Some(login) = login {
        assert!(!said.contains(&login.state), "{kind:?} repeats the state: {said}");
    }
}

#[test]
fn the_table_has_every_kind_but_the_one_without_a_page() {
    let listed: Vec<_> = TABLE.iter().map(|row| row.0).collect();
    for kind in FailureKind::all() {
        // The user's own no leads back to the app, and a script sees no page; see `pages`.
        let pageless = matches!(kind, FailureKind::Denied | FailureKind::NotNavigated);
        assert_eq!(listed.contains(kind), !pageless, "{kind:?}");
    }
}

#[tokio::test]
async fn every_failure_has_a_page_that_says_what_happened_and_what_to_do_and_a_problem_document_for_programs() {
    for (kind, status, attempt, advice) in TABLE {
        for program in [false, true] {
            let (hop, login) = fail(*kind, program).await;
            assert_eq!((hop.status(), hop.location()), (*status, None), "{kind:?}: {}", hop.text());
            let content = if program { "application/problem+json" } else { "text/html; charset=utf-8" };
            assert_eq!(hop.header("content-type"), Some(content), "{kind:?}");
            assert_eq!(hop.header("retry-after").is_some(), matches!(status, 429 | 503), "{kind:?}");
            says_nothing_secret(*kind, &hop, login.as_ref());
            let id = login.as_ref().map(|login| login.reference());
            assert_eq!(id.is_some(), *attempt != Unnamed, "{kind:?}");
            if program {
                let problem = hop.json();
                assert_eq!((&problem["type"], &problem["title"]), (&"about:blank".into(), &kind.title().into()));
                assert_eq!((&problem["status"], &problem["code"]), (&(*status).into(), &kind.code().into()));
                assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{kind:?}: {problem}");
                let login_url = problem["login_url"].as_str().unwrap_or_default();
                assert!(login_url.starts_with("/komerza/login?return_to="), "{kind:?}: {problem}");
                assert_eq!(problem["attempt"].as_str(), id, "{kind:?}");
                continue;
            }
            let html = hop.text();
            assert!(html.contains(&format!("<h1>{}</h1>", kind.title().replace('\'', "&#39;"))), "{kind:?}: {html}");
            assert!(html.contains(advice), "{kind:?} does not say {advice:?}: {html}");
            assert!(html.contains("<a class=\"button\" href=\"/"), "{kind:?}: a way on: {html}");
            let code = id.map_or("<code>".to_owned(), |id| format!("<code>{id}</code>"));
            assert_eq!(html.contains(&code), id.is_some(), "{kind:?}: {html}");
        }
    }
}

#[tokio::test]
async fn what_spent_nothing_works_when_the_same_url_is_loaded_again() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    shop.shelf.decide(|_| Fate::Fail);
    for _ in 0..3 {
        shop.refuses(&alice, &login.with("C1"), 503).await;
    }
    shop.shelf.mend();
    shop.accepts(&alice, &login, "C1", "/x").await;

    let shop = Shop::builder(Mode::Users).still().provider(RawProvider::reserved()).clock(&SystemClock).open().await;
    let (alice, login) = shop.login_of("alice", "/x").await;
    shop.refuses(&alice, &login.with("C1"), 502).await;
    shop.provider.listen();
    shop.accepts(&alice, &login, "C1", "/x").await;
}
