//! Tables and files that were there before: of an earlier version of this crate, and of the app.

use super::places::{Directory, saved_at, time};
#[cfg(feature = "servers")]
use super::places::{postgres_url, unique};
#[cfg(feature = "servers")]
use komerza_connect::store::{PostgresStore, TableName};
use komerza_connect::{
    TokenStore, UserId,
    store::{ListUsers, SqliteStore},
};
#[cfg(feature = "servers")]
use sqlx::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, raw_sql};

fn user(number: u64) -> UserId {
    UserId::from(number)
}

/// A table as the first version made it, with users 1 to 20, who were saved then, and one whose record is damaged.
fn old_table(table: &str, bytes: &str, id: impl Fn(&str) -> String) -> String {
    let mut script = format!(
        "CREATE TABLE {table} (user_id {bytes} NOT NULL PRIMARY KEY, version TEXT NOT NULL, record TEXT NOT NULL);"
    );
    let mut insert = |user: &str, version: &str, record: &str| {
        script += &format!("INSERT INTO {table} VALUES ({}, '{version}', '{record}');", id(user));
    };
    for number in 1..=20 {
        let record = saved_at(number);
        insert(user(number).as_str(), &record.version().to_string(), &record.to_text());
    }
    insert("damaged", "?", "{\"saved_at\": oh");
    script
}

/// Everybody is there, with the right time, and the removal takes those alone who were saved before 11.
async fn everybody_is_there_and_the_old_ones_go(store: &dyn ListUsers) {
    let page = store.list_users(None, 100).await.unwrap();
    assert_eq!(page.users.len(), 21);
    for listed in page.users {
        let number = listed.user.as_str().parse().ok();
        assert_eq!(listed.saved_at, number.map(time), "{:?}", listed.user);
    }
    let removed = store.remove_older("", time(11), 100).await.unwrap();
    assert_eq!(removed.len(), 10);
    for number in 1..=20 {
        assert_eq!(store.load(&user(number)).await.unwrap().is_some(), number > 10);
    }
    assert!(store.load(&UserId::new("damaged").unwrap()).await.is_err(), "what cannot be read is never removed");
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn nodes_that_start_together_on_a_table_of_an_earlier_version_bring_it_up_to_date() {
    let name = unique("earlier");
    let table: TableName = name.parse().unwrap();
    let mut admin = PgConnection::connect(&postgres_url()).await.unwrap();
    let script = old_table(&name, "BYTEA", |id| format!("'{id}'"));
    raw_sql(AssertSqlSafe(script)).execute(&mut admin).await.unwrap();
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let table = table.clone();
        nodes.spawn(async move { PostgresStore::connect_with(&postgres_url(), &table).await.unwrap() });
    }
    let stores = nodes.join_all().await;
    let missing = format!("SELECT count(*) FROM {name} WHERE saved_at IS NULL");
    let missing: i64 = sqlx::query_scalar(AssertSqlSafe(missing)).fetch_one(&mut admin).await.unwrap();
    assert_eq!(missing, 0, "the column is filled in");
    everybody_is_there_and_the_old_ones_go(&stores[0]).await;
    raw_sql(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(&mut admin).await.unwrap();
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn a_role_that_may_not_change_an_earlier_table_can_do_everything_all_the_same() {
    let (name, role) = (unique("earlier"), unique("role"));
    let table: TableName = name.parse().unwrap();
    let mut admin = PgConnection::connect(&postgres_url()).await.unwrap();
    let script = old_table(&name, "BYTEA", |id| format!("'{id}'"));
    let grant = format!("CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role};");
    raw_sql(AssertSqlSafe(format!("{script}{grant}"))).execute(&mut admin).await.unwrap();
    let url = postgres_url().replace("komerza@", &format!("{role}@"));
    let restricted = PostgresStore::connect_with(&url, &table).await.unwrap();
    everybody_is_there_and_the_old_ones_go(&restricted).await;

    // The owner opens the store; the other one knows nothing of the column and saves anew.
    let owner = PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
    restricted.save(&user(11), &saved_at(5_000)).await.unwrap();
    restricted.save(&user(1), &saved_at(5_000)).await.unwrap();
    restricted.save(&user(2), &saved_at(2)).await.unwrap();
    let removed = owner.remove_older("", time(14), 100).await.unwrap();
    let mut removed: Vec<_> = removed.into_iter().map(|(user, _)| user.as_str().to_owned()).collect();
    removed.sort();
    assert_eq!(removed, ["12", "13", "2"], "the record counts and not the column");
    for (number, there) in [(11, true), (1, true), (2, false), (12, false), (14, true)] {
        assert_eq!(owner.load(&user(number)).await.unwrap().is_some(), there, "{number}");
    }
    // Once the column is there, the role needs no other right.
    let again = PostgresStore::connect_with(&url, &table).await.unwrap();
    again.save(&user(1), &saved_at(1)).await.unwrap();
    assert_eq!(again.remove_older("1", time(2), 100).await.unwrap().len(), 1);
    raw_sql(AssertSqlSafe(format!("DROP TABLE {name}; DROP ROLE {role}"))).execute(&mut admin).await.unwrap();
}

async fn sqlite_file(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.unwrap()
}

#[tokio::test]
async fn a_sqlite_table_of_an_earlier_version_is_brought_up_to_date() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let script = old_table("komerza_tokens", "BLOB", |id| format!("CAST('{id}' AS BLOB)"));
    raw_sql(AssertSqlSafe(script)).execute(&mut sqlite_file(&path).await).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let missing = "SELECT count(*) FROM komerza_tokens WHERE saved_at IS NULL";
    let missing: i64 = sqlx::query_scalar(missing).fetch_one(&mut sqlite_file(&path).await).await.unwrap();
    assert_eq!(missing, 0, "the column is filled in");
    everybody_is_there_and_the_old_ones_go(&store).await;
}

#[tokio::test]
async fn the_apps_own_database_keeps_its_journal_mode_and_a_new_file_gets_a_log() {
    let directory = Directory::new();
    for (file, made_by_app, mode) in [("app.db", true, "delete"), ("new.db", false, "wal")] {
        let path = directory.path().join(file);
        if made_by_app {
            let mut app = sqlite_file(&path).await;
            raw_sql("CREATE TABLE orders (id INTEGER)").execute(&mut app).await.unwrap();
        }
        let store = SqliteStore::open(&path).await.unwrap();
        store.save(&user(1), &saved_at(1)).await.unwrap();
        assert!(store.load(&user(1)).await.unwrap().is_some());
        let found: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut sqlite_file(&path).await).await.unwrap();
        assert_eq!(found, mode, "{file}");
    }
}
