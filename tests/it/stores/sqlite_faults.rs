//! What the locks of other processes do to the SQL stores: here to SQLite, in `sql_faults` to the servers.

use super::*;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, SqlitePool, raw_sql};
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::sleep;

/// A connection by which another node updates a record, and holds its lock until it is told to commit.
pub(super) trait HoldsLocks: Connection + 'static {
    fn hold(
        url: String,
        update: String,
        locked: Sender<()>,
        may_commit: Receiver<()>,
    ) -> impl Future<Output = ()> + Send;
}

impl<C> HoldsLocks for C
where
    C: Connection + 'static,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    async fn hold(url: String, update: String, locked: Sender<()>, may_commit: Receiver<()>) {
        let mut connection = C::connect(&url).await.unwrap();
        raw_sql("BEGIN").execute(&mut connection).await.unwrap();
        raw_sql(AssertSqlSafe(update)).execute(&mut connection).await.unwrap();
        locked.send(()).unwrap();
        may_commit.await.unwrap();
        raw_sql("COMMIT").execute(&mut connection).await.unwrap();
    }
}

/// Another node holds the lock and confirms a new record while a removal waits and is given up: by its caller, and by the store.
pub(super) async fn a_removal_given_up_behind_a_lock_removes_nothing_later<C: HoldsLocks>(
    store: &dyn TokenStore,
    url: &str,
    table: &str,
) {
    for limit in [100, 10_000] {
        store.save(&alice(), &token()).await.unwrap();
        let confirmed = token();
        let (version, record) = (confirmed.version(), confirmed.to_text());
        let update = format!("UPDATE {table} SET version = '{version}', record = '{record}'");
        let ((locked, is_locked), (commit, may_commit)) = (channel(), channel());
        let holder = tokio::spawn(C::hold(url.to_owned(), update, locked, may_commit));
        is_locked.await.unwrap();
        let given_up = timeout(Duration::from_millis(limit), store.delete(&alice())).await;
        assert!(given_up.is_err() || given_up.unwrap().is_err());
        commit.send(()).unwrap();
        holder.await.unwrap();
        sleep(Duration::from_millis(500)).await;
        let found = store.load(&alice()).await.unwrap().expect("the confirmed record is there");
        assert_eq!(found.version(), confirmed.version());
    }
}

#[tokio::test]
async fn t65_a_removal_given_up_behind_a_lock_of_sqlite_removes_nothing_later() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let url = format!("sqlite:{}", path.display());
    let store = SqliteStore::open(&path).await.unwrap();
    let of_app = SqliteStore::from_pool(SqlitePool::connect(&url).await.unwrap(), &TableName::default()).await.unwrap();
    for store in [&store, &of_app] {
        a_removal_given_up_behind_a_lock_removes_nothing_later::<SqliteConnection>(store, &url, "komerza_tokens").await;
    }
}
