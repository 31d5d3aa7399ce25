//! The pacing under every interleaving of a few callers, and under many random ones of more.
//!
//! [`explored`](crate::sync::explored) describes the explorer. [`Time`] says when time passes.

mod node;
mod stage;

use super::{lane::Lane, *};
use crate::sync::explored::{explore_exhaustively, explore_randomly};
use crate::time::ManualClock;
use node::{Answers, Node, Shared};
use shuttle::thread;
use stage::{Call, STEP, Stage, Stays, Time, assert_served, assert_within, exhaustively, granted, randomly};
use std::sync::atomic::Ordering::SeqCst;

const SECOND: Duration = Duration::from_secs(1);

/// One token at first, and one more each second.
const ONE: Bucket = Bucket { capacity: 1, refill: 1, period: SECOND };
const TWO: Bucket = Bucket { capacity: 2, refill: 1, period: SECOND };

const PATIENT: Ask =
    Ask { party: Party::Call(Priority::Page), again: false, patience: Duration::MAX, most_waiting: 1_024 };
const IMPATIENT: Ask = Ask { patience: Duration::ZERO, ..PATIENT };
const BACKGROUND: Ask = Ask { party: Party::Call(Priority::Background), ..PATIENT };
const AGAIN: Ask = Ask { again: true, ..PATIENT };

const fn exchange(party: u8) -> Ask {
    Ask { party: Party::Charged([party; 32]), ..PATIENT }
}

/// Callers that go away: at each possible poll, and at moments at which their turn may come too.
const LEAVERS: [Stays; 7] = [
    Stays::Polls(0),
    Stays::Polls(1),
    Stays::Polls(2),
    Stays::Polls(3),
    Stays::For(Duration::ZERO),
    Stays::For(STEP),
    Stays::For(Duration::from_millis(1_100)),
];

fn lane(bucket: Bucket, shared: Option<Arc<dyn SharedBuckets>>) -> Arc<Lane> {
    Arc::new(Lane::new(BucketId::of(b"", "", ""), Kind::Calls, bucket, shared))
}

/// The lane of a node that takes tokens from a shared bucket. `far` is the time of one way to it.
fn node(stage: &Stage, shared: &Arc<Shared>, answers: Answers, far: Duration) -> Arc<Lane> {
    lane(shared.limit, Some(way(stage, shared, answers, far)))
}

fn way(stage: &Stage, shared: &Arc<Shared>, answers: Answers, way: Duration) -> Arc<dyn SharedBuckets> {
    let (shared, clock) = (Arc::clone(shared), stage.clock.clone());
    Arc::new(Node { shared, clock, answers, way, asking: Default::default() })
}

/// All callers call, and time passes. Fails unless those that stay get their turns within `steps`, and never
/// more turns than the bucket allows.
fn serve(stage: &mut Stage, lane: &Arc<Lane>, callers: &[(Ask, Stays)], steps: u32, bucket: Bucket) -> Vec<Call> {
    callers.iter().for_each(|(turn, stays)| stage.call(lane, *turn, *stays));
    let calls = stage.run(Time::WhenAllWait, steps);
    assert_served(&calls, callers.iter().filter(|(_, stays)| matches!(stays, Stays::Always)).count());
    assert_within(bucket, &calls);
    calls
}

/// The number of steps until this many more tokens have come after the first.
const fn steps(tokens: u32) -> u32 {
    2 * tokens
}

#[test]
fn t59_in_every_interleaving_those_without_patience_get_what_there_is_and_no_more() {
    exhaustively(100, |stage| {
        let lane = lane(TWO, None);
        (0..3).for_each(|_| stage.call(&lane, IMPATIENT, Stays::Always));
        let calls = stage.run(Time::WhenAllWait, 0);
        assert_eq!((calls.len(), granted(&calls).len()), (3, 2), "{calls:?}");
    });
}

#[test]
fn t59_in_every_interleaving_all_who_wait_get_a_turn_as_soon_as_there_is_one() {
    exhaustively(100, |stage| {
        let lane = lane(ONE, None);
        serve(stage, &lane, &[(PATIENT, Stays::Always), (BACKGROUND, Stays::Always)], steps(1), ONE);
    });
    randomly(500, |stage| {
        let lane = lane(ONE, None);
        let callers = [PATIENT, PATIENT, BACKGROUND, BACKGROUND, AGAIN].map(|turn| (turn, Stays::Always));
        serve(stage, &lane, &callers, steps(4), ONE);
    });
}

#[test]
fn t59_in_every_interleaving_who_goes_away_keeps_nobody_from_a_turn() {
    for leaves in LEAVERS {
        exhaustively(5, move |stage| {
            let lane = lane(ONE, None);
            serve(stage, &lane, &[(PATIENT, leaves), (PATIENT, Stays::Always)], steps(1), ONE);
        });
        randomly(200, move |stage| {
            let lane = lane(ONE, None);
            let (gone, stays) = ([PATIENT, PATIENT, BACKGROUND], [PATIENT, BACKGROUND]);
            let callers: Vec<_> =
                gone.map(|turn| (turn, leaves)).into_iter().chain(stays.map(|turn| (turn, Stays::Always))).collect();
            serve(stage, &lane, &callers, steps(4), ONE);
        });
    }
}

#[test]
fn in_many_interleavings_pages_go_first_and_every_fourth_token_is_for_a_background_call() {
    randomly(500, |stage| {
        let lane = lane(ONE, None);
        let callers = [PATIENT, BACKGROUND, PATIENT, BACKGROUND, PATIENT, PATIENT, PATIENT];
        let mut calls = serve(stage, &lane, &callers.map(|turn| (turn, Stays::Always)), steps(6), ONE);
        calls.sort_by_key(|call| call.ended);
        let mut left = callers.iter().map(|turn| turn.party).collect::<Vec<_>>();
        let mut pages_in_a_row = 0;
        for (at, call) in calls.iter().enumerate() {
            let both_wait =
                left.contains(&Party::Call(Priority::Page)) && left.contains(&Party::Call(Priority::Background));
            left.swap_remove(left.iter().position(|party| *party == call.party).unwrap());
            // The first found a token and never waited.
            if at > 0 && both_wait {
                let page = call.party == Party::Call(Priority::Page);
                assert_eq!(page, pages_in_a_row < 3, "{calls:?}");
                pages_in_a_row = if page { pages_in_a_row + 1 } else { 0 };
            }
        }
    });
}

/// The lane of all exchanges.
fn exchanges(bucket: Bucket, shared: Option<Arc<dyn SharedBuckets>>) -> Arc<Lane> {
    Arc::new(Lane::new(BucketId::of(b"", "", ""), Kind::Exchanges, bucket, shared))
}

#[test]
fn t59_in_every_interleaving_all_exchanges_get_a_turn_though_one_goes_ahead() {
    exhaustively(20, |stage| {
        let lane = exchanges(TWO, None);
        serve(stage, &lane, &[(exchange(1), Stays::Always), (exchange(2), Stays::Always)], steps(2), TWO);
    });
    for bucket in [ONE, TWO] {
        randomly(500, move |stage| {
            let lane = exchanges(bucket, None);
            let callers = [exchange(1), exchange(1), exchange(2), exchange(3), Ask { again: true, ..exchange(3) }];
            serve(stage, &lane, &callers.map(|ask| (ask, Stays::Always)), steps(6), bucket);
        });
    }
}

#[test]
fn t40_in_many_interleavings_exchanges_go_round_the_parties() {
    randomly(500, |stage| {
        let lane = exchanges(ONE, None);
        let callers = [exchange(1), exchange(1), exchange(1), exchange(1), exchange(2), exchange(3)];
        let mut calls = serve(stage, &lane, &callers.map(|ask| (ask, Stays::Always)), steps(6), ONE);
        calls.sort_by_key(|call| call.ended);
        // The first caller found a token and never waited. Of the next three turns each party gets one,
        // unless it has had its only one already.
        let last_of = |party| calls.iter().rposition(|call| call.party == exchange(party).party).unwrap();
        assert!(last_of(2) <= 3 && last_of(3) <= 3, "{calls:?}");
    });
}

#[test]
fn t59_in_every_interleaving_an_exchange_that_goes_away_holds_up_nobody() {
    for leaves in LEAVERS {
        exhaustively(5, move |stage| {
            let lane = exchanges(TWO, None);
            serve(stage, &lane, &[(exchange(1), leaves), (exchange(2), Stays::Always)], steps(4), TWO);
        });
        randomly(200, move |stage| {
            let lane = exchanges(TWO, None);
            let callers = [
                (exchange(1), leaves),
                (exchange(2), leaves),
                (exchange(2), Stays::Always),
                (exchange(3), Stays::Always),
            ];
            serve(stage, &lane, &callers, steps(6), TWO);
        });
    }
}

#[test]
fn t68_in_many_interleavings_nodes_share_the_bucket_of_exchanges_and_learn_from_a_429() {
    for answers in [Answers::Well, Answers::WithErrors, Answers::Never] {
        randomly(200, move |stage| {
            let shared = Shared::new(TWO);
            let lane = exchanges(TWO, Some(way(stage, &shared, answers, Duration::ZERO)));
            stage.refuse(&lane, Duration::ZERO, 3 * SECOND);
            [1, 1, 2, 3].iter().for_each(|party| stage.call(&lane, exchange(*party), Stays::Always));
            let calls = stage.run(Time::WhenAllWait, 10 + shared_steps(6));
            assert_served(&calls, 4);
            let times = granted(&calls);
            assert!(times.iter().all(|time| time.is_zero() || *time >= 3 * SECOND), "closed until then: {times:?}");
        });
    }
}

/// The same if each question to a shared bucket takes until its deadline.
const fn shared_steps(tokens: u32) -> u32 {
    6 * (tokens + 1)
}

#[test]
fn t59_in_many_interleavings_one_asks_the_shared_bucket_at_a_time_and_all_it_gives_is_used() {
    for way in [Duration::ZERO, STEP] {
        randomly(300, move |stage| {
            let shared = Shared::new(TWO);
            let lane = node(stage, &shared, Answers::Well, way);
            let callers = [PATIENT, BACKGROUND, PATIENT, PATIENT, AGAIN].map(|turn| (turn, Stays::Always));
            serve(stage, &lane, &callers, shared_steps(5), TWO);
            assert_eq!(shared.given.load(SeqCst), 5, "neither lost nor doubled");
        });
    }
}

#[test]
fn t59_in_many_interleavings_two_nodes_together_take_no_more_than_one_may() {
    randomly(500, |stage| {
        let shared = Shared::new(TWO);
        let lanes = [(); 2].map(|()| node(stage, &shared, Answers::Well, Duration::ZERO));
        for turn in [PATIENT, BACKGROUND, PATIENT] {
            lanes.iter().for_each(|lane| stage.call(lane, turn, Stays::Always));
        }
        let calls = stage.run(Time::WhenAllWait, shared_steps(6));
        assert_served(&calls, 6);
        assert_within(TWO, &calls);
        assert_eq!(shared.given.load(SeqCst), 6);
    });
}

#[test]
fn t59_in_many_interleavings_who_goes_away_while_asking_leaves_the_others_able_to_go_on() {
    for answers in [Answers::Well, Answers::WithErrors, Answers::Never] {
        for leaves in LEAVERS {
            for way in [Duration::ZERO, STEP] {
                randomly(60, move |stage| {
                    let lane = node(stage, &Shared::new(ONE), answers, way);
                    let callers = [
                        (PATIENT, leaves),
                        (BACKGROUND, leaves),
                        (PATIENT, Stays::Always),
                        (BACKGROUND, Stays::Always),
                    ];
                    serve(stage, &lane, &callers, shared_steps(4), ONE);
                });
            }
        }
    }
}

#[test]
fn t59_in_many_interleavings_without_the_shared_bucket_all_get_a_turn_out_of_their_own() {
    for answers in [Answers::WithErrors, Answers::Never] {
        randomly(300, move |stage| {
            let lane = node(stage, &Shared::new(ONE), answers, Duration::ZERO);
            let callers = [PATIENT, BACKGROUND, PATIENT, PATIENT].map(|turn| (turn, Stays::Always));
            serve(stage, &lane, &callers, shared_steps(4), ONE);
        });
    }
}

#[test]
fn t59_in_many_interleavings_a_token_asked_for_by_one_who_has_gone_is_not_saved_up() {
    for answers in [Answers::Well, Answers::WithErrors] {
        for leaves in LEAVERS {
            randomly(100, move |stage| {
                let lane = node(stage, &Shared::new(TWO), answers, Duration::ZERO);
                serve(stage, &lane, &[(PATIENT, leaves), (PATIENT, Stays::Always)], shared_steps(2), TWO);
                stage.pass(10 * SECOND);
                serve(stage, &lane, &[(PATIENT, Stays::Always); 3], shared_steps(3), TWO);
            });
        }
    }
}

#[test]
fn t59_in_many_interleavings_after_a_429_nothing_is_granted_before_its_time_and_then_batch_by_batch() {
    let all = [Answers::Well, Answers::WithErrors, Answers::Never, Answers::Takes];
    let lanes = all.into_iter().flat_map(|answers| [Some((answers, Duration::ZERO)), Some((answers, STEP))]);
    for lane_of in lanes.chain([None]) {
        for (at, wait) in [(Duration::ZERO, 5 * SECOND), (STEP, 5 * SECOND), (Duration::ZERO, STEP), (STEP, STEP)] {
            randomly(60, move |stage| {
                let lane = match lane_of {
                    Some((answers, way)) => node(stage, &Shared::new(TWO), answers, way),
                    None => lane(TWO, None),
                };
                stage.refuse(&lane, at, wait);
                stage.refuse(&lane, at, wait / 2);
                (0..4).for_each(|_| stage.call(&lane, PATIENT, Stays::Always));
                let calls = stage.run(Time::WhenAllWait, 10 + shared_steps(5));
                assert_served(&calls, 4);
                let (times, opens) = (granted(&calls), at + wait);
                assert!(times.iter().all(|time| *time <= at || *time >= opens), "closed until {opens:?}: {times:?}");
                // A shared bucket that cannot be told of a refusal does not know that it is to be empty.
                if !matches!(lane_of, Some((Answers::Takes, _))) {
                    let later = times.iter().filter(|time| **time >= opens);
                    let mut allowed =
                        later.enumerate().map(|(before, time)| before as u64 <= (*time - opens).as_secs());
                    assert!(allowed.all(|allowed| allowed), "one a second from {opens:?} on: {times:?}");
                }
            });
        }
    }
}

#[test]
fn t59_in_many_interleavings_all_get_a_turn_also_when_time_never_stands_still() {
    for leaves in LEAVERS {
        for answers in
            [None, Some(Answers::Well), Some(Answers::Takes), Some(Answers::WithErrors), Some(Answers::Never)]
        {
            randomly(40, move |stage| {
                let lane = match answers {
                    Some(answers) => node(stage, &Shared::new(ONE), answers, Duration::ZERO),
                    None => lane(ONE, None),
                };
                stage.refuse(&lane, Duration::ZERO, SECOND);
                [PATIENT, BACKGROUND].iter().for_each(|turn| stage.call(&lane, *turn, leaves));
                [PATIENT, BACKGROUND].iter().for_each(|turn| stage.call(&lane, *turn, Stays::Always));
                assert_served(&stage.run(Time::AtAnyMoment, 10_000), 2);
            });
        }
    }
}

/// Looks up each list of keys in its own thread. There is room for one bucket only, so each new bucket starts
/// a sweep.
fn look_ups(threads: &[&[usize]]) {
    let api = Url::parse("https://api.example").unwrap();
    let (pacer, clock) = (Pacer::alone(&api, None), ManualClock::default());
    let look_up = |numbers: &[usize]| {
        let keys: Vec<_> = numbers.iter().map(|number| key(*number)).collect();
        let (pacer, clock) = (Arc::clone(&pacer), clock.clone());
        thread::spawn(move || keys.iter().fold(None, |_, key| Some(pacer.of_key(key, ONE, 1, &clock))).unwrap())
    };
    let threads: Vec<_> = threads.iter().map(|numbers| look_up(numbers)).collect();
    let lanes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(lanes.iter().all(|lane| Arc::ptr_eq(lane, &lanes[0])), "two buckets of one key");
    assert!(Arc::ptr_eq(&lanes[0], &pacer.of_key(&key(0), ONE, 1, &clock)));
}

fn key(number: usize) -> ApiKey {
    ApiKey::new(format!("obviously-fake-{number}")).unwrap()
}

#[test]
fn t59_in_every_interleaving_a_key_has_one_bucket_also_while_others_are_swept() {
    explore_exhaustively(100, || look_ups(&[&[1, 0], &[0]]));
    explore_randomly(2_000, || look_ups(&[&[1, 0], &[2, 1, 0], &[0]]));
}
