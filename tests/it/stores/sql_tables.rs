//! How tables are made, and files that the app made before.

use super::places::{Directory, saved_at};
#[cfg(feature = "servers")]
use super::places::{PATIENCE, postgres_url, time, unique};
use crate::prelude::*;
#[cfg(feature = "servers")]
use komerza_connect::store::{ListUsers, PostgresStore};
use komerza_connect_testing::canary::Log;
#[cfg(feature = "servers")]
use sqlx::{AssertSqlSafe, PgConnection};
use sqlx::{Connection as _, SqliteConnection, raw_sql};

fn user(number: u64) -> UserId {
    UserId::from(number)
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn nodes_that_start_together_make_one_table_and_a_role_without_that_right_uses_it() {
    let (name, role) = (unique("made"), unique("role"));
    let table: TableName = name.parse().unwrap();
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let table = table.clone();
        nodes.spawn(async move {
            PostgresStore::connect_with(&postgres_url(), &table).await.unwrap().with_deadline(PATIENCE)
        });
    }
    nodes.join_all().await[0].save(&user(1), &saved_at(1)).await.unwrap();
    let mut admin = PgConnection::connect(&postgres_url()).await.unwrap();
    let grant = format!("CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role};");
    raw_sql(AssertSqlSafe(grant)).execute(&mut admin).await.unwrap();
    let url = postgres_url().replace("komerza@", &format!("{role}@"));
    let restricted = PostgresStore::connect_with(&url, &table).await.unwrap().with_deadline(PATIENCE);
    restricted.save(&user(2), &saved_at(2)).await.unwrap();
    assert_eq!(restricted.remove_older("", time(2), 100).await.unwrap().len(), 1);
    raw_sql(AssertSqlSafe(format!("DROP TABLE {name}; DROP ROLE {role}"))).execute(&mut admin).await.unwrap();
}

async fn sqlite_file(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.unwrap()
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
        let log = Log::from_now();
        let store = SqliteStore::open(&path).await.unwrap();
        let told = log.lines_with(&["INFO", &path.display().to_string(), "keeps its journal mode", "mode=delete"]);
        assert_eq!(told.len(), usize::from(made_by_app), "{file}");
        store.save(&user(1), &saved_at(1)).await.unwrap();
        assert!(store.load(&user(1)).await.unwrap().is_some());
        let found: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut sqlite_file(&path).await).await.unwrap();
        assert_eq!(found, mode, "{file}");
    }
}
