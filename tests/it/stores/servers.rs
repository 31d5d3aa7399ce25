//! What is particular to PostgreSQL and Redis.

use super::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn nodes_that_start_together_on_no_table_all_come_up() {
    for _ in 0..5 {
        let table: TableName = unique("together").parse().unwrap();
        let open = || {
            let table = table.clone();
            async move { PostgresStore::connect_with(&postgres_url(), &table).await.unwrap().with_deadline(PATIENCE) }
        };
        all_come_up(8, open).await;
        run(&postgres_url(), &format!("DROP TABLE {table}")).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn a_role_that_may_not_make_tables_can_use_one_that_is_there() {
    let (schema, role) = (unique("granted"), unique("role"));
    let table: TableName = format!("{schema}.tokens").parse().unwrap();
    let run = async |statements: String| run(&postgres_url(), &statements).await;
    run(format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO {role}")).await;
    let url = postgres_url().replace("komerza@", &format!("{role}@"));
    let refused = PostgresStore::connect_with(&url, &table).await.unwrap_err();
    assert!(format!("{refused:?}").contains("permission denied"), "{refused:?}");

    PostgresStore::connect_with(&postgres_url(), &table).await.unwrap();
    // The error names the right that is missing: the one to the table, and not the one to make it.
    let refused = PostgresStore::connect_with(&url, &table).await.unwrap_err();
    assert!(format!("{refused:?}").contains("permission denied for table"), "{refused:?}");
    run(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")).await;
    let store = PostgresStore::connect_with(&url, &table).await.unwrap().with_deadline(PATIENCE);
    let alice = user("alice");
    store.save(&alice, &token()).await.unwrap();
    assert!(store.load(&alice).await.unwrap().is_some());
    // It may remove old records too.
    store.save(&UserId::from(2_u64), &saved_at(2)).await.unwrap();
    assert_eq!(store.remove_older("", time(2), 100).await.unwrap().len(), 0);
    assert_eq!(store.remove_older("", time(3), 100).await.unwrap().len(), 1);
    run(format!("DROP SCHEMA {schema} CASCADE; DROP ROLE {role}")).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn connections_that_the_server_ended_are_replaced() {
    let table: TableName = unique("ended").parse().unwrap();
    let name = unique("ended_app");
    let url = format!("{}?application_name={name}", postgres_url());
    let store = PostgresStore::connect_with(&url, &table).await.unwrap().with_deadline(PATIENCE);
    let alice = user("alice");
    store.save(&alice, &token()).await.unwrap();

    let admin = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    let ended = sqlx::query(end).bind(&name).fetch_all(&admin).await.unwrap().len();
    assert!(ended > 0);
    // At most one call for each connection that was open learns of it the hard way.
    let mut failures = 0;
    while store.load(&alice).await.is_err() {
        failures += 1;
        assert!(failures <= ended, "{failures} failures after {ended} connections were ended");
    }
    run(&postgres_url(), &format!("DROP TABLE {table}")).await;
}

#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn with_the_longest_deadline_a_call_to_redis_is_not_late() {
    let store = RedisStore::connect_with(&redis_url(), &unique("deadline")).await.unwrap();
    store.clone().with_deadline(Duration::MAX).save(&user("alice"), &token()).await.unwrap();
    store.delete(&user("alice")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn a_record_in_redis_never_expires_and_displaces_what_was_there() {
    let prefix = unique("expiry");
    let store = RedisStore::connect_with(&redis_url(), &prefix).await.unwrap().with_deadline(PATIENCE);
    let alice = user("alice");
    let key = format!("{prefix}alice");
    let mut connection = redis_connection().await;
    // A list of somebody else's is no record, and not "no record" either; a save takes its place.
    redis::cmd("RPUSH").arg(&key).arg("a").exec_async(&mut connection).await.unwrap();
    assert!(store.load(&alice).await.is_err());
    assert!(store.delete_if(&alice, token().version()).await.is_err());
    redis::cmd("EXPIRE").arg(&key).arg(1000).exec_async(&mut connection).await.unwrap();
    store.save(&alice, &token()).await.unwrap();
    assert!(store.load(&alice).await.unwrap().is_some());
    let expiry: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.unwrap();
    assert_eq!(expiry, -1, "no expiry");
    store.delete(&alice).await.unwrap();
}
