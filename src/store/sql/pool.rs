//! Connections: how a call gets one, how long it may take, and what becomes of the connection afterwards.
//!
//! 1. A call has one deadline for all it does: waiting for a connection, opening it, the statements.
//! 2. A connection goes back only after a call that succeeded. After an error, a time-out or a dropped future
//!    it is closed, so that no later call waits for an answer that never comes, or reads the answer of another
//!    call.
//! 3. After a time-out, a broken connection or a server that takes no writes, the idle connections are closed
//!    too: they lead to the same server.
//! 4. A connection that was idle for a long time is tested before it is used, with a time limit.
//!
//! The crate has its own pool, because sqlx's pool sends a ping without a time limit each time a connection
//! is returned. A silent server then holds every place in that pool for ever. If the app gives its own pool
//! of sqlx, the store uses it nevertheless.

use super::{Answer, Dialect, How, Value, failure};
use sqlx::{ConnectOptions, Connection, Database, pool::PoolConnection};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{pin::Pin, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

/// Default time for one call. *Source*: our choice, below
/// [`store_deadline`](crate::config::Limits::store_deadline), so that the error that is logged is the store's
/// own, which says what it waited for.
pub(super) const DEADLINE: Duration = Duration::from_millis(1_500);

/// Time to open the store: names are looked up, certificates checked, the table made. *Source*: our choice.
pub(super) const OPENING: Duration = Duration::from_secs(30);

/// How often a write in a transaction is tried. *Source*: our choice.
const TRIES: u32 = 5;

/// A connection that was idle for longer is tried before it is used: the server may have ended it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Time for that trial, for closing a connection, and for returning one to the app's pool.
const TRIAL: Duration = Duration::from_millis(500);

/// A connection that was idle for longer is closed when another one is returned.
const KEPT_IDLE: Duration = Duration::from_secs(600);

pub(super) type Call<'c> = Pin<Box<dyn Future<Output = Result<Answer, sqlx::Error>> + Send + 'c>>;
type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

pub(super) struct Pool<DB: Database> {
    source: Source<DB>,
    /// Where the server is, for errors: without a password.
    pub(super) place: String,
    turns: tokio::sync::Mutex<()>,
}

enum Source<DB: Database> {
    Own(Own<DB>),
    App(sqlx::Pool<DB>),
}

struct Own<DB: Database> {
    options: Options<DB>,
    idle: Mutex<Vec<(DB::Connection, Instant)>>,
    places: Semaphore,
}

impl<DB: Dialect> Pool<DB> {
    /// At most so many connections, opened when they are needed.
    pub(super) fn own(options: Options<DB>, connections: usize, place: String) -> Self {
        let own = Own { options, idle: Mutex::default(), places: Semaphore::new(connections) };
        Self { source: Source::Own(own), place, turns: Default::default() }
    }

    pub(super) fn of_app(pool: sqlx::Pool<DB>) -> Self {
        let place = format!("{}, through the app's pool", DB::NAME);
        Self { source: Source::App(pool), place, turns: Default::default() }
    }

    /// Runs a statement. If another call was in the way, a write in a transaction is tried again.
    pub(super) async fn tried(&self, how: How, statement: String, values: Vec<Value>) -> Result<Answer, sqlx::Error> {
        let began = Instant::now();
        let _turn = if DB::IN_TURN && how != How::Read { Some(self.turns.lock().await) } else { None };
        let mut tries = if how == How::Transact { TRIES } else { 1 };
        loop {
            let mut lease = self.lease(began).await?;
            tries = tries.saturating_sub(1);
            let connection = lease.connection().ok_or(sqlx::Error::PoolClosed)?;
            match DB::run(connection, how, statement.clone(), values.clone()).await {
                Ok(answer) => {
                    lease.succeeded = true;
                    return Ok(answer);
                }
                Err(error) if tries > 0 && failure::is_conflict::<DB>(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn lease(&self, began: Instant) -> Result<Lease<'_, DB>, sqlx::Error> {
        let held = match &self.source {
            Source::App(pool) => Held::App(pool.acquire().await?),
            Source::Own(own) => {
                let place = own.places.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
                Held::Own(own.connection().await?, place)
            }
        };
        Ok(Lease { held: Some(held), succeeded: false, pool: self, began })
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close_idle(&self) {
        match &self.source {
            Source::Own(own) => own.idle().clear(),
            Source::App(pool) if !DB::closes(&pool.connect_options()) => {}
            Source::App(pool) => {
                while let Some(connection) = pool.try_acquire() {
                    drop(connection.detach());
                }
            }
        }
    }
}

impl<DB: Database> Pool<DB> {
    /// Closes the connections. Later calls fail.
    pub(super) async fn close(&self) {
        match &self.source {
            Source::App(pool) => pool.close().await,
            Source::Own(own) => {
                own.places.close();
                let idle = std::mem::take(&mut *own.idle());
                for (connection, _) in idle {
                    // A server that does not answer must not hold up a shutdown.
                    let _ = timeout(TRIAL, connection.close()).await;
                }
            }
        }
    }
}

impl<DB: Database> Own<DB> {
    fn idle(&self) -> MutexGuard<'_, Vec<(DB::Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, or a new one.
    async fn connection(&self) -> Result<DB::Connection, sqlx::Error> {
        let idle = self.idle().pop();
        if let Some((mut connection, since)) = idle {
            let trusted = since.elapsed() < TRUSTED_IDLE;
            if trusted || matches!(timeout(TRIAL, connection.ping()).await, Ok(Ok(()))) {
                return Ok(connection);
            }
            // The others were idle for longer.
            self.idle().clear();
        }
        self.options.connect().await
    }
}

/// A connection in use. When it is dropped it goes back, or is closed if its call has not succeeded.
struct Lease<'p, DB: Dialect> {
    held: Option<Held<'p, DB>>,
    succeeded: bool,
    pool: &'p Pool<DB>,
    began: Instant,
}

enum Held<'p, DB: Database> {
    Own(DB::Connection, #[allow(dead_code, reason = "held until it is dropped")] SemaphorePermit<'p>),
    App(PoolConnection<DB>),
}

impl<DB: Dialect> Lease<'_, DB> {
    fn connection(&mut self) -> Option<&mut DB::Connection> {
        match self.held.as_mut()? {
            Held::Own(connection, _) => Some(connection),
            Held::App(connection) => Some(connection),
        }
    }
}

impl<DB: Dialect> Drop for Lease<'_, DB> {
    fn drop(&mut self) {
        match (self.held.take(), &self.pool.source) {
            (Some(Held::Own(connection, place)), Source::Own(own)) if self.succeeded && !own.places.is_closed() => {
                let mut idle = own.idle();
                idle.retain(|(_, since)| since.elapsed() < KEPT_IDLE);
                idle.push((connection, Instant::now()));
                drop(idle);
                // Whoever waits for the place finds the connection.
                drop(place);
            }
            // sqlx returns it in a task, with a ping that has no limit of its own.
            (Some(Held::App(mut connection)), _) if self.succeeded => {
                drop(tokio::spawn(timeout(TRIAL, connection.return_to_pool())));
            }
            (Some(Held::App(connection)), Source::App(pool)) if DB::closes(&pool.connect_options()) => {
                drop(connection.detach());
            }
            (held, _) => drop(held),
        }
        // If a connection is dropped after this time, the server may be silent.
        if !self.succeeded && self.began.elapsed() >= TRIAL {
            self.pool.close_idle();
        }
    }
}
