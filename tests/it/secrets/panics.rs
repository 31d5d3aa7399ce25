//! A panic in what the app brought along ends one request.

use crate::prelude::*;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};

fn panic(what: &str) -> Fate {
    Fate::Panic(format!("{what} panics, on purpose"))
}

#[tokio::test]
async fn t43_a_store_that_panics_ends_one_callback_and_says_no_secret() {
    for mode in MODES {
        let canary = Canary::new();
        let shop = Shop::builder(mode).open().await;
        canary.register("client secret", &shop.client_secret);
        for (number, op) in [Op::Load, Op::Save].into_iter().enumerate() {
            let (browser, state) = shop.begun("alice").await;
            let (before_the_answer, code) = (browser.clone(), canary.secret("code"));
            shop.shelf.all(op, panic("the store"));
            let hop = shop.callback(&browser, &code, &state).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (500, Some(FailureKind::Internal)), "{op:?}");
            assert_eq!(shop.exchanges(), number + usize::from(op == Op::Save));
            let told = shop.watch.count(Hook::Orphaned);
            assert_eq!(told, usize::from(op == Op::Save), "of a key that was received and is not kept");
            shop.shelf.mend();
            if op == Op::Save {
                let again = shop.callback(&before_the_answer, &code, &state).await;
                assert_eq!(
                    (again.status(), shop.exchanges_of(&code)),
                    (500, 1),
                    "the same outcome, and not sent twice"
                );
            }
            assert_connected(&shop.connect(&browser, &format!("after-{number}")).await);
        }
    }
}

#[tokio::test]
async fn t48_a_veto_hook_that_panics_keeps_the_key_out_and_the_app_is_told_of_it() {
    for (shop, browser) in in_both(|mode| Shop::live(mode, "alice")).await {
        shop.watch.all(Hook::BeforeStoring, panic("the hook"));
        let hop = shop.connect(&browser, "code").await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (500, Some(FailureKind::Internal)));
        assert_eq!((shop.exchanges(), shop.shelf.writes()), (1, 0));
        assert_eq!(shop.watch.calls(), [Hook::BeforeStoring, Hook::Orphaned, Hook::Failed]);
        shop.watch.mend();
        assert_connected(&shop.connect(&browser, "next").await);
    }
}

#[tokio::test]
async fn t43_a_notice_that_panics_loses_no_connection() {
    for (shop, browser) in in_both(|mode| Shop::live(mode, "alice")).await {
        assert_connected(&shop.connect(&browser, "earlier").await);
        shop.watch.all(Hook::Connected, panic("the hook"));
        assert_connected(&shop.connect(&browser, "code").await);
        assert_eq!(shop.key(&browser).await, Ok(key_for_code("code")), "the browser has its session");
        assert_eq!(shop.shelf.snapshot().len(), 1, "the record of the session before is gone");
        assert!(shop.watch.count(Hook::Orphaned) == 0);
        shop.watch.all(Hook::Disconnected, panic("the hook"));
        assert_eq!((shop.disconnect(&browser).await.status(), shop.shelf.snapshot().len()), (303, 0));
    }
}

#[tokio::test]
async fn t43_a_hook_that_panics_when_told_of_a_failure_leaves_the_crates_own_answer() {
    for shop in in_both(|mode| Shop::builder(mode).limits(|limits| limits.save_deadline = Duration::ZERO).open()).await
    {
        let browser = shop.browser("alice");
        shop.watch.decide(|_| panic("the hook"));
        let hop = shop.return_to(&browser, "code=x&state=y").await;
        assert_eq!((hop.status(), hop.text().contains("Start again")), (400, true));
        shop.watch.all(Hook::Orphaned, panic("the hook"));
        shop.shelf.all(Op::Save, Fate::Fail);
        let hop = shop.connect(&browser, "code").await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::SaveFailed)));
    }
}

#[tokio::test]
async fn t48_without_chance_for_the_records_version_no_code_is_spent() {
    for mode in MODES {
        let dry = Arc::new(AtomicBool::new(false));
        let is_dry = Arc::clone(&dry);
        let chance = Chance::dry_if(move || is_dry.load(SeqCst));
        let shop = Shop::builder(mode).layer(|layer| layer.with_randomness(chance)).open().await;
        let (browser, state) = shop.begun("alice").await;
        dry.store(true, SeqCst);
        let hop = shop.callback(&browser, "code", &state).await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (500, Some(FailureKind::Internal)));
        assert_eq!(shop.exchanges(), 0, "a key without a record would be a live key that nobody holds");
    }
}

#[tokio::test]
async fn t66_a_look_up_or_store_that_panics_is_500_on_each_route_and_in_the_extractor() {
    let (shop, browser) = Shop::live(Mode::Users, "alice").await;
    assert_connected(&shop.connect(&browser, "code").await);
    let status = || async { browser.load(Load::typed(&format!("{SITE}/komerza/status"))).await.last().status() };
    let login = || async { browser.load(Load::typed(&format!("{SITE}/komerza/login"))).await.last().status() };
    shop.lookup.decide(|| panic("the look-up"));
    assert_eq!(shop.key(&browser).await, Err(500));
    assert_eq!((login().await, status().await, shop.disconnect(&browser).await.status()), (500, 500, 500));
    assert_eq!(shop.watch.kinds(), [FailureKind::Internal; 3]);
    shop.lookup.mend();
    for op in [Op::Load, Op::Delete, Op::DeleteIf] {
        shop.shelf.all(op, panic("the store"));
        if op == Op::Load {
            assert_eq!((shop.key(&browser).await, status().await), (Err(500), 500));
        }
        shop.disconnect(&browser).await;
        assert!(
            shop.shelf.key_of("alice").is_none() || shop.watch.last_kind() == Some(FailureKind::Internal),
            "{op:?}"
        );
        shop.shelf.mend();
        assert_connected(&shop.connect(&browser, &format!("after-{op:?}")).await);
    }
    assert!(shop.key(&browser).await.is_ok());
}

#[tokio::test]
async fn t66_a_panic_before_the_exchange_spends_nothing_and_the_same_link_works_afterwards() {
    for (shop, browser, state) in in_both(|mode| Shop::with_start(mode, "alice")).await {
        shop.shelf.all(Op::Load, panic("the store"));
        assert_eq!(shop.callback(&browser, "code", &state).await.status(), 500);
        shop.shelf.mend();
        if let Mode::Users = shop.mode {
            shop.lookup.decide(|| panic("the look-up"));
            assert_eq!(shop.callback(&browser, "code", &state).await.status(), 500);
            shop.lookup.mend();
        }
        assert_eq!(shop.exchanges(), 0);
        assert_connected(&shop.callback(&browser, "code", &state).await);
    }
}

#[tokio::test]
async fn t66_a_panic_while_the_earlier_record_is_removed_leaves_a_saved_key_a_success() {
    let (shop, browser) = Shop::live(Mode::Browsers, "alice").await;
    assert_connected(&shop.connect(&browser, "first").await);
    shop.shelf.decide(|op| if matches!(op, Op::Delete | Op::DeleteIf) { panic("the store") } else { Fate::Fine });
    assert_connected(&shop.connect(&browser, "second").await);
    shop.shelf.mend();
    assert_eq!(shop.key(&browser).await, Ok(key_for_code("second")));
}

/// A clock, or a source of chance, that panics from a certain call on.
#[derive(Clone, Debug, Default)]
struct Brittle(Arc<AtomicIsize>);

impl Brittle {
    fn breaks_after(&self, calls: isize) {
        self.0.store(calls, SeqCst);
    }

    fn touch(&self) {
        assert!(self.0.fetch_sub(1, SeqCst) != 1, "it panics, on purpose");
    }
}

impl Clock for Brittle {
    fn now(&self) -> SystemTime {
        self.touch();
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        self.touch();
        SystemClock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep(duration)
    }
}

impl Randomness for Brittle {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.touch();
        SystemRandomness.fill(bytes)
    }
}

/// Breaks each call in turn, and asks for one of three ends: nothing was spent and the same link works, the key is kept, or the
/// app was told that it is lost.
async fn break_each_call(calls: isize, with: fn(KomerzaConnectLayer, Brittle) -> KomerzaConnectLayer) {
    for mode in MODES {
        for call in 1..=calls {
            let brittle = Brittle::default();
            let breaks = brittle.clone();
            let shop = Shop::builder(mode).layer(move |layer| with(layer, breaks)).open().await;
            let (browser, state) = shop.begun("alice").await;
            brittle.breaks_after(call);
            let hop = shop.callback(&browser, "code", &state).await;
            brittle.breaks_after(0);
            let told = shop.watch.calls().contains(&Hook::Orphaned);
            match (hop.status(), shop.exchanges()) {
                (500, 0) => assert_connected(&shop.callback(&browser, "code", &state).await),
                (500, _) => assert!(told, "call {call}: a key is lost without a word"),
                _ => assert_connected(&hop),
            }
        }
    }
}

#[tokio::test]
async fn t66_a_clock_or_a_source_of_chance_that_panics_at_any_call_of_a_callback_loses_nothing() {
    break_each_call(12, |layer, brittle| layer.with_clock(brittle)).await;
    break_each_call(4, |layer, brittle| layer.with_randomness(brittle)).await;
}

#[tokio::test]
async fn t66_a_clock_that_panics_is_500_at_login_and_in_the_extractor() {
    let brittle = Brittle::default();
    let shop = Shop::builder(Mode::Browsers).clock(&brittle).open().await;
    let browser = shop.browser("alice");
    assert_connected(&shop.connect(&browser, "code").await);
    brittle.breaks_after(1);
    assert_eq!(shop.key(&browser).await, Err(500));
    brittle.breaks_after(1);
    assert_eq!(browser.load(Load::typed(&format!("{SITE}/komerza/login"))).await.last().status(), 500);
    assert!(shop.key(&browser).await.is_ok());
}

/// What comes from outside is never expected to be as it should be: each of these is a fault of the provider, and none a panic.
#[tokio::test]
async fn t43_no_answer_of_the_provider_ends_in_a_panic() {
    let deep = format!("{{\"success\":true,\"data\":{}", "[".repeat(30_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"\xff\xfe",
        b"<html>",
        b"null",
        b"{",
        b"{}",
        b"{\"success\":true,\"data\":\"\xe2\x82\"}",
        b"{\"success\":true,\"data\":\"\\ud800\"}",
        b"{\"success\":true,\"data\":1e999}",
        b"{\"success\":true,\"data\":\"\\u0000\"}",
        b"{\"success\":true,\"data\":-0}",
        deep.as_bytes(),
    ];
    let shop = Shop::builder(Mode::Users).open().await;
    let (connected, other) = (shop.browser("alice"), shop.browser("bob"));
    assert_connected(&shop.connect(&connected, "code").await);
    for (number, body) in bodies.into_iter().enumerate() {
        let reply = || Reply::new(200, "application/json", body);
        let code = format!("code-{number}");
        shop.provider.on_code(&code, reply());
        let hop = shop.connect(&other, &code).await;
        let seen = (hop.status(), shop.watch.last_kind());
        assert_eq!(seen, (502, Some(FailureKind::ProviderFault)), "body {number} of an exchange");
        shop.provider.on_path("/echo", reply());
        let visit = connected.load(Load::typed(&format!("{SITE}/echo"))).await;
        assert!(matches!(visit.last().status(), 200 | 502), "body {number} of a call: {}", visit.last().status());
    }
}
