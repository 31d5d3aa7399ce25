//! Single flight: however often a callback arrives, it is acted on once, and every copy gets the same answer.
//!
//! A finished flight is remembered for a while if its code may be spent, so that a repetition of the callback, even with the cookies
//! of before, costs the provider nothing. One that spent nothing is forgotten at once: the same URL may be tried again.

use crate::{
    attempt::AttemptId,
    config::Limits,
    failure::{Failure, FailureKind},
    secret::AuthorizationCode,
    site::session::BrowserSession,
    sync::{Lock, step},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// What a callback came to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Landed, Failure>,
    /// Whether the code may be used up, so that another try cannot help.
    pub(crate) spent: bool,
}

/// A connection that was made.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) return_to: String,
    /// The session that the browser moves to.
    pub(crate) session: Option<BrowserSession>,
}

type Receiver = watch::Receiver<Option<Outcome>>;

/// The callbacks under way and those just finished.
#[derive(Default)]
pub(crate) struct Flights {
    table: Lock<Table>,
}

#[derive(Default)]
struct Table {
    flights: HashMap<AttemptId, Flight>,
    /// The finished ones, oldest first, with the time of their end.
    finished: VecDeque<(Duration, AttemptId)>,
}

struct Flight {
    code: [u8; 32],
    outcome: Receiver,
}

/// How a callback boards.
pub(crate) enum Boarding {
    /// The first one: it flies.
    First(Pilot),
    /// A copy of one that flies or has landed: it waits for that outcome.
    Copy(Receiver),
    /// The same attempt with another code.
    OtherCode,
}

impl Flights {
    pub(crate) fn board(
        self: &Arc<Self>,
        attempt: AttemptId,
        code: &AuthorizationCode,
        now: Duration,
        limits: &Limits,
    ) -> Boarding {
        let code: [u8; 32] = Sha256::digest(code.expose_secret()).into();
        let mut table = self.table.lock();
        table.forget(now, limits);
        match table.flights.get(&attempt) {
            Some(flight) if flight.code == code => Boarding::Copy(flight.outcome.clone()),
            Some(_) => Boarding::OtherCode,
            None => {
                let (sender, outcome) = watch::channel(None);
                table.flights.insert(attempt, Flight { code, outcome });
                Boarding::First(Pilot { flights: Arc::clone(self), attempt, boarded: now, sender, landed: false })
            }
        }
    }

    fn finish(&self, attempt: AttemptId, now: Option<Duration>) {
        let mut table = self.table.lock();
        match now {
            Some(now) => table.finished.push_back((now, attempt)),
            None => {
                table.flights.remove(&attempt);
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.table.lock().flights.len()
    }
}

impl Table {
    fn forget(&mut self, now: Duration, limits: &Limits) {
        while let Some((at, attempt)) = self.finished.front().copied() {
            let over = self.finished.len() > limits.remembered_callbacks;
            if !over && now.saturating_sub(at) < limits.done_lifetime {
                return;
            }
            self.finished.pop_front();
            self.flights.remove(&attempt);
        }
    }
}

/// Whoever acts on a callback. Dropped without landing (a panic, say), the outcome is an internal failure, and it is remembered:
/// the code may be spent.
pub(crate) struct Pilot {
    flights: Arc<Flights>,
    attempt: AttemptId,
    boarded: Duration,
    sender: watch::Sender<Option<Outcome>>,
    landed: bool,
}

impl Pilot {
    /// Where the outcome will be.
    pub(crate) fn outcome(&self) -> Receiver {
        self.sender.subscribe()
    }

    pub(crate) fn land(mut self, outcome: Outcome, now: Duration) {
        self.landed = true;
        // Forgotten before it is told, so that whoever reads the answer and tries again boards afresh.
        self.flights.finish(self.attempt, outcome.spent.then_some(now));
        step();
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.finish(self.attempt, Some(self.boarded));
            step();
            let result = Err(Failure::new(FailureKind::Internal).of_attempt(self.attempt));
            self.sender.send_replace(Some(Outcome { result, spent: true }));
        }
    }
}

/// Waits for an outcome; `None` cannot happen while a [`Pilot`] always leaves one, and counts as an internal failure.
pub(crate) async fn outcome(mut receiver: Receiver) -> Option<Outcome> {
    receiver.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{attempt::State, random::SystemRandomness};

    const NOW: Duration = Duration::from_secs(1_000);

    fn attempt() -> AttemptId {
        State::mint(&SystemRandomness).unwrap().attempt_id()
    }

    fn board(flights: &Arc<Flights>, attempt: AttemptId, code: &str, now: Duration) -> Boarding {
        let limits = Limits { remembered_callbacks: 3, ..Limits::default() };
        flights.board(attempt, &AuthorizationCode::new(code).unwrap(), now, &limits)
    }

    fn pilot(flights: &Arc<Flights>, attempt: AttemptId) -> Pilot {
        match board(flights, attempt, "code", NOW) {
            Boarding::First(pilot) => pilot,
            _ => panic!("somebody flies already"),
        }
    }

    fn landed(spent: bool) -> Outcome {
        Outcome { result: Ok(Landed { return_to: "/".into(), session: None }), spent }
    }

    #[tokio::test]
    async fn t56_copies_get_the_outcome_of_the_first_and_another_code_gets_none() {
        let (flights, id) = (Arc::default(), attempt());
        let first = pilot(&flights, id);
        let Boarding::Copy(copy) = board(&flights, id, "code", NOW) else { panic!("a second flight") };
        assert!(matches!(board(&flights, id, "other", NOW), Boarding::OtherCode));
        first.land(landed(true), NOW);
        assert!(outcome(copy).await.unwrap().result.is_ok());
        assert!(matches!(board(&flights, id, "code", NOW), Boarding::Copy(_)), "remembered");
    }

    #[tokio::test]
    async fn what_spent_nothing_may_be_tried_again_at_once() {
        let (flights, id) = (Arc::default(), attempt());
        pilot(&flights, id).land(landed(false), NOW);
        assert!(matches!(board(&flights, id, "other", NOW), Boarding::First(_)));
    }

    #[tokio::test]
    async fn a_pilot_that_is_lost_leaves_an_internal_failure() {
        let (flights, id) = (Arc::default(), attempt());
        let first = pilot(&flights, id);
        let copy = first.outcome();
        drop(first);
        assert_eq!(outcome(copy).await.unwrap().result.unwrap_err().kind(), FailureKind::Internal);
        assert!(matches!(board(&flights, id, "code", NOW), Boarding::Copy(_)), "the code may be spent");
    }

    #[test]
    fn t59_finished_flights_are_forgotten_by_age_and_by_number() {
        let flights = Arc::default();
        for _ in 0..10 {
            pilot(&flights, attempt()).land(landed(true), NOW);
        }
        assert!(flights.len() <= 4, "{}", flights.len());
        board(&flights, attempt(), "code", NOW + Duration::from_secs(120));
        assert_eq!(flights.len(), 1, "the last one alone");
    }
}
