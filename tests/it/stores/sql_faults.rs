//! What networks, failovers and locks do to the SQL stores. Silence, closed connections and late writes come from a relay.

use super::contract_servers::{opened, server, through};
use super::sqlite_faults::{HoldsLocks, a_removal_given_up_behind_a_lock_removes_nothing_later};
use super::*;
use tokio::time::sleep;

/// A server, by the address of a store.
#[derive(Clone)]
struct Place {
    url: String,
    table: TableName,
}

impl Place {
    fn new(url: String) -> Self {
        Self { url, table: unique("faults").parse().unwrap() }
    }

    /// The same through a relay.
    async fn relayed(&self) -> (Relay, Self) {
        let relay = Relay::to(server(&self.url)).await.unwrap();
        let url = through(&self.url, relay.address());
        (relay, Self { url, table: self.table.clone() })
    }

    async fn open(&self) -> Arc<dyn TokenStore> {
        self.open_with(None).await
    }

    /// For tests that count failed calls: none fails because the machine is busy.
    async fn open_patiently(&self) -> Arc<dyn TokenStore> {
        self.open_with(Some(PATIENT)).await
    }

    async fn open_with(&self, deadline: Option<Duration>) -> Arc<dyn TokenStore> {
        if self.url.starts_with("mysql") {
            let store = MySqlStore::connect_with(&self.url, &self.table).await.unwrap();
            return Arc::new(deadline.map_or(store.clone(), |deadline| store.with_deadline(deadline)));
        }
        let store = opened(&self.url, &self.table).await;
        Arc::new(deadline.map_or(store.clone(), |deadline| store.with_deadline(deadline)))
    }

    async fn drop_table(self) {
        run(&self.url, &format!("DROP TABLE {}", self.name())).await;
    }

    fn name(&self) -> String {
        in_statements(&self.url, &self.table)
    }
}

fn postgres() -> Place {
    Place::new(postgres_url())
}

fn pgbouncer() -> Place {
    Place::new(pgbouncer_url("transaction"))
}

fn mysql() -> Place {
    Place::new(mysql_url())
}

// T61: poolers.

/// Fifteen tasks only load, five save and delete users of their own, over one store. Returns how many answers were wrong.
async fn three_thousand_calls(store: Arc<dyn TokenStore>) -> usize {
    let mut tasks = JoinSet::new();
    for task in 0..20_u32 {
        let store = store.clone();
        tasks.spawn(async move {
            let user = UserId::from(task);
            store.save(&user, &token()).await.unwrap();
            let mut wrong = 0;
            for round in 0..150 {
                let right = match (task < 15, round % 3) {
                    (true, _) | (false, 1) => store.load(&user).await.is_ok_and(|found| found.is_some() == (task < 15)),
                    (false, 0) => store.delete(&user).await.is_ok(),
                    (false, _) => store.save(&user, &token()).await.is_ok(),
                };
                wrong += usize::from(!right);
            }
            (user, task < 15, wrong)
        });
    }
    let mut wrong = 0;
    for (user, kept, mistakes) in tasks.join_all().await {
        wrong += mistakes + usize::from(kept && store.load(&user).await.unwrap().is_none());
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]
async fn t61_no_call_through_pgbouncer_gets_the_statement_of_another() {
    for mode in ["session", "transaction_few"] {
        let place = Place::new(pgbouncer_url(mode));
        assert_eq!(three_thousand_calls(place.open_patiently().await).await, 0, "{mode} mode");
        place.drop_table().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]
async fn t61_no_statement_stays_on_the_servers_behind_pgbouncer() {
    let place = Place::new(pgbouncer_url("transaction_few"));
    let store = place.open().await;
    for _ in 0..25 {
        store.save(&alice(), &token()).await.unwrap();
        store.load(&alice()).await.unwrap();
        store.delete_if(&alice(), token().version()).await.unwrap();
        store.delete(&alice()).await.unwrap();
    }
    // A transaction on each of the four connections to the server, all at once.
    use sqlx::{Connection as _, Row as _};
    let options: sqlx::postgres::PgConnectOptions = place.url.parse().unwrap();
    let mut servers = Vec::new();
    for _ in 0..4 {
        let mut client = sqlx::PgConnection::connect_with(&options.clone().extra_float_digits(None)).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut client).await.unwrap();
        let row = sqlx::raw_sql("SELECT count(*) FROM pg_prepared_statements").fetch_one(&mut client).await.unwrap();
        assert_eq!(row.try_get_unchecked::<i64, _>(0).unwrap(), 0);
        servers.push(client);
    }
    drop(servers);
    place.drop_table().await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]
async fn t61_a_pooler_in_statement_mode_is_refused_at_once() {
    let table: TableName = unique("statement").parse().unwrap();
    let error = PostgresStore::connect_with(&pgbouncer_url("statement"), &table).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error}");
    assert!(error.to_string().contains("statement pooling mode"), "{error}");
    // No table was made on the way: a plain `CREATE` succeeds.
    run(&postgres_url(), &format!("CREATE TABLE {table} (a int); DROP TABLE {table}")).await;
}

// T62: silence.

/// Every way in which connections go bad. Counted in calls: whoever fails once gets a new connection.
async fn a_call_fails_at_most_once(place: Place) {
    place.open_patiently().await.save(&alice(), &token()).await.unwrap();
    let (relay, relayed) = place.relayed().await;
    let store = relayed.open_patiently().await;
    // The most that failed one after the other, and how many failed in all.
    let twenty_at_once = async |after: &str| {
        let (begun, mut tasks) = (std::time::Instant::now(), JoinSet::new());
        for _ in 0..20 {
            let store = store.clone();
            tasks.spawn(async move {
                let mut failures = 0;
                while store.load(&alice()).await.map(|found| found.expect("nobody is told \"not connected\"")).is_err()
                {
                    failures += 1;
                    assert!(failures < 5, "still failing");
                }
                failures
            });
        }
        let failures = tasks.join_all().await;
        let (most, all) = (failures.iter().copied().max().unwrap(), failures.iter().sum());
        println!("{after}: all good again after {:?}, {most} failed calls each at most, {all} in all", begun.elapsed());
        (most, all)
    };
    let all_is_well = async || assert_eq!(twenty_at_once("nothing").await, (0, 0));
    all_is_well().await;
    relay.silence();
    assert!(twenty_at_once("silence").await.0 <= 1, "silence under load");
    all_is_well().await;
    relay.silence();
    assert!(store.load(&alice()).await.is_err(), "a silent connection was used");
    assert!(store.load(&alice()).await.unwrap().is_some(), "one failed call, then a new connection");
    for (fault, disturb) in [("close", Relay::close as fn(&Relay)), ("reset", Relay::reset)] {
        all_is_well().await;
        let open: usize = relay.open();
        disturb(&relay);
        // A connection that still carries a call when it is told to end may come back to the pool and end there.
        assert!(twenty_at_once(fault).await.1 <= open, "each connection that ended costs at most one call");
    }
    all_is_well().await;
    relay.halve();
    if place.url.ends_with("transaction") {
        // A pooler waits for the other half with a server in its hands, of which it has few.
        assert!(store.load(&alice()).await.is_err());
        assert!(store.load(&alice()).await.unwrap().is_some());
    } else {
        assert!(twenty_at_once("half").await.0 <= 1);
    }

    // The caller's own deadline is shorter: its future is dropped half-way.
    relay.silence_all();
    for _ in 0..30 {
        assert!(timeout(Duration::from_millis(20), store.load(&alice())).await.is_err());
    }
    assert_eq!(store.save(&alice(), &token()).await.unwrap_err().kind(), StoreErrorKind::TimedOut);
    relay.release();
    // No place in the pool is held by a call that is gone, and nobody fails for good.
    twenty_at_once("silence of all").await;
    store.save(&alice(), &token()).await.unwrap();
    assert!(relay.settles_at(10, PATIENCE).await, "{} connections", relay.open());
    place.drop_table().await;
}

/// A connection that fell silent while it was idle is found out before it is used.
async fn silence_after_idling_costs_no_call(place: Place) {
    let (relay, relayed) = place.relayed().await;
    let store = relayed.open_patiently().await;
    store.save(&alice(), &token()).await.unwrap();
    sleep(Duration::from_millis(5_200)).await;
    relay.silence();
    assert!(store.load(&alice()).await.unwrap().is_some());
    place.drop_table().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t62_the_apps_own_pool_recovers_from_silence_too() {
    let place = postgres();
    let (relay, relayed) = place.relayed().await;
    let pool = sqlx::PgPool::connect(&relayed.url).await.unwrap();
    let store = PostgresStore::from_pool(pool.clone(), &place.table).await.unwrap().with_deadline(PATIENT);
    store.save(&alice(), &token()).await.unwrap();
    for _ in 0..3 {
        // sqlx takes a connection back a moment after its call, so the next call may have opened another: each may be the silent one.
        let (silent, mut failed) = (pool.size(), 0);
        relay.silence();
        for _ in 0..silent + 2 {
            failed += u32::from(store.load(&alice()).await.is_err());
        }
        assert!(failed <= silent, "{failed} calls failed, and {silent} connections were silent");
    }
    // What the store took from the pool is given back: all ten places are free.
    relay.silence();
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        calls.spawn(async move { store.load(&alice()).await.is_ok() });
    }
    calls.join_all().await;
    let mut places = Vec::new();
    for _ in 0..10 {
        places.push(timeout(PATIENCE, pool.acquire()).await.expect("a place is free").unwrap());
    }
    drop(places);
    place.drop_table().await;
}

// T63: a server that takes no writes.

/// A role whose sessions take no writes while the server says so, for as long as they last: as on a primary that became a replica.
/// The store is opened as that role. Statements make the role, make its new sessions read-only, undo that, and drop it.
async fn is_left_at_the_first_refusal(place: Place, role: String, statements: [String; 4]) {
    place.open().await;
    let [make, read_only, writable, drop_role] = statements;
    let admin = async |statement: &str| run(&place.url, statement).await;
    admin(&make).await;
    admin(&read_only).await;
    let url = place.url.replace("komerza@", &format!("{role}@"));
    let store = Place { url, table: place.table.clone() }.open_patiently().await;
    let refused = store.save(&alice(), &token()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::NotWritable, "{refused}");
    assert!(store.load(&alice()).await.unwrap().is_none());
    assert!(store.save(&alice(), &token()).await.is_err());
    // The new primary answers at the same address.
    admin(&writable).await;
    if store.save(&alice(), &token()).await.is_err() {
        store.save(&alice(), &token()).await.expect("the first refusal ended the old session");
    }
    assert!(store.load(&alice()).await.unwrap().is_some());
    drop(store);
    run(&place.url, &format!("DROP TABLE {}", place.name())).await;
    admin(&drop_role).await;
}

async fn a_postgresql_that_takes_no_writes() {
    let (place, role) = (postgres(), unique("failover"));
    let statements = [
        format!("CREATE ROLE {role} LOGIN; GRANT ALL ON {} TO {role}", place.name()),
        format!("ALTER ROLE {role} SET default_transaction_read_only = on"),
        format!("ALTER ROLE {role} RESET default_transaction_read_only"),
        format!("DROP ROLE {role}"),
    ];
    is_left_at_the_first_refusal(place, role, statements).await;
}

async fn a_mysql_that_takes_no_writes() {
    let (place, role) = (mysql(), unique("failover"));
    let statements = [
        format!("CREATE USER {role}@'%'; GRANT ALL ON {} TO {role}@'%'", place.name()),
        // Run at the beginning of sessions, except those of operators.
        "SET GLOBAL init_connect = 'SET SESSION TRANSACTION READ ONLY'".to_owned(),
        "SET GLOBAL init_connect = ''".to_owned(),
        format!("DROP USER {role}@'%'"),
    ];
    is_left_at_the_first_refusal(place, role, statements).await;
}

// T65: late writes.

async fn behind_a_lock<C: HoldsLocks>(place: Place) {
    let (store, name) = (place.open().await, place.name());
    a_removal_given_up_behind_a_lock_removes_nothing_later::<C>(&*store, &place.url, &name).await;
    place.drop_table().await;
}

/// The network holds back what a call sent, wherever it stood, and delivers it after another node's confirmed save.
async fn what_arrives_late_undoes_nothing(place: Place) {
    let direct = place.open_patiently().await;
    let (relay, relayed) = place.relayed().await;
    for step in 0..8_u32 {
        for removal in [true, false] {
            direct.save(&alice(), &token()).await.unwrap();
            // A new connection each time, so that the steps are those of the call alone.
            let store = relayed.open().await;
            let _ = store.load(&alice()).await;
            relay.delay(Duration::from_millis(40));
            let call = tokio::spawn(async move {
                if removal { store.delete(&alice()).await } else { store.save(&alice(), &token()).await }
            });
            sleep(Duration::from_millis(10) + Duration::from_millis(40) * step).await;
            relay.silence();
            let outcome = call.await.unwrap();
            let confirmed = token();
            // The lost transaction may hold the row until the server ends it.
            let mut tries = 0;
            while let Err(error) = direct.save(&alice(), &confirmed).await {
                tries += 1;
                assert!(tries < 6, "{error}");
            }
            relay.delay(Duration::ZERO);
            relay.release();
            sleep(Duration::from_millis(100)).await;
            let found = direct.load(&alice()).await.unwrap();
            let found = found.unwrap_or_else(|| panic!("step {step}: removed by a call that ended with {outcome:?}"));
            assert_eq!(
                found.version(),
                confirmed.version(),
                "step {step}: replaced by a call that ended with {outcome:?}"
            );
        }
    }
    place.drop_table().await;
}

needs! {
    postgresql t62_a_silent_or_broken_connection_to_postgresql_costs_one_call => a_call_fails_at_most_once(postgres());
    pgbouncer t62_a_silent_or_broken_connection_to_pgbouncer_costs_one_call => a_call_fails_at_most_once(pgbouncer());
    mysql t62_a_silent_or_broken_connection_to_mysql_costs_one_call => a_call_fails_at_most_once(mysql());
    postgresql t62_silence_after_idling_costs_no_call_to_postgresql => silence_after_idling_costs_no_call(postgres());
    pgbouncer t62_silence_after_idling_costs_no_call_to_pgbouncer => silence_after_idling_costs_no_call(pgbouncer());
    mysql t62_silence_after_idling_costs_no_call_to_mysql => silence_after_idling_costs_no_call(mysql());
    postgresql t63_a_postgresql_that_takes_no_writes_is_left_at_the_first_refusal => a_postgresql_that_takes_no_writes();
    mysql t63_a_mysql_that_takes_no_writes_is_left_at_the_first_refusal => a_mysql_that_takes_no_writes();
    postgresql t65_a_removal_given_up_behind_a_lock_of_postgresql_removes_nothing_later => behind_a_lock::<sqlx::PgConnection>(postgres());
    mysql t65_a_removal_given_up_behind_a_lock_of_mysql_removes_nothing_later => behind_a_lock::<sqlx::MySqlConnection>(mysql());
    postgresql t65_what_reaches_postgresql_late_undoes_no_confirmed_save => what_arrives_late_undoes_nothing(postgres());
    pgbouncer t65_what_reaches_pgbouncer_late_undoes_no_confirmed_save => what_arrives_late_undoes_nothing(pgbouncer());
    mysql t65_what_reaches_mysql_late_undoes_no_confirmed_save => what_arrives_late_undoes_nothing(mysql());
}
