//! The tables that callbacks share, under every interleaving of a few threads.
//!
//! The explorer is described in [`explored`](crate::sync::explored).

use super::{Budgets, Charged, Flight, Flights, Lock, admit, charge, flights::outcome};
use crate::attempt::{AttemptId, State};
use crate::failure::{Failure, FailureKind};
use crate::sync::explored::{explore_exhaustively, explore_randomly};
use crate::sync::step;
use crate::{config::Limits, random::SystemRandomness, secret::AuthorizationCode};
use shuttle::{future::block_on, thread};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio_util::task::TaskTracker;

const SECOND: Duration = Duration::from_secs(1);

fn all<const N: usize>(threads: [thread::JoinHandle<()>; N]) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// What became of the callers of one attempt.
#[derive(Default)]
struct Tally {
    flying: AtomicUsize,
    flown: AtomicUsize,
    told: AtomicUsize,
    other: AtomicUsize,
}

/// One callback, which carries the flight out or waits for it. `ends` says how a flight ends: `Some(true)`
/// with a used code, `Some(false)` without one, `None` without an outcome.
fn call(flights: &Arc<Flights>, attempt: AttemptId, code: &str, ends: Option<bool>, tally: &Tally) {
    let code = AuthorizationCode::new(code).unwrap();
    match flights.join(attempt, &code, SECOND, &Limits::default()) {
        Flight::Leader(leader, _) => {
            assert_eq!(tally.flying.fetch_add(1, SeqCst), 0, "two exchanges of one attempt at once");
            step();
            tally.flying.fetch_sub(1, SeqCst);
            tally.flown.fetch_add(1, SeqCst);
            if let Some(spent) = ends {
                let unspent = Failure::new(FailureKind::Busy);
                leader.finish(if spent { Ok(()) } else { Err(unspent) }, SECOND);
            }
        }
        Flight::Follower(receiver) => {
            let told = block_on(outcome(receiver)).unwrap();
            match ends {
                Some(spent) => {
                    assert_eq!(told.map_err(|failure| failure.visitor.used_up), if spent { Ok(()) } else { Err(false) })
                }
                None => assert_eq!(told.unwrap_err().kind(), FailureKind::Internal),
            }
            tally.told.fetch_add(1, SeqCst);
        }
        Flight::OtherCode => {
            tally.other.fetch_add(1, SeqCst);
        }
    }
}

/// Callbacks of one attempt at once: the first in this thread, each other one in a thread of its own.
fn callbacks(codes: &'static [&'static str], ends: Option<bool>, check: fn(&Tally)) {
    let (flights, tally) = (Arc::<Flights>::default(), Arc::<Tally>::default());
    let attempt = State::mint(&SystemRandomness).unwrap().attempt_id();
    let spawn = |code: &'static str| {
        let (flights, tally) = (Arc::clone(&flights), Arc::clone(&tally));
        thread::spawn(move || call(&flights, attempt, code, ends, &tally))
    };
    let others: Vec<_> = codes.iter().skip(1).map(|code| spawn(code)).collect();
    call(&flights, attempt, codes[0], ends, &tally);
    others.into_iter().for_each(|thread| thread.join().unwrap());
    let sum = [&tally.flown, &tally.told, &tally.other].map(|count| count.load(SeqCst)).into_iter().sum::<usize>();
    assert_eq!(sum, codes.len(), "everybody is told something");
    check(&tally);
}

/// Two callbacks in every interleaving, three in many.
fn two_and_three(codes: &'static [&'static str; 3], ends: Option<bool>, check: fn(&Tally)) {
    explore_exhaustively(10, move || callbacks(&codes[1..], ends, check));
    explore_randomly(2_000, move || callbacks(codes, ends, check));
}

#[test]
fn t56_in_every_interleaving_one_flies_and_all_learn_the_outcome() {
    two_and_three(&["code"; 3], Some(true), |tally| assert_eq!(tally.flown.load(SeqCst), 1));
}

#[test]
fn t56_in_every_interleaving_a_lost_flight_is_told_and_not_flown_again() {
    two_and_three(&["code"; 3], None, |tally| assert_eq!(tally.flown.load(SeqCst), 1));
}

#[test]
fn t56_in_every_interleaving_what_spent_nothing_is_flown_again_but_never_twice_at_once() {
    two_and_three(&["code"; 3], Some(false), |tally| assert_eq!(tally.other.load(SeqCst), 0));
}

#[test]
fn t56_in_every_interleaving_another_code_flies_only_if_it_was_first() {
    two_and_three(&["code", "code", "other"], Some(true), |tally| {
        let (flown, told, other) = (tally.flown.load(SeqCst), tally.told.load(SeqCst), tally.other.load(SeqCst));
        assert!(matches!((flown, told, other), (1, 1, 1) | (1, 0, 1 | 2)), "{flown} {told} {other}");
    });
}

#[test]
fn t57_in_every_interleaving_a_shutdown_waits_for_what_was_admitted_and_admits_nothing_later() {
    explore_exhaustively(100, || {
        let (tasks, ended) = (TaskTracker::new(), Arc::new(AtomicBool::new(false)));
        let worker = || {
            let (tasks, ended) = (tasks.clone(), Arc::clone(&ended));
            thread::spawn(move || {
                step();
                if let Some(counted) = admit(&tasks) {
                    assert!(!ended.load(SeqCst), "admitted after the end");
                    step();
                    assert!(!ended.load(SeqCst), "the shutdown did not wait");
                    drop(counted);
                }
            })
        };
        let workers = [worker(), worker()];
        tasks.close();
        step();
        block_on(tasks.wait());
        ended.store(true, SeqCst);
        all(workers);
    });
}

#[test]
fn t40_in_every_interleaving_a_budget_is_charged_exactly() {
    explore_exhaustively(6, || {
        let budgets = Arc::new(Lock::new(Budgets::new(2)));
        let allowed = Arc::new(AtomicUsize::new(0));
        let charged = || {
            let (budgets, allowed) = (Arc::clone(&budgets), Arc::clone(&allowed));
            thread::spawn(move || {
                if charge(&budgets, Charged { party: [1; 32], known: true }, SECOND).is_ok() {
                    allowed.fetch_add(1, SeqCst);
                }
            })
        };
        all([charged(), charged(), charged()]);
        assert_eq!(allowed.load(SeqCst), 2);
    });
}
