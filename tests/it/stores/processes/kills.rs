//! `kill -9` while people connect: whoever was told "connected" is connected after the restart.
//!
//! `KOMERZA_TEST_KILLS` says how often (10 unless set); `.ci/kills` runs it 200 times for each store.

#[cfg(feature = "servers")]
use super::servers::Server;
use super::{
    node::{Node, sandbox},
    visitor::{Ended, Said, Visitor},
};
use komerza_connect_testing::time::PATIENCE;
use std::{collections::BTreeMap, sync::Arc};
use tokio::task::JoinSet;

fn kills() -> u64 {
    std::env::var("KOMERZA_TEST_KILLS").map_or(10, |kills| kills.parse().unwrap())
}

/// After each so many kills of the app the server is killed as well.
const SERVER_KILL: u64 = 10;

async fn assert_connected(visitors: &[Visitor], node: &Node) {
    for visitor in visitors {
        assert_eq!(visitor.asks(&node.url).await, Said::Connected, "a confirmed connect was lost");
    }
}

async fn no_confirmed_connect_is_lost(token_store: &str, kill_server: impl Fn()) {
    let sandbox = Arc::new(sandbox().await);
    let (mut confirmed, mut ends) = (Vec::<Visitor>::new(), BTreeMap::<Ended, usize>::new());
    for round in 0..kills() {
        if round % SERVER_KILL == SERVER_KILL - 1 {
            kill_server();
        }
        let mut node = Node::start(&sandbox, token_store);
        assert_connected(&confirmed[confirmed.len().saturating_sub(20)..], &node).await;
        let mut connecting = JoinSet::new();
        for _ in 0..4 {
            let (sandbox, url) = (sandbox.clone(), node.url.clone());
            connecting.spawn(async move {
                let mut ended = Vec::new();
                while !matches!(ended.last(), Some((Ended::NotBegun, _))) {
                    let mut visitor = Visitor::default();
                    ended.push((visitor.connect(&sandbox, &url, &url).await, visitor));
                }
                ended
            });
        }
        // At another exchange each time, spread over the first connects of a node; the callback that sent it is under way.
        let last = sandbox.exchanges() + 1 + round * 7 % 16;
        let reached = async {
            while sandbox.exchanges() < last {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("people connect");
        node.kill();
        for (end, visitor) in connecting.join_all().await.into_iter().flatten() {
            *ends.entry(end).or_default() += 1;
            confirmed.extend((end == Ended::Confirmed).then_some(visitor));
        }
    }
    let node = Node::start(&sandbox, token_store);
    assert_connected(&confirmed, &node).await;
    println!("{} kills: {ends:?}; all {} confirmed connects are there", kills(), confirmed.len());
    assert!(ends.contains_key(&Ended::Confirmed) && ends.contains_key(&Ended::CutOff), "nothing was shown: {ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_kill_9_loses_no_confirmed_connect_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.db");
    no_confirmed_connect_is_lost(&format!("sqlite:{}", path.display()), || ()).await;
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL's programs: run .ci/servers"]
async fn t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_postgresql() {
    let server = Server::start("postgres");
    no_confirmed_connect_is_lost(&server.url(), || server.kill_and_start()).await;
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer's programs: run .ci/servers"]
async fn t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_postgresql_through_pgbouncer() {
    let server = Server::start("pgbouncer");
    no_confirmed_connect_is_lost(&server.url(), || server.kill_and_start()).await;
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB's programs: run .ci/servers"]
async fn t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_mariadb() {
    let server = Server::start("mariadb");
    no_confirmed_connect_is_lost(&server.url(), || server.kill_and_start()).await;
}

#[cfg(feature = "servers")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis's programs: run .ci/servers"]
async fn t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_redis() {
    let server = Server::start("redis");
    no_confirmed_connect_is_lost(&server.url(), || server.kill_and_start()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "a confirmed connect was lost")]
async fn t55_kill_9_loses_what_was_only_in_memory_so_a_loss_is_seen() {
    no_confirmed_connect_is_lost("memory:", || ()).await;
}
