//! The store is down, slow, or unsure.

use crate::prelude::*;

#[tokio::test]
async fn t48_a_store_that_is_down_at_the_callback_costs_nothing_and_the_same_url_works_later() {
    for mode in MODES {
        for fate in [Fate::Fail, Fate::Hang] {
            let (shop, browser, state) = Shop::with_start(mode, "alice").await;
            shop.shelf.all(Op::Load, fate);
            let hop = shop.callback(&browser, "code", &state).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::StoreUnavailable)));
            assert!(hop.header("retry-after").is_some() && hop.set_cookies().is_empty());
            assert!(shop.provider.requests().is_empty());
            shop.shelf.mend();
            assert_connected(&shop.callback(&browser, "code", &state).await);
            assert_eq!(shop.exchanges(), 1);
        }
    }
}

#[tokio::test]
async fn t48_a_save_that_fails_for_good_is_503_says_what_to_do_and_is_told_once() {
    for mode in MODES {
        for fate in [Fate::Fail, Fate::Hang] {
            let shop = Shop::builder(mode).limits(|limits| limits.late_save_deadline = Duration::ZERO).open().await;
            let (browser, state) = shop.begun("alice").await;
            shop.shelf.saves_fail_for_good(fate);
            let hop = shop.callback(&browser, "code", &state).await;
            shop.shelf.mend();
            assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::SaveFailed)));
            assert!(hop.text().contains("an extra entry may show up among your connected apps: remove it"));
            assert!(shop.shelf.calls().iter().filter(|op| **op == Op::Save).count() > 1, "tried again");
            let told = || shop.watch.count(Hook::Orphaned);
            while told() == 0 {
                yield_now().await;
            }
            assert_eq!((told(), shop.exchanges()), (1, 1));
            assert!(!shop.watch.shown().iter().any(|shown| shown.contains("obviously-fake-key-for")));
            // The same URL again spends nothing more and tells nobody twice.
            assert_eq!(shop.callback(&browser, "code", &state).await.status(), 503);
            assert_eq!((told(), shop.exchanges(), shop.shelf.snapshot().len()), (1, 1, 0));
        }
    }
}

#[tokio::test]
async fn t64_a_store_that_cannot_write_costs_one_exchange_and_its_key_is_saved_when_it_can() {
    for shop in in_both(|mode| Shop::builder(mode).limits(|limits| limits.save_deadline = Duration::ZERO).open()).await
    {
        shop.shelf.all(Op::Save, Fate::Fail);
        let (first, state) = shop.begun("user-0").await;
        let hop = shop.callback(&first, "code-0", &state).await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::SaveFailed)));
        let mut waiting = Vec::new();
        for number in 1..20 {
            let (browser, state) = shop.begun(&format!("user-{number}")).await;
            let hop = shop.callback(&browser, &format!("code-{number}"), &state).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::StoreUnavailable)));
            waiting.push((browser, state));
        }
        assert_eq!(shop.exchanges(), 1);
        shop.shelf.mend();
        for (number, (browser, state)) in (1..20).zip(&waiting) {
            assert_connected(&shop.callback(browser, &format!("code-{number}"), state).await);
        }
        // The first key was tried all the while: a reload of its page finds it.
        let reload = async {
            while shop.callback(&first.clone(), "code-0", &state).await.status() != 303 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_connected(&shop.callback(&first, "code-0", &state).await);
        };
        timeout(PATIENCE, reload).await.unwrap();
        assert_eq!(shop.key(&first).await, Ok(key_for_code("code-0")));
        assert_eq!((shop.exchanges(), shop.shelf.snapshot().len()), (20, 20));
        assert!(shop.watch.count(Hook::Orphaned) == 0);
    }
}

#[tokio::test]
async fn t64_a_late_save_never_replaces_what_came_after_it_and_a_shutdown_waits_for_it() {
    let shop = Shop::builder(Mode::Users).limits(|limits| limits.save_deadline = Duration::ZERO).open().await;
    let (one, two) = (shop.browser("alice"), shop.browser("alice"));
    let (state, later) = (shop.begin(&one).await, shop.begin(&two).await);
    shop.shelf.all(Op::Save, Fate::Fail);
    assert_eq!(shop.callback(&one, "old", &state).await.status(), 503);
    shop.shelf.mend();
    assert_connected(&shop.callback(&two, "new", &later).await);
    assert!(shop.layer.shutdown(PATIENCE).await);
    assert_eq!(shop.key(&two).await, Ok(key_for_code("new")));
    // The old key was saved before the new one, or is told as lost.
    assert_eq!(shop.watch.count(Hook::Orphaned) + shop.watch.count(Hook::Connected), 2);
}

/// A shop whose first key is saved later, if ever, and its browser.
async fn with_a_late_save(late_save_deadline: Duration) -> (Shop, Browser) {
    let shop = Shop::builder(Mode::Users).limits(|limits| limits.save_deadline = Duration::ZERO);
    let shop = shop.limits(|limits| limits.late_save_deadline = late_save_deadline).open().await;
    let (browser, state) = shop.begun("alice").await;
    shop.shelf.all(Op::Save, Fate::Fail);
    assert_eq!(shop.callback(&browser, "code", &state).await.status(), 503);
    (shop, browser)
}

#[tokio::test]
async fn t64_a_late_save_brings_no_key_back_after_a_disconnect() {
    for on_its_way in [false, true] {
        let (shop, browser) = with_a_late_save(PATIENCE).await;
        if on_its_way {
            shop.shelf.take_calls();
            shop.shelf.give_way(200_000);
            shop.shelf.mend();
            while !shop.shelf.calls().contains(&Op::Save) {
                yield_now().await;
            }
            shop.shelf.give_way(0);
        }
        shop.layer.disconnect(&user("alice")).await.unwrap();
        shop.shelf.mend();
        assert!(shop.layer.shutdown(PATIENCE).await);
        assert_eq!(shop.key(&browser).await, Err(303), "not connected");
        assert_eq!((shop.watch.count(Hook::Orphaned), shop.watch.count(Hook::Connected)), (1, 0));
    }
}

#[tokio::test]
async fn t64_a_late_save_whose_confirmation_is_lost_is_told_as_connected() {
    // The time for tries is over after the first of them.
    let (shop, _browser) = with_a_late_save(Duration::from_millis(1_500)).await;
    shop.shelf.decide(|op| if op == Op::Save { Fate::DoneAndFail } else { Fate::Fine });
    assert!(shop.layer.shutdown(PATIENCE).await);
    assert_eq!((shop.watch.count(Hook::Orphaned), shop.watch.count(Hook::Connected)), (0, 1));
    // A shutdown that cannot wait so long tells of each key that is not saved.
    let (shop, _browser) = with_a_late_save(PATIENCE * 2).await;
    let _flying = Flying::begin();
    assert!(shop.layer.shutdown(PATIENCE).await);
    assert_eq!((shop.watch.count(Hook::Orphaned), shop.watch.count(Hook::Connected)), (1, 0));
}

#[tokio::test]
async fn t64_one_exchange_a_minute_is_let_through_in_each_outage() {
    let shop = Shop::builder(Mode::Users).limits(|limits| limits.save_deadline = Duration::ZERO).open().await;
    for outage in 1..3 {
        shop.shelf.all(Op::Save, Fate::Fail);
        let kinds = [FailureKind::SaveFailed, FailureKind::StoreUnavailable, FailureKind::SaveFailed];
        for (number, kind) in kinds.into_iter().enumerate() {
            let (browser, state) = shop.begun(&format!("user-{outage}-{number}")).await;
            assert_eq!(shop.callback(&browser, &format!("code-{outage}-{number}"), &state).await.status(), 503);
            assert_eq!(shop.watch.last_kind(), Some(kind), "outage {outage}");
            pass(Duration::from_secs(if number == 1 { 61 } else { 0 }));
        }
        shop.shelf.mend();
        let (browser, state) = shop.begun(&format!("healthy-{outage}")).await;
        assert_connected(&shop.callback(&browser, &format!("healthy-{outage}"), &state).await);
    }
}

#[tokio::test]
async fn t48_a_save_that_fails_twice_or_whose_confirmations_are_lost_is_success_with_one_exchange() {
    for mode in MODES {
        for fate in [Fate::Fail, Fate::DoneAndFail] {
            let (shop, browser) = Shop::live(mode, "alice").await;
            let saves = AtomicUsize::new(0);
            shop.shelf.decide(move |op| {
                let fails = op == Op::Save && saves.fetch_add(1, Ordering::SeqCst) < 2;
                if fails { fate.clone() } else { Fate::Fine }
            });
            assert_connected(&shop.connect(&browser, "code").await);
            assert_eq!((shop.exchanges(), shop.key(&browser).await), (1, Ok(key_for_code("code"))));
        }
        // The confirmations are all lost: a success, because the record is there.
        let (shop, browser) = Shop::live(mode, "alice").await;
        shop.shelf.saves_fail_for_good(Fate::DoneAndFail);
        let hop = shop.connect(&browser, "code").await;
        shop.shelf.mend();
        assert_connected(&hop);
        assert_eq!((shop.exchanges(), shop.key(&browser).await), (1, Ok(key_for_code("code"))));
        assert!(shop.watch.count(Hook::Orphaned) == 0);
    }
}

/// Fails where a call would wait for a store that never answers.
async fn ends<T>(call: impl Future<Output = T>) -> T {
    timeout(PATIENCE, call).await.expect("the call has an end")
}

#[tokio::test]
async fn t49_an_outage_is_503_with_a_retry_after_and_never_a_way_to_connect_again() {
    assert_eq!(Limits::default().store_deadline, Duration::from_secs(2));
    for mode in MODES {
        for fate in [Fate::Fail, Fate::Hang] {
            let (shop, browser) = Shop::live(mode, "alice").await;
            assert_connected(&shop.connect(&browser, "code").await);
            shop.shelf.decide(move |op| if op == Op::Save { Fate::Fine } else { fate.clone() });
            for path in ["/key", "/komerza/status"] {
                let visit = ends(browser.load(Load::typed(&format!("{SITE}{path}")))).await;
                let hop = visit.first();
                assert_eq!((hop.status(), hop.location()), (503, None), "{path}");
                assert!(hop.header("retry-after").is_some() && hop.set_cookies().is_empty(), "{path}");
            }
            let hop = ends(shop.disconnect(&browser)).await;
            assert_eq!((hop.status(), hop.set_cookies().len()), (503, 0));
            shop.shelf.mend();
            assert_eq!(shop.key(&browser).await, Ok(key_for_code("code")));
            // Only a definite nothing is "not connected".
            let hop = shop.browser("bob").hop(Load::typed(&format!("{SITE}/key"))).await;
            assert_eq!((hop.status(), hop.location()), (303, Some("/komerza/login?return_to=%2Fkey")));
        }
    }
}

#[tokio::test]
async fn t51_of_many_connects_of_one_user_at_once_one_whole_record_stays() {
    let database = MemoryStore::default();
    let shop = Arc::new(Shop::builder(Mode::Users).store(database.clone()).open().await);
    assert_connected(&shop.connect(&shop.browser("alice"), "before").await);
    let mut all = JoinSet::new();
    for number in 0..32 {
        let shop = Arc::clone(&shop);
        all.spawn(async move { shop.connect(&shop.browser("alice"), &format!("code-{number}")).await });
    }
    // Looks at the record again and again meanwhile: at each moment it is one of the whole ones.
    let (alice, mut seen) = (user("alice"), HashSet::new());
    let mut left = 32;
    while left > 0 {
        match all.try_join_next() {
            Some(hop) => {
                assert_connected(&hop.unwrap());
                left -= 1;
            }
            None => yield_now().await,
        }
        let record = database.load(&alice).await.unwrap().expect("a record that was there is gone");
        seen.insert((record.fingerprint(), *record.version()));
    }
    let whole: HashSet<_> = shop.watch.records().into_iter().collect();
    assert_eq!(whole.len(), 33);
    assert!(seen.is_subset(&whole), "{:?}", seen.difference(&whole));
    let kept = shop.key(&shop.browser("alice")).await.unwrap();
    assert!((0..32).any(|number| kept == key_for_code(format!("code-{number}"))), "{kept}");
    assert_eq!(shop.exchanges(), 33);
}

#[tokio::test]
async fn t52_a_key_removed_on_one_node_is_not_used_on_another() {
    let first = Shop::builder(Mode::Users).open().await;
    let second = Shop::builder(Mode::Users).beside(&first).open().await;
    assert_connected(&first.connect(&first.browser("alice"), "code").await);
    assert_eq!(second.key(&second.browser("alice")).await, Ok(key_for_code("code")));
    assert_eq!(first.disconnect(&first.browser("alice")).await.status(), 303);
    for shop in [&first, &second] {
        assert_eq!(shop.key(&shop.browser("alice")).await, Err(303));
        assert!(shop.layer.client_for(&user("alice")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn t52_a_browser_that_disconnected_on_one_node_is_not_connected_on_another() {
    let first = Shop::builder(Mode::Browsers).open().await;
    let second = Shop::builder(Mode::Browsers).beside(&first).open().await;
    let browser = first.browser("alice");
    assert_connected(&first.connect(&browser, "code").await);
    let copy = browser.clone();
    copy.move_to(SITE, app(&second.layer));
    assert!(second.key(&copy).await.is_ok());
    first.disconnect(&browser).await;
    assert_eq!(second.key(&copy).await, Err(303));
}

#[tokio::test]
async fn t52_a_node_with_a_cache_uses_a_removed_key_no_longer_than_half_a_minute() {
    let (database, clock) = (MemoryStore::default(), ManualClock::default());
    let node = || CachedStore::new(database.clone()).with_clock(clock.clone());
    let first = Shop::builder(Mode::Users).store(node()).open().await;
    let second = Shop::builder(Mode::Users).store(node()).open().await;
    assert_connected(&first.connect(&first.browser("alice"), "code").await);
    for shop in [&first, &second] {
        assert_eq!(shop.key(&shop.browser("alice")).await, Ok(key_for_code("code")));
    }
    assert_eq!(first.disconnect(&first.browser("alice")).await.status(), 303);
    assert_eq!(first.key(&first.browser("alice")).await, Err(303), "at once where it was asked for");
    clock.advance(Duration::from_secs(30));
    assert_eq!(second.key(&second.browser("alice")).await, Err(303), "elsewhere within the bound");
}
