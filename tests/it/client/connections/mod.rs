//! Every way in which a connection to the API goes bad: at most one call is lost, no effect is made twice, and what was
//! surely not processed is sent again. Once over HTTP/1.1 and once over HTTP/2.
//!
//! HTTP/2 needs TLS, and TLS a certificate that the system trusts. So those tests run in a process of their own, which
//! is this binary again with a certificate in its environment.

mod over_http1;
mod over_http2;
mod server;

use super::App;
use komerza_connect::{ErrorKind, KomerzaKey, store::contract::Relay};
use komerza_connect_testing::time::PATIENCE;
use server::{Conduct, Server};
use std::time::Duration;

/// How long a call may take here: short where it meets silence, long for a call that is answered.
const DEADLINE: Duration = Duration::from_secs(2);

/// A server behind a relay, and a key for it.
struct Stage {
    server: Server,
    relay: Relay,
    key: KomerzaKey,
}

impl Stage {
    async fn set(server: Server) -> Self {
        let relay = Relay::to(server.address).await.unwrap();
        let url = server.url(relay.address().port());
        let app = App::at(&url, |limits| {
            limits.client.deadline = DEADLINE;
            limits.client.bucket.period = Duration::ZERO;
        });
        let key = app.key("obviously-fake-key").await;
        let stage = Self { server, relay, key };
        stage.get().await.unwrap();
        // Connections are given up at most once a second.
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        stage
    }

    async fn get(&self) -> Result<(), ErrorKind> {
        let call = tokio::time::timeout(PATIENCE, self.key.get("/user").send());
        let outcome = call.await.expect("a call ends by itself");
        outcome.map(drop).map_err(|error| error.kind())
    }

    /// A call with an effect, which the server counts.
    async fn post(&self) -> Result<(), ErrorKind> {
        self.key.post("/effects").send().await.map(drop).map_err(|error| error.kind())
    }

    /// Calls until one succeeds; how many failed.
    async fn good_again(&self) -> usize {
        let (begun, mut failures) = (tokio::time::Instant::now(), 0);
        while self.get().await.is_err() {
            failures += 1;
            assert!(failures < 5, "calls still fail");
        }
        println!("good again after {:?}, {failures} failed calls", begun.elapsed());
        failures
    }
}

async fn silence_under_load_ends_with_the_calls_under_way(stage: &Stage) {
    stage.relay.silence();
    let calls = (0..20).map(|_| stage.key.get("/user").send());
    let mut under_way: tokio::task::JoinSet<_> = calls.collect();
    while let Some(outcome) = under_way.join_next().await {
        let _ = outcome.unwrap();
    }
    assert_eq!(stage.good_again().await, 0);
}

async fn silence_after_idling_costs_one_call(stage: &Stage) {
    stage.relay.silence();
    assert!(stage.good_again().await <= 1);
}

async fn a_caller_who_waits_less_than_the_deadline_ends_a_silence_too(stage: &Stage) {
    stage.relay.silence();
    let impatient = DEADLINE * 3 / 5;
    assert!(!matches!(tokio::time::timeout(impatient, stage.get()).await, Ok(Ok(()))));
    assert_eq!(stage.good_again().await, 0);
}

async fn closed_and_reset_connections_cost_no_call(stage: &Stage) {
    for round in 0..6 {
        if round % 2 == 0 {
            stage.relay.close()
        } else {
            stage.relay.reset()
        }
        if round < 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(stage.get().await, Ok(()), "round {round}");
    }
}

/// The server makes the effect and the connection ends before its answer.
async fn a_lost_answer_repeats_no_effect(stage: &Stage) {
    stage.server.conduct(Conduct::CloseAfterEffect);
    assert_eq!(stage.post().await, Err(ErrorKind::Interrupted));
    assert_eq!(stage.server.effects(), 1);
    stage.server.conduct(Conduct::Answer);
    assert_eq!(stage.post().await, Ok(()));
    assert_eq!(stage.server.effects(), 2);
}

async fn a_server_that_hangs_on_its_old_connections_gets_new_ones(stage: &Stage) {
    stage.server.hang_open_connections();
    assert!(stage.good_again().await <= 1);
    for _ in 0..5 {
        assert_eq!(stage.get().await, Ok(()));
    }
}
