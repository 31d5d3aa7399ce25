//! No error of a shipped store holds a key, a password or a row.

use super::*;
#[cfg(feature = "servers")]
use komerza_connect::store::connect;

const KEY: &str = "obviously-fake-key-that-must-not-be-seen";

fn assert_silent(error: &StoreError) {
    for error in causes(error) {
        let text = format!("{error} {error:?} {error:#?}");
        for secret in ["must-not", "obviously", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn t44_a_trigger_of_the_app_cannot_make_sqlite_quote_the_record() {
    let directory = Directory::new();
    let path = directory.path().join("tokens.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let pool = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&path)).await.unwrap();
    for statement in [
        "CREATE TRIGGER refuse BEFORE INSERT ON komerza_tokens BEGIN SELECT RAISE(ABORT, 'obviously-fake'); END",
        "CREATE TRIGGER refuse2 BEFORE DELETE ON komerza_tokens BEGIN SELECT RAISE(ROLLBACK, 'obviously-fake'); END",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    let error = store.save(&user("alice"), &record(KEY)).await.unwrap_err();
    assert_silent(&error);
    assert!(format!("{error:?}").contains("code 1811"), "{error:?}");
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t44_postgresql_quotes_the_row_in_its_error_and_the_store_does_not() {
    let name = unique("errors");
    let table: TableName = name.parse().unwrap();
    let store = PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
    let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
    // A trigger of the app's, which tells more than it should.
    let refuse = format!("{name}_refuse");
    let statements = format!(
        "CREATE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN RAISE EXCEPTION 'cannot keep %', NEW.record; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {refuse}()"
    );
    run(&postgres_url(), &statements).await;
    let alice = user("alice");
    // The control: what the driver itself would say holds the key.
    let insert = format!("INSERT INTO {table} VALUES ($1, '', $2)");
    let insert = sqlx::query(sqlx::AssertSqlSafe(insert)).bind(&b"alice"[..]).bind(record(KEY).to_text());
    assert!(format!("{:?}", insert.execute(&pool).await.unwrap_err()).contains("must-not"));

    let error = store.save(&alice, &record(KEY)).await.unwrap_err();
    assert_silent(&error);
    assert!(format!("{error:?}").contains("P0001"), "the SQLSTATE is kept: {error:?}");

    run(&postgres_url(), &format!("DROP TABLE {table}; DROP FUNCTION {refuse}")).await;
    let error = store.load(&alice).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
    assert!(format!("{error:?}").contains(&name), "the missing table is named: {error:?}");
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t44_redis_quotes_the_arguments_of_an_unknown_command_and_the_store_does_not() {
    let mut connection = redis_connection().await;
    // A user of the server without the right to write: its refusal and the control's.
    let reader = unique("reader");
    let acl = ["on", ">hunter2", "~*", "+@read", "+ping", "+client"];
    redis::cmd("ACL").arg("SETUSER").arg(&reader).arg(&acl).exec_async(&mut connection).await.unwrap();
    let control = redis::cmd("NOSUCH").arg(KEY).exec_async(&mut connection).await.unwrap_err();
    assert!(format!("{control:?}").contains("must-not"), "Redis quotes: {control:?}");

    let address = redis_url().replace("redis://", &format!("redis://{reader}:hunter2@"));
    let store = connect(&address).await.unwrap();
    let error = store.save(&user("alice"), &record(KEY)).await.unwrap_err();
    assert_silent(&error);
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error:?}");
    let wrong = address.replace("hunter2", "hunter22");
    let error = connect(&wrong).await.err().unwrap();
    assert_silent(&error);
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error:?}");
    redis::cmd("ACL").arg("DELUSER").arg(&reader).exec_async(&mut connection).await.unwrap();
}

#[cfg(feature = "servers")]
#[tokio::test]
async fn t44_no_error_about_an_address_repeats_it() {
    let all = "postgres://app:hunter2@127.0.0.1:1/shop postgres://app:hunter2@127.0.0.1:notaport/shop \
         postgres://app:hunter2@[::1/shop postgres://app:hunter2@127.0.0.1:1/shop?sslmode=hunter2 \
         redis://:hunter2@127.0.0.1:1/0 redis://:hunter2@127.0.0.1:notaport/0 redis://:hunter2@127.0.0.1:1/notanumber \
         mysql://app:hunter2@127.0.0.1:1/shop mysql://app:hunter2@127.0.0.1:notaport/shop \
         mysql://app:hunter2@127.0.0.1:1/shop?ssl-mode=hunter2 mysql://app:hunter2@127.0.0.1:1 \
         mongodb://app:hunter2@db.example hunter2 hunter2:hunter2";
    for url in all.split(' ') {
        assert_silent(&connect(url).await.err().unwrap());
    }
}

#[cfg(feature = "servers")]
/// What `main` prints when it returns the error.
async fn printed(url: &str) -> String {
    format!("{:?}", connect(url).await.err().unwrap())
}

#[cfg(feature = "servers")]
#[tokio::test]
async fn t75_every_error_of_opening_a_store_says_what_failed_where_and_what_to_do() {
    // Bound by us all the while, or another test's server would soon listen there.
    let reserved = RawProvider::reserved();
    let nobody_listens = reserved.address();
    // A server that closes at once, and one that speaks another protocol.
    let (closes, talks) = (says(b"", false).await, says(WEB, false).await);
    for scheme in ["postgres", "mysql"] {
        let refused = printed(&format!("{scheme}://app@{nobody_listens}/shop")).await;
        for part in ["not available", &nobody_listens.to_string(), "refused", "check host and port"] {
            assert!(refused.contains(part), "{part:?} is missing: {refused}");
        }
        let closed = printed(&format!("{scheme}://app@{closes}/shop")).await;
        assert!(closed.contains(&closes.to_string()) && closed.contains("closed the connection"), "{closed}");
        let other = printed(&format!("{scheme}://app@{talks}/shop")).await;
        assert!(other.contains(&talks.to_string()) && other.contains("protocol"), "{other}");
    }
    let path = printed("sqlite:/no/such/directory/tokens.db").await;
    assert!(path.contains("/no/such/directory/tokens.db") && path.contains("No such file"), "{path}");
}
