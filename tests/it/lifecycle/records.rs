//! Records outside of requests: listed, swept, asked for, and removed by calls that come late.

use crate::prelude::*;

async fn connect(store: &MemoryStore, id: &str) {
    store.save(&user(id), &record("obviously-fake-key")).await.unwrap();
}

#[tokio::test]
async fn every_user_is_listed_once_however_many_pages_that_takes() {
    let store = MemoryStore::default();
    let wanted: BTreeSet<_> = (0..250).map(|number| format!("user-{number}")).collect();
    for id in &wanted {
        connect(&store, id).await;
    }
    let shop = Shop::builder(Mode::Users).store(store).open().await;
    let (mut users, mut found) = (shop.layer.users(), Vec::new());
    while let Some(listed) = users.try_next().await.unwrap() {
        let user = listed.user;
        assert!(shop.layer.client_for(&user).await.unwrap().is_some());
        found.push(user.as_str().to_owned());
    }
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (250, wanted));
    assert!(users.try_next().await.unwrap().is_none(), "it stays over");
    // A listed user has the note of the login.
    let (store, note) = (MemoryStore::default(), Note::new("plan pro").unwrap());
    let token = StoredToken::new(ApiKey::new("obviously-fake-key").unwrap()).unwrap().with_note(Some(note.clone()));
    store.save(&user("alice"), &token).await.unwrap();
    let shop = Shop::builder(Mode::Users).store(store).open().await;
    let listed = shop.layer.users().try_next().await.unwrap().unwrap();
    assert_eq!((listed.user, listed.saved_at), (user("alice"), Some(token.saved_at())));
    assert_eq!(listed.note.unwrap().as_str(), note.as_str());
}

#[tokio::test]
async fn a_sweep_removes_what_no_browser_can_reach_any_more_and_tells_of_each_key() {
    let (store, clock) = (FaultyStore::new(MemoryStore::default()), ManualClock::default());
    let faults = store.faults();
    let shop = Shop::builder(Mode::Browsers).store(store).clock(&clock).open().await;
    for code in ["one", "two"] {
        assert_connected(&shop.connect(&shop.browser("somebody"), code).await);
    }
    assert_eq!(shop.layer.sweep().await.unwrap(), 0, "both sessions live");
    clock.advance(Limits::default().session_lifetime + Duration::from_secs(1));
    let late = shop.browser("late");
    assert_connected(&shop.connect(&late, "three").await);
    // A hundred removals may take longer than a single call may.
    faults.add(StoreFault::delay(Limits::default().store_deadline * 2).on(Operation::RemoveOlder));
    let flying = Flying::begin();
    assert_eq!(shop.layer.sweep().await.unwrap(), 2);
    drop(flying);
    assert_eq!(shop.watch.count(Hook::Orphaned), 2);
    assert!(shop.key(&late).await.is_ok());
    // It removes no user of the app, whatever the id.
    let (store, clock) = (MemoryStore::default(), ManualClock::default());
    connect(&store, "browser-7").await;
    // The record is of today.
    clock.advance(Duration::from_secs(100 * 365 * 86_400));
    let shop = Shop::builder(Mode::Users).store(store.clone()).clock(&clock).open().await;
    assert_eq!(shop.layer.sweep().await.unwrap(), 0);
    assert!(store.load(&user("browser-7")).await.unwrap().is_some());
}

/// Whose record is to go, and of which version if that matters.
type Removal = (UserId, Option<TokenVersion>);

/// A store that lists nobody and carries out removals late, when it is told to.
#[derive(Clone, Default)]
struct Late {
    inner: MemoryStore,
    waiting: Arc<Mutex<Vec<Removal>>>,
}

impl Late {
    async fn catch_up(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        assert!(!waiting.is_empty(), "nothing came late");
        for (user, version) in waiting {
            match version {
                Some(version) => drop(self.inner.delete_if(&user, &version).await.unwrap()),
                None => self.inner.delete(&user).await.unwrap(),
            }
        }
    }
}

#[async_trait]
impl TokenStore for Late {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.inner.load(user).await
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.inner.save(user, token).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.waiting.lock().unwrap().push((user.clone(), None));
        hang().await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.waiting.lock().unwrap().push((user.clone(), Some(*version)));
        hang().await
    }
}

#[tokio::test]
async fn t65_a_removal_that_comes_late_leaves_the_connection_that_was_made_meanwhile() {
    let store = Late::default();
    let records = store.clone();
    let shop = Shop::builder(Mode::Users).store(records).open().await;
    let browser = shop.browser("alice");
    assert_connected(&shop.connect(&browser, "first").await);
    assert_eq!(shop.disconnect(&browser).await.status(), 503);
    let outside = shop.layer.disconnect(&user("alice")).await.unwrap_err();
    assert_eq!(outside.kind(), StoreErrorKind::TimedOut);
    assert_connected(&shop.connect(&browser, "second").await);
    store.catch_up().await;
    assert!(shop.key(&browser).await.is_ok(), "a confirmed connect is undone");
    // A store that lists nobody is an error and never an empty list.
    let listed = shop.layer.users().try_next().await.unwrap_err();
    let (pinged, swept) = (shop.layer.ping().await.unwrap_err(), shop.layer.sweep().await.unwrap_err());
    assert_eq!([&listed, &pinged, &swept].map(StoreError::kind), [StoreErrorKind::Misconfigured; 3]);
    let shop = Shop::builder(Mode::Users).store(MemoryStore::default()).open().await;
    shop.layer.ping().await.unwrap();
}
