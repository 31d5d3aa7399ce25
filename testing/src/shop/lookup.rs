//! The app's own users, told apart by a header.

use super::Fate;
use crate::time::hang;
use http::request::Parts;
use komerza_connect::{IdentifyUser, UserId, async_trait};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Names the user who is signed in to the app: stands for the app's own session. `broken` makes the look-up fail, `panics` panic.
pub const USER: &str = "x-test-user";

type Rule = Arc<dyn Fn() -> Fate + Send + Sync>;

/// The user by the header, or what the test says about the look-up.
#[derive(Clone, Default)]
pub struct Lookup {
    rule: Arc<Mutex<Option<Rule>>>,
    yields: Arc<AtomicUsize>,
}

impl Lookup {
    pub fn decide(&self, rule: impl Fn() -> Fate + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Some(Arc::new(rule));
    }

    pub fn mend(&self) {
        *self.rule.lock().unwrap() = None;
    }

    pub fn give_way(&self, times: usize) {
        self.yields.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl IdentifyUser for Lookup {
    async fn identify_user(
        &self,
        parts: &mut Parts,
    ) -> Result<Option<UserId>, Box<dyn std::error::Error + Send + Sync>> {
        for _ in 0..self.yields.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let rule = self.rule.lock().unwrap().clone();
        match rule.map_or(Fate::Fine, |rule| rule()) {
            Fate::Fine => {}
            Fate::Hang => hang().await,
            Fate::Panic(text) => panic!("{text}"),
            Fate::Say(words) => return Err(words.into()),
            Fate::Fail | Fate::ReadOnly | Fate::Unreadable | Fate::DoneAndFail => {
                return Err("the session table is locked".into());
            }
        }
        match parts.headers.get(USER).map(|user| user.to_str()).transpose()? {
            None => Ok(None),
            // What a test asks for by the name of its user.
            Some("panics") => panic!("obviously fake: the look-up panics"),
            Some("broken") => Err("obviously fake failure of the session store".into()),
            Some(user) => Ok(Some(UserId::new(user)?)),
        }
    }
}
