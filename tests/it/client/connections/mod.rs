//! Every way in which a connection to the API goes bad: at most one call is lost, no effect is made twice, and what was
//! surely not processed is sent again. Once over HTTP/1.1 and once over HTTP/2.
//!
//! HTTP/2 needs TLS, and TLS a certificate that the system trusts. So those tests run in a process of their own, which
//! is this binary again with a certificate in its environment.

mod server;
mod tls;

use super::*;
use komerza_connect::store::contract::Relay;
use server::{Conduct, Order, Server};

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

    async fn http1() -> Self {
        Self::set(Server::plain().await).await
    }

    /// Only in a process that trusts the certificate.
    async fn http2() -> Self {
        let stage = Self::set(tls::server().await).await;
        assert_eq!(stage.relay.opened(), 1, "all calls share one connection");
        stage
    }

    fn is_http2(&self) -> bool {
        self.server.tls
    }

    /// Several connections in the pool, where there can be several.
    async fn with_open_connections(&self) {
        let mut calls: JoinSet<_> = (0..8).map(|_| self.key.get("/slow").send()).collect();
        while let Some(outcome) = calls.join_next().await {
            outcome.unwrap().unwrap();
        }
        assert!(self.relay.open() > 3 || self.is_http2(), "{} connections", self.relay.open());
    }

    async fn meet_goodbye(&self) {
        self.server.say_goodbye_to_next();
        self.relay.close();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    async fn get(&self) -> Result<(), ErrorKind> {
        let call = timeout(PATIENCE, self.key.get("/user").send());
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

/// Scenes over HTTP/1.1 and over HTTP/2, and those that only HTTP/2 has.
macro_rules! scenes {
    (both: $($(#[$test:meta])+ async fn $name:ident($stage:ident) $body:block)+
     http2: $($(#[$test2:meta])+ async fn $name2:ident($stage2:ident) $body2:block)+) => {
        mod over_http1 {
            use super::*;
            $($(#[$test])+ async fn $name() {
                let $stage = Stage::http1().await;
                $body
            })+
        }
        mod over_http2 {
            use super::*;
            $($(#[$test])+ async fn $name() {
                let Some($stage) = tls::alone(stringify!($name)).await else { return };
                $body
            })+
            $($(#[$test2])+ async fn $name2() {
                let Some($stage2) = tls::alone(stringify!($name2)).await else { return };
                $body2
            })+
        }
    };
}

scenes! {
    both:

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t62_silence_under_load(stage) {
        stage.relay.silence();
        let mut under_way: JoinSet<_> = (0..20).map(|_| stage.key.get("/user").send()).collect();
        while let Some(outcome) = under_way.join_next().await {
            let _ = outcome.unwrap();
        }
        assert_eq!(stage.good_again().await, 0);
        if stage.is_http2() {
            assert!(stage.relay.settles_at(1, PATIENCE).await);
            assert_eq!(stage.relay.opened(), 2);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t62_silence_after_idling_on_all_connections_costs_one_call(stage) {
        stage.with_open_connections().await;
        stage.relay.silence();
        assert!(stage.good_again().await <= 1);
        assert!(stage.relay.settles_at(1, PATIENCE).await, "{} connections are open", stage.relay.open());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t62_impatient_callers(stage) {
        stage.with_open_connections().await;
        stage.relay.silence();
        let impatient = DEADLINE * 3 / 5;
        assert!(!matches!(timeout(impatient, stage.get()).await, Ok(Ok(()))));
        assert_eq!(stage.good_again().await, 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn closed_and_reset_connections(stage) {
        for round in 0..6 {
            if round % 2 == 0 { stage.relay.close() } else { stage.relay.reset() }
            if round < 3 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(stage.get().await, Ok(()), "round {round}");
        }
    }

    // The server makes the effect and the connection ends before its answer.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_lost_answer(stage) {
        stage.server.conduct(Conduct::CloseAfterEffect);
        assert_eq!(stage.post().await, Err(ErrorKind::Interrupted));
        assert_eq!(stage.server.effects(), 1);
        stage.server.conduct(Conduct::Answer);
        assert_eq!(stage.post().await, Ok(()));
        assert_eq!(stage.server.effects(), 2);
    }

    // Over HTTP/2 it answers pings all the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t62_a_hanging_server(stage) {
        stage.with_open_connections().await;
        stage.server.order(Order::Hang);
        assert!(stage.good_again().await <= 1);
        for _ in 0..5 {
            assert_eq!(stage.get().await, Ok(()));
        }
    }

    http2:

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn refused_streams_are_sent_again(stage) {
        stage.server.refuse(1);
        assert_eq!(stage.post().await, Ok(()));
        assert_eq!(stage.server.effects(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_connection_that_refuses_every_stream_is_replaced(stage) {
        stage.server.order(Order::Refuse);
        assert_eq!(stage.post().await, Ok(()));
        assert_eq!(stage.server.effects(), 1);
        assert_eq!(stage.relay.opened(), 2);
    }

    // hyper reports a goodbye also for a request that it had opened a stream for, so it proves nothing.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t62_after_a_goodbye_no_effect_is_repeated(stage) {
        // The next connection makes the effect of whatever it is asked, and says goodbye to it; the one after it answers.
        stage.meet_goodbye().await;
        assert_eq!(stage.post().await, Err(ErrorKind::Interrupted));
        assert_eq!(stage.server.effects(), 1);
        stage.meet_goodbye().await;
        assert_eq!(stage.get().await, Ok(()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_goodbye_in_good_order_costs_no_call_that_may_be_repeated(stage) {
        let mut done = 0;
        for _ in 0..3 {
            stage.server.order(Order::ShutDown);
            done += usize::from(stage.post().await.is_ok());
            assert_eq!(stage.get().await, Ok(()));
        }
        assert!((done..=3).contains(&stage.server.effects()), "{done} done, {} effects", stage.server.effects());
    }
}
