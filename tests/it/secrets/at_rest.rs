//! A record that cannot be read is neither "not connected" nor in the way of a new one.

use komerza_connect::{FailureKind, MemoryStore, SealingKey, StoredToken, TokenStore, UserId, store::EncryptedStore};

use komerza_connect_testing::browser::Load;
use komerza_connect_testing::raw_provider::key_for_code;
use komerza_connect_testing::shop_b::{Fate, MODES, Mode, ORIGIN, Op, Shop, assert_connected};

#[tokio::test]
async fn t44_a_record_that_does_not_open_is_503_everywhere_and_is_never_deleted() {
    for mode in MODES {
        let (shop, browser) = Shop::with_browser(mode, "alice").await;
        assert_connected(&shop.connect(&browser, "code").await);
        let before = shop.shelf.snapshot();
        shop.shelf.all(Op::Load, Fate::Unreadable);
        assert_eq!(shop.key(&browser).await, Err(503));
        let status = browser.load(Load::typed(&format!("{ORIGIN}/komerza/status"))).await;
        assert_eq!((status.last().status(), shop.watch.last_kind()), (503, Some(FailureKind::StoreUnavailable)));
        assert_eq!(shop.shelf.snapshot(), before);
        shop.shelf.mend();
        assert!(shop.key(&browser).await.is_ok());
    }
}

#[tokio::test]
async fn t44_a_new_connect_replaces_a_record_that_does_not_open() {
    for mode in MODES {
        let (shop, browser) = Shop::with_browser(mode, "alice").await;
        assert_connected(&shop.connect(&browser, "first").await);
        shop.shelf.all(Op::Load, Fate::Unreadable);
        assert_connected(&shop.connect(&browser, "second").await);
        shop.shelf.mend();
        assert_eq!(shop.key(&browser).await.unwrap(), "obviously-fake-key-for-second");
    }
}

/// A shop whose records are sealed for this app, and the store that sees the sealed ones.
async fn sealed_shop(app: &str, database: &MemoryStore) -> Shop {
    let key = SealingKey::from_bytes(b"obviously-fake-key-of-32-bytes!!").unwrap();
    Shop::builder(Mode::Users).store(EncryptedStore::new(database.clone(), app, [key]).unwrap()).open().await
}

async fn row(database: &MemoryStore, user: &str) -> StoredToken {
    database.load(&UserId::new(user).unwrap()).await.unwrap().unwrap()
}

#[tokio::test]
async fn t44_swapped_rows_are_503_for_both_users_and_stay_as_they_are() {
    let database = MemoryStore::default();
    let shop = sealed_shop("app", &database).await;
    for user in ["alice", "bob"] {
        assert_connected(&shop.connect(&shop.browser(user), user).await);
    }
    let (of_alice, of_bob) = (row(&database, "alice").await, row(&database, "bob").await);
    assert!(of_alice.api_key().is_err() && !of_alice.to_text().contains("obviously-fake"), "sealed");
    database.save(&UserId::new("alice").unwrap(), &of_bob).await.unwrap();
    database.save(&UserId::new("bob").unwrap(), &of_alice).await.unwrap();
    for (user, kept) in [("alice", &of_bob), ("bob", &of_alice)] {
        let browser = shop.browser(user);
        assert_eq!(shop.key(&browser).await, Err(503), "{user}");
        assert_eq!(row(&database, user).await.to_text(), kept.to_text(), "{user}");
        // The cure is a new connect.
        assert_connected(&shop.connect(&browser, &format!("{user}-again")).await);
        assert_eq!(shop.key(&browser).await, Ok(key_for_code(format!("{user}-again"))));
    }
}

#[tokio::test]
async fn t44_a_row_copied_from_another_app_is_503_and_stays() {
    let (here, there) = (MemoryStore::default(), MemoryStore::default());
    let (shop, other) = (sealed_shop("app", &here).await, sealed_shop("other-app", &there).await);
    assert_connected(&other.connect(&other.browser("alice"), "code").await);
    let foreign = row(&there, "alice").await;
    here.save(&UserId::new("alice").unwrap(), &foreign).await.unwrap();
    assert_eq!(shop.key(&shop.browser("alice")).await, Err(503));
    assert_eq!(row(&here, "alice").await.to_text(), foreign.to_text());
}
