//! The provider: codes work once, keys die when told to, and the next exchange may go wrong.

use super::steps::Provider as Fault;
use crate::prelude::*;

pub(super) struct Provider {
    raw: RawProvider,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The code of every exchange, in order, with whether the answer was a 429.
    exchanges: Vec<(String, bool)>,
    used: HashSet<String>,
    dead: HashSet<String>,
    fault: Option<Fault>,
}

/// The key that a code is exchanged for.
pub(super) fn key_of(code: &str) -> String {
    format!("obviously-fake-key-{code}")
}

impl Provider {
    pub(super) async fn start() -> Self {
        let (raw, state) = (RawProvider::start().await, Arc::new(Mutex::new(State::default())));
        let shared = state.clone();
        raw.always(Reply::from_fn(move |request| {
            let mut state = shared.lock().unwrap();
            match request.code() {
                Some(code) => state.exchange(String::from_utf8(code).unwrap()),
                None => state.call(request.header("authorization").unwrap_or_default()),
            }
        }));
        Self { raw, state }
    }

    pub(super) fn url(&self) -> String {
        self.raw.url()
    }

    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().fault = fault;
    }

    pub(super) fn kill(&self, key: &str) {
        self.state.lock().unwrap().dead.insert(format!("Bearer {key}"));
    }

    pub(super) fn exchanges(&self) -> Vec<(String, bool)> {
        self.state.lock().unwrap().exchanges.clone()
    }
}

impl State {
    fn exchange(&mut self, code: String) -> Reply {
        let fault = self.fault.take();
        let busy = matches!(fault, Some(Fault::BusyForASecond | Fault::BusyForAMinute));
        self.exchanges.push((code.clone(), busy));
        match fault {
            Some(Fault::BusyForASecond) => Reply::error(429, "RateLimited").header("retry-after", "1"),
            Some(Fault::BusyForAMinute) => Reply::error(429, "RateLimited").header("retry-after", "60"),
            Some(Fault::Broken) => Reply::envelope(500, &json!({})),
            Some(Fault::Html) => Reply::html(200, "Down for maintenance"),
            Some(Fault::Empty) => Reply::envelope(200, &json!({ "success": true })),
            Some(Fault::Cut) => {
                self.used.insert(code);
                Reply::close()
            }
            None if self.used.insert(code.clone()) => Reply::key(&key_of(&code)),
            None => Reply::error(401, "invalid_code"),
        }
    }

    fn call(&self, bearer: &str) -> Reply {
        if self.dead.contains(bearer) { Reply::error(401, "BadToken") } else { Reply::success(&json!({})) }
    }
}
