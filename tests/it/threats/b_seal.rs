//! Section B, third part: what the cookies hold (T18 to T21).

use crate::prelude::*;

#[tokio::test]
async fn t19_a_cookie_with_any_byte_changed_is_no_cookie() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let good = alice.jar().get(&login.cookie).unwrap();
        for at in 0..good.len() {
            // The last character of base64 has bits that do not count; every one of its neighbours is tried.
            for other in [b'A', b'B', b'_', b'%', good.as_bytes()[at] ^ 1] {
                let mut changed = good.clone().into_bytes();
                if changed[at] == other || matches!(other, b';' | b',' | 0..=32) {
                    continue;
                }
                changed[at] = other;
                alice.jar().set_value(&login.cookie, changed);
                let hop = shop.return_to(&alice, &login.with("CA")).await;
                assert_eq!(hop.status(), 400, "byte {at}");
            }
        }
        for value in [&good[..good.len() - 1], &good[1..], &format!("{good}A"), &format!("{good}=")] {
            alice.jar().set_value(&login.cookie, value);
            shop.refuses(&alice, &login.with("CA"), 400).await;
        }
        assert_eq!((shop.provider.connections(), shop.shelf.writes()), (0, 0));
        alice.jar().set_value(&login.cookie, good);
        shop.accepts(&alice, &login, "CA", "/x").await;
    }
}

#[tokio::test]
async fn t19_the_same_login_or_record_sealed_twice_differs_from_end_to_end() {
    let (shop, alice) = Shop::with_browser(Mode::Users, "alice").await;
    let (one, two) = (shop.start(&alice, "/x").await.cookie, shop.start(&alice, "/x").await.cookie);
    let value = |name| alice.jar().get(name).unwrap();
    let (one, two) = (value(&one), value(&two));
    assert_eq!(one.len(), two.len());
    // The first six characters name the key; behind them nothing is alike but by chance.
    let alike = one.bytes().zip(two.bytes()).skip(6).filter(|(one, two)| one == two).count();
    assert!(alike * 8 < one.len(), "{alike} of {} characters are alike", one.len());
    // A record has to the byte the same content each time: what differs comes from the nonce.
    let (database, user) = (MemoryStore::default(), user("alice"));
    let sealing = EncryptedStore::new(database.clone(), "obviously-fake-app", [key('1')]).unwrap();
    let token = record("obviously-fake-key");
    let mut texts = HashSet::new();
    for _ in 0..100 {
        sealing.save(&user, &token).await.unwrap();
        texts.insert(database.load(&user).await.unwrap().unwrap().to_text());
    }
    assert_eq!(texts.len(), 100);
}

#[tokio::test]
async fn t20_a_value_of_one_kind_is_none_of_another() {
    let (shop, alice, login) = Shop::with_login(Mode::Browsers, "alice", "/x").await;
    let attempt = alice.jar().get(&login.cookie).unwrap();
    shop.accepts(&alice, &login, "CA", "/x").await;
    let done = login.cookie.replace("-login-", "-done-");
    let session = format!("{}-session", login.cookie.split_once("-login-").unwrap().0);
    let value = |name| alice.jar().get(name).unwrap();
    let (done_value, session_value) = (value(&done), value(&session));
    let owner = UserId::new(shop.shelf.snapshot().into_keys().next().unwrap()).unwrap();
    let record = shop.shelf.load(&owner).await.unwrap().unwrap().to_text();
    // The flights of this process remember the callback: a node that does not is asked.
    let fresh = shop.another_node(|config| config);
    let sends = |cookies: Vec<(&str, String)>| {
        let browser = alice.clone();
        browser.move_to(SITE, app(&fresh));
        browser.jar().clear();
        for (name, value) in cookies {
            browser.jar().set_raw(Cookie::new("shop.example", name, value));
        }
        browser
    };
    for (name, value) in [
        (&*login.cookie, &done_value),
        (&login.cookie, &session_value),
        (&login.cookie, &record),
        (&done, &attempt),
        (&done, &session_value),
        (&done, &record),
    ] {
        shop.refuses(&sends(vec![(name, value.clone())]), &login.with("CA"), 400).await;
    }
    for value in [&attempt, &done_value, &record] {
        let browser = sends(vec![(&session, value.clone())]);
        assert_eq!(shop.key_seen_by(&browser).await, None);
    }
    assert!(shop.key_seen_by(&sends(vec![(&session, session_value)])).await.is_some());
}

/// A seal begins with the name of its key, four bytes that are derived as the key itself is: so this shows from outside that no
/// two purposes share one.
#[tokio::test]
async fn t20_each_kind_of_value_is_sealed_under_a_key_of_its_own() {
    let shop = Shop::builder(Mode::Browsers).still().config(keys("1")).open().await;
    let alice = shop.browser("alice");
    let value = |name: &str| alice.jar().get(name).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let login = shop.start(&alice, "/x").await;
        let attempt = value(&login.cookie);
        shop.accepts(&alice, &login, "CA", "/x").await;
        let done = value(&login.cookie.replace("-login-", "-done-"));

        let (database, user) = (MemoryStore::default(), user("alice"));
        let sealing = EncryptedStore::new(database.clone(), "obviously-fake-app", [key('1')]).unwrap();
        sealing.save(&user, &record("obviously-fake-key")).await.unwrap();
        let text = database.load(&user).await.unwrap().unwrap().to_text();
        let record = text.split_once("\"sealed\":\"").unwrap().1.to_owned();
        // Five characters of base64 are 30 of its 32 bits.
        seen.push([attempt, done, record].map(|value| value[..5].to_owned()));
    }
    let [attempt, done, record] = &seen[0];
    assert_eq!(seen[0], seen[1], "the name of a key does not change");
    assert!(attempt != done && done != record && record != attempt, "{seen:?}");
}

fn key(letter: char) -> SealingKey {
    SealingKey::from_bytes(format!("obviously-fake-sealing-key-number-{letter}").as_bytes()).unwrap()
}

fn keys(letters: &'static str) -> impl FnOnce(ConfigBuilder) -> ConfigBuilder {
    move |config| config.cookie_keys(letters.chars().map(key))
}

#[tokio::test]
async fn t21_a_new_key_in_front_of_the_list_ends_nothing_and_one_that_is_not_in_it_opens_nothing() {
    for shop in in_both(|mode| Shop::builder(mode).still().config(keys("1")).open()).await {
        let (alice, before) = shop.login_of("alice", "/before").await;
        shop.accepts(&alice, &before, "C0", "/before").await;
        let login = shop.start(&alice, "/x").await;
        // A key that is not in the list opens nothing. Without keys it is one derived from the client secret, which is another.
        for other in [shop.another_node(keys("23")), shop.another_node(|config| config)] {
            alice.move_to(SITE, app(&other));
            shop.refuses(&alice, &login.with("CA"), 400).await;
        }

        let rotated = shop.another_node(keys("21"));
        alice.move_to(SITE, app(&rotated));
        assert!(shop.key_seen_by(&alice).await.is_some(), "the session lives on");
        assert_eq!(shop.return_to(&alice, &before.with("C0")).await.location(), Some("/before"), "so does a done mark");
        shop.accepts(&alice, &login, "CA", "/x").await;
        let sealed_anew = shop.start(&alice, "/y").await;
        // The old key is gone: what the new one sealed still opens.
        alice.move_to(SITE, app(&shop.another_node(keys("2"))));
        shop.accepts(&alice, &sealed_anew, "CB", "/y").await;
    }
}

#[test]
fn t21_a_weak_key_is_an_error_at_start_up() {
    assert_eq!(SealingKey::from_bytes(b"sixteen bytes...").unwrap_err().code, "key_too_short");
    assert_eq!(SealingKey::from_bytes(&[b'k'; 64]).unwrap_err().code, "key_of_equal_bytes");
    let settings = |keys: &str| {
        let keys = keys.to_owned();
        let builder = ConfigBuilder::from_lookup(move |name| {
            Some(match name {
                "KOMERZA_CLIENT_ID" => "obviously-fake-app".to_owned(),
                "KOMERZA_CLIENT_SECRET" => "s".repeat(72),
                "KOMERZA_REDIRECT_URI" => format!("{SITE}/komerza/callback"),
                "KOMERZA_USER_AGENT" => "Tests/1.0".to_owned(),
                "KOMERZA_COOKIE_KEYS" => keys.clone(),
                _ => return None,
            })
        });
        builder.build()
    };
    assert!(settings("b2J2aW91c2x5LWZha2Uta2V5LW9mLTMyLWJ5dGVzISE=").is_ok());
    for weak in ["c2l4dGVlbiBieXRlcy4uLg==", "not base64!", &"A".repeat(44), ","] {
        let error = settings(weak).expect_err(weak);
        assert!(error.to_string().contains("COOKIE_KEYS") || error.to_string().contains("cookie_keys"), "{error}");
        assert!(!error.to_string().contains("c2l4dGVl"), "{error}");
    }
}

/// A cookie that is too old for its key list is one login lost and nothing else: the next one works.
#[tokio::test]
async fn t21_after_a_change_of_all_keys_the_next_login_clears_the_old_ones_away() {
    let shop = Shop::builder(Mode::Users).still().config(keys("1")).open().await;
    let alice: Browser = shop.browser("alice");
    shop.start(&alice, "/x").await;
    shop.clock.advance(Duration::from_secs(1));
    alice.move_to(SITE, app(&shop.another_node(keys("2"))));
    let login = shop.start(&alice, "/y").await;
    assert_eq!(flow_cookies(&alice), [&*login.cookie]);
    shop.accepts(&alice, &login, "CA", "/y").await;
}
