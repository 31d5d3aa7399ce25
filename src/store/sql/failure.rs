//! Turns a failure of a database into our error. Its text names the place and contains no value of a row.

use super::Dialect;
use crate::store::StoreError;
use crate::store::StoreErrorKind::{self, Misconfigured, NotWritable, TimedOut, Unavailable};
use sqlx::error::DatabaseError;
use std::{io, time::Duration};

/// What a database's own error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Names, rights, login: only the operator can help.
    Setting,
    /// It takes no writes.
    NoWrites,
    /// The server shuts down, or closes this connection.
    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code, reason = "a library does not end"))]
    Ending,
    /// Another call was in the way. Trying again at once may help.
    Conflict,
    /// Anything else for which the server's words may be shown.
    Passing,
    /// Its words may quote a row.
    Unspoken,
}

/// Whether the server itself is in doubt, and with it every connection to it.
pub(super) fn concerns_the_server<DB: Dialect>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => matches!(DB::refusal(&**error), Refusal::NoWrites | Refusal::Ending),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether to try again at once.
pub(super) fn is_conflict<DB: Dialect>(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if DB::refusal(&**error) == Refusal::Conflict)
}

/// Whether a statement failed only because its table is not there.
pub(super) fn no_such_table(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    // PostgreSQL and MySQL have a code for it; SQLite has the code of every mistake in a statement.
    matches!(error.code().as_deref(), Some("42P01" | "42S02")) || error.message().starts_with("no such table")
}

/// No answer within the deadline.
pub(super) fn late(place: &str, deadline: Duration) -> StoreError {
    let why = "it is silent or overloaded, or all connections are in use";
    StoreError::of(TimedOut, format!("no answer from {place} within {deadline:?}: {why}"))
}

/// Turns the driver's error into ours. What a database says may quote the row it refused, so its words are kept
/// only where the dialect knows that they cannot.
pub(super) fn explain<DB: Dialect>(error: sqlx::Error, place: &str) -> StoreError {
    let (kind, said) = match error {
        sqlx::Error::Database(error) => refused::<DB>(&*error, place),
        sqlx::Error::Io(error) => {
            (Unavailable, format!("the connection to {place} failed: {error}; {}", advice(error.kind())))
        }
        // Certificates and versions; no statement was sent yet.
        sqlx::Error::Tls(error) => {
            let advice = "if a private authority issued the certificate, name its file in the address, as the store's documentation shows";
            (Unavailable, format!("TLS with {place} failed: {error}; {advice}"))
        }
        sqlx::Error::PoolTimedOut => {
            let why = "all connections are in use, or the server refuses new ones or does not answer";
            (TimedOut, format!("no connection to {place} in time: {why}"))
        }
        sqlx::Error::PoolClosed => (Unavailable, format!("the store was closed ({place})")),
        sqlx::Error::WorkerCrashed => (Unavailable, format!("the worker thread of {place} has ended")),
        // The message about an address is kept only if it quotes nothing from the address.
        sqlx::Error::Configuration(error) => {
            let advice = || "check the parts of the address, and the names and values of its options".to_owned();
            let why = error.downcast_ref::<url::ParseError>().map_or_else(advice, ToString::to_string);
            (Misconfigured, format!("{place} cannot be used: {why}"))
        }
        sqlx::Error::Protocol(_) => {
            let advice = "check the port, and whether a proxy is in between";
            (Unavailable, format!("{place} does not answer in the protocol of {}: {advice}", DB::NAME))
        }
        _ => (Unavailable, format!("the database client failed ({place})")),
    };
    StoreError::of(kind, said)
}

fn advice(failed: io::ErrorKind) -> &'static str {
    match failed {
        io::ErrorKind::ConnectionRefused => "nothing listens there: check host and port, and whether the server runs",
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the other side closed the connection: the server ended, or speaks another protocol"
        }
        io::ErrorKind::NotFound => "a file or socket in the address does not exist",
        _ => "check the address, and whether the server can be reached from here",
    }
}

fn refused<DB: Dialect>(error: &dyn DatabaseError, place: &str) -> (StoreErrorKind, String) {
    let code = error.code().unwrap_or_default();
    let kind = match DB::refusal(error) {
        Refusal::Unspoken => return (Unavailable, format!("{place} failed with {} {code}", DB::CODE)),
        Refusal::Setting => Misconfigured,
        Refusal::NoWrites => NotWritable,
        Refusal::Ending | Refusal::Conflict | Refusal::Passing => Unavailable,
    };
    (kind, format!("{place} refused: {} ({} {code})", error.message(), DB::CODE))
}
