//! After whole connects, a copy of the database holds neither key nor session value nor secret, of which the browser, the
//! provider or the operator knows each. A plain store's copy does, or this could not be seen.

use super::*;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};

const SEALING_KEY: &[u8; 32] = b"obviously-fake-key-of-32-bytes!!";

/// Connects browsers, one of them thrice and one that leaves again; all that must not be found afterwards.
async fn connect(store: impl TokenStore, sealed: bool) -> Vec<Vec<u8>> {
    if !sealed {
        return connect_in(Shop::builder(Mode::Browsers).store(store).open().await).await;
    }
    let sealing = EncryptedStore::new(store, "app", [SealingKey::from_bytes(SEALING_KEY).unwrap()]).unwrap();
    connect_in(Shop::builder(Mode::Browsers).store(sealing).open().await).await
}

async fn connect_in(shop: Shop) -> Vec<Vec<u8>> {
    let mut secrets = vec![shop.client_secret.clone().into_bytes(), SEALING_KEY.to_vec()];
    // Of a code of some size, so that its key is a long one.
    let long = (0..100).map(|number| format!("{}", number * 7_919)).collect::<String>();
    for (number, codes) in [&["first"][..], &["second", "third", &long], &["fourth"]].into_iter().enumerate() {
        let browser = shop.browser("");
        for code in codes {
            assert_connected(&shop.connect(&browser, code).await);
            let (_, session) = session_of(&browser);
            secrets.push(BASE64URL.decode(&session).unwrap());
            secrets.extend([session.into_bytes(), key_for_code(code).into_bytes()]);
        }
        if number == 2 {
            shop.disconnect(&browser).await;
        }
    }
    secrets
}

/// Whether the copy holds a run of 12 bytes of a secret: plain, as hexadecimal digits, or as base64 from each third byte on.
#[track_caller]
fn assert_leaks(copy: &[u8], secrets: &[Vec<u8>], leaks: bool) {
    let mut needles = HashSet::new();
    for run in secrets.iter().flat_map(|secret| secret.windows(12)) {
        needles.insert(run.to_vec());
        needles.insert(run.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
        needles.insert(BASE64URL.encode(run).into_bytes());
    }
    let runs = |length| copy.windows(length).filter(|bytes| needles.contains(*bytes)).count();
    let found: usize = [12, 16, 24].map(runs).iter().sum();
    assert_eq!(found > 0, leaks, "{found} runs");
    assert!(copy.windows(10).any(|bytes| bytes == b"\"format\":1"), "the copy has the records");
}

fn all_files(directory: &Directory) -> Vec<u8> {
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
async fn t44_after_connects_the_sqlite_files_hold_no_key_session_or_secret() {
    for sealed in [false, true] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap();
        let secrets = connect(store, sealed).await;
        // The store is dropped without a close: the log beside the file is part of the copy.
        assert_leaks(&all_files(&directory), &secrets, !sealed);
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t44_after_connects_a_dump_of_postgresql_holds_no_key_session_or_secret() {
    for sealed in [false, true] {
        let table = unique("connects");
        let store = PostgresStore::connect_with(&postgres_url(), &table.parse().unwrap()).await.unwrap();
        let secrets = connect(store.with_deadline(PATIENCE), sealed).await;
        let dump =
            tokio::process::Command::new("pg_dump").args(["-t", &table, &postgres_url()]).output().await.unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        run(&postgres_url(), &format!("DROP TABLE {table}")).await;
        assert_leaks(&dump.stdout, &secrets, !sealed);
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t44_after_connects_a_copy_of_redis_holds_no_key_session_or_secret() {
    for sealed in [false, true] {
        let prefix = unique("connects");
        let store = RedisStore::connect_with(&redis_url(), &prefix).await.unwrap();
        let secrets = connect(store.with_deadline(PATIENCE), sealed).await;
        let mut connection = redis_connection().await;
        let keys = redis::cmd("KEYS").arg(format!("{prefix}*")).query_async(&mut connection).await;
        let keys: Vec<Vec<u8>> = keys.unwrap();
        assert_eq!(keys.len(), 2, "one record of each browser that stayed");
        let mut copy = Vec::new();
        for key in &keys {
            let value: Vec<u8> = redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
            copy.extend([key.clone(), value].concat());
            redis::cmd("DEL").arg(key).exec_async(&mut connection).await.unwrap();
        }
        assert_leaks(&copy, &secrets, !sealed);
    }
}
