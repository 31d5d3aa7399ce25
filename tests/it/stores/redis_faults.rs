//! Redis behind a bad network: silence, closes, resets, failovers, and writes that are late.

use super::contract_servers::{server, through};
use super::own_redis::OwnRedis;
use super::*;
use std::time::Instant;

/// A store behind a relay, and the record that alice has there.
async fn through_a_relay() -> (Relay, RedisStore, StoredToken) {
    let relay = Relay::to(server(&redis_url())).await.unwrap();
    let url = through(&redis_url(), relay.address());
    let store = RedisStore::connect_with(&url, &unique("faults")).await.unwrap().with_deadline(PATIENT);
    // Another deadline has another connection.
    assert!(store.load(&alice()).await.unwrap().is_none());
    assert!(relay.settles_at(1, PATIENCE).await);
    let saved = token();
    store.save(&alice(), &saved).await.unwrap();
    (relay, store, saved)
}

/// Loads until a load is good, and returns how many were not.
async fn good_again(store: &RedisStore, wanted: &StoredToken) -> usize {
    for failures in 0..5 {
        if let Ok(found) = timeout(PATIENCE, store.load(&alice())).await.expect("a call ends by itself") {
            // Never "not connected".
            assert_eq!(found.expect("the record").version(), wanted.version());
            println!("good again after {failures} failed calls");
            return failures;
        }
    }
    panic!("still failing")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t62_a_silent_redis_costs_the_calls_under_way_and_then_a_new_connection_is_used() {
    let (relay, store, saved) = through_a_relay().await;
    let load = async |store: RedisStore| store.load(&alice()).await;
    let mut under_way = JoinSet::new();
    let opened = relay.opened();
    relay.silence();
    for _ in 0..20 {
        under_way.spawn(load(store.clone()));
    }
    for outcome in timeout(PATIENCE, under_way.join_all()).await.expect("each call ends by itself") {
        assert_eq!(outcome.unwrap_err().kind(), StoreErrorKind::TimedOut);
    }
    assert_eq!(good_again(&store, &saved).await, 0);
    // The silent connection is closed, and there is one new one.
    assert!(relay.settles_at(1, PATIENCE).await, "{} connections are open", relay.open());
    assert_eq!(relay.opened(), opened + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t62_silence_after_idling_costs_one_call_and_callers_with_shorter_deadlines_get_a_new_connection_too() {
    let (relay, store, saved) = through_a_relay().await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    relay.silence();
    assert_eq!(good_again(&store, &saved).await, 1);
    assert!(relay.settles_at(1, PATIENCE).await);
    relay.silence();
    assert!(timeout(Duration::from_millis(300), store.load(&alice())).await.is_err());
    assert_eq!(good_again(&store, &saved).await, 0);
    assert!(relay.settles_at(1, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t62_browsers_that_hang_up_at_once_do_not_cost_a_connection() {
    let (relay, store, _) = through_a_relay().await;
    let (opened, alice) = (relay.opened(), alice());
    for _ in 0..50 {
        let _ = timeout(Duration::ZERO, store.load(&alice)).await;
    }
    assert!(store.load(&alice).await.unwrap().is_some());
    assert_eq!(relay.opened(), opened);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t62_closed_and_reset_connections_cost_no_call() {
    let (relay, store, saved) = through_a_relay().await;
    for round in 0..6 {
        [Relay::close as fn(&Relay), Relay::reset][round % 2](&relay);
        if round < 3 {
            // Also when the end was not noticed yet.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(good_again(&store, &saved).await, 0, "round {round}");
    }
    relay.close();
    store.save(&alice(), &saved).await.unwrap();
    relay.halve();
    let _ = store.load(&alice()).await;
    assert_eq!(good_again(&store, &saved).await, 0);
    assert!(relay.settles_at(1, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t62_a_server_that_is_away_is_told_at_once_and_found_when_it_is_back() {
    let (relay, store, saved) = through_a_relay().await;
    let (begun, opened) = (Instant::now(), relay.opened());
    relay.reset_all();
    for _ in 0..20 {
        assert!(store.load(&alice()).await.is_err());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Not one attempt for each call: a tenth of a second lies between two.
    let attempts = relay.opened() - opened;
    assert!(attempts as u128 <= begun.elapsed().as_millis() / 100 + 2, "{attempts} attempts");
    relay.release();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(good_again(&store, &saved).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t65_a_write_that_was_stuck_in_a_silent_connection_never_undoes_a_later_one() {
    let (relay, store, _) = through_a_relay().await;
    let (older, newer) = (token(), token());
    for stuck in ["save", "delete"] {
        store.save(&alice(), &token()).await.unwrap();
        relay.silence();
        let outcome = if stuck == "save" { store.save(&alice(), &older).await } else { store.delete(&alice()).await };
        assert!(outcome.is_err(), "{stuck}");
        store.save(&alice(), &newer).await.unwrap();
        // The network is back, and with it what the first connection still had to say.
        relay.release();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let found = store.load(&alice()).await.unwrap().expect("the confirmed record");
        assert_eq!(found.version(), newer.version(), "{stuck}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t63_after_a_failover_behind_one_name_reads_and_writes_go_to_the_new_primary() {
    let (old, new) = (OwnRedis::start(&[]).await, OwnRedis::start(&[]).await);
    let relay = Relay::to(old.address).await.unwrap();
    let store = RedisStore::connect(&format!("redis://{}", relay.address())).await.unwrap();
    store.save(&alice(), &token()).await.unwrap();

    for (primary, replica) in [(&new, &old), (&old, &new)] {
        // The name moves to the new primary. The old one becomes a replica, and its connections stay open.
        let port = primary.address.port().to_string();
        primary.tell(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
        relay.answer_with(primary.address);
        replica.tell(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
        let saved = token();
        store.save(&alice(), &saved).await.unwrap();
        let on_primary = RedisStore::connect(&format!("redis://{}", primary.address)).await.unwrap();
        assert_eq!(on_primary.load(&alice()).await.unwrap().unwrap().version(), saved.version());
    }

    // And an app that only reads notices too, before its replica can mislead it for long.
    let port = new.address.port().to_string();
    let reader = RedisStore::connect(&format!("redis://{}", relay.address())).await.unwrap();
    assert!(reader.load(&alice()).await.unwrap().is_some());
    new.tell(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    relay.answer_with(new.address);
    old.tell(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let opened = relay.opened();
    reader.load(&alice()).await.unwrap();
    assert_eq!(relay.opened(), opened + 1, "the reader made a new connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t64_redis_at_its_memory_limit_says_so_and_still_reads() {
    let own = OwnRedis::start(&[]).await;
    let store = RedisStore::connect(&format!("redis://{}", own.address)).await.unwrap();
    store.save(&alice(), &token()).await.unwrap();
    own.tell(&["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    let error = store.save(&alice(), &token()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotWritable);
    let cause = error.to_string();
    assert!(cause.contains("its memory limit is reached (OOM)"), "{cause}");
    assert!(cause.contains(&own.address.to_string()), "{cause}");
    assert!(store.load(&alice()).await.unwrap().is_some());
    // A user can still be disconnected, and a healed server saves.
    store.delete(&alice()).await.unwrap();
    own.tell(&["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    store.save(&alice(), &token()).await.unwrap();
}

/// What a connect to this address is told, as an operator sees it.
async fn told(url: &str) -> String {
    let error = RedisStore::connect(url).await.unwrap_err();
    let told = causes(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(!format!("{told} {error:?}").contains("hunter2"), "{error:?}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t75_each_reason_why_redis_cannot_be_reached_is_told_apart() {
    let reserved = RawProvider::reserved();
    let nobody = reserved.address();
    let refused = told(&format!("redis://:hunter2@{nobody}/")).await;
    assert!(refused.contains(&format!("redis://{nobody}: the connection was refused")), "{refused}");
    // Somebody else listens there: a web server, and one that says nothing at all.
    let web = told(&format!("redis://:hunter2@{}/", says(WEB, true).await)).await;
    assert!(web.contains("not as Redis does"), "{web}");
    let silent = told(&format!("redis://:hunter2@{}/", says(b"", true).await)).await;
    assert!(silent.contains("no connection in time"), "{silent}");

    let plain = told(&format!("rediss://:hunter2@{}/", says(WEB, true).await)).await;
    assert!(plain.contains("does not speak TLS"), "{plain}");
    let stranger = told(&format!("rediss://:hunter2@localhost:{}/", untrusted().await.port())).await;
    assert!(stranger.contains("its certificate is not trusted: invalid peer certificate"), "{stranger}");
    let gone = told("unix:///no/such/socket").await;
    assert!(gone.contains("no such socket"), "{gone}");
    let nameless = told("redis://:hunter2@no-such-host.invalid/").await;
    assert!(nameless.contains("no-such-host.invalid:6379: failed to lookup"), "{nameless}");
}

/// A TLS server with a certificate that nobody signed.
async fn untrusted() -> SocketAddr {
    use tokio_rustls::rustls;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = acceptor.accept(client).await;
        }
    });
    address
}
