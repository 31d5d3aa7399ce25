//! The shared quota: who may use it up, and who waits for whom.

use crate::prelude::*;

/// The limits as they are by default.
async fn limited_shop(mode: Mode, clock: &(impl Clock + Clone), change: impl FnOnce(&mut Limits)) -> Shop {
    let limits = |limits: &mut Limits| {
        *limits = Limits::default();
        change(limits);
    };
    Shop::builder(mode).limits(limits).clock(clock).open().await
}

/// A browser with a login that has begun: the state, and the code with which it will end.
type Waiting = (Browser, String, String);

/// So many of them, each with its user and code.
async fn waiting(shop: &Shop, count: usize, who: impl Fn(usize) -> (String, String)) -> Vec<Waiting> {
    let mut all = Vec::new();
    for (user, code) in (0..count).map(who) {
        let (browser, state) = shop.begun(&user).await;
        all.push((browser, state, code));
    }
    all
}

#[tokio::test]
async fn t40_junk_codes_of_one_user_cost_five_exchanges_a_minute_and_nobody_else() {
    for mode in MODES {
        let clock = ManualClock::default();
        // Whoever found the shared limit reached would be told so at once, and not wait for a clock that stands still.
        let shop = limited_shop(mode, &clock, |limits| limits.exchange_wait = Duration::ZERO).await;
        let (mallory, alice) = (shop.browser("mallory"), shop.browser("alice"));
        // A browser is known by its session; one that never connected is a new one every time.
        assert_connected(&shop.connect(&mallory, "mallory-connects-once").await);
        clock.advance(Duration::from_secs(61));
        shop.provider.always(Reply::error(401, "invalid_code"));
        let mut statuses = Vec::new();
        for number in 0..20 {
            let state = shop.begin(&mallory).await;
            let hop = shop.callback(&mallory, &format!("junk-{number}"), &state).await;
            statuses.push(hop.status());
            if hop.status() == 429 {
                let wait: u64 = hop.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=60).contains(&wait) && hop.set_cookies().is_empty(), "{wait}");
            }
            clock.advance(Duration::from_millis(500));
        }
        assert_eq!(statuses[..5], [400; 5]);
        assert_eq!(statuses[5..], [429; 15]);
        assert_eq!(shop.exchanges(), 1 + 5);

        shop.provider.on_code("alice", Reply::key("obviously-fake-key-of-alice"));
        assert_connected(&shop.connect(&alice, "alice").await);
    }
}

#[tokio::test]
async fn t40_over_the_shared_limit_the_answer_is_503_and_the_attempt_is_still_good() {
    for mode in MODES {
        let clock = ManualClock::default();
        let shop = limited_shop(mode, &clock, |limits| limits.exchange_wait = Duration::ZERO).await;
        for number in 0..10 {
            assert_connected(&shop.connect(&shop.browser(&format!("user-{number}")), &format!("c{number}")).await);
        }
        let (late, state) = shop.begun("late").await;
        let hop = shop.callback(&late, "late", &state).await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::Busy)));
        assert_eq!((shop.exchanges(), hop.set_cookies().len()), (10, 0));
        let wait: u64 = hop.header("retry-after").unwrap().parse().unwrap();
        clock.advance(Duration::from_secs(wait));
        assert_connected(&shop.callback(&late, "late", &state).await);
    }
}

#[tokio::test]
async fn t59_many_waiting_callbacks_of_one_user_do_not_delay_the_first_of_another() {
    let clock = Sleepers::default();
    let shop = limited_shop(Mode::Users, &clock, |limits| {
        // Long enough for the last of all of them.
        limits.exchange_wait = Duration::from_secs(120);
        limits.exchanges_per_user = 1_000;
        limits.exchange_bucket.capacity = 1;
        limits.exchange_bucket.refill = 1;
        limits.exchange_bucket.period = Duration::from_secs(1);
    })
    .await;
    assert_connected(&shop.connect(&shop.browser("first"), "takes-the-token").await);
    let mallory = waiting(&shop, 50, |number| ("mallory".into(), format!("mallory-{number}"))).await;
    let (alice, state) = shop.begun("alice").await;
    let all_of_mallory = futures_of(&shop, &mallory);
    tokio::pin!(all_of_mallory);
    let of_alice = shop.callback(&alice, "alice", &state);
    tokio::pin!(of_alice);
    let served = async {
        loop {
            tokio::select! {
                biased;
                () = &mut all_of_mallory => panic!("mallory was served before alice"),
                hop = &mut of_alice => break hop,
                () = yield_now() => {}
            }
            // A token a second, and the next one when whoever got the last has sent the exchange.
            let sent = shop.exchanges() - 1;
            if sent + clock.asleep() == mallory.len() + 1 {
                clock.advance(Duration::from_secs(1));
            }
        }
    };
    assert_connected(&timeout(PATIENCE, served).await.expect("alice has her turn"));
    let sent = shop.provider.exchanges();
    let before_alice = sent.iter().take_while(|sent| !sent.path().contains("alice")).skip(1).count();
    assert!(before_alice <= 2, "{before_alice} of mallory's went first");
}

async fn futures_of(shop: &Shop, waiting: &[Waiting]) {
    let mut all = Vec::new();
    for (browser, state, code) in waiting {
        all.push(Box::pin(shop.callback(browser, code, state)));
    }
    // Polled in order, all of them each time: so all join the line at the first poll.
    poll_fn(|task| {
        all.retain_mut(|callback| callback.as_mut().poll(task).is_pending());
        if all.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls all of them until each is answered; time passes while all of them wait for it.
async fn answered<'a>(
    clock: &Sleepers,
    mut callbacks: Vec<Pin<Box<dyn Future<Output = Hop> + 'a>>>,
) -> Vec<(Duration, Hop)> {
    let (mut hops, began) = (Vec::new(), clock.elapsed());
    let all = async {
        while !callbacks.is_empty() {
            assert!(clock.elapsed() - began < Duration::from_secs(120), "{} are never answered", callbacks.len());
            poll_fn(|task| {
                callbacks.retain_mut(|callback| match callback.as_mut().poll(task) {
                    Poll::Ready(hop) => {
                        hops.push((clock.elapsed() - began, hop));
                        false
                    }
                    Poll::Pending => true,
                });
                Poll::Ready(())
            })
            .await;
            if !callbacks.is_empty() && clock.asleep() == callbacks.len() {
                clock.advance(Duration::from_secs(1));
            }
            yield_now().await;
        }
    };
    timeout(PATIENCE, all).await.expect("all are answered");
    hops
}

fn refused_for(seconds: &str) -> Reply {
    Reply::error(429, "RateLimited").header("retry-after", seconds)
}

#[tokio::test]
async fn t68_of_eight_exchanges_at_once_one_meets_the_429_and_the_others_keep_their_codes() {
    for mode in MODES {
        let clock = Sleepers::default();
        let shop = limited_shop(mode, &clock, |_| {}).await;
        shop.provider.always(refused_for("60"));
        let waiting = waiting(&shop, 8, |number| (format!("user-{number}"), format!("code-{number}"))).await;
        let all = || {
            waiting.iter().map(|(browser, state, code)| Box::pin(shop.callback(browser, code, state)) as _).collect()
        };
        for (after, hop) in answered(&clock, all()).await {
            assert_eq!((hop.status(), hop.set_cookies().len()), (503, 0), "{}", hop.text());
            assert!(after <= Duration::from_secs(21), "{after:?}");
        }
        assert_eq!(shop.exchanges(), 1);
        shop.provider.always(Reply::key("obviously-fake-key"));
        clock.advance(Duration::from_secs(60));
        answered(&clock, all()).await.iter().for_each(|(_, hop)| assert_connected(hop));
        assert_eq!(shop.exchanges(), 1 + 8);
    }
}

#[tokio::test]
async fn t68_two_layers_of_one_process_have_one_bucket_for_their_exchanges() {
    let limits = |limits: &mut Limits| *limits = Limits::default();
    let one = Shop::builder(Mode::Users).limits(limits).open().await;
    let url = one.provider.url();
    let two = Shop::builder(Mode::Users).limits(limits).config(move |config| config.api_url(url)).open().await;
    one.provider.always(refused_for("60"));
    for shop in [&one, &two, &one] {
        let hop = shop.connect(&shop.browser("alice"), "code").await;
        assert_eq!((hop.status(), shop.watch.last_kind()), (503, Some(FailureKind::Busy)));
    }
    assert_eq!(one.exchanges(), 1);
}

/// 24 callbacks of mallory with junk, and one of alice, all at once.
async fn junk_and_alice(shop: &Shop, clock: &Sleepers, alice: Browser) -> Vec<(Duration, Hop)> {
    let mut all = waiting(shop, 24, |number| ("mallory".into(), format!("junk-{number}"))).await;
    for (_, _, junk) in &all {
        shop.provider.on_code(junk, Reply::error(401, "invalid_code"));
    }
    let state = shop.begin(&alice).await;
    all.push((alice, state, "alice".into()));
    let callbacks = all.iter().map(|(browser, state, code)| Box::pin(shop.callback(browser, code, state)) as _);
    answered(clock, callbacks.collect()).await
}

#[tokio::test]
async fn t67_junk_of_one_address_keeps_nobody_else_from_connecting() {
    let clock = Sleepers::default();
    let shop = limited_shop(Mode::Browsers, &clock, |_| {}).await;
    let hops = junk_and_alice(&shop, &clock, shop.browser("alice")).await;
    let of_alice = hops.iter().find(|(_, hop)| hop.status() == 303).expect("alice is served");
    assert_connected(&of_alice.1);
    assert!(of_alice.0 <= Duration::from_secs(20), "{:?}", of_alice.0);
    assert_eq!(hops.iter().filter(|(_, hop)| hop.status() == 429).count(), 24 - 5);
}

/// Browsers without an address share half of the bucket; who is known has the other half.
#[tokio::test]
async fn t67_browsers_without_an_address_share_a_part_of_the_bucket() {
    let clock = Sleepers::default();
    let time = clock.clone();
    let limits = |limits: &mut Limits| *limits = Limits::default();
    let shop = Shop::builder(Mode::Browsers)
        .limits(limits)
        .layer(|layer| {
            let address = |parts: &Parts| parts.headers.get("x-real")?.to_str().ok()?.parse().ok();
            layer.with_clock(time).with_client_address(address)
        })
        .open()
        .await;
    let alice = shop.browser("alice").with_header("x-real", "203.0.113.7");
    let hops = junk_and_alice(&shop, &clock, alice).await;
    assert!(hops.iter().any(|(after, hop)| hop.status() == 303 && *after <= Duration::from_secs(2)), "alice is served");
    // Five at first and two more in each of the two periods of seven seconds.
    assert!(shop.exchanges() <= 1 + 5 + 4, "{}", shop.exchanges());
    assert!(hops.iter().filter(|(_, hop)| hop.status() == 503).count() >= 24 - 9);
}
