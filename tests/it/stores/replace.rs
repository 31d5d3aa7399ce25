//! `ReplaceIf`, on which sealing anew rests: it rewrites the record of one version and no other.

use super::places::{Directory, unique};
#[cfg(feature = "servers")]
use super::places::{postgres_url, redis_url};
#[cfg(feature = "servers")]
use komerza_connect::store::{PostgresStore, RedisStore, TableName};
use komerza_connect::{
    ApiKey, MemoryStore, SealingKey, StoredToken, TokenStore, UserId,
    store::{CachedStore, EncryptedStore, ReplaceIf, SqliteStore},
};
use std::sync::Arc;

fn token(key: &str) -> StoredToken {
    StoredToken::new(ApiKey::new(key).unwrap()).unwrap()
}

/// The same save with another key, as no app could make it: by its text form.
fn rewritten(token: &StoredToken, key: &str) -> StoredToken {
    let old = token.api_key().unwrap().expose_secret().to_owned();
    StoredToken::from_text(&token.to_text().replace(&old, key)).unwrap()
}

async fn key(store: &dyn ReplaceIf, user: &UserId) -> Option<String> {
    let found = store.load(user).await.unwrap()?;
    Some(found.api_key().unwrap().expose_secret().to_owned())
}

async fn replaces_the_record_of_one_version_only(store: Arc<dyn ReplaceIf>) {
    let (alice, bob) = (UserId::new(unique("alice")).unwrap(), UserId::new(unique("bob")).unwrap());
    let (old, new) = (token("obviously-fake-old"), token("obviously-fake-new"));
    assert!(!store.replace_if(&alice, &old).await.unwrap(), "nothing is there to be replaced");
    assert!(store.load(&alice).await.unwrap().is_none(), "and nothing was put there");

    store.save(&alice, &old).await.unwrap();
    store.save(&bob, &new).await.unwrap();
    assert!(store.replace_if(&alice, &rewritten(&old, "obviously-fake-rewritten")).await.unwrap());
    assert_eq!(key(&*store, &alice).await.as_deref(), Some("obviously-fake-rewritten"));
    assert_eq!(store.load(&alice).await.unwrap().unwrap().version(), old.version());
    assert_eq!(key(&*store, &bob).await.as_deref(), Some("obviously-fake-new"), "another user's is left alone");

    // A save that came between is never undone, in whichever order the two arrive.
    for round in 0..20 {
        let (old, new) = (token("obviously-fake-old"), token("obviously-fake-new"));
        store.save(&alice, &old).await.unwrap();
        let late = tokio::spawn({
            let (store, alice) = (store.clone(), alice.clone());
            async move { store.replace_if(&alice, &rewritten(&old, "obviously-fake-rewritten")).await }
        });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        store.save(&alice, &new).await.unwrap();
        late.await.unwrap().unwrap();
        assert_eq!(key(&*store, &alice).await.as_deref(), Some("obviously-fake-new"));
    }
    for user in [&alice, &bob] {
        store.delete(user).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t44_stores_of_this_process_replace_the_record_of_one_version_only() {
    let key = SealingKey::from_bytes(b"obviously-fake-key-of-32-bytes!!").unwrap();
    let directory = Directory::new();
    let sqlite = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap();
    let stores: [Arc<dyn ReplaceIf>; 4] = [
        Arc::new(MemoryStore::default()),
        Arc::new(sqlite.clone()),
        Arc::new(EncryptedStore::new(MemoryStore::default(), "app", [key]).unwrap()),
        Arc::new(CachedStore::new(sqlite)),
    ];
    for store in stores {
        replaces_the_record_of_one_version_only(store).await;
    }
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t44_postgresql_replaces_the_record_of_one_version_only() {
    let table: TableName = unique("replace").parse().unwrap();
    let store = PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
    replaces_the_record_of_one_version_only(Arc::new(store)).await;
    let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&pool).await.unwrap();
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t44_redis_replaces_the_record_of_one_version_only() {
    let store = RedisStore::connect_with(&redis_url(), &unique("replace")).await.unwrap();
    replaces_the_record_of_one_version_only(Arc::new(store)).await;
}
