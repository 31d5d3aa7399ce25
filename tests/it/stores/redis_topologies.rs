//! Redis Cluster and Sentinel: the contract, the listing, and the faults of each.

use super::list_users::lists_everybody_and_removes_only_what_is_old;
use super::own_redis::{OwnRedis, free_address};
use super::*;
use std::time::Instant;

fn contract(url: fn() -> String) -> Contract {
    let prefix = unique("contract");
    let open = move || {
        let prefix = prefix.clone();
        async move { RedisStore::connect_with(&url(), &prefix).await.unwrap().with_deadline(PATIENCE) }
    };
    Contract::new(open.clone())
        .any_id()
        .lists()
        .outlives_restarts()
        .shared_by_nodes()
        .replaces(open)
        .without(Claim::Unreachable, "shown with one server")
        .without(Claim::Damage, "shown with one server")
        .without(Claim::Network, "its servers have no one address; the tests below have their own faults")
}

macro_rules! topology {
    ($topology:ident, $url:ident, $why:literal) => {
        mod $topology {
            use super::*;
            token_store_contract!(
                #[ignore = $why]
                contract($url),
                any_id,
                lists,
                restarts,
                nodes,
                replaces
            );
        }
    };
}

topology!(cluster, cluster_url, "needs a Redis Cluster: set KOMERZA_TEST_REDIS_CLUSTER_URL");
topology!(sentinel, sentinel_url, "needs Sentinels: set KOMERZA_TEST_REDIS_SENTINEL_URL");

async fn lists(url: String) {
    let prefix = unique("lists*[?]");
    let store = RedisStore::connect_with(&url, &prefix).await.unwrap().with_deadline(PATIENCE);
    // A neighbour that a careless pattern would list too.
    let neighbour = RedisStore::connect_with(&url, &prefix.replace('*', "x")).await.unwrap().with_deadline(PATIENCE);
    neighbour.save(&alice(), &token()).await.unwrap();
    lists_everybody_and_removes_only_what_is_old(Arc::new(store)).await;
    neighbour.delete(&alice()).await.unwrap();
}

needs! {
    redis redis_lists_its_users_and_removes_the_old_ones => lists(redis_url());
    cluster a_redis_cluster_lists_the_users_of_every_primary => lists(cluster_url());
    sentinel the_primary_that_sentinels_name_lists_its_users => lists(sentinel_url());
}

fn users() -> Vec<UserId> {
    (0..30_u32).map(UserId::from).collect()
}

async fn connect_all(store: &RedisStore) {
    for user in users() {
        store.save(&user, &token()).await.unwrap();
    }
}

/// A cluster of three primaries, each known to clients by the address of a relay.
struct OwnCluster {
    relays: Vec<Relay>,
    nodes: Vec<OwnRedis>,
}

impl OwnCluster {
    async fn start() -> Self {
        let (mut relays, mut nodes) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let address = free_address();
            let relay = Relay::to(address).await.unwrap();
            let announced = relay.address().port().to_string();
            let bus = (address.port() + 10_000).to_string();
            let options = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"];
            let ports = ["--cluster-announce-port", &announced, "--cluster-announce-bus-port", &bus];
            nodes.push(OwnRedis::start_at(address, &[options, ports].concat(), "").await);
            relays.push(relay);
        }
        for (number, node) in nodes.iter().enumerate() {
            let (first, last) = [("0", "5460"), ("5461", "10922"), ("10923", "16383")][number];
            node.tell(&["CLUSTER", "ADDSLOTSRANGE", first, last]).await.unwrap();
            let port = nodes[0].address.port();
            let (port, bus) = (port.to_string(), (port + 10_000).to_string());
            node.tell(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await.unwrap();
        }
        for node in &nodes {
            node.tells(&["CLUSTER", "INFO"], "cluster_state:ok").await;
        }
        Self { relays, nodes }
    }

    fn url(&self) -> String {
        let hosts: Vec<_> = self.relays.iter().map(|relay| relay.address().to_string()).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }
}

/// Loads everybody, all at once, until all loads are good; returns how often one was not. Never may a record be missing.
async fn all_good_again(after: &str, store: &RedisStore) -> usize {
    let (begun, mut failed) = (Instant::now(), 0);
    loop {
        let mut loads = JoinSet::new();
        for user in users() {
            let store = store.clone();
            loads.spawn(async move { store.load(&user).await });
        }
        let loaded = timeout(PATIENCE, loads.join_all()).await.expect("each call ends by itself");
        for found in loaded.iter().flatten() {
            assert!(found.is_some(), "a user who is connected is not connected");
        }
        if loaded.iter().all(Result::is_ok) {
            println!("{after}: good again after {:?}, {failed} times some calls failed", begun.elapsed());
            return failed;
        }
        failed += 1;
        assert!(begun.elapsed() < PATIENCE, "still failing");
    }
}

async fn every_fault_costs_few_calls(store: &RedisStore, relay: &Relay) {
    let faults = [("close", Relay::close as fn(&Relay)), ("reset", Relay::reset), ("silence", Relay::silence)];
    for (name, fault) in faults.into_iter().chain([("half", Relay::halve as fn(&Relay))]) {
        fault(relay);
        assert!(all_good_again(name, store).await <= 1);
    }
    // Until the store asks its server again whether it takes writes.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    relay.silence();
    assert!(all_good_again("silence after idling", store).await <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: set KOMERZA_TEST_REDIS_SENTINEL_URL"]
async fn t62_a_broken_connection_to_the_primary_that_sentinels_name_gets_a_new_one() {
    let primary = OwnRedis::start(&[]).await;
    let relay = Relay::to(primary.address).await.unwrap();
    // Sentinels name the relay, and wait longer than the test does before they replace it.
    let port = relay.address().port();
    let watched =
        format!("sentinel monitor komerza 127.0.0.1 {port} 1\nsentinel down-after-milliseconds komerza 600000\n");
    let sentinel = OwnRedis::start_at(free_address(), &["--sentinel"], &watched).await;
    let store = RedisStore::connect(&format!("redis-sentinel://{}/komerza", sentinel.address)).await.unwrap();
    let store = store.with_deadline(PATIENT);
    connect_all(&store).await;
    every_fault_costs_few_calls(&store, &relay).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: set KOMERZA_TEST_REDIS_CLUSTER_URL"]
async fn t62_a_silent_node_of_a_redis_cluster_gets_a_new_connection() {
    let cluster = OwnCluster::start().await;
    let store = RedisStore::connect(&cluster.url()).await.unwrap().with_deadline(PATIENT);
    connect_all(&store).await;
    every_fault_costs_few_calls(&store, &cluster.relays[1]).await;
    for relay in &cluster.relays {
        // One connection of the client, and the few that a cluster keeps for its own look-outs.
        assert!(relay.settles_at(2, PATIENCE).await, "{} connections are open", relay.open());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: set KOMERZA_TEST_REDIS_CLUSTER_URL"]
async fn t65_a_write_stuck_in_a_cluster_never_undoes_a_later_one() {
    let cluster = OwnCluster::start().await;
    // With the default deadline: after three seconds the cluster's client connects again by itself, and saves.
    let store = RedisStore::connect(&cluster.url()).await.unwrap();
    let delay = Duration::from_millis(40);
    // A save asks for the node's time first: its question, the answer, the write and its answer are held back in turn.
    for step in 0..4 {
        let (older, newer) = (token(), token());
        store.save(&alice(), &token()).await.unwrap();
        cluster.relays.iter().for_each(|relay| relay.delay(delay));
        let saving = store.clone();
        let save = tokio::spawn(async move { saving.save(&alice(), &older).await });
        tokio::time::sleep(delay / 4 + delay * step).await;
        cluster.relays.iter().for_each(Relay::silence);
        cluster.relays.iter().for_each(|relay| relay.delay(Duration::ZERO));
        let outcome = save.await.unwrap();
        store.save(&alice(), &newer).await.unwrap();
        cluster.relays.iter().for_each(Relay::release);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let found = store.load(&alice()).await.unwrap().unwrap();
        assert_eq!(found.version(), newer.version(), "step {step}: undone by a save that ended with {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: set KOMERZA_TEST_REDIS_CLUSTER_URL"]
async fn t62_a_cluster_whose_keys_move_to_another_node_answers_all_the_same() {
    let cluster = OwnCluster::start().await;
    let store = RedisStore::connect(&cluster.url()).await.unwrap().with_deadline(PATIENCE);
    connect_all(&store).await;
    // An empty range changes its owner: the client learns by a redirection.
    let id = |answer: redis::Value| redis::from_redis_value::<String>(answer).unwrap();
    let third = id(cluster.nodes[2].tell(&["CLUSTER", "MYID"]).await.unwrap());
    for node in &cluster.nodes {
        node.tell(&["CLUSTER", "SETSLOT", "10922", "NODE", &third]).await.unwrap();
    }
    let moved = (0..100_000_u32).map(|number| format!("{}{number}", RedisStore::DEFAULT_PREFIX));
    let last = redis::cluster_routing::Slot::new(10_922).unwrap();
    let moved = moved.into_iter().find(|key| redis::cluster_routing::Slot::for_key(key) == last).unwrap();
    let user = UserId::new(moved.trim_start_matches(RedisStore::DEFAULT_PREFIX)).unwrap();
    store.save(&user, &token()).await.unwrap();
    assert!(store.load(&user).await.unwrap().is_some());
    assert_eq!(all_good_again("moved", &store).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: set KOMERZA_TEST_REDIS_SENTINEL_URL"]
async fn t63_after_a_failover_by_sentinel_the_new_primary_is_found_and_nobody_is_lost() {
    let primary = OwnRedis::start(&["--appendonly", "yes"]).await;
    let port = primary.address.port().to_string();
    let replica = OwnRedis::start(&["--replicaof", "127.0.0.1", &port]).await;
    replica.tells(&["INFO", "replication"], "master_link_status:up").await;
    let watched = format!(
        "sentinel monitor komerza 127.0.0.1 {port} 1\nsentinel down-after-milliseconds komerza 500\n\
         sentinel failover-timeout komerza 3000\n"
    );
    let sentinel = OwnRedis::start_at(free_address(), &["--sentinel"], &watched).await;
    sentinel.tells(&["SENTINEL", "REPLICAS", "komerza"], &replica.address.port().to_string()).await;

    let store = RedisStore::connect(&format!("redis-sentinel://{}/komerza", sentinel.address)).await.unwrap();
    connect_all(&store).await;
    primary.tell(&["WAIT", "1", "5000"]).await.unwrap();

    primary.freeze();
    // Sentinel takes most of it.
    all_good_again("frozen", &store).await;
    let saved = token();
    store.save(&alice(), &saved).await.unwrap();
    primary.thaw();
    primary.tells(&["ROLE"], "slave").await;
    assert!(all_good_again("thawed", &store).await <= 2);
    assert_eq!(store.load(&alice()).await.unwrap().unwrap().version(), saved.version());
    let on_replica =
        RedisStore::connect(&format!("redis://{}", replica.address)).await.unwrap().with_deadline(PATIENCE);
    assert!(on_replica.load(&alice()).await.unwrap().is_some());
}
