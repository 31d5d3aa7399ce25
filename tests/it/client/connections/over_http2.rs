use super::*;
use crate::prelude::*;
use std::process::Stdio;

const DIRECTORY: &str = "KOMERZA_TEST_H2_DIRECTORY";

impl Stage {
    async fn meet_goodbye(&self) {
        self.server.say_goodbye_to_next();
        self.relay.close();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn stage() -> Stage {
    let directory = PathBuf::from(std::env::var(DIRECTORY).expect("only in a process of its own"));
    let stage = Stage::set(Server::tls(&directory).await).await;
    assert_eq!(stage.relay.opened(), 1, "all calls share one connection");
    stage
}

/// Runs the test of this name in a process that trusts the server's certificate.
async fn alone(test: &str) {
    let directory = tempfile::tempdir().unwrap();
    let certificate = server::write_certificate(directory.path());
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("{}::{test}", module_path!().split_once("::").unwrap().1),
            "--include-ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, directory.path())
        .env("SSL_CERT_FILE", certificate)
        .env_remove("SSL_CERT_DIR")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = tokio::time::timeout(PATIENCE * 6, child.wait_with_output()).await.expect("an end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    println!("{said}");
}

macro_rules! alone {
    ($(async fn $name:ident($stage:ident) $body:block)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            if std::env::var(DIRECTORY).is_err() {
                return alone(stringify!($name)).await;
            }
            let $stage = stage().await;
            $body
        }
    )*};
}

alone! {
    async fn t62_silence_under_load(stage) {
        silence_under_load_ends_with_the_calls_under_way(&stage).await;
        assert!(stage.relay.settles_at(1, PATIENCE).await);
        assert_eq!(stage.relay.opened(), 2);
    }

    async fn t62_silence_after_idling(stage) {
        silence_after_idling_costs_one_call(&stage).await;
    }

    async fn t62_impatient_callers(stage) {
        a_caller_who_waits_less_than_the_deadline_ends_a_silence_too(&stage).await;
    }

    async fn closed_and_reset_connections(stage) {
        closed_and_reset_connections_cost_no_call(&stage).await;
    }

    async fn a_lost_answer(stage) {
        a_lost_answer_repeats_no_effect(&stage).await;
    }

    async fn t62_a_server_that_answers_pings_alone(stage) {
        a_server_that_hangs_on_its_old_connections_gets_new_ones(&stage).await;
    }

    async fn refused_streams_are_sent_again(stage) {
        stage.server.refuse(1);
        assert_eq!(stage.post().await, Ok(()));
        assert_eq!(stage.server.effects(), 1);
    }

    async fn a_connection_that_refuses_every_stream_is_replaced(stage) {
        stage.server.refuse_on_open_connections();
        assert_eq!(stage.post().await, Ok(()));
        assert_eq!(stage.server.effects(), 1);
        assert_eq!(stage.relay.opened(), 2);
    }

    // hyper reports a goodbye also for a request that it had opened a stream for, so it proves nothing.
    async fn t62_after_a_goodbye_no_effect_is_repeated(stage) {
        // The next connection makes the effect of whatever it is asked, and says goodbye to it; the one after it answers.
        stage.meet_goodbye().await;
        assert_eq!(stage.post().await, Err(ErrorKind::Interrupted));
        assert_eq!(stage.server.effects(), 1);
        stage.meet_goodbye().await;
        assert_eq!(stage.get().await, Ok(()));
    }

    async fn a_goodbye_in_good_order_costs_no_call_that_may_be_repeated(stage) {
        let mut done = 0;
        for _ in 0..3 {
            stage.server.shut_down_open_connections();
            done += usize::from(stage.post().await.is_ok());
            assert_eq!(stage.get().await, Ok(()));
        }
        assert!((done..=3).contains(&stage.server.effects()), "{done} done, {} effects", stage.server.effects());
    }
}
