//! Users never get each other's keys.

use crate::prelude::*;

/// The provider answers with the bearer that came; the app shows it to its visitor.
async fn everyone_sees_their_own_key(users: usize, calls: usize) {
    for mode in MODES {
        // Without pacing, so that the calls really are at once.
        let unpaced = |limits: &mut Limits| limits.client.bucket.period = Duration::ZERO;
        let shop = Arc::new(Shop::builder(mode).limits(unpaced).open().await);
        let bearer = Reply::from_fn(|request| Reply::success(&json!(request.header("authorization").unwrap())));
        shop.provider.on_path("/echo", bearer);
        let mut visitors = Vec::new();
        for number in 0..users {
            let (browser, code) = (shop.browser(&format!("user-{number}")), format!("code-{number}"));
            assert_connected(&shop.connect(&browser, &code).await);
            visitors.push((Arc::new(browser), format!("Bearer {}", key_for_code(code))));
        }
        let mut all = JoinSet::new();
        for _ in 0..calls {
            for (browser, own) in &visitors {
                let (browser, own) = (Arc::clone(browser), own.clone());
                all.spawn(async move {
                    let visit = browser.load(Load::typed(&format!("{SITE}/echo"))).await;
                    (visit.last().status(), visit.last().text()) == (200, own)
                });
            }
        }
        let answers = all.join_all().await;
        assert_eq!((answers.len(), answers.iter().filter(|own| **own).count()), (users * calls, users * calls));
    }
}

#[tokio::test]
async fn t46_under_parallel_load_every_answer_is_for_the_one_who_asked() {
    everyone_sees_their_own_key(50, 6).await;
}

#[tokio::test]
#[ignore = "slow: 50 users with 200 calls each, in both modes"]
async fn t46_under_parallel_load_every_answer_is_for_the_one_who_asked_at_full_size() {
    everyone_sees_their_own_key(50, 200).await;
}

async fn ids_are_exact(store: impl TokenStore) {
    let store: Arc<dyn TokenStore> = Arc::new(store);
    let shop = Shop::builder(Mode::Users).store(Arc::clone(&store)).open().await;
    let longest = "a".repeat(255);
    let ids = "alice Alice ALICE alice'-- alice\" alice% alice_ alice* 1 01 alice:1 alice/1 .. null".split(' ');
    let ids: Vec<_> = ids.chain(["alice'; DROP TABLE x;--", &longest]).collect();
    for (number, id) in ids.iter().enumerate() {
        assert_connected(&shop.connect(&shop.browser(id), &format!("code-{number}")).await);
    }
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(shop.key(&shop.browser(id)).await, Ok(key_for_code(format!("code-{number}"))), "{id}");
    }
    for near in [&longest[1..], "alic", "alice'", "2", "aLICE"] {
        assert_eq!(shop.key(&shop.browser(near)).await, Err(303), "{near} is not connected");
    }
    // One byte too many is refused and never cut.
    let too_long = shop.browser(&"a".repeat(256));
    assert_eq!(shop.key(&too_long).await, Err(503));
    let visit = too_long.open(&format!("{SITE}/komerza/login")).await;
    assert_eq!((visit.last().status(), visit.last().set_cookies().len()), (503, 0));

    assert_eq!(shop.disconnect(&shop.browser("Alice")).await.status(), 303);
    assert_eq!(shop.key(&shop.browser("Alice")).await, Err(303));
    for (number, id) in ids.iter().enumerate().filter(|(_, id)| **id != "Alice") {
        let kept = store.load(&user(id)).await.unwrap().unwrap();
        assert_eq!(kept.api_key().unwrap().expose_secret(), key_for_code(format!("code-{number}")), "{id}");
    }
}

#[tokio::test]
async fn t47_user_ids_are_exact_from_the_browser_to_the_memory_store_and_to_a_sqlite_file() {
    ids_are_exact(MemoryStore::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap().with_deadline(PATIENCE);
    ids_are_exact(store.clone()).await;
    store.close().await;
}
