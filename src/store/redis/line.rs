//! The one connection of a store. It is replaced when it is broken, late, or leads to a server that takes no
//! writes.
//!
//! 1. All calls share one connection. A new one is made in a task of its own, by the first call that needs it.
//! 2. A call has a deadline, which includes connecting.
//! 3. After a call that was late, or dropped after a while without an answer, or refused by a server that takes
//!    no writes, no later call uses the connection. It closes when the calls over it have ended.
//! 4. A call is sent again, once, if it was certainly not carried out. A call that may be repeated is also
//!    sent again, once, if its connection was closed.
//! 5. A write contains its deadline, in the time of the server's clock. The server refuses the write after
//!    that. So a write that was stuck in a silent connection can never undo a later one.

use super::address::{Address, CONNECT_LIMIT, Wire};
use super::failure::{Failure, Next};
use crate::store::StoreError;
use redis::{Cmd, FromRedisValue, RedisError, Value, from_redis_value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, time::Duration};
use tokio::sync::SetOnce;
use tokio::time::{Instant, timeout, timeout_at};

/// A dropped call that waited this long in vain puts the connection under suspicion. A browser that hangs up
/// earlier does not.
const SUSPICIOUS: Duration = Duration::from_millis(100);

/// How long after a failed attempt to connect the next one may begin.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a reading of the server's clock is used: two clocks drift apart by less than a tenth of a second in
/// it.
const CLOCK_KEPT: Duration = Duration::from_secs(60);

/// How often a connection in use is asked whether its server still takes writes.
const PRIMARY_KEPT: Duration = Duration::from_secs(1);

/// How long a whole attempt may take: a cluster, or a search by Sentinels, asks several servers in turn.
const LONGEST_ATTEMPT: Duration = CONNECT_LIMIT.saturating_mul(3);

/// Clones share the connection.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) address: Arc<Address>,
    /// A key that is never there.
    absent: Arc<str>,
    pub(super) limit: Duration,
    link: Arc<Mutex<Arc<Link>>>,
}

/// One connection, from the attempt to make it until it is replaced.
struct Link {
    wire: SetOnce<Result<Wire, (RedisError, Instant)>>,
    begun: Instant,
    retired: AtomicBool,
    /// The server's clock in microseconds, and when it was read.
    clock: Mutex<Option<(u64, Instant)>>,
    primary: Mutex<Option<Instant>>,
}

/// What kind of command it is, and whether it may be repeated.
#[derive(Clone, Copy)]
pub(super) enum Then<'a> {
    /// Reads: may be repeated, and wants a server that takes writes.
    Read,
    /// Writes `key`. The deadline becomes the last argument. With `repeat` it may be repeated if its outcome
    /// is unknown.
    Write { key: &'a str, repeat: bool },
    /// Reads something of the primary that has the slot; may be repeated.
    ReadOf { slot: u16 },
    /// Sent at most once, unless it was surely not carried out.
    Once,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    fn begin(address: &Arc<Address>) -> Arc<Self> {
        let link = Arc::new(Self {
            wire: SetOnce::new(),
            begun: Instant::now(),
            retired: AtomicBool::new(false),
            clock: Mutex::default(),
            primary: Mutex::default(),
        });
        let (made, address) = (Arc::clone(&link), Arc::clone(address));
        // This runs in its own task, so that the next call finds the attempt that this call began.
        tokio::spawn(async move {
            let wire = timeout(LONGEST_ATTEMPT, address.connect()).await;
            let wire = wire.unwrap_or_else(|late| Err(io::Error::from(late).into()));
            let _ = made.wire.set(wire.map_err(|error| (error, Instant::now())));
        });
        link
    }

    /// Whether the next call needs a new connection.
    fn is_over(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
            || match self.wire.get() {
                Some(Ok(_)) => false,
                Some(Err((_, at))) => at.elapsed() >= PAUSE,
                // The attempt ended without an outcome: it panicked, or its runtime is gone.
                None => self.begun.elapsed() >= LONGEST_ATTEMPT.saturating_add(PAUSE),
            }
    }

    /// Keeps later calls away from this connection. If it is still being made, it may yet be good, so later
    /// calls wait for it.
    fn retire(&self) {
        if self.wire.initialized() {
            self.retired.store(true, Ordering::Relaxed);
        }
    }

    async fn wire(&self) -> Result<Wire, Failure> {
        self.wire.wait().await.clone().map_err(|(error, _)| Failure::Connecting(error))
    }

    /// Whether it is time to ask whether the server still takes writes. A cluster's connections find out
    /// themselves.
    fn wants_check(&self) -> bool {
        let (mut checked, now) = (lock(&self.primary), Instant::now());
        let due = checked.is_none_or(|checked| now.duration_since(checked) >= PRIMARY_KEPT);
        if due {
            *checked = Some(now);
        }
        due
    }
}

/// A call under way over a connection.
struct Call<'a> {
    link: &'a Link,
    begun: Instant,
    ended: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.ended && self.begun.elapsed() >= SUSPICIOUS {
            self.link.retire();
        }
    }
}

impl Line {
    /// Connects for the first time.
    pub(super) async fn connect(address: Address, absent: &str, limit: Duration) -> Result<Self, StoreError> {
        let address = Arc::new(address);
        let link = Link::begin(&address);
        link.wire().await.map_err(|failure| failure.told(&address.place))?;
        Ok(Self { address, absent: absent.into(), limit, link: Arc::new(Mutex::new(link)) })
    }

    fn link(&self) -> Arc<Link> {
        let mut link = lock(&self.link);
        if link.is_over() {
            *link = Link::begin(&self.address);
        }
        Arc::clone(&link)
    }

    /// Carries out a call within the limit.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd, then: Then<'_>) -> Result<T, StoreError> {
        let value = self.carry_out(command, then).await;
        let answer = value.and_then(|value| from_redis_value(value).map_err(|error| Failure::Calling(error.into())));
        answer.map_err(|failure| failure.told(&self.address.place))
    }

    async fn carry_out(&self, command: &Cmd, then: Then<'_>) -> Result<Value, Failure> {
        let deadline = Instant::now().checked_add(self.limit).unwrap_or_else(Instant::now);
        let mut repeated = false;
        loop {
            let link = self.link();
            let mut call = Call { link: &link, begun: Instant::now(), ended: false };
            let outcome = timeout_at(deadline, self.send_over(&link, command, then, deadline)).await;
            call.ended = true;
            let late = |_| Err(Failure::Late { limit: self.limit, connected: link.wire.initialized() });
            let outcome = outcome.unwrap_or_else(late);
            let Err(failure) = outcome else { return outcome };
            let next = failure.next();
            if next != Next::Keep {
                link.retire();
            }
            let again = match next {
                Next::Keep => false,
                Next::Renew => !matches!(then, Then::Once | Then::Write { repeat: false, .. }),
                Next::RenewAndRepeat => true,
            };
            if repeated || !again || Instant::now() >= deadline {
                return Err(failure);
            }
            repeated = true;
        }
    }

    async fn send_over(&self, link: &Link, command: &Cmd, then: Then<'_>, deadline: Instant) -> Result<Value, Failure> {
        let mut wire = link.wire().await?;
        let outcome = match then {
            Then::Write { key, .. } => {
                let until = Box::pin(self.until(link, &mut wire, key, deadline)).await.map_err(Failure::Calling)?;
                let mut command = command.clone();
                wire.send(command.arg(until), None).await
            }
            Then::Read if !self.address.is_cluster() && link.wants_check() => {
                // A server that has become a replica may answer reads with old records. A user who has
                // connected since would then seem not connected. So the store also deletes a key that is
                // never there: this changes nothing, and a replica refuses it.
                let mut other = wire.clone();
                let mut check = redis::cmd("DEL");
                check.arg(&*self.absent);
                let both = async { tokio::join!(other.send(&check, None), wire.send(command, None)) };
                let (check, outcome) = Box::pin(both).await;
                match check {
                    Err(error) if error.code() == Some("READONLY") => Err(error),
                    _ => outcome,
                }
            }
            Then::ReadOf { slot } => wire.send(command, Some(slot)).await,
            Then::Read | Then::Once => wire.send(command, None).await,
        };
        outcome.map_err(Failure::Calling)
    }

    /// The call's deadline in microseconds, by the clock of the server that has the key. It is never later
    /// than the deadline by our own clock.
    async fn until(&self, link: &Link, wire: &mut Wire, key: &str, deadline: Instant) -> Result<u64, RedisError> {
        let kept = lock(&link.clock).filter(|(_, read)| read.elapsed() < CLOCK_KEPT);
        let (clock, read) = match kept {
            Some(reading) => reading,
            None => {
                // By way of a key, so that a cluster asks the node that will get the write.
                let mut ask = redis::cmd("EVAL");
                ask.arg("return redis.call('TIME')").arg(1).arg(key);
                let (seconds, micros): (u64, u64) = from_redis_value(wire.send(&ask, None).await?)?;
                let reading = (seconds.saturating_mul(1_000_000).saturating_add(micros), Instant::now());
                // In a cluster each node has a clock of its own.
                if !self.address.is_cluster() {
                    *lock(&link.clock) = Some(reading);
                }
                reading
            }
        };
        let left = deadline.saturating_duration_since(read).as_micros();
        Ok(clock.saturating_add(u64::try_from(left).unwrap_or(u64::MAX)))
    }
}
