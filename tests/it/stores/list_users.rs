//! `ListUsers`: who is there, and the removal of old records.

use super::contract::{both, encrypted};
use super::*;

/// Everybody whose id begins so, and the number of pages that it took.
async fn listed(store: &dyn ListUsers, prefix: &str, limit: usize) -> (BTreeSet<String>, usize) {
    let (mut users, mut cursor, mut pages) = (BTreeSet::new(), None, 0);
    loop {
        let page = store.list_users(cursor.as_deref(), limit).await.unwrap();
        pages += 1;
        assert!(pages < 10_000, "the listing does not end");
        for listed in page.users {
            let id = listed.user.as_str();
            if id.starts_with(prefix) {
                let number: u64 = id.rsplit(' ').next().unwrap().parse().unwrap();
                assert_eq!(listed.saved_at, Some(time(number)), "{id}");
                users.insert(id.to_owned());
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return (users, pages),
        }
    }
}

/// What every store that lists users owes. Other records may be there.
pub(super) async fn lists_everybody_and_removes_only_what_is_old(store: Arc<dyn TokenStore>) {
    let lists = store.lists_users().expect("every shipped store lists its users");
    lists.ping().await.unwrap();
    let prefix = unique("browser-'%_\u{e9}");
    let user = |number: u64| UserId::new(format!("{prefix} {number}")).unwrap();
    // Neighbours in any order of bytes, which a careless range or pattern would take too.
    let spared: Vec<_> = ["", "\u{1}", "\u{10ffff}"].map(|end| format!("{}{end}", &prefix[..prefix.len() - 1])).into();
    for id in &spared {
        store.save(&UserId::new(id).unwrap(), &saved_at(5)).await.unwrap();
    }
    for number in 1..=40 {
        store.save(&user(number), &saved_at(number)).await.unwrap();
    }
    let everybody: BTreeSet<_> = (1..=40).map(|number| user(number).as_str().to_owned()).collect();
    for limit in [1, 7, 1_000] {
        let (users, pages) = listed(lists, &format!("{prefix} "), limit).await;
        assert_eq!(users, everybody, "pages of {limit}");
        assert!(limit > 40 || pages > 1);
    }

    // Loaded, so that a cache has them; saved anew, so that two of the old ones are young.
    for number in 1..=40 {
        assert!(store.load(&user(number)).await.unwrap().is_some());
    }
    for number in [3, 4] {
        store.save(&user(number), &saved_at(100 + number)).await.unwrap();
    }
    let mut removed = BTreeSet::new();
    loop {
        let some = lists.remove_older(&prefix, time(21), 7).await.unwrap();
        assert!(some.len() <= 7);
        for (user, token) in &some {
            let number: u64 = user.as_str().rsplit(' ').next().unwrap().parse().unwrap();
            assert_eq!(token.api_key().unwrap().expose_secret(), format!("obviously-fake-key-{number}"));
            assert!(removed.insert(number), "{number} was removed twice");
        }
        if some.len() < 7 {
            break;
        }
    }
    assert_eq!(removed, (1..=20).filter(|number| ![3, 4].contains(number)).collect());
    for number in 1..=40 {
        assert_eq!(store.load(&user(number)).await.unwrap().is_none(), removed.contains(&number), "{number}");
    }
    for id in spared.iter().cloned().chain((1..=40).map(|number| user(number).as_str().to_owned())) {
        let user = UserId::new(id).unwrap();
        if !removed.iter().any(|number| user.as_str() == format!("{prefix} {number}")) {
            assert!(store.load(&user).await.unwrap().is_some(), "{user:?}");
        }
        store.delete(&user).await.unwrap();
    }
}

#[tokio::test]
async fn memory_and_every_wrapper_list_everybody_and_remove_only_what_is_old() {
    let memory = MemoryStore::default;
    let stores: [Arc<dyn TokenStore>; 6] = [
        Arc::new(memory()),
        Arc::new(Box::new(memory()) as Box<dyn TokenStore>),
        Arc::new(encrypted(memory())),
        Arc::new(CachedStore::new(memory())),
        Arc::new(both(memory())),
        Arc::new(FaultyStore::new(memory())),
    ];
    for store in stores {
        lists_everybody_and_removes_only_what_is_old(store).await;
    }
}

#[tokio::test]
async fn a_wrapper_around_a_store_that_cannot_list_says_so_and_a_cursor_of_another_store_is_refused() {
    let cached = CachedStore::new(encrypted(Shelf::default()));
    assert!(cached.lists_users().is_none());
    assert_eq!(cached.ping().await.unwrap_err().kind(), StoreErrorKind::Misconfigured);
    let error = MemoryStore::default().list_users(Some("obviously-not"), 1).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
}

#[tokio::test]
async fn a_cache_forgets_everybody_when_a_removal_ended_in_an_error() {
    let faulty = FaultyStore::new(MemoryStore::default());
    let cached = CachedStore::new(faulty.clone());
    let alice = user("browser-alice");
    cached.save(&alice, &saved_at(1)).await.unwrap();
    assert!(cached.load(&alice).await.unwrap().is_some());
    // The record is removed and the answer lost.
    faulty.faults().add(StoreFault::error_afterwards().on(Operation::RemoveOlder));
    assert!(cached.remove_older("browser-", time(2), 10).await.is_err());
    assert!(cached.load(&alice).await.unwrap().is_none());
}

#[tokio::test]
async fn sqlite_lists_everybody_and_removes_only_what_is_old() {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap().with_deadline(PATIENCE);
    alone_and_wrapped(store).await;
}

/// Written by somebody else: its column and its record name different versions.
#[tokio::test]
async fn an_old_row_that_cannot_be_removed_holds_up_no_removal() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let store = SqliteStore::open(&path).await.unwrap().with_deadline(PATIENCE);
    for (name, time) in [("odd", 1), ("old", 2), ("older", 1)] {
        store.save(&user(name), &saved_at(time)).await.unwrap();
    }
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let odd = "UPDATE komerza_tokens SET version = 'obviously-fake' WHERE user_id = x'6f6464'";
    assert_eq!(sqlx::query(odd).execute(&pool).await.unwrap().rows_affected(), 1);
    for expected in [1, 1, 0] {
        let removed = timeout(PATIENCE, store.remove_older("", time(3), 1)).await.expect("an end").unwrap();
        assert_eq!(removed.len(), expected);
    }
}

async fn alone_and_wrapped(store: impl TokenStore + Clone) {
    lists_everybody_and_removes_only_what_is_old(Arc::new(store.clone())).await;
    lists_everybody_and_removes_only_what_is_old(Arc::new(both(store))).await;
}

#[cfg(feature = "servers")]
async fn in_sql(url: String) {
    let table = unique("listed");
    if url.starts_with("mysql") {
        let store = MySqlStore::connect_with(&url, &table.parse().unwrap()).await.unwrap();
        alone_and_wrapped(store.with_deadline(PATIENCE)).await;
    } else {
        let store = PostgresStore::connect_with(&url, &table.parse().unwrap()).await.unwrap();
        alone_and_wrapped(store.with_deadline(PATIENCE)).await;
    }
    run(&url, &format!("DROP TABLE {table}")).await;
}

#[cfg(feature = "servers")]
needs! {
    postgresql postgresql_lists_everybody_and_removes_only_what_is_old => in_sql(postgres_url());
    pgbouncer postgresql_through_pgbouncer_lists_everybody_and_removes_only_what_is_old => in_sql(pgbouncer_url("transaction"));
    mysql mysql_lists_everybody_and_removes_only_what_is_old => in_sql(mysql_url());
}
