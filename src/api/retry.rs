//! Whether a call is sent again, and when: one pure decision, tested as a table.
//!
//! | what happened | GET, HEAD, a call that may be repeated | any other method |
//! | --- | --- | --- |
//! | no connection could be opened | again | again: nothing was sent |
//! | the server refuses the stream of this request by HTTP/2 | again | again: it was not processed |
//! | 429 | again, after the time that the reply asks for | again, after that time: the call was refused |
//! | 502, 503, 504, and 520 to 524 of the network in front of Komerza | again | as it is |
//! | the connection broke before the whole reply was there | again | an error: a change may have been made |
//! | no reply in time | an error | an error |
//! | any other reply, also 500 | as it is | as it is |
//!
//! PUT and DELETE count as changes although RFC 9110 calls them idempotent: two refunds are not the same as
//! one.

use crate::config::ClientLimits;
use http::{Method, StatusCode};
use std::time::Duration;

/// How one try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A whole reply.
    Answered { status: StatusCode, retry_after: Option<Duration> },
    /// No connection could be opened, so nothing was sent.
    NotSent,
    /// The server refused the stream of this request by HTTP/2, and so did not process it.
    Refused,
    /// The connection broke; the request may have arrived.
    Broken,
    /// Another try would not help: no reply came in time, or the reply is too long.
    Final,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Return the outcome.
    Stop,
    /// Sleep, then send again.
    Pause(Duration),
    /// The key's bucket is empty for this long: wait for a turn, then send again.
    Refused(Duration),
}

/// Decides after a number of tries. `chance` is from 0 to 255.
pub(super) fn next(safe: bool, outcome: Outcome, tries: u32, limits: &ClientLimits, chance: u8) -> Next {
    let again = tries < limits.tries.max(1);
    let pause = pause(tries, limits, chance);
    match outcome {
        Outcome::Answered { status: StatusCode::TOO_MANY_REQUESTS, retry_after } => {
            let wait = retry_after.unwrap_or(limits.bucket.period).min(limits.longest_pause);
            // A 429 that asks for no wait would otherwise be repeated many times a second.
            let wait = wait.max(pause);
            if !limits.bucket.period.is_zero() {
                // Up to a quarter of a second more, so that processes with the same key do not collide again.
                Next::Refused(wait.saturating_add(Duration::from_millis(chance.into())))
            } else if again {
                Next::Pause(wait)
            } else {
                Next::Stop
            }
        }
        Outcome::Answered { status, retry_after } if safe && again && is_temporary(status) => {
            Next::Pause(retry_after.unwrap_or_default().min(limits.longest_pause).max(pause))
        }
        Outcome::NotSent | Outcome::Refused if again => Next::Pause(pause),
        Outcome::Broken if again && safe => Next::Pause(pause),
        _ => Next::Stop,
    }
}

/// Whether calls with this method may be repeated without being marked as repeatable. *Source*: RFC 9110,
/// section 9.2.1.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// *Source*: RFC 9110; 520 to 524 are Cloudflare's own, which says that it could not get an answer from
/// Komerza.
fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502..=504 | 520..=524)
}

/// Twice as long each time, shortened at random by up to half, so that calls that failed together are not
/// repeated together.
fn pause(tries: u32, limits: &ClientLimits, chance: u8) -> Duration {
    let doubled = 2_u32.saturating_pow(tries - 1);
    let whole = limits.first_pause.saturating_mul(doubled).min(limits.longest_pause);
    let half = whole / 2;
    half + half.saturating_mul(u32::from(chance)) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answered(status: u16, retry_after: Option<u64>) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        Answered { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn every_method_and_every_failure_is_decided_by_the_table() {
        let limits = ClientLimits::default();
        let (pause, refused) =
            (Next::Pause(limits.first_pause), |seconds| Next::Refused(SECOND * seconds + Duration::from_millis(255)));
        let impatient = Next::Refused(limits.first_pause + Duration::from_millis(255));
        for (outcome, safe, other) in [
            (NotSent, pause, pause),
            (Refused, pause, pause),
            (Broken, pause, Next::Stop),
            (Final, Next::Stop, Next::Stop),
            (answered(200, None), Next::Stop, Next::Stop),
            (answered(400, None), Next::Stop, Next::Stop),
            (answered(401, None), Next::Stop, Next::Stop),
            (answered(403, None), Next::Stop, Next::Stop),
            (answered(404, None), Next::Stop, Next::Stop),
            (answered(408, None), Next::Stop, Next::Stop),
            (answered(409, None), Next::Stop, Next::Stop),
            (answered(429, None), refused(2), refused(2)),
            (answered(429, Some(0)), impatient, impatient),
            (answered(429, Some(7)), refused(7), refused(7)),
            (answered(429, Some(1 << 40)), refused(60), refused(60)),
            (answered(500, None), Next::Stop, Next::Stop),
            (answered(501, None), Next::Stop, Next::Stop),
            (answered(502, None), pause, Next::Stop),
            (answered(503, None), pause, Next::Stop),
            (answered(503, Some(5)), Next::Pause(SECOND * 5), Next::Stop),
            (answered(503, Some(1 << 40)), Next::Pause(SECOND * 60), Next::Stop),
            (answered(504, None), pause, Next::Stop),
            (answered(505, None), Next::Stop, Next::Stop),
            (answered(519, None), Next::Stop, Next::Stop),
            (answered(520, None), pause, Next::Stop),
            (answered(522, None), pause, Next::Stop),
            (answered(524, None), pause, Next::Stop),
            (answered(525, None), Next::Stop, Next::Stop),
        ] {
            assert_eq!(next(true, outcome, 1, &limits, 255), safe, "{outcome:?}");
            assert_eq!(next(false, outcome, 1, &limits, 255), other, "{outcome:?}");
        }
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        assert_eq!(methods.map(|method| is_safe(&method)), [true, true, false, false, false, false]);
    }

    #[test]
    fn pauses_double_are_cut_by_up_to_a_half_and_end_with_the_tries() {
        let limits = ClientLimits::default();
        let paused = |tries, chance| next(true, Broken, tries, &limits, chance);
        let milliseconds = |count| Next::Pause(Duration::from_millis(count));
        assert_eq!([paused(1, 255), paused(2, 255), paused(3, 255)], [200, 400, 800].map(milliseconds));
        assert_eq!([paused(1, 0), paused(2, 0), paused(3, 0)], [100, 200, 400].map(milliseconds));
        assert_eq!(paused(4, 0), Next::Stop);
        assert!(matches!(next(true, answered(429, None), 40, &limits, 0), Next::Refused(_)));
        let impatient = |tries| next(true, answered(429, Some(0)), tries, &limits, 0);
        assert_eq!(
            [impatient(1), impatient(5), impatient(40)],
            [100, 1_600, 30_000].map(|of| Next::Refused(Duration::from_millis(of)))
        );
    }

    #[test]
    fn t38_without_pacing_a_429_is_paused_for_and_counts_as_a_try() {
        let mut limits = ClientLimits::default();
        limits.bucket.period = Duration::ZERO;
        assert_eq!(next(false, answered(429, Some(0)), 1, &limits, 255), Next::Pause(limits.first_pause));
        assert_eq!(next(false, answered(429, Some(3)), 1, &limits, 0), Next::Pause(SECOND * 3));
        assert_eq!(next(false, answered(429, None), 4, &limits, 0), Next::Stop);
    }
}
