//! Two processes on one database are one app.

use super::*;
use komerza_connect::store::PostgresStore;

/// Login on A, callback on B, use on A; disconnect on B, seen on A at once.
async fn two_nodes_are_one_app(token_store: &str) {
    let sandbox = sandbox().await;
    let (a, b) = (Node::start(&sandbox, token_store), Node::start(&sandbox, token_store));
    let mut visitor = Visitor::default();
    assert_eq!(visitor.connect(&sandbox, &a.url, &b.url).await, Ended::Confirmed);
    assert_eq!(visitor.asks(&a.url).await, Said::Connected);
    let (status, stores) = visitor.stores(&a.url).await;
    assert!(status == 200 && stores.contains(&sandbox.store_ids(0)[0]), "{status}: {stores}");
    assert_eq!(visitor.disconnect(&b).await, 303);
    assert_eq!(visitor.asks(&a.url).await, Said::NotConnected);
    assert_eq!(sandbox.exchanges(), 1);
}

needs! {
    postgresql t52_two_processes_on_one_postgresql_are_one_app => two_nodes_are_one_app(&postgres_url());
    redis t52_two_processes_on_one_redis_are_one_app => two_nodes_are_one_app(&redis_url());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t52_a_cached_node_sees_a_disconnect_elsewhere_within_the_bound() {
    let sandbox = sandbox().await;
    let b = Node::start(&sandbox, &postgres_url());
    let clock = ManualClock::default();
    let a = CachedStore::new(PostgresStore::connect(&postgres_url()).await.unwrap()).with_clock(clock.clone());
    let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
    let users = async || -> Vec<Vec<u8>> {
        sqlx::query_scalar("SELECT user_id FROM komerza_tokens").fetch_all(&pool).await.unwrap()
    };
    let before = users().await;
    let mut visitor = Visitor::default();
    assert_eq!(visitor.connect(&sandbox, &b.url, &b.url).await, Ended::Confirmed);
    // Other tests may connect at the same time: the new users are looked at one by one.
    let mut gone = 0;
    let new: Vec<_> = users().await.into_iter().filter(|user| !before.contains(user)).collect();
    let new: Vec<_> = new.into_iter().map(|user| UserId::new(String::from_utf8(user).unwrap()).unwrap()).collect();
    for user in &new {
        a.load(user).await.unwrap();
    }
    assert_eq!(visitor.disconnect(&b).await, 303);
    for user in &new {
        let within = a.load(user).await.unwrap().is_some();
        clock.advance(Duration::from_secs(30));
        gone += usize::from(within && a.load(user).await.unwrap().is_none());
    }
    assert!(gone > 0, "one of {} users was seen to go", new.len());
}
