//! Sealed records: bound to their user, app and save; re-sealed after a change of keys; never lost.

use super::*;

fn sealed<S: TokenStore>(store: S, app: &str, keys: impl IntoIterator<Item = SealingKey>) -> EncryptedStore<S> {
    EncryptedStore::new(store, app, keys).unwrap()
}

fn key(number: u8) -> SealingKey {
    let mut bytes = *b"obviously-fake-key-of-32-bytes-0";
    bytes[31] = number;
    SealingKey::from_bytes(&bytes).unwrap()
}

/// A database, sealed by the first key, and a user.
fn opened() -> (MemoryStore, EncryptedStore<MemoryStore>, UserId) {
    let database = MemoryStore::default();
    (database.clone(), sealed(database, "app", [key(1)]), user("alice"))
}

/// A record sealed by the first key, in a store that seals it anew by the second when it is loaded, and that store's faults.
async fn resealing(key_of_alice: &str) -> (MemoryStore, Faults, EncryptedStore<FaultyStore<MemoryStore>>, UserId) {
    let (database, store, alice) = opened();
    store.save(&alice, &record(key_of_alice)).await.unwrap();
    let inner = FaultyStore::new(database.clone());
    (database, inner.faults(), sealed(inner, "app", [key(2), key(1)]).reseals_on_load(), alice)
}

fn text(token: Option<StoredToken>) -> String {
    token.unwrap().api_key().unwrap().expose_secret().to_owned()
}

async fn assert_unreadable(store: &impl TokenStore, user: &UserId) {
    for _ in 0..2 {
        let error = store.load(user).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unreadable);
        assert!(!format!("{error:?}").contains("obviously"), "{error:?}");
    }
}

#[tokio::test]
async fn t44_swapped_rows_open_for_neither_user_and_an_older_row_of_the_same_user_opens() {
    let (database, store, alice) = opened();
    let bob = user("bob");
    store.save(&alice, &record("obviously-fake-alice")).await.unwrap();
    store.save(&bob, &record("obviously-fake-bob")).await.unwrap();
    let hers = database.load(&alice).await.unwrap().unwrap();
    let his = database.load(&bob).await.unwrap().unwrap();
    database.save(&alice, &his).await.unwrap();
    database.save(&bob, &hers).await.unwrap();

    assert_unreadable(&store, &alice).await;
    assert_unreadable(&store, &bob).await;
    assert_eq!(database.load(&alice).await.unwrap().unwrap().to_text(), his.to_text());
    assert_eq!(database.load(&bob).await.unwrap().unwrap().to_text(), hers.to_text());
    // A new connect replaces the record; a disconnect removes it.
    store.save(&alice, &record("obviously-fake-again")).await.unwrap();
    assert_eq!(text(store.load(&alice).await.unwrap()), "obviously-fake-again");
    store.delete(&bob).await.unwrap();
    assert!(store.load(&bob).await.unwrap().is_none());
    // An older record of the same user opens when it is put back: SECURITY.md says so under "What stays".
    let (database, store, alice) = opened();
    store.save(&alice, &record("obviously-fake-older")).await.unwrap();
    let backup = database.load(&alice).await.unwrap().unwrap();
    store.save(&alice, &record("obviously-fake-newer")).await.unwrap();
    database.save(&alice, &backup).await.unwrap();
    assert_eq!(text(store.load(&alice).await.unwrap()), "obviously-fake-older");
}

#[tokio::test]
async fn t44_a_record_opens_under_no_other_app_key_version_time_or_note() {
    let (database, store, alice) = opened();
    store.save(&alice, &record("obviously-fake-key")).await.unwrap();
    assert_unreadable(&sealed(database.clone(), "app2", [key(1)]), &alice).await;
    assert_unreadable(&sealed(database.clone(), "app", [key(2)]), &alice).await;

    let sealed = database.load(&alice).await.unwrap().unwrap();
    let other = record("obviously-fake-key");
    let as_other_version = sealed.to_text().replace(&sealed.version().to_string(), &other.version().to_string());
    database.save(&alice, &StoredToken::from_text(&as_other_version).unwrap()).await.unwrap();
    assert_unreadable(&store, &alice).await;

    let at = sealed.saved_at().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let later = sealed.to_text().replace(&at.to_string(), &(at + 1).to_string());
    database.save(&alice, &StoredToken::from_text(&later).unwrap()).await.unwrap();
    assert_unreadable(&store, &alice).await;

    database.save(&alice, &sealed).await.unwrap();
    assert_eq!(text(store.load(&alice).await.unwrap()), "obviously-fake-key");
    // A note that was changed in the database closes the record.
    let note = |text: &'static str| Some(Note::new(text).unwrap());
    store.save(&alice, &record("obviously-fake-key").with_note(note("plan=basic"))).await.unwrap();
    assert_eq!(store.load(&alice).await.unwrap().unwrap().note(), note("plan=basic").as_ref());
    let kept = database.load(&alice).await.unwrap().unwrap();
    for changed in [note("plan=pro"), note(""), None] {
        database.save(&alice, &kept.clone().with_note(changed)).await.unwrap();
        assert_eq!(store.load(&alice).await.unwrap_err().kind(), StoreErrorKind::Unreadable);
    }
}

/// Sealed by Python's `cryptography` 48: what is in somebody's database must open after every update of this crate.
#[tokio::test]
async fn t44_a_record_that_another_implementation_sealed_opens() {
    let text_of_the_record = concat!(
        r#"{"format":1,"version":"000102030405060708090a0b0c0d0e0f","saved_at":1764115200000,"#,
        r#""sealed":"mcNDIAABAgMEBQYHCAkKCzPG0UF4g0C8vsU0unU-in_LCiq-2thFjItOjxms5X_vHm0"}"#,
    );
    let database = MemoryStore::default();
    database.save(&user("alice"), &StoredToken::from_text(text_of_the_record).unwrap()).await.unwrap();
    let store = sealed(database, "app", [key(b'1')]);
    assert_eq!(text(store.load(&user("alice")).await.unwrap()), "obviously-fake-key");
    // Without a key there is no sealed store.
    let refused = EncryptedStore::new(MemoryStore::default(), "app", []).unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Misconfigured);
}

#[tokio::test]
async fn t44_a_plain_record_is_refused_unless_the_migration_is_switched_on() {
    let database = MemoryStore::default();
    let (alice, plain) = (user("alice"), record("obviously-fake-key"));
    database.save(&alice, &plain).await.unwrap();
    let strict = sealed(database.clone(), "app", [key(1)]);
    assert_unreadable(&strict, &alice).await;

    let migrating = strict.clone().accepts_plain_records();
    assert_eq!(text(migrating.load(&alice).await.unwrap()), "obviously-fake-key");
    assert!(database.load(&alice).await.unwrap().unwrap().api_key().is_ok(), "nothing was written");
    assert_eq!(text(migrating.reseals_on_load().load(&alice).await.unwrap()), "obviously-fake-key");
    assert!(database.load(&alice).await.unwrap().unwrap().api_key().is_err(), "it is sealed now");
    assert_eq!(text(strict.load(&alice).await.unwrap()), "obviously-fake-key");
    assert!(strict.delete_if(&alice, plain.version()).await.unwrap(), "and has kept its version");
}

#[tokio::test]
async fn t44_after_a_change_of_keys_a_load_seals_anew_and_the_old_key_can_go() {
    let (database, faults, resealing, alice) = resealing("obviously-fake-key").await;
    let saved = database.load(&alice).await.unwrap().unwrap();
    let without = sealed(database.clone(), "app", [key(2), key(1)]);
    without.load(&alice).await.unwrap();
    assert_unreadable(&sealed(database.clone(), "app", [key(2)]), &alice).await;
    // If that write fails, the load does not.
    faults.add(StoreFault::error().on(Operation::ReplaceIf).times(1));
    assert_eq!(text(resealing.load(&alice).await.unwrap()), "obviously-fake-key");
    assert_eq!(text(resealing.load(&alice).await.unwrap()), "obviously-fake-key");
    assert_eq!(text(resealing.load(&alice).await.unwrap()), "obviously-fake-key");
    assert_eq!(faults.calls(Operation::ReplaceIf), 2, "one failed, one sealed, and no third was needed");

    let new = sealed(database, "app", [key(2)]);
    assert_eq!(new.load(&alice).await.unwrap().unwrap().version(), saved.version());
    assert!(new.delete_if(&alice, saved.version()).await.unwrap());
}

#[tokio::test]
async fn t44_sealing_anew_never_undoes_a_save_that_came_between() {
    let (database, faults, slow, alice) = resealing("obviously-fake-old").await;
    faults.add(StoreFault::hang().on(Operation::ReplaceIf));
    let load = give_up_after(1, slow.load(&alice)).await;
    assert!(load.is_none(), "it has read the old record and is about to seal it anew");

    let newer = record("obviously-fake-new");
    sealed(database.clone(), "app", [key(2)]).save(&alice, &newer).await.unwrap();
    // What the held call would have done: the old record under its old version.
    let late = slow.clone();
    faults.clear();
    let old = record("obviously-fake-old");
    assert!(!ReplaceIf::replace_if(&late, &alice, &old).await.unwrap());
    assert_eq!(text(late.load(&alice).await.unwrap()), "obviously-fake-new");
}

#[tokio::test(start_paused = true)]
async fn t44_a_writer_that_hangs_while_sealing_anew_does_not_hold_the_load_up() {
    let (_, faults, store, alice) = resealing("obviously-fake-key").await;
    faults.add(StoreFault::hang().on(Operation::ReplaceIf));
    let load = timeout(Limits::default().store_deadline, store.load(&alice));
    assert_eq!(text(load.await.expect("in time").unwrap()), "obviously-fake-key");
    assert_eq!(faults.calls(Operation::ReplaceIf), 1);
    // A slow database has used up its time before: what was read is what counts.
    faults.add(StoreFault::delay(Duration::from_millis(1_900)).on(Operation::Load));
    let load = timeout(Limits::default().store_deadline, store.load(&alice));
    assert_eq!(text(load.await.expect("in time").unwrap()), "obviously-fake-key");
}
