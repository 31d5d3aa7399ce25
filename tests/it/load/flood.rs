//! Logins and junk callbacks, as many as anybody likes to send.

use crate::prelude::*;

/// What is alive in this process: allocations and their bytes.
fn alive() -> (i64, i64) {
    let counted = crate::ALLOCATIONS.stats();
    let difference = |made: usize, gone: usize| i64::try_from(made).unwrap() - i64::try_from(gone).unwrap();
    (
        difference(counted.allocations, counted.deallocations),
        difference(counted.bytes_allocated, counted.bytes_deallocated),
    )
}

/// What may be alive afterwards beyond what was before, however many requests came between: less than a byte of each.
const ROOM: (i64, i64) = (8, 1_024);

struct Flood {
    app: Router,
    calls: Faults,
    provider: TcpListener,
}

impl Flood {
    async fn new(mode: Mode) -> Self {
        let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = config().api_url(format!("http://{}", provider.local_addr().unwrap())).build().unwrap();
        let store = FaultyStore::new(MemoryStore::default());
        let calls = store.faults();
        let layer = KomerzaConnectLayer::new(config, store).unwrap();
        let layer = match mode {
            Mode::Users => layer.with_user(Lookup::default()),
            Mode::Browsers => layer,
        };
        Self { app: Router::new().layer(layer), calls, provider }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    /// Sends so many requests, and checks that they left no trace.
    async fn floods(&self, what: &str, number: usize, request: impl Fn(usize) -> Request<Body>, wanted: &[StatusCode]) {
        for round in 0..number.min(2_000) {
            self.send(request(round)).await;
        }
        let before = alive();
        for round in 0..number {
            let answer = self.send(request(round)).await;
            assert!(wanted.contains(&answer.status()), "{round}: {}", answer.status());
        }
        let after = alive();
        let (allocations, bytes) = (after.0 - before.0, after.1 - before.1);
        println!("{what}: {number}; {allocations} allocations of {bytes} bytes are left");
        assert!(allocations <= ROOM.0 && bytes <= ROOM.1, "{what}: {allocations} allocations, {bytes} bytes");
        for write in [Operation::Save, Operation::Delete, Operation::DeleteIf] {
            assert_eq!(self.calls.calls(write), 0, "{what}: {write:?}");
        }
        // A connection that was made waits here; one that was not would let this wait for ever.
        let called = poll_fn(|task| Poll::Ready(self.provider.poll_accept(task).is_ready())).await;
        assert!(!called, "{what}: somebody called the provider");
    }
}

fn get(target: &str) -> http::request::Builder {
    Request::get(target).header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document")
}

#[tokio::test]
#[ignore = "slow: a million logins, half of them in each mode"]
async fn t58_a_million_logins_leave_memory_and_store_alone() {
    for mode in MODES {
        let flood = Flood::new(mode).await;
        let login = |round: usize| {
            let request = get("/komerza/login?return_to=/x").header("sec-fetch-site", "none");
            request.header(USER, format!("user-{round}")).body(Body::empty()).unwrap()
        };
        let number = super::size(1_000_000) / 2;
        flood.floods(&format!("logins, {mode:?}"), number, login, &[StatusCode::SEE_OTHER]).await;
    }
}

#[tokio::test]
#[ignore = "slow: 200,000 callbacks, half of them in each mode"]
async fn t40_200_000_junk_callbacks_reach_neither_provider_nor_store() {
    for mode in MODES {
        let flood = Flood::new(mode).await;
        let state = "A".repeat(43);
        let long = format!("code=x&state={state}&y={}", "y".repeat(9_000));
        let callback = |round: usize| {
            let query = match round % 6 {
                0 => format!("code=junk-{round}"),
                1 => format!("code=junk-{round}&state=short"),
                2 => format!("code=junk-{round}&state={state}"),
                3 => format!("code=a&code=b&state={state}&state={state}"),
                4 => format!("code=%ff&state=%{round}"),
                _ => long.clone(),
            };
            let junk = "komerza-junk=obviously-fake; __Host-komerza-junk=x";
            let request = get(&format!("/komerza/callback?{query}")).header(header::COOKIE, junk);
            request.header(USER, format!("user-{round}")).body(Body::empty()).unwrap()
        };
        let number = super::size(200_000) / 2;
        let refused = [StatusCode::BAD_REQUEST, StatusCode::URI_TOO_LONG];
        flood.floods(&format!("junk callbacks, {mode:?}"), number, callback, &refused).await;
    }
}
