//! What the locks of other processes do to the SQLite store.

use super::places::{Directory, alice, token};
use crate::prelude::*;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, raw_sql};
use tokio::{
    sync::oneshot::{Receiver, Sender},
    time::{sleep, timeout},
};

#[tokio::test]
async fn t65_a_removal_given_up_behind_a_lock_of_sqlite_removes_nothing_later() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let of_app = SqliteStore::from_pool(pool, &TableName::default()).await.unwrap();
    for (store, limit) in [(&store, 100), (&store, 10_000), (&of_app, 100), (&of_app, 10_000)] {
        store.save(&alice(), &token()).await.unwrap();
        let confirmed = token();
        let update = format!(
            "UPDATE komerza_tokens SET version = '{}', record = '{}'",
            confirmed.version(),
            confirmed.to_text()
        );
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (commit, may_commit) = tokio::sync::oneshot::channel::<()>();
        let holder = tokio::spawn(hold(format!("sqlite:{}", path.display()), update, locked, may_commit));
        is_locked.await.unwrap();
        let given_up = timeout(Duration::from_millis(limit), store.delete(&alice())).await;
        assert!(given_up.is_err() || given_up.unwrap().is_err());
        commit.send(()).unwrap();
        holder.await.unwrap();
        sleep(Duration::from_millis(300)).await;
        let found = store.load(&alice()).await.unwrap().expect("the confirmed record is there");
        assert_eq!(found.version(), confirmed.version());
    }
}

/// Another node: updates, holds the lock, and commits when it is told.
async fn hold(url: String, update: String, locked: Sender<()>, may_commit: Receiver<()>) {
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    raw_sql("BEGIN").execute(&mut connection).await.unwrap();
    raw_sql(AssertSqlSafe(update)).execute(&mut connection).await.unwrap();
    locked.send(()).unwrap();
    may_commit.await.unwrap();
    raw_sql("COMMIT").execute(&mut connection).await.unwrap();
}
