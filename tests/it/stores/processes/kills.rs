//! `kill -9` while people connect: whoever was told "connected" is connected after the restart.
//!
//! `KOMERZA_TEST_KILLS` says how often (10 unless set), and `KOMERZA_TEST_SERVER_KILLS` how many of these rounds come for each in
//! which the server is killed first (10 unless set). `.ci/kills` runs 200 rounds for each store.

use super::*;

fn ten_unless_set(variable: &str) -> u64 {
    std::env::var(variable).map_or(10, |number| number.parse().unwrap())
}

async fn assert_connected(visitors: &[Visitor], node: &Node) {
    for visitor in visitors {
        // "Try later" says nothing about the visitor: the machine is busy.
        let told = async {
            loop {
                match visitor.asks(&node.url).await {
                    Said::TryLater => yield_now().await,
                    said => return said,
                }
            }
        };
        let told = timeout(PATIENCE, told).await.expect("the store answers");
        assert_eq!(told, Said::Connected, "a confirmed connect was lost");
    }
}

async fn no_confirmed_connect_is_lost(token_store: &str, kill_and_start_server: impl Fn()) {
    let sandbox = Arc::new(sandbox().await);
    let (kills, server_kill) = (ten_unless_set("KOMERZA_TEST_KILLS"), ten_unless_set("KOMERZA_TEST_SERVER_KILLS"));
    let (mut confirmed, mut ends) = (Vec::<Visitor>::new(), BTreeMap::<Ended, usize>::new());
    for round in 0..kills {
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
                yield_now().await;
            }
        };
        timeout(PATIENCE, reached).await.expect("people connect");
        if round % server_kill == server_kill - 1 {
            // While it writes, and while the app is in the middle of its calls.
            kill_and_start_server();
        }
        node.kill();
        for (end, visitor) in connecting.join_all().await.into_iter().flatten() {
            *ends.entry(end).or_default() += 1;
            confirmed.extend((end == Ended::Confirmed).then_some(visitor));
        }
    }
    let node = Node::start(&sandbox, token_store);
    assert_connected(&confirmed, &node).await;
    let all = confirmed.len();
    let of_server = kills / server_kill;
    println!("{kills} kills, {of_server} of a server: {ends:?}; all {all} confirmed connects are there");
    assert!(ends.contains_key(&Ended::Confirmed) && ends.contains_key(&Ended::CutOff), "nothing was shown: {ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_kill_9_loses_no_confirmed_connect_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.db");
    no_confirmed_connect_is_lost(&format!("sqlite:{}", path.display()), || ()).await;
}

#[cfg(feature = "servers")]
async fn of_app_and_server(kind: &'static str) {
    let server = Server::start(kind);
    no_confirmed_connect_is_lost(&server.url(), || server.kill_and_start()).await;
}

#[cfg(feature = "servers")]
needs! {
    programs t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_postgresql => of_app_and_server("postgres");
    programs t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_postgresql_through_pgbouncer => of_app_and_server("pgbouncer");
    programs t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_mariadb => of_app_and_server("mariadb");
    programs t55_kill_9_of_app_and_server_loses_no_confirmed_connect_in_redis => of_app_and_server("redis");
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "a confirmed connect was lost")]
async fn t55_kill_9_loses_what_was_only_in_memory_so_a_loss_is_seen() {
    no_confirmed_connect_is_lost("memory:", || ()).await;
}
