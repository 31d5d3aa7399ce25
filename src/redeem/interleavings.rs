//! The tables that callbacks share, under every interleaving of a few threads, or under many random ones where time passes.
//!
//! The explorer is described in [`explored`](crate::sync::explored).

use super::{Flight, Flights, Outcome, Turns, admit, flights::outcome};
use crate::{
    attempt::{AttemptId, State},
    config::{Bucket, Limits},
    failure::FailureKind,
    random::SystemRandomness,
    secret::AuthorizationCode,
    sync::{
        explored::{explore_exhaustively, explore_randomly},
        step,
    },
    time::{Clock, ManualClock},
};
use shuttle::{future::block_on, thread};
use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};
use tokio_util::task::TaskTracker;

const SECOND: Duration = Duration::from_secs(1);

fn all<const N: usize>(threads: [thread::JoinHandle<()>; N]) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// What the callers of one attempt came to.
#[derive(Default)]
struct Tally {
    flying: AtomicUsize,
    flown: AtomicUsize,
    told: AtomicUsize,
    other: AtomicUsize,
}

/// One callback: flies or waits. A flight ends as `ends` says: landed spent, landed unspent, or lost.
fn call(flights: &Arc<Flights>, attempt: AttemptId, code: &str, ends: Option<bool>, tally: &Tally) {
    let code = AuthorizationCode::new(code).unwrap();
    match flights.join(attempt, &code, SECOND, &Limits::default()) {
        Flight::Leader(leader) => {
            assert_eq!(tally.flying.fetch_add(1, SeqCst), 0, "two exchanges of one attempt at once");
            step();
            tally.flying.fetch_sub(1, SeqCst);
            tally.flown.fetch_add(1, SeqCst);
            if let Some(spent) = ends {
                leader.finish(Outcome { result: Ok(()), spent }, SECOND);
            }
        }
        Flight::Follower(receiver) => {
            let told = block_on(outcome(receiver)).unwrap();
            match ends {
                Some(spent) => assert!(told.result.is_ok() && told.spent == spent),
                None => assert_eq!(told.result.unwrap_err().kind(), FailureKind::Internal),
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

fn turns(change: impl FnOnce(&mut Limits)) -> Arc<Turns> {
    let bucket = Bucket { capacity: 1, refill: 1, period: SECOND };
    let mut limits = Limits { exchange_bucket: bucket, exchanges_at_once: 1, ..Limits::default() };
    change(&mut limits);
    Arc::new(Turns::new(&limits))
}

#[test]
fn t40_in_every_interleaving_a_budget_is_charged_exactly() {
    explore_exhaustively(6, || {
        let (turns, allowed) = (turns(|limits| limits.exchanges_per_user = 2), Arc::new(AtomicUsize::new(0)));
        let charge = || {
            let (turns, allowed) = (Arc::clone(&turns), Arc::clone(&allowed));
            thread::spawn(move || {
                if turns.charge([1; 32], SECOND).is_ok() {
                    allowed.fetch_add(1, SeqCst);
                }
            })
        };
        all([charge(), charge(), charge()]);
        assert_eq!(allowed.load(SeqCst), 2);
    });
}

/// Lets time pass, second by second, until so many have what they wait for.
fn let_time_pass(clock: &ManualClock, done: &AtomicUsize, wanted: usize) -> u32 {
    let mut seconds = 0;
    while done.load(SeqCst) < wanted {
        assert!(seconds < 10_000, "somebody waits for ever");
        clock.advance(SECOND);
        seconds += 1;
        thread::yield_now();
    }
    seconds
}

#[test]
fn t59_in_many_interleavings_everybody_who_waits_gets_a_turn_and_one_at_a_time() {
    explore_randomly(1_000, || {
        let (turns, clock, done) = (turns(|_| {}), ManualClock::default(), Arc::new(AtomicUsize::new(0)));
        let flying = Arc::new(AtomicUsize::new(0));
        let waiter = |user: u8| {
            let (turns, clock, done, flying) =
                (Arc::clone(&turns), clock.clone(), Arc::clone(&done), Arc::clone(&flying));
            thread::spawn(move || {
                let turn = block_on(turns.turn([user; 32], &clock, Duration::MAX)).unwrap();
                assert_eq!(flying.fetch_add(1, SeqCst), 0, "more at once than allowed");
                step();
                flying.fetch_sub(1, SeqCst);
                drop(turn);
                done.fetch_add(1, SeqCst);
            })
        };
        let waiters = [waiter(1), waiter(1), waiter(2), waiter(3)];
        let seconds = let_time_pass(&clock, &done, 4);
        assert!(seconds >= 3 || clock.elapsed() >= 3 * SECOND, "four turns need three periods");
        all(waiters);
    });
}

/// Polls a future so often and then drops it.
async fn give_up_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|task| match future.as_mut().poll(task) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            task.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

#[test]
fn t59_in_many_interleavings_those_who_go_away_keep_nobody_from_a_turn() {
    for polls in 0..3 {
        explore_randomly(500, move || {
            let (turns, clock, done) = (turns(|_| {}), ManualClock::default(), Arc::new(AtomicUsize::new(0)));
            let leaver = |user: u8| {
                let (turns, clock) = (Arc::clone(&turns), clock.clone());
                thread::spawn(move || {
                    drop(block_on(give_up_after(polls, turns.turn([user; 32], &clock, Duration::MAX))));
                })
            };
            let stayer = |user: u8| {
                let (turns, clock, done) = (Arc::clone(&turns), clock.clone(), Arc::clone(&done));
                thread::spawn(move || {
                    block_on(turns.turn([user; 32], &clock, Duration::MAX)).unwrap();
                    done.fetch_add(1, SeqCst);
                })
            };
            let threads = [leaver(1), leaver(2), stayer(2), stayer(3)];
            let_time_pass(&clock, &done, 2);
            all(threads);
        });
    }
}
