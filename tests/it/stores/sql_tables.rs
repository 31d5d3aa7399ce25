//! How tables are made, and files that the app made before.

use super::*;
use sqlx::{Connection as _, SqliteConnection, raw_sql};

async fn sqlite_file(path: &Path) -> SqliteConnection {
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
        let store = SqliteStore::open(&path).await.unwrap().with_deadline(PATIENCE);
        let told = log.lines_with(&["INFO", &path.display().to_string(), "keeps its journal mode", "mode=delete"]);
        assert_eq!(told.len(), usize::from(made_by_app), "{file}");
        store.save(&UserId::from(1), &saved_at(1)).await.unwrap();
        assert!(store.load(&UserId::from(1)).await.unwrap().is_some());
        let found: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut sqlite_file(&path).await).await.unwrap();
        assert_eq!(found, mode, "{file}");
    }
}
