//! What is particular to the SQLite file.

use super::*;

#[cfg(unix)]
#[tokio::test]
async fn t44_a_new_file_and_those_beside_it_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Directory::new();
    let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap().with_deadline(PATIENCE);
    store.save(&alice(), &token()).await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        names.push(file.file_name());
    }
    assert!(names.contains(&"tokens.db".into()) && names.contains(&"tokens.db-wal".into()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_on_no_file_all_come_up() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let open = || {
        let path = path.clone();
        async { SqliteStore::open(path).await.unwrap().with_deadline(PATIENCE) }
    };
    all_come_up(12, open).await;
}

#[tokio::test]
async fn t44_what_was_deleted_is_not_left_in_the_file() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let alice = user("alice");
    let store = SqliteStore::open(&path).await.unwrap().with_deadline(PATIENCE);
    store.save(&alice, &token()).await.unwrap();
    store.close().await;
    let holds_key = || std::fs::read(&path).unwrap().windows(18).any(|bytes| bytes == b"obviously-fake-key");
    assert!(holds_key(), "a plain store's file has the key, or this test could not see it");
    let store = SqliteStore::open(&path).await.unwrap().with_deadline(PATIENCE);
    store.delete(&alice).await.unwrap();
    store.close().await;
    assert!(!holds_key());
}

#[tokio::test]
async fn tables_of_other_names_are_independent_and_a_file_that_cannot_be_used_is_a_setting_to_mend() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let alice = user("alice");
    let other: TableName = "main.shop_keys".parse().unwrap();
    let (one, two) = (
        SqliteStore::open(&path).await.unwrap().with_deadline(PATIENCE),
        SqliteStore::open_with(&path, &other).await.unwrap().with_deadline(PATIENCE),
    );
    one.save(&alice, &token()).await.unwrap();
    assert!(two.load(&alice).await.unwrap().is_none());
    // A file that cannot be used is a setting to mend.
    let no_database = directory.path().join("notes.txt");
    std::fs::write(&no_database, "not a database, obviously; but long enough to be looked at".repeat(40)).unwrap();
    for path in [directory.path().join("missing/tokens.db"), no_database, directory.path().to_owned()] {
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error:?}");
        assert!(error.cause().is_some());
    }
}
