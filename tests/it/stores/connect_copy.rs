//! After whole connects, a copy of the database holds neither key nor session value nor secret, of which the browser, the
//! provider or the operator knows each.

use super::database_copy::{all_files, encrypted};
use super::places::Directory;
#[cfg(feature = "servers")]
use super::{
    database_copy::{postgres_dump, redis_copy},
    places::{postgres_url, redis_url, unique},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
#[cfg(feature = "servers")]
use komerza_connect::store::{PostgresStore, RedisStore, TableName};
use komerza_connect::{TokenStore, store::SqliteStore};
use komerza_connect_testing::{
    raw_provider::key_for_code,
    shop_b::{Mode, Shop, assert_connected},
};
use std::collections::HashSet;

/// Connects browsers, one of them twice and one that leaves again; all that must not be found afterwards.
async fn connect(store: impl TokenStore) -> Vec<Vec<u8>> {
    let shop = Shop::builder(Mode::Browsers).store(store).open().await;
    let mut secrets = vec![shop.client_secret.clone().into_bytes()];
    for (number, codes) in [&["first"][..], &["second", "third"], &["fourth"]].into_iter().enumerate() {
        let browser = shop.browser("");
        for code in codes {
            assert_connected(&shop.connect(&browser, code).await);
            let session = browser.jar().names().into_iter().find(|name| name.ends_with("-session")).unwrap();
            let session = browser.jar().get(&session).unwrap();
            secrets.push(BASE64URL.decode(&session).unwrap());
            secrets.extend([session.into_bytes(), key_for_code(code).into_bytes()]);
        }
        if number == 2 {
            shop.disconnect(&browser).await;
        }
    }
    secrets
}

/// Runs of 12 bytes of a secret in the copy, plain, as hexadecimal digits, and as base64 from each third byte on.
fn leaks(copy: &[u8], secrets: &[Vec<u8>]) -> usize {
    let mut needles = HashSet::new();
    for run in secrets.iter().flat_map(|secret| secret.windows(12)) {
        needles.insert(run.to_vec());
        needles.insert(run.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
        needles.insert(BASE64URL.encode(run).into_bytes());
    }
    [12, 16, 24].iter().map(|length| copy.windows(*length).filter(|bytes| needles.contains(*bytes)).count()).sum()
}

#[tokio::test]
async fn t44_after_connects_the_sqlite_files_hold_no_key_session_or_secret() {
    for sealed in [false, true] {
        let directory = Directory::new();
        let store = SqliteStore::open(directory.path().join("tokens.db")).await.unwrap();
        let secrets = if sealed { connect(encrypted(store)).await } else { connect(store).await };
        let found = leaks(&all_files(&directory), &secrets);
        assert_eq!(found == 0, sealed, "{found} runs");
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t44_after_connects_a_dump_of_postgresql_holds_no_key_session_or_secret() {
    for sealed in [false, true] {
        let name = unique("connects");
        let table: TableName = name.parse().unwrap();
        let store = PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
        let secrets = if sealed { connect(encrypted(store)).await } else { connect(store).await };
        let found = leaks(&postgres_dump(&name).await, &secrets);
        assert_eq!(found == 0, sealed, "{found} runs");
    }
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t44_after_connects_a_copy_of_redis_holds_no_key_session_or_secret() {
    for sealed in [false, true] {
        let prefix = unique("connects");
        let store = RedisStore::connect_with(&redis_url(), &prefix).await.unwrap();
        let secrets = if sealed { connect(encrypted(store)).await } else { connect(store).await };
        let (records, copy) = redis_copy(&prefix).await;
        assert_eq!(records, 2, "one of each browser that stayed");
        let found = leaks(&copy, &secrets);
        assert_eq!(found == 0, sealed, "{found} runs");
    }
}
