//! Single flight: a callback that arrives several times is carried out once, and every copy gets the same
//! answer.
//!
//! If its code may be used up, a finished flight is remembered for a while. So a repeated callback costs no
//! exchange, even if it still has the cookies that it had the first time. If no code was used the flight is
//! forgotten at once, and the same URL can be tried again.

use super::Outcome;
use crate::failure::{Failure, FailureKind};
use crate::secret::{AuthorizationCode, CodeHash};
use crate::sync::{Lock, step};
use crate::{attempt::AttemptId, config::Limits};
use std::collections::{HashMap, VecDeque};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

type Receiver = watch::Receiver<Option<Outcome>>;

/// The callbacks that are running or have just finished.
#[derive(Default)]
pub(crate) struct Flights {
    table: Lock<Table>,
}

#[derive(Default)]
struct Table {
    /// With the hash of its code.
    flights: HashMap<AttemptId, (CodeHash, Receiver)>,
    /// The finished ones, oldest first, with the time of their end.
    finished: VecDeque<(Duration, AttemptId)>,
}

/// What a callback finds.
pub(crate) enum Flight {
    /// It is the first: it carries the callback out, and waits for the outcome too.
    Leader(Leader, Receiver),
    /// It is a copy of a running or finished callback: it waits for that outcome.
    Follower(Receiver),
    /// The same attempt with another code.
    OtherCode,
}

impl Flights {
    pub(crate) fn join(
        self: &Arc<Self>,
        attempt: AttemptId,
        code: &AuthorizationCode,
        now: Duration,
        limits: &Limits,
    ) -> Flight {
        let code = code.hash();
        let mut table = self.table.lock();
        table.forget(now, limits);
        match table.flights.get(&attempt) {
            Some((known, outcome)) if *known == code => Flight::Follower(outcome.clone()),
            Some(_) => Flight::OtherCode,
            None => {
                let (sender, outcome) = watch::channel(None);
                table.flights.insert(attempt, (code, outcome.clone()));
                let lost = Err(Failure::new(FailureKind::Internal).used_up(true));
                let leader = Leader { flights: Arc::clone(self), attempt, sender, outcome: lost, ended: now };
                Flight::Leader(leader, outcome)
            }
        }
    }

    /// Replaces the outcome of a finished flight, for later copies.
    pub(crate) fn amend(&self, attempt: AttemptId, outcome: Outcome) {
        if let Some((_, told)) = self.table.lock().flights.get_mut(&attempt) {
            *told = watch::channel(Some(outcome)).1;
        }
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

/// Carries a callback out. If it is dropped without an outcome, as in a panic, the outcome is an internal
/// failure and is remembered, because the code may be used up.
pub(crate) struct Leader {
    flights: Arc<Flights>,
    attempt: AttemptId,
    sender: watch::Sender<Option<Outcome>>,
    outcome: Outcome,
    ended: Duration,
}

impl Leader {
    pub(crate) fn finish(mut self, outcome: Outcome, now: Duration) {
        (self.outcome, self.ended) = (outcome, now);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Forget it before sending the outcome, so that a visitor who reads the answer and tries again starts afresh.
        let mut table = self.flights.table.lock();
        if self.outcome.as_ref().is_err_and(|failure| !failure.visitor.used_up) {
            table.flights.remove(&self.attempt);
        } else {
            table.finished.push_back((self.ended, self.attempt));
        }
        drop(table);
        step();
        self.sender.send_replace(Some(self.outcome.clone()));
    }
}

/// Waits for an outcome. `None` only if the [`Leader`] left none, which its `Drop` rules out.
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

    fn join(flights: &Arc<Flights>, attempt: AttemptId, code: &str, now: Duration) -> Flight {
        let limits = Limits { remembered_callbacks: 3, ..Limits::default() };
        flights.join(attempt, &AuthorizationCode::new(code).unwrap(), now, &limits)
    }

    fn leader(flights: &Arc<Flights>, attempt: AttemptId) -> Leader {
        match join(flights, attempt, "code", NOW) {
            Flight::Leader(leader, _) => leader,
            _ => panic!("there is a leader already"),
        }
    }

    #[tokio::test]
    async fn t56_copies_get_the_outcome_of_the_first_and_another_code_gets_none() {
        let (flights, id) = (Arc::default(), attempt());
        let first = leader(&flights, id);
        let Flight::Follower(copy) = join(&flights, id, "code", NOW) else { panic!("a second flight") };
        assert!(matches!(join(&flights, id, "other", NOW), Flight::OtherCode));
        first.finish(Ok(()), NOW);
        assert!(outcome(copy).await.unwrap().is_ok());
        assert!(matches!(join(&flights, id, "code", NOW), Flight::Follower(_)), "remembered");
    }

    #[tokio::test]
    async fn what_spent_nothing_may_be_tried_again_at_once() {
        let (flights, id) = (Arc::default(), attempt());
        let busy = Failure::new(FailureKind::Busy);
        leader(&flights, id).finish(Err(busy), NOW);
        assert!(matches!(join(&flights, id, "other", NOW), Flight::Leader(..)));
    }

    #[tokio::test]
    async fn a_leader_that_is_lost_leaves_an_internal_failure() {
        let (flights, id) = (Arc::default(), attempt());
        let Flight::Leader(first, copy) = join(&flights, id, "code", NOW) else { panic!("there is a leader already") };
        drop(first);
        assert_eq!(outcome(copy).await.unwrap().unwrap_err().kind(), FailureKind::Internal);
        assert!(matches!(join(&flights, id, "code", NOW), Flight::Follower(_)), "the code may be spent");
    }

    #[test]
    fn t59_finished_flights_are_forgotten_by_age_and_by_number() {
        let flights = Arc::default();
        for _ in 0..10 {
            leader(&flights, attempt()).finish(Ok(()), NOW);
        }
        assert!(flights.table.lock().flights.len() <= 4, "more are remembered");
        join(&flights, attempt(), "code", NOW + Duration::from_secs(120));
        assert_eq!(flights.table.lock().flights.len(), 1, "the last one alone");
    }
}
