//! The database stops under load and comes back: 503 meanwhile, nobody is told "not connected", and no restart is needed.
//!
//! `KOMERZA_TEST_OUTAGE` says for how many seconds (2 unless set).

use super::*;
use std::time::Instant;

/// The last answers to all who ask at the same time.
type Answers = Arc<Mutex<Vec<(Instant, Said)>>>;

async fn an_outage_is_503_and_then_over(kind: &'static str) {
    let seconds = std::env::var("KOMERZA_TEST_OUTAGE").map_or(2, |seconds| seconds.parse().unwrap());
    let (server, sandbox) = (Server::start(kind), sandbox().await);
    let node = Node::start(&sandbox, &server.url());
    let answers = Answers::default();
    let mut load = JoinSet::new();
    for _ in 0..8 {
        let mut visitor = Visitor::default();
        assert_eq!(visitor.connect(&sandbox, &node.url, &node.url).await, Ended::Confirmed);
        let (answers, url) = (answers.clone(), node.url.clone());
        load.spawn(async move {
            loop {
                let said = visitor.asks(&url).await;
                answers.lock().unwrap().push((Instant::now(), said));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
    let wait_for = async |said: Said, count: usize, since: Instant| {
        let seen = || answers.lock().unwrap().iter().filter(|(at, what)| *at >= since && *what == said).count();
        let wait = async {
            while seen() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("they are told so in the end");
    };
    wait_for(Said::Connected, 50, Instant::now()).await;
    server.stop();
    wait_for(Said::TryLater, 8, Instant::now()).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    server.up();
    let up = Instant::now();
    wait_for(Said::Connected, 100, up).await;

    let answers = answers.lock().unwrap().clone();
    let mut counts = BTreeMap::<_, usize>::new();
    answers.iter().for_each(|(_, said)| *counts.entry(said.clone()).or_default() += 1);
    let last = answers.iter().filter(|(at, said)| *at > up && *said == Said::TryLater).map(|(at, _)| *at).max();
    println!("{kind} away for {seconds} s: {counts:?}; the last 503 after it was up: {:?}", last.map(|last| last - up));
    assert!(counts.keys().all(|said| matches!(said, Said::Connected | Said::TryLater)), "{counts:?}");
}

needs! {
    programs t49_postgresql_may_stop_and_come_back => an_outage_is_503_and_then_over("postgres");
    programs t49_pgbouncer_may_stop_and_come_back => an_outage_is_503_and_then_over("pgbouncer");
    programs t49_mariadb_may_stop_and_come_back => an_outage_is_503_and_then_over("mariadb");
    programs t49_redis_may_stop_and_come_back => an_outage_is_503_and_then_over("redis");
}
