//! The cache never serves what a confirmed write has replaced.

use super::*;
use tokio::sync::Barrier;

struct Setting {
    database: MemoryStore,
    faults: Faults,
    clock: ManualClock,
    store: Arc<CachedStore<FaultyStore<MemoryStore>>>,
    alice: UserId,
}

fn setting() -> Setting {
    let (database, clock) = (MemoryStore::default(), ManualClock::default());
    let inner = FaultyStore::new(database.clone());
    let faults = inner.faults();
    let store = Arc::new(CachedStore::new(inner).with_clock(clock.clone()));
    Setting { database, faults, clock, store, alice: user("alice") }
}

async fn key(store: &impl TokenStore, user: &UserId) -> Option<String> {
    let token = store.load(user).await.unwrap()?;
    Some(token.api_key().unwrap().expose_secret().to_owned())
}

/// The same as a task of its own.
fn ask<S: TokenStore>(store: &Arc<CachedStore<S>>, user: &UserId) -> tokio::task::JoinHandle<Option<String>> {
    let (store, user) = (store.clone(), user.clone());
    tokio::spawn(async move { key(&store, &user).await })
}

/// However often it was used meanwhile.
#[tokio::test]
async fn t52_a_key_removed_on_another_node_is_used_no_longer_than_the_bound() {
    for pauses in [&[29_999, 1][..], &[10_000, 10_000, 10_000]] {
        let Setting { database, clock, store, alice, .. } = setting();
        store.save(&alice, &record("obviously-fake")).await.unwrap();
        assert!(key(&store, &alice).await.is_some());
        database.delete(&alice).await.unwrap();
        for pause in pauses {
            assert!(key(&store, &alice).await.is_some(), "still within 30 seconds");
            clock.advance(Duration::from_millis(*pause));
        }
        assert!(key(&store, &alice).await.is_none());
    }
}

#[tokio::test]
async fn t52_a_key_removed_on_this_node_is_gone_at_once_and_a_told_node_forgets_it() {
    let Setting { database, store, alice, .. } = setting();
    let saved = record("obviously-fake");
    store.save(&alice, &saved).await.unwrap();
    assert!(key(&store, &alice).await.is_some());
    assert!(store.delete_if(&alice, saved.version()).await.unwrap());
    assert!(key(&store, &alice).await.is_none());

    store.save(&alice, &saved).await.unwrap();
    assert!(key(&store, &alice).await.is_some());
    database.delete(&alice).await.unwrap();
    store.forget(&alice);
    assert!(key(&store, &alice).await.is_none());
    store.save(&alice, &saved).await.unwrap();
    assert!(key(&store, &alice).await.is_some());
    database.delete(&alice).await.unwrap();
    store.forget_all();
    assert!(key(&store, &alice).await.is_none());
}

#[tokio::test]
async fn neither_a_missing_record_nor_an_error_is_remembered() {
    let Setting { database, faults, store, alice, .. } = setting();
    assert!(key(&store, &alice).await.is_none());
    database.save(&alice, &record("obviously-fake")).await.unwrap();
    assert!(key(&store, &alice).await.is_some(), "that there was none must not be remembered");
    // Errors are never remembered.
    store.forget(&alice);
    faults.add(StoreFault::error().on(Operation::Load).times(1));
    assert!(store.load(&alice).await.is_err());
    assert!(key(&store, &alice).await.is_some());
    // And what is remembered outlasts an outage.
    faults.add(StoreFault::error());
    assert!(key(&store, &alice).await.is_some());
}

#[tokio::test]
async fn a_write_that_failed_drops_what_was_remembered() {
    let Setting { faults, store, alice, .. } = setting();
    store.save(&alice, &record("obviously-fake-old")).await.unwrap();
    assert!(key(&store, &alice).await.is_some());
    // The answer is lost, the write is not.
    faults.add(StoreFault::error_afterwards().on(Operation::Save));
    assert!(store.save(&alice, &record("obviously-fake-new")).await.is_err());
    assert_eq!(key(&store, &alice).await.as_deref(), Some("obviously-fake-new"));
}

/// A store whose loads stop half-way: after the record was read, before it is handed out.
struct Held {
    database: MemoryStore,
    read: Barrier,
    hand_out: Barrier,
}

#[async_trait]
impl TokenStore for Held {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let found = self.database.load(user).await;
        self.read.wait().await;
        self.hand_out.wait().await;
        found
    }
    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.database.save(user, token).await
    }
    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.database.delete(user).await
    }
    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.database.delete_if(user, version).await
    }
}

#[tokio::test]
async fn t52_a_load_that_a_write_overtook_is_not_remembered() {
    let held = Held { database: MemoryStore::default(), read: Barrier::new(2), hand_out: Barrier::new(2) };
    let (store, alice) = (Arc::new(CachedStore::new(held)), user("alice"));
    let old = record("obviously-fake-old");
    store.save(&alice, &old).await.unwrap();

    for write in ["save", "delete", "delete_if"] {
        store.save(&alice, &old).await.unwrap();
        let late = ask(&store, &alice);
        let held = store.inner();
        held.read.wait().await;
        let after = match write {
            "save" => store.save(&alice, &record("obviously-fake-new")).await.map(|()| Some("obviously-fake-new")),
            "delete" => store.delete(&alice).await.map(|()| None),
            _ => store.delete_if(&alice, old.version()).await.map(|_| None),
        };
        held.hand_out.wait().await;
        assert_eq!(late.await.unwrap().as_deref(), Some("obviously-fake-old"), "it began before the write");

        let mut next = ask(&store, &alice);
        tokio::select! {
            _ = held.read.wait() => {}
            found = &mut next => panic!("after {write} the store was not asked: {:?}", found.unwrap()),
        }
        held.hand_out.wait().await;
        assert_eq!(next.await.unwrap().as_deref(), after.unwrap(), "after {write}");
    }
}

/// The store's clock moves on only when all fifty wait.
#[tokio::test(start_paused = true)]
async fn t59_loads_of_one_user_at_once_are_one_load() {
    let (database, alice) = (MemoryStore::default(), user("alice"));
    database.save(&alice, &record("obviously-fake")).await.unwrap();
    let bob = user("bob");
    let inner = FaultyStore::new(database);
    let faults = inner.faults();
    // The cache's own clock is real, because those who wait recognise their load by it.
    let store = Arc::new(CachedStore::new(inner));
    faults.add(StoreFault::delay(Duration::from_millis(20)).on(Operation::Load));
    for (user, there, loads) in [(&alice, true, 1), (&bob, false, 2)] {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (store, user) = (store.clone(), user.clone());
            tasks.spawn(async move { key(&store, &user).await.is_some() });
        }
        assert!(tasks.join_all().await.into_iter().all(|found| found == there));
        assert_eq!(faults.calls(Operation::Load), loads);
    }
}

#[tokio::test]
async fn t59_a_load_that_is_given_up_or_panics_leaves_no_one_waiting() {
    let Setting { faults, store, alice, .. } = setting();
    store.save(&alice, &record("obviously-fake")).await.unwrap();
    faults.add(StoreFault::hang().on(Operation::Load).times(1));
    let hung = ask(&store, &alice);
    while faults.calls(Operation::Load) == 0 {
        yield_now().await;
    }
    let waiting = ask(&store, &alice);
    yield_now().await;
    hung.abort();
    assert!(waiting.await.unwrap().is_some());

    store.forget(&alice);
    faults.add(StoreFault::panic().on(Operation::Load).times(1));
    let panicked = ask(&store, &alice);
    assert!(panicked.await.unwrap_err().is_panic());
    assert!(key(&store, &alice).await.is_some());
}

#[tokio::test]
async fn t59_the_cache_stays_under_its_bound() {
    let store = CachedStore::new(MemoryStore::default()).with_capacity(100);
    let saved = record("obviously-fake");
    for number in 0..5_000_u64 {
        let user = UserId::from(number);
        store.save(&user, &saved).await.unwrap();
        assert!(store.load(&user).await.unwrap().is_some());
    }
    let remembered = format!("{store:?}");
    let count: usize =
        remembered.split("remembered: ").nth(1).unwrap().split([',', ' ']).next().unwrap().parse().unwrap();
    assert!((1..=100).contains(&count), "{remembered}");
}
