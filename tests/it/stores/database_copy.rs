//! A copy of the database gives away no key under an encrypted store, and all of them under a plain one.

use super::places::Directory;
#[cfg(feature = "servers")]
use super::places::{postgres_url, redis_url, unique};
#[cfg(feature = "servers")]
use komerza_connect::store::{PostgresStore, RedisStore, TableName};
use komerza_connect::{
    ApiKey, SealingKey, StoredToken, TokenStore, UserId,
    store::{EncryptedStore, SqliteStore},
};

const SEALING_KEY: &[u8; 32] = b"obviously-fake-key-of-32-bytes!!";

/// Keys of several lengths, each unlike the others and unlike anything else in a database.
fn keys() -> Vec<String> {
    (0..20_u32)
        .map(|number| {
            let pattern = format!("obviously{number}Fake{number}Key{}x", number * 7919);
            pattern.repeat(1 + usize::try_from(number).unwrap() * 3)
        })
        .collect()
}

pub(super) fn encrypted<S: TokenStore>(store: S) -> EncryptedStore<S> {
    EncryptedStore::new(store, "app", [SealingKey::from_bytes(SEALING_KEY).unwrap()]).unwrap()
}

/// Connects, reconnects and disconnects, as users do.
async fn fill(store: &impl TokenStore, prefix: &str) {
    for (number, key) in keys().into_iter().enumerate() {
        let user = UserId::new(format!("{prefix}{number}")).unwrap();
        let token = StoredToken::new(ApiKey::new(key).unwrap()).unwrap();
        store.save(&user, &token).await.unwrap();
        store.save(&user, &token).await.unwrap();
        if number % 5 == 0 {
            store.delete(&user).await.unwrap();
        }
        assert_eq!(store.load(&user).await.unwrap().is_some(), number % 5 != 0);
    }
}

/// How many runs of 12 bytes of a key or of the sealing key occur, also as hexadecimal digits or base64.
fn leaks(copy: &[u8]) -> usize {
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD as BASE64};
    let mut needles = Vec::new();
    for secret in keys().iter().map(String::as_bytes).chain([&SEALING_KEY[..]]) {
        // One run in each key, besides all runs of its first part: every key repeats its pattern.
        for run in secret.windows(12).take(40) {
            needles.push(run.to_vec());
            needles.push(run.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
            needles.push(BASE64.encode(run).into_bytes());
        }
    }
    let found: std::collections::HashSet<_> = needles.iter().map(Vec::as_slice).collect();
    [12, 16, 24].iter().map(|length| copy.windows(*length).filter(|bytes| found.contains(bytes)).count()).sum()
}

pub(super) fn all_files(directory: &Directory) -> Vec<u8> {
    // A store that is dropped closes its files in the background, and SQLite removes one of them then: begin anew.
    let read = || -> std::io::Result<Vec<u8>> {
        let mut copy = Vec::new();
        for file in std::fs::read_dir(directory.path())? {
            copy.extend(std::fs::read(file?.path())?);
        }
        Ok(copy)
    };
    (0..100).find_map(|_| read().ok()).expect("the files can be read")
}

#[tokio::test]
async fn t44_a_copy_of_the_sqlite_files_holds_no_piece_of_a_key() {
    for sealed in [false, true] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap();
        if sealed {
            fill(&encrypted(store), "user").await
        } else {
            fill(&store, "user").await
        }
        // The store is dropped without a close: the log beside the file is part of the copy.
        let copy = all_files(&directory);
        assert!(copy.windows(6).any(|bytes| bytes == b"user17"), "the copy has the records");
        assert_eq!(leaks(&copy) == 0, sealed, "{} runs", leaks(&copy));
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t44_a_dump_of_postgresql_holds_no_piece_of_a_key() {
    for sealed in [false, true] {
        let name = unique("dump");
        let table: TableName = name.parse().unwrap();
        let store = PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
        if sealed {
            fill(&encrypted(store), "user").await
        } else {
            fill(&store, "user").await
        }
        let dump = postgres_dump(&name).await;
        // Ids are bytes, so the dump has them as hexadecimal digits.
        assert!(dump.windows(12).any(|bytes| bytes == b"757365723137"), "the dump has the records");
        assert_eq!(leaks(&dump) == 0, sealed, "{} runs", leaks(&dump));
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t44_a_dump_of_redis_holds_no_piece_of_a_key() {
    for sealed in [false, true] {
        let prefix = unique("dump");
        let store = RedisStore::connect_with(&redis_url(), &prefix).await.unwrap();
        if sealed {
            fill(&encrypted(store), "user").await
        } else {
            fill(&store, "user").await
        }
        let (records, copy) = redis_copy(&prefix).await;
        assert_eq!(records, 16);
        assert_eq!(leaks(&copy) == 0, sealed, "{} runs", leaks(&copy));
    }
}

/// What `pg_dump` writes of a table, which is removed then.
#[cfg(feature = "servers")]
pub(super) async fn postgres_dump(table: &str) -> Vec<u8> {
    let dump = tokio::process::Command::new("pg_dump").arg("-t").arg(table).arg(postgres_url()).output().await.unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&pool).await.unwrap();
    dump.stdout
}

/// The number of the records under a prefix, and their names and values one after another; they are removed then.
#[cfg(feature = "servers")]
pub(super) async fn redis_copy(prefix: &str) -> (usize, Vec<u8>) {
    let client = redis::Client::open(redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg(format!("{prefix}*")).query_async(&mut connection).await.unwrap();
    let mut copy = Vec::new();
    for key in &keys {
        let value: Vec<u8> = redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
        copy.extend([key.clone(), value].concat());
        redis::cmd("DEL").arg(key).exec_async(&mut connection).await.unwrap();
    }
    (keys.len(), copy)
}
