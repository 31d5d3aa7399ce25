//! Threads that ask for turns, the time that passes while they wait, and the record of what they got.

use super::{Ask, Busy, Lane, Party};
use crate::config::Bucket;
use crate::sync::explored::{explore_exhaustively, explore_randomly};
use crate::time::{Clock, ManualClock};
use shuttle::{future::block_on, thread};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::{pin::pin, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// How far time moves at once. Two steps are the period of a second and the bucket's slack.
pub(super) const STEP: Duration = Duration::from_millis(550);

/// How long a shared bucket is waited for: twice as long as it takes to answer from afar.
pub(super) const DEADLINE: Duration = STEP.saturating_mul(4);

/// When a caller goes away without its turn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stays {
    Always,
    /// Until it has been polled this many times and once more, each time without a turn.
    Polls(usize),
    /// For this long by the clock. It also leaves if its turn comes at exactly that moment.
    For(Duration),
}

/// What became of a caller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) party: Party,
    pub(super) ended: Duration,
    /// `None` when it went away.
    pub(super) got: Option<Result<Duration, Busy>>,
}

/// When time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// Only while every caller waits: then what is granted at a moment is also received at it, and can be
    /// counted exactly.
    WhenAllWait,
    /// Also while a caller is in the middle of something.
    AtAnyMoment,
}

pub(super) struct Stage {
    pub(super) clock: ManualClock,
    timers: Arc<Runtime>,
    quiet: Arc<Quiet>,
    calls: Arc<Mutex<Vec<Call>>>,
    threads: Vec<thread::JoinHandle<()>>,
}

pub(super) fn exhaustively(least: usize, scene: impl Fn(&mut Stage) + Send + Sync + 'static) {
    let timers = timers();
    let (_entered, timers) = (timers.enter(), Arc::clone(&timers));
    explore_exhaustively(least, move || scene(&mut Stage::new(&timers)));
}

pub(super) fn randomly(runs: usize, scene: impl Fn(&mut Stage) + Send + Sync + 'static) {
    let timers = timers();
    let (_entered, timers) = (timers.enter(), Arc::clone(&timers));
    explore_randomly(runs, move || scene(&mut Stage::new(&timers)));
}

/// Tokio's timers, which give up a question to a shared bucket; they stand still until they are moved with the
/// clock.
fn timers() -> Arc<Runtime> {
    Arc::new(Builder::new_current_thread().enable_time().start_paused(true).build().unwrap())
}

impl Stage {
    fn new(timers: &Arc<Runtime>) -> Self {
        Self {
            clock: ManualClock::default(),
            timers: Arc::clone(timers),
            quiet: Arc::default(),
            calls: Arc::default(),
            threads: Vec::new(),
        }
    }

    /// A caller in a thread of its own.
    pub(super) fn call(&mut self, lane: &Arc<Lane>, ask: Ask, stays: Stays) {
        let (lane, clock, calls) = (Arc::clone(lane), self.clock.clone(), Arc::clone(&self.calls));
        self.spawn(async move {
            let turn = async { lane.turn(ask, &clock, DEADLINE).await.map(|turn| turn.waited) };
            let got = stays.stay(&clock, turn).await;
            calls.lock().unwrap().push(Call { party: ask.party, ended: clock.elapsed(), got });
        });
    }

    /// A thread that learns at the time `at` of a 429 and its wait.
    pub(super) fn refuse(&mut self, lane: &Arc<Lane>, at: Duration, wait: Duration) {
        let (lane, clock) = (Arc::clone(lane), self.clock.clone());
        self.spawn(async move {
            clock.sleep(at).await;
            lane.refused(wait, &clock, DEADLINE).await;
        });
    }

    fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        let quiet = Arc::clone(&self.quiet);
        quiet.running.fetch_add(1, SeqCst);
        quiet.awake.fetch_add(1, SeqCst);
        self.threads.push(thread::spawn(move || {
            block_on(counted(&quiet, future));
            quiet.running.fetch_sub(1, SeqCst);
            quiet.settle();
        }));
    }

    /// Lets time pass until every thread has ended, in so many steps at most.
    pub(super) fn run(&mut self, time: Time, steps: u32) -> Vec<Call> {
        for _ in 0..=steps {
            match time {
                Time::WhenAllWait => block_on(self.quiet.wait()),
                Time::AtAnyMoment => thread::yield_now(),
            }
            if self.quiet.running.load(SeqCst) == 0 {
                self.threads.drain(..).for_each(|thread| thread.join().unwrap());
                return std::mem::take(&mut *self.calls.lock().unwrap());
            }
            self.pass(STEP);
        }
        panic!("{} still wait at {:?}", self.quiet.running.load(SeqCst), self.clock.elapsed());
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.timers.block_on(tokio::time::advance(time));
    }
}

impl Stays {
    async fn stay<T>(self, clock: &ManualClock, future: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Always => Some(future.await),
            Self::Polls(polls) => {
                let mut future = pin!(future);
                let mut left = polls;
                poll_fn(|task| match future.as_mut().poll(task) {
                    Poll::Ready(output) => Poll::Ready(Some(output)),
                    Poll::Pending if left == 0 => Poll::Ready(None),
                    Poll::Pending => {
                        left -= 1;
                        Poll::Pending
                    }
                })
                .await
            }
            Self::For(time) => tokio::select! {
                biased;
                () = clock.sleep(time) => None,
                output = future => Some(output),
            },
        }
    }
}

/// Counts the threads that are awake: when none is, nothing more happens before time moves.
#[derive(Default)]
struct Quiet {
    running: AtomicUsize,
    awake: AtomicUsize,
    keeper: Mutex<Option<Waker>>,
}

impl Quiet {
    fn settle(&self) {
        if self.awake.fetch_sub(1, SeqCst) == 1 {
            self.keeper.lock().unwrap().take().into_iter().for_each(Waker::wake);
        }
    }

    async fn wait(&self) {
        poll_fn(|task| match self.awake.load(SeqCst) {
            0 => Poll::Ready(()),
            _ => {
                *self.keeper.lock().unwrap() = Some(task.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }
}

/// The waker of one thread: it counts the thread as awake from the moment at which it is woken.
struct Nap {
    quiet: Arc<Quiet>,
    woken: AtomicBool,
    asleep: AtomicBool,
    thread: Mutex<Option<Waker>>,
}

impl Nap {
    fn rouse(&self) {
        if self.asleep.swap(false, SeqCst) {
            self.quiet.awake.fetch_add(1, SeqCst);
        }
    }
}

impl Wake for Nap {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.rouse();
        self.thread.lock().unwrap().iter().for_each(Waker::wake_by_ref);
    }
}

async fn counted<T>(quiet: &Arc<Quiet>, future: impl Future<Output = T>) -> T {
    let nap = Arc::new(Nap {
        quiet: Arc::clone(quiet),
        woken: AtomicBool::new(false),
        asleep: AtomicBool::new(false),
        thread: Mutex::default(),
    });
    let waker = Waker::from(Arc::clone(&nap));
    let mut future = pin!(future);
    poll_fn(|task| {
        nap.rouse();
        *nap.thread.lock().unwrap() = Some(task.waker().clone());
        nap.woken.store(false, SeqCst);
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_pending() && !nap.woken.load(SeqCst) {
            nap.asleep.store(true, SeqCst);
            quiet.settle();
        }
        polled
    })
    .await
}

/// The times at which turns were granted, in order.
pub(super) fn granted(calls: &[Call]) -> Vec<Duration> {
    let mut times: Vec<_> =
        calls.iter().filter(|call| matches!(call.got, Some(Ok(_)))).map(|call| call.ended).collect();
    times.sort();
    times
}

/// Fails unless from any turn to any later one there were no more than the bucket allows.
pub(super) fn assert_within(bucket: Bucket, calls: &[Call]) {
    let times = granted(calls);
    for (first, from) in times.iter().enumerate() {
        for (last, to) in times.iter().enumerate().skip(first) {
            let periods = ((*to - *from).as_nanos() / bucket.period.as_nanos()) as u32;
            let allowed = bucket.capacity + bucket.refill * periods;
            assert!(last - first < allowed as usize, "too many from {from:?} to {to:?}: {times:?}");
        }
    }
}

/// Fails if a caller was refused, or if fewer than `stay` callers got a turn.
pub(super) fn assert_served(calls: &[Call], stay: usize) {
    let refused = calls.iter().filter(|call| matches!(call.got, Some(Err(_)))).count();
    assert!(refused == 0 && granted(calls).len() >= stay, "{calls:?}");
}
