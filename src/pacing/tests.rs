use super::*;
use crate::{config::ClientLimits, time::ManualClock};
use axum_core::BoxError;
use std::future::Future;
use tokio::task::JoinHandle;

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = SECOND;

const PAGE: Ask =
    Ask { party: Party::Call(Priority::Page), again: false, patience: Duration::ZERO, most_waiting: 1_024 };

fn pacer() -> Arc<Pacer> {
    Pacer::alone(&Url::parse("https://api.example").unwrap(), None)
}

fn lane(pacer: &Pacer, number: usize, clock: &ManualClock) -> Arc<Lane> {
    let ClientLimits { bucket, buckets, .. } = ClientLimits::default();
    pacer.of_key(&key(number), bucket, buckets, clock)
}

fn remembered(pacer: &Pacer) -> usize {
    pacer.lanes.lock().by_key.len()
}

fn key(number: usize) -> ApiKey {
    ApiKey::new(format!("obviously-fake-{number}")).unwrap()
}

fn ask(lane: &Arc<Lane>, clock: &ManualClock, priority: Priority, seconds: u32) -> JoinHandle<Result<Duration, Busy>> {
    spawn(lane, clock, Ask { party: Party::Call(priority), patience: SECOND * seconds, ..PAGE })
}

fn spawn(lane: &Arc<Lane>, clock: &ManualClock, ask: Ask) -> JoinHandle<Result<Duration, Busy>> {
    let (lane, clock) = (Arc::clone(lane), clock.clone());
    tokio::spawn(async move { lane.turn(ask, &clock, DEADLINE).await.map(|turn| turn.waited) })
}

async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

fn finished<T>(tasks: &[JoinHandle<T>]) -> usize {
    tasks.iter().filter(|task| task.is_finished()).count()
}

async fn drained(clock: &ManualClock) -> (Arc<Pacer>, Arc<Lane>) {
    let pacer = pacer();
    let lane = lane(&pacer, 0, clock);
    for _ in 0..12 {
        assert_eq!(ask(&lane, clock, Priority::Page, 0).await.unwrap(), Ok(Duration::ZERO));
    }
    (pacer, lane)
}

#[tokio::test]
async fn those_who_wait_are_served_in_order_four_at_each_period() {
    let clock = ManualClock::default();
    let (_pacer, lane) = drained(&clock).await;
    assert_eq!(
        (lane.remaining(clock.elapsed()), lane.wait_estimate(Party::Call(Priority::Page), SECOND)),
        (0, 1_100 * SECOND / 1_000)
    );
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push(ask(&lane, &clock, Priority::Page, 30));
        settle().await;
    }
    for (advance, served) in [(2_099, 0), (1, 4), (1_999, 4), (1, 8), (2_000, 10)] {
        clock.advance(Duration::from_millis(advance));
        settle().await;
        assert_eq!(finished(&waiting), served, "after {advance} more");
        assert!(waiting.iter().take(served).all(JoinHandle::is_finished), "first come, first served");
    }
    assert_eq!(waiting.pop().unwrap().await.unwrap(), Ok(Duration::from_millis(6_100)));
}

#[tokio::test]
async fn over_the_bounds_a_call_is_refused_at_once_with_the_wait_it_would_have_had() {
    let clock = ManualClock::default();
    let (_pacer, lane) = drained(&clock).await;
    let patient: Vec<_> = (0..4).map(|_| ask(&lane, &clock, Priority::Page, 3)).collect();
    settle().await;
    let refused = ask(&lane, &clock, Priority::Page, 3).await.unwrap();
    assert_eq!(refused, Err(Busy { wait: Duration::from_millis(4_100), waited: Duration::ZERO }));
    clock.advance(Duration::from_millis(2_100));
    settle().await;
    assert_eq!(finished(&patient), 4);

    let empty = Bucket { capacity: 0, ..ClientLimits::default().bucket };
    let lane = pacer().of_key(&key(0), empty, 16, &clock);
    assert_eq!(
        ask(&lane, &clock, Priority::Page, 3).await.unwrap(),
        Err(Busy { wait: Duration::MAX, waited: Duration::ZERO })
    );
    let (_pacer, lane) = drained(&clock).await;
    let ask = Ask { patience: SECOND * 3, most_waiting: 0, ..PAGE };
    assert!(spawn(&lane, &clock, ask).await.unwrap().is_err(), "a queue of none");
}

#[tokio::test]
async fn t59_who_goes_away_leaves_the_line_and_those_behind_move_up() {
    let clock = ManualClock::default();
    let (_pacer, lane) = drained(&clock).await;
    let gone: Vec<_> = (0..50).map(|_| ask(&lane, &clock, Priority::Page, 600)).collect();
    settle().await;
    let stays = ask(&lane, &clock, Priority::Page, 600);
    settle().await;
    gone.iter().for_each(JoinHandle::abort);
    settle().await;
    clock.advance(Duration::from_millis(2_100));
    settle().await;
    assert_eq!(stays.await.unwrap(), Ok(Duration::from_millis(2_100)), "the front's timer was taken over");
    assert_eq!(lane.remaining(clock.elapsed()), 3, "no token went to who has gone");
}

#[tokio::test]
async fn a_429_closes_the_bucket_and_a_call_that_was_refused_goes_to_the_front() {
    let clock = ManualClock::default();
    let lane = lane(&pacer(), 0, &clock);
    lane.refused(SECOND * 5, &clock, DEADLINE).await;
    let late: Vec<_> = (0..4).map(|_| ask(&lane, &clock, Priority::Page, 30)).collect();
    settle().await;
    let again = spawn(&lane, &clock, Ask { again: true, patience: SECOND * 30, ..PAGE });
    settle().await;
    clock.advance(Duration::from_millis(4_999));
    settle().await;
    assert_eq!(finished(&late), 0);
    clock.advance(Duration::from_millis(1));
    settle().await;
    assert!(again.is_finished());
    assert_eq!(finished(&late), 3);
}

#[tokio::test]
async fn t59_a_hundred_thousand_users_are_forgotten_when_their_buckets_are_full_again() {
    let clock = ManualClock::default();
    let pacer = pacer();
    let held = lane(&pacer, 0, &clock);
    for user in 0..100_000 {
        lane(&pacer, user, &clock).turn(PAGE, &clock, DEADLINE).await.unwrap();
        clock.advance(Duration::from_millis(1));
    }
    // Those of the last six seconds, and at most twice as many before they are swept.
    assert!(remembered(&pacer) < 20_000, "{}", remembered(&pacer));
    assert!(Arc::ptr_eq(&held, &lane(&pacer, 0, &clock)), "a bucket in use is never forgotten");

    let small = self::pacer();
    for user in 0..10_000 {
        small.of_key(&key(user), ClientLimits::default().bucket, 1_600, &clock);
    }
    assert!(remembered(&small) <= 1_600, "{}", remembered(&small));
}

#[test]
fn t68_layers_of_one_process_share_their_buckets_and_other_limits_do_not() {
    let [one, two, other] = ["https://layers.example/a", "https://layers.example/b", "https://other.example"]
        .map(|api| Pacer::of_process(&Url::parse(api).unwrap()));
    assert!(Arc::ptr_eq(&one, &two), "one host");
    assert!(!Arc::ptr_eq(&one, &other));
    let limit = ClientLimits::default().bucket;
    let of = |pacer: &Pacer, kind, limit| pacer.of_exchanges(kind, limit, &ManualClock::default());
    let exchanges = of(&one, Kind::Exchanges, limit);
    assert!(Arc::ptr_eq(&exchanges, &of(&two, Kind::Exchanges, limit)));
    assert!(!Arc::ptr_eq(&exchanges, &of(&two, Kind::Strangers, limit)));
    assert!(!Arc::ptr_eq(&exchanges, &of(&two, Kind::Exchanges, Bucket { capacity: 1, ..limit })));
}

/// One token at first, and one more each second.
const ONE: Bucket = Bucket { capacity: 1, refill: 1, period: SECOND };

fn exchanges(limit: Bucket, clock: &ManualClock) -> Arc<Lane> {
    pacer().of_exchanges(Kind::Exchanges, limit, clock)
}

fn exchange(party: u8, seconds: u32) -> Ask {
    Ask { party: Party::Charged([party; 32]), patience: SECOND * seconds, ..PAGE }
}

#[tokio::test]
async fn t40_exchanges_go_round_the_parties_and_not_round_the_requests() {
    let clock = ManualClock::default();
    let lane = exchanges(ONE, &clock);
    spawn(&lane, &clock, exchange(0, 1)).await.unwrap().unwrap();
    let mallory: Vec<_> = (0..5).map(|_| spawn(&lane, &clock, exchange(1, 60))).collect();
    settle().await;
    let alice = spawn(&lane, &clock, exchange(2, 60));
    for _ in 0..2 {
        settle().await;
        clock.advance(SECOND + super::SLACK);
    }
    settle().await;
    assert!(alice.is_finished(), "second in turn, though sixth to come");
    assert_eq!(finished(&mallory), 1);
}

/// A caller that holds its turn until it is told to go on. If `refused` has a wait, its request was then
/// refused with it.
fn holding(
    lane: &Arc<Lane>,
    clock: &ManualClock,
    party: u8,
    refused: Option<Duration>,
) -> (JoinHandle<bool>, Arc<tokio::sync::Notify>) {
    let (lane, clock, answer) = (Arc::clone(lane), clock.clone(), Arc::<tokio::sync::Notify>::default());
    let answered = Arc::clone(&answer);
    let task = tokio::spawn(async move {
        let Ok(turn) = lane.turn(exchange(party, 20), &clock, DEADLINE).await else { return false };
        answered.notified().await;
        if let Some(wait) = refused {
            lane.refused(wait, &clock, DEADLINE).await;
        }
        drop(turn);
        true
    });
    (task, answer)
}

#[tokio::test]
async fn t68_one_exchange_goes_ahead_and_a_429_of_it_holds_up_all_others() {
    let clock = ManualClock::default();
    let ten = Bucket { capacity: 10, refill: 4, period: SECOND * 7 };
    for (refused, granted_then) in [(None, 7), (Some(SECOND * 60), 0)] {
        let lane = exchanges(ten, &clock);
        let (first, answer) = holding(&lane, &clock, 0, refused);
        settle().await;
        let others: Vec<_> = (1..8).map(|party| spawn(&lane, &clock, exchange(party, 20))).collect();
        settle().await;
        assert_eq!(finished(&others), 0, "they wait for its answer");
        answer.notify_one();
        settle().await;
        assert!(first.await.unwrap());
        assert_eq!(finished(&others), granted_then);
        clock.advance(SECOND * 20);
        settle().await;
        assert_eq!(finished(&others), 7, "in time");
        for other in others {
            assert_eq!(other.await.unwrap().is_ok(), refused.is_none());
        }
    }
}

#[tokio::test]
async fn t68_after_a_429_one_exchange_goes_ahead_again_and_an_answer_that_does_not_come_holds_up_nobody_for_long() {
    let clock = ManualClock::default();
    clock.advance(SECOND * 100);
    let lane = exchanges(Bucket { capacity: 10, refill: 4, period: SECOND * 7 }, &clock);
    lane.refused(SECOND * 7, &clock, DEADLINE).await;
    let (hangs, _never) = holding(&lane, &clock, 0, None);
    settle().await;
    let others: Vec<_> = (1..4).map(|party| spawn(&lane, &clock, exchange(party, 20))).collect();
    settle().await;
    clock.advance(SECOND * 7);
    settle().await;
    assert_eq!((finished(&others), hangs.is_finished()), (0, false), "one is ahead");
    clock.advance(SECOND * 2);
    settle().await;
    // The next one goes ahead in its place; its answer comes at once, and frees the others.
    assert_eq!(finished(&others), 3);
    hangs.abort();
}

/// A bucket in memory that counts how it is asked, and can be down.
#[derive(Default)]
struct Remote {
    bucket: Mutex<Option<crate::pacing::bucket::TokenBucket>>,
    clock: ManualClock,
    asked: std::sync::atomic::AtomicUsize,
    down: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl SharedBuckets for Arc<Remote> {
    async fn take(&self, _: &BucketId, bucket: Bucket, wanted: u32) -> Result<Taken, BoxError> {
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tokio::task::yield_now().await;
        if self.down.load(std::sync::atomic::Ordering::Relaxed) {
            return Err("no answer in time".into());
        }
        let mut shared = self.bucket.lock().unwrap();
        let shared = shared.get_or_insert_with(|| crate::pacing::bucket::TokenBucket::full(bucket, Duration::ZERO));
        let now = self.clock.elapsed();
        let granted = (0..wanted).take_while(|_| shared.take(now).is_ok()).count() as u32;
        Ok(Taken { granted, wait: shared.wait_for(1, now) })
    }

    async fn empty(&self, _: &BucketId, _: Bucket, wait: Duration) -> Result<(), BoxError> {
        self.bucket.lock().unwrap().as_mut().unwrap().empty(wait, self.clock.elapsed());
        Ok(())
    }
}

fn node(remote: &Arc<Remote>) -> (Arc<Pacer>, Arc<Lane>) {
    let api = Url::parse("https://api.example").unwrap();
    let pacer = Pacer::alone(&api, Some(Arc::new(Arc::clone(remote))));
    let lane = lane(&pacer, 0, &remote.clock);
    (pacer, lane)
}

#[tokio::test]
async fn two_nodes_with_a_shared_bucket_take_together_what_one_may() {
    let remote = Arc::<Remote>::default();
    let clock = remote.clock.clone();
    let ((_one, first), (_two, second)) = (node(&remote), node(&remote));
    let calls: Vec<_> =
        (0..40).map(|at| ask(if at % 2 == 0 { &first } else { &second }, &clock, Priority::Page, 600)).collect();
    settle().await;
    assert_eq!(finished(&calls), 12);
    for served in [16, 20, 24, 28, 32, 36, 40] {
        clock.advance(SECOND * 2);
        settle().await;
        assert_eq!(finished(&calls), served);
    }
    let asked = remote.asked.load(std::sync::atomic::Ordering::Relaxed);
    assert!(asked <= 40, "one question for many calls: {asked}");
}

#[tokio::test]
async fn a_shared_bucket_that_is_down_leaves_each_node_to_its_own() {
    let remote = Arc::<Remote>::default();
    let clock = remote.clock.clone();
    let (_pacer, lane) = node(&remote);
    remote.down.store(true, std::sync::atomic::Ordering::Relaxed);
    let calls: Vec<_> = (0..16).map(|_| ask(&lane, &clock, Priority::Page, 600)).collect();
    settle().await;
    assert_eq!(finished(&calls), 12);
    clock.advance(Duration::from_millis(2_100));
    settle().await;
    assert_eq!(finished(&calls), 16);
}

#[tokio::test]
async fn one_who_gives_up_while_asking_the_shared_bucket_does_not_block_the_others() {
    let remote = Arc::<Remote>::default();
    let (_pacer, lane) = node(&remote);
    {
        let mut asks = std::pin::pin!(lane.turn(Ask { patience: SECOND, ..PAGE }, &remote.clock, DEADLINE));
        let polled = std::future::poll_fn(|task| std::task::Poll::Ready(asks.as_mut().poll(task))).await;
        assert!(polled.is_pending());
    }
    assert!(ask(&lane, &remote.clock, Priority::Page, 1).await.unwrap().is_ok());
    for _ in 0..11 {
        lane.turn(PAGE, &remote.clock, DEADLINE).await.unwrap();
    }
    assert!(lane.turn(PAGE, &remote.clock, DEADLINE).await.is_err(), "no patience, no token: refused at once");
}

/// Never answers.
#[derive(Default)]
struct Hung(std::sync::atomic::AtomicU32);

#[async_trait::async_trait]
impl SharedBuckets for Arc<Hung> {
    async fn take(&self, _: &BucketId, _: Bucket, _: u32) -> Result<Taken, BoxError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::future::pending().await
    }

    async fn empty(&self, _: &BucketId, _: Bucket, _: Duration) -> Result<(), BoxError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_bucket_that_hangs_holds_up_one_call_no_longer_than_it_has_patience_and_no_other() {
    let (hung, clock) = (Arc::<Hung>::default(), ManualClock::default());
    let pacer = Pacer::alone(&Url::parse("https://api.example").unwrap(), Some(Arc::new(Arc::clone(&hung))));
    let lane = lane(&pacer, 0, &clock);
    let asked = || hung.0.load(std::sync::atomic::Ordering::Relaxed);
    // A caller with hardly any time says nothing about the bucket: the next one asks too.
    assert!(lane.turn(Ask { patience: Duration::from_millis(10), ..PAGE }, &clock, DEADLINE).await.is_err());
    let began = tokio::time::Instant::now();
    let turn = Ask { patience: Duration::from_millis(50), ..PAGE };
    lane.turn(turn, &clock, DEADLINE).await.unwrap();
    assert_eq!((began.elapsed().as_millis() / 10, asked()), (5, 2));
    for _ in 0..11 {
        lane.turn(turn, &clock, DEADLINE).await.unwrap();
    }
    lane.refused(SECOND, &clock, DEADLINE).await;
    assert_eq!((began.elapsed().as_millis() / 10, asked()), (5, 2), "the others paced themselves");
    clock.advance(SECOND * 10);
    lane.turn(turn, &clock, DEADLINE).await.unwrap();
    assert_eq!(asked(), 3, "after a while it is asked again");
}

#[tokio::test]
async fn whoever_waits_in_vain_is_told_how_long_it_was() {
    let clock = ManualClock::default();
    let (_pacer, lane) = drained(&clock).await;
    let waits = ask(&lane, &clock, Priority::Background, 3);
    settle().await;
    let now = clock.elapsed();
    lane.refused(SECOND * 60, &clock, DEADLINE).await;
    clock.advance(SECOND * 3);
    let busy = waits.await.unwrap().unwrap_err();
    assert_eq!((busy.waited, busy.wait), (SECOND * 3, now + SECOND * 57));
}
