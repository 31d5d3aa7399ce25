//! The same callback more than once, and processes that come and go.

use crate::prelude::*;

/// Twenty of the same callback at once, each with the cookies from before any answer; what each is told, and its browser.
fn copies(shop: &Arc<Shop>, browser: &Browser, code: &'static str, state: &str) -> JoinSet<(Hop, Browser)> {
    let copy = |_| {
        let (shop, copy, state) = (Arc::clone(shop), browser.clone(), state.to_owned());
        async move { (shop.callback(&copy, code, &state).await, copy) }
    };
    (0..20).map(copy).collect()
}

#[tokio::test]
async fn t56_twenty_copies_of_a_callback_are_one_exchange_and_get_its_true_outcome() {
    for succeeds in [true, false] {
        for shop in in_both(|mode| Shop::builder(mode).open()).await {
            let shop = Arc::new(shop);
            let (browser, state) = shop.begun("alice").await;
            let gate = Gate::closed();
            let reply = if succeeds { Reply::key("obviously-fake-key") } else { Reply::error(401, "code_expired") };
            shop.provider.on_code("code", reply.held_by(&gate));
            let copies = copies(&shop, &browser, "code", &state);
            shop.provider.wait_for_requests(1).await;
            gate.open();
            for (hop, copy) in copies.join_all().await {
                if succeeds {
                    assert_connected(&hop);
                    let key = shop.key(&copy).await;
                    assert_eq!(key, Ok("obviously-fake-key".into()), "each copy hands out the same session");
                } else {
                    assert_eq!(hop.status(), 400, "{}", hop.text());
                }
            }
            assert_eq!((shop.exchanges(), shop.shelf.saved().len()), (1, usize::from(succeeds)));
            let failures = if succeeds { Vec::new() } else { vec![FailureKind::ExpiredCode; 20] };
            assert_eq!((shop.watch.kinds(), succeeds || shop.shelf.writes() == 0), (failures, true));
        }
    }
}

#[tokio::test]
async fn t56_another_code_for_the_same_attempt_is_refused_and_the_first_goes_on() {
    for (shop, browser, state) in in_both(|mode| Shop::with_start(mode, "alice")).await {
        let gate = Gate::closed();
        shop.provider.on_code("code", Reply::key("obviously-fake-key").held_by(&gate));
        let other = async {
            shop.provider.wait_for_requests(1).await;
            let hop = shop.callback(&browser.clone(), "another-code", &state).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (400, Some(FailureKind::StateUsed)));
            assert!(hop.set_cookies().is_empty(), "the first may still need its cookie");
            gate.open();
        };
        let (hop, ()) = tokio::join!(shop.callback(&browser, "code", &state), other);
        assert_connected(&hop);
        assert_eq!(shop.exchanges(), 1);
    }
}

#[tokio::test]
async fn t59_copies_of_one_callback_shut_nobody_else_out() {
    for mode in MODES {
        let limits = |limits: &mut Limits| (limits.exchange_queue, limits.exchanges_at_once) = (2, 2);
        let shop = Arc::new(Shop::builder(mode).limits(limits).open().await);
        let mallory = shop.browser("mallory");
        let state = shop.begin(&mallory).await;
        let gate = Gate::closed();
        shop.provider.on_code("held", Reply::key("obviously-fake-key").held_by(&gate));
        let copies = copies(&shop, &mallory, "held", &state);
        shop.provider.wait_for_requests(1).await;
        let others = shop.callback(&mallory.clone(), "another-code", &state).await;
        assert_eq!(others.status(), 400);
        assert_connected(&shop.connect(&shop.browser("alice"), "code").await);
        gate.open();
        copies.join_all().await.iter().for_each(|(hop, _)| assert_connected(hop));
        assert_eq!(shop.exchanges(), 2);
    }
}

#[tokio::test]
async fn t59_callbacks_over_the_bound_are_told_so_and_lose_nothing() {
    for mode in MODES {
        let limits = |limits: &mut Limits| (limits.exchange_queue, limits.exchanges_at_once) = (1, 1);
        let shop = Arc::new(Shop::builder(mode).limits(limits).open().await);
        let gate = Gate::closed();
        let mut held = JoinSet::new();
        for user in ["alice", "bob"] {
            shop.provider.on_code(user, Reply::key("obviously-fake-key").held_by(&gate));
            let (shop, browser) = (Arc::clone(&shop), shop.browser(user));
            let state = shop.begin(&browser).await;
            held.spawn(async move { shop.callback(&browser, user, &state).await });
        }
        shop.provider.wait_for_requests(1).await;
        let (carol, state) = shop.begun("carol").await;
        let hop = shop.callback(&carol, "code", &state).await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::Busy)));
        gate.open();
        held.join_all().await.iter().for_each(assert_connected);
        assert_connected(&shop.callback(&carol, "code", &state).await);
    }
}

#[tokio::test]
async fn t59_who_got_no_turn_has_used_up_no_try_of_the_own_budget() {
    for mode in MODES {
        let clock = ManualClock::default();
        let shop = Shop::builder(mode)
            .limits(|limits| {
                limits.exchange_bucket = Bucket { capacity: 1, refill: 1, period: Duration::from_secs(10) };
                (limits.exchange_wait, limits.exchanges_per_user) = (Duration::ZERO, 1);
            })
            .clock(&clock)
            .open()
            .await;
        assert_connected(&shop.connect(&shop.browser("alice"), "first").await);
        let (bob, state) = shop.begun("bob").await;
        for _ in 0..3 {
            let hop = shop.callback(&bob, "code", &state).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::Busy)));
        }
        clock.advance(Duration::from_secs(11));
        assert_connected(&shop.callback(&bob, "code", &state).await);
        clock.advance(Duration::from_secs(11));
        if mode == Mode::Browsers {
            // The first was charged to the address of a new browser; from then on the browser is known.
            assert_connected(&shop.connect(&bob, "by-the-browser").await);
            clock.advance(Duration::from_secs(11));
        }
        let hop = shop.connect(&bob, "second").await;
        assert_eq!(
            (hop.status(), shop.watch.last_kind()),
            (429, Some(FailureKind::TooManyAttempts)),
            "begun ones count"
        );
    }
}

#[tokio::test]
async fn t57_a_shutdown_waits_for_the_exchange_and_its_save() {
    for mode in MODES {
        let shop = Arc::new(Shop::builder(mode).open().await);
        let browser = shop.browser("alice");
        let state = shop.begin(&browser).await;
        let gate = Gate::closed();
        shop.provider.on_code("code", Reply::key("obviously-fake-key").held_by(&gate));
        shop.shelf.give_way(20);
        let visitor = {
            let (shop, browser) = (Arc::clone(&shop), browser.clone());
            tokio::spawn(async move { shop.callback(&browser, "code", &state).await })
        };
        shop.provider.wait_for_requests(1).await;
        // The server's own shutdown ends requests that are under way; the exchange is not one of them.
        visitor.abort();
        assert!(!shop.layer.shutdown(Duration::ZERO).await, "the exchange is still under way");
        assert!(shop.shelf.snapshot().is_empty());
        gate.open();
        assert!(shop.layer.shutdown(PATIENCE).await);
        assert_eq!(shop.shelf.keys(), ["obviously-fake-key"]);
    }
}

#[tokio::test]
async fn t57_a_process_that_shuts_down_refuses_new_callbacks_and_spends_nothing() {
    for (shop, browser, state) in in_both(|mode| Shop::with_start(mode, "alice")).await {
        assert!(shop.layer.shutdown(PATIENCE).await, "nothing is under way");
        let hop = shop.callback(&browser, "code", &state).await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::ShuttingDown)));
        assert!(hop.header("retry-after").is_some() && hop.set_cookies().is_empty());
        assert!(shop.provider.requests().is_empty());
        // Its successor takes over.
        let next = Shop::builder(shop.mode).beside(&shop).open().await;
        browser.move_to(SITE, app(&next.layer));
        assert_connected(&next.callback(&browser, "code", &state).await);
    }
}

/// What the provider may say of a code that was used before: its statuses and names are open.
fn replies_to_a_used_code() -> [Reply; 4] {
    [
        Reply::error(401, "invalid_code"),
        Reply::error(401, "code_expired"),
        Reply::error(403, "SomethingElse"),
        Reply::new(401, "application/json", r#"{"success":false,"code":null}"#),
    ]
}

#[tokio::test]
async fn t39_a_code_that_this_attempt_used_on_another_node_is_success_however_the_provider_says_it() {
    for mode in MODES {
        for reply in replies_to_a_used_code() {
            let first = Shop::builder(mode).open().await;
            let second = Shop::builder(mode).beside(&first).open().await;
            let (browser, state) = first.begun("alice").await;
            let before_the_answer = browser.clone();
            assert_connected(&first.callback(&browser, "code", &state).await);
            second.provider.on_code("code", reply);
            before_the_answer.move_to(SITE, app(&second.layer));
            assert_connected(&second.callback(&before_the_answer, "code", &state).await);
            assert_eq!((second.exchanges(), first.shelf.saved().len()), (1, 1));
            assert_eq!(second.key(&before_the_answer).await, Ok(key_for_code("code")));
        }
    }
}

#[tokio::test]
async fn t39_a_refused_code_with_a_key_from_before_the_attempt_is_no_success() {
    for reply in replies_to_a_used_code() {
        let clock = ManualClock::default();
        let shop = Shop::builder(Mode::Users).clock(&clock).open().await;
        let browser = shop.browser("alice");
        assert_connected(&shop.connect(&browser, "earlier").await);
        clock.advance(Duration::from_secs(1));
        shop.provider.on_code("code", reply);
        assert!(shop.connect(&browser, "code").await.status() >= 400);
        assert_eq!(shop.key(&browser).await, Ok(key_for_code("earlier")), "the older key stays");
    }
}

#[tokio::test]
async fn t57_a_node_whose_clock_is_behind_has_saved_the_key_of_a_browser_all_the_same() {
    let (early, late) = (ManualClock::default(), ManualClock::default());
    late.advance(Duration::from_secs(50));
    let first = Shop::builder(Mode::Browsers).clock(&early).open().await;
    let second = Shop::builder(Mode::Browsers).beside(&first).clock(&late).open().await;
    assert!(early.now() < late.now());
    let browser = first.browser("alice");
    browser.move_to(SITE, app(&second.layer));
    let state = second.begin(&browser).await;
    let before_the_answer = browser.clone();
    browser.move_to(SITE, app(&first.layer));
    assert_connected(&first.callback(&browser, "code", &state).await);
    second.provider.on_code("code", Reply::error(401, "invalid_code"));
    assert_connected(&second.callback(&before_the_answer, "code", &state).await);
}

#[tokio::test]
async fn t57_a_key_that_another_node_saves_meanwhile_is_success_whatever_its_clock_says() {
    let (early, late) = (ManualClock::default(), ManualClock::default());
    late.advance(Duration::from_secs(50));
    let first = Shop::builder(Mode::Users).clock(&early).open().await;
    let second = Shop::builder(Mode::Users).beside(&first).clock(&late).open().await;
    let browser = first.browser("alice");
    assert_connected(&first.connect(&browser, "earlier").await);
    browser.move_to(SITE, app(&second.layer));
    let state = second.begin(&browser).await;
    let gate = Gate::closed();
    second.provider.on_code("code", Reply::error(401, "invalid_code").held_by(&gate));
    let copy = browser.clone();
    copy.move_to(SITE, app(&first.layer));
    let other = async {
        second.provider.wait_for_requests(1).await;
        assert_connected(&first.callback(&copy, "code", &state).await);
        gate.open();
    };
    let (hop, ()) = tokio::join!(second.callback(&browser, "code", &state), other);
    assert_connected(&hop);
}
