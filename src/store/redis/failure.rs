//! What an error of Redis means: the text of our error, and what the store does next.

use crate::store::StoreError;
use crate::store::StoreErrorKind::{self, Misconfigured, NotWritable, TimedOut, Unavailable, Unreadable};
use redis::{ErrorKind, RedisError};
use std::{error::Error, io, sync::Arc, time::Duration};

/// Why a call failed.
pub(super) enum Failure {
    /// There was no connection, and none could be made.
    Connecting(RedisError),
    /// The connection was there, and the call failed over it.
    Calling(RedisError),
    /// The time of the call was over.
    Late { limit: Duration, connected: bool },
}

/// What becomes of the connection and of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The connection is good: Redis refused this very call.
    Keep,
    /// The next call makes a new connection. This call may have been carried out.
    Renew,
    /// The next call makes a new connection. This call was certainly not carried out.
    RenewAndRepeat,
}

/// Refusals that concern the server and not the call: another server may be behind the address by now.
const WRONG_SERVER: [&str; 5] = ["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS"];

/// What the scripts answer when they are carried out too late.
pub(super) const LATE: &str = "LATE";

impl Failure {
    pub(super) fn next(&self) -> Next {
        match self {
            Self::Connecting(_) => Next::Keep,
            Self::Late { .. } => Next::Renew,
            Self::Calling(error) => match error.code() {
                Some(code) if WRONG_SERVER.contains(&code) || code == LATE => Next::RenewAndRepeat,
                Some(_) => Next::Keep,
                None => Next::Renew,
            },
        }
    }

    /// What the app is told. `place` is the address without its password.
    pub(super) fn told(&self, place: &str) -> StoreError {
        let (kind, what) = match self {
            Self::Late { limit, connected: true } => (TimedOut, format!("no answer within {limit:?}")),
            Self::Late { limit, connected: false } => (TimedOut, format!("no connection within {limit:?}")),
            Self::Connecting(error) | Self::Calling(error) => match error.code() {
                Some(code) => refused(code),
                None => failed(error),
            },
        };
        StoreError::of(kind, format!("{place}: {what}"))
    }
}

/// What a code of Redis means. Only the code is kept: the text quotes the arguments of a command that Redis
/// does not know.
fn refused(code: &str) -> (StoreErrorKind, String) {
    let (kind, why) = match code {
        LATE => (TimedOut, "the call reached Redis after its deadline"),
        "WRONGTYPE" => (Unreadable, "the key holds no record"),
        "NOAUTH" | "WRONGPASS" => (Misconfigured, "the user name or password was refused"),
        "NOPERM" => (
            Misconfigured,
            "this user may not do all that the store needs: GET, SET, DEL, GETRANGE, EVAL, TIME, SCAN, MGET and PING, and CLUSTER SLOTS in a cluster",
        ),
        "OOM" => (NotWritable, "its memory limit is reached"),
        "READONLY" => (NotWritable, "it is a replica"),
        "MISCONF" => (NotWritable, "it cannot save to its disk"),
        "NOREPLICAS" => (NotWritable, "too few replicas are connected"),
        "LOADING" => (Unavailable, "it is still loading its records"),
        "MASTERDOWN" => (Unavailable, "it is a replica that has lost its primary"),
        "CLUSTERDOWN" => (Unavailable, "the cluster does not serve the key of this user"),
        _ => (Unavailable, "it refused the call"),
    };
    (kind, format!("{why} ({code})"))
}

/// What a failure without a code of Redis means.
fn failed(error: &RedisError) -> (StoreErrorKind, String) {
    let closed = (Unavailable, "the connection was closed");
    let (kind, what) = match (error.kind(), io_error(error)) {
        (ErrorKind::AuthenticationFailed, _) => (Misconfigured, "the user name or password was refused"),
        (ErrorKind::InvalidClientConfig, _) => (Misconfigured, "the address cannot be used as it is"),
        (ErrorKind::MasterNameNotFoundBySentinel, _) => {
            (Unavailable, "no Sentinel knows a healthy primary of this service")
        }
        (ErrorKind::ClusterConnectionNotFound, _) => {
            (Unavailable, "no node of the cluster answers for the key of this user")
        }
        (ErrorKind::Parse, _) => (Unavailable, "it answers, but not as Redis does: is the port right?"),
        (ErrorKind::UnexpectedReturnType, _) => (Unreadable, "the answer has an unexpected type"),
        (_, None) => closed,
        (_, Some(cause)) => match cause.kind() {
            io::ErrorKind::TimedOut => (TimedOut, "no connection in time"),
            io::ErrorKind::ConnectionRefused => (Unavailable, "the connection was refused: is Redis running there?"),
            io::ErrorKind::NotFound => (Unavailable, "there is no such socket"),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => closed,
            io::ErrorKind::InvalidData if cause.to_string().contains("certificate") => {
                return (Unavailable, format!("its certificate is not trusted: {cause}"));
            }
            io::ErrorKind::InvalidData => {
                return (Unavailable, format!("it does not speak TLS as expected: {cause}"));
            }
            // What the system says about names and routes contains no secret.
            _ => return (Unavailable, cause.to_string()),
        },
    };
    (kind, what.to_owned())
}

/// The driver may keep the cause in an `Arc`. Then a direct downcast to `io::Error` finds nothing.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    let cause = error.source()?;
    let shared = cause.downcast_ref::<Arc<dyn Error + Send + Sync>>();
    shared.map_or_else(|| cause.downcast_ref(), |shared| shared.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error that the driver makes from this reply of a server.
    fn said(line: &str) -> RedisError {
        redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).and_then(redis::Value::extract_error).unwrap_err()
    }

    fn io(kind: io::ErrorKind) -> RedisError {
        io::Error::from(kind).into()
    }

    #[test]
    fn what_a_failure_means_for_the_connection_and_for_the_call() {
        let late = || Failure::Late { limit: Duration::from_secs(1), connected: true };
        for (failure, next) in [
            (late(), Next::Renew),
            (Failure::Connecting(io(io::ErrorKind::ConnectionRefused)), Next::Keep),
            (Failure::Calling(io(io::ErrorKind::BrokenPipe)), Next::Renew),
            (Failure::Calling(io(io::ErrorKind::TimedOut)), Next::Renew),
            (Failure::Calling(said("READONLY You can't write against a read only replica.")), Next::RenewAndRepeat),
            (Failure::Calling(said("LOADING Redis is loading the dataset in memory")), Next::RenewAndRepeat),
            (Failure::Calling(said("MASTERDOWN Link with MASTER is down")), Next::RenewAndRepeat),
            (Failure::Calling(said("CLUSTERDOWN The cluster is down")), Next::RenewAndRepeat),
            (Failure::Calling(said("NOREPLICAS Not enough good replicas to write.")), Next::RenewAndRepeat),
            (Failure::Calling(said("LATE")), Next::RenewAndRepeat),
            (Failure::Calling(said("OOM command not allowed")), Next::Keep),
            (Failure::Calling(said("MISCONF Redis is configured to save RDB snapshots")), Next::Keep),
            (Failure::Calling(said("WRONGTYPE Operation against a key")), Next::Keep),
            (Failure::Calling(said("ERR unknown command 'obviously-fake'")), Next::Keep),
        ] {
            assert_eq!(failure.next(), next, "{}", crate::telemetry::log::chain(&failure.told("redis://a:1")));
        }
    }

    #[test]
    fn every_cause_is_told_apart_and_names_the_address() {
        let failed = |error| Failure::Calling(error);
        let expected: [(Failure, StoreErrorKind, &str); 16] = [
            (Failure::Late { limit: Duration::from_secs(1), connected: true }, TimedOut, "no answer within 1s"),
            (Failure::Late { limit: Duration::from_secs(1), connected: false }, TimedOut, "no connection within 1s"),
            (failed(said("LATE")), TimedOut, "after its deadline"),
            (failed(io(io::ErrorKind::TimedOut)), TimedOut, "no connection in time"),
            (failed(io(io::ErrorKind::ConnectionRefused)), Unavailable, "refused: is Redis running there?"),
            (failed(io(io::ErrorKind::BrokenPipe)), Unavailable, "the connection was closed"),
            (failed(io(io::ErrorKind::NotFound)), Unavailable, "no such socket"),
            (failed(io::Error::other("no route to host").into()), Unavailable, "no route to host"),
            (
                failed(io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer").into()),
                Unavailable,
                "its certificate is not trusted: invalid peer certificate: UnknownIssuer",
            ),
            (
                failed(io::Error::new(io::ErrorKind::InvalidData, "received corrupt message").into()),
                Unavailable,
                "does not speak TLS",
            ),
            (failed(said("OOM command not allowed")), NotWritable, "its memory limit is reached (OOM)"),
            (failed(said("READONLY no")), NotWritable, "it is a replica (READONLY)"),
            (failed(said("ERR unknown command 'obviously-fake'")), Unavailable, "it refused the call (ERR)"),
            (failed(said("NOPERM no")), Misconfigured, "may not do all that the store needs"),
            (failed(said("WRONGPASS no")), Misconfigured, "the user name or password was refused"),
            (failed(said("WRONGTYPE no")), Unreadable, "the key holds no record"),
        ];
        let mut texts = std::collections::BTreeSet::new();
        for (failure, kind, text) in expected {
            let error = failure.told("redis://cache.example:6379");
            let chain = crate::telemetry::log::chain(&error).to_string();
            assert_eq!(error.kind(), kind, "{chain}");
            assert!(chain.contains(text) && chain.contains("redis://cache.example:6379"), "{chain}");
            assert!(!format!("{error:?}{chain}").contains("obviously"), "{chain}");
            assert!(texts.insert(chain));
        }
    }
}
