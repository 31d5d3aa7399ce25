//! One call from its first wait to its last reply. [`retry`] and the pacing decide; this module carries it out.

use super::{
    Client, Error, ErrorKind, Reply,
    body::Payload,
    key::Owner,
    options::{Options, Spent},
    retry::{self, Next, Outcome},
    trace::Trace,
    upload::Unfit,
};
use crate::{
    pacing::{Ask, Busy},
    wire::{self, BodyError},
};
use bytes::Bytes;
use http::{
    HeaderMap, Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, RETRY_AFTER},
};
use std::{borrow::Cow, time::Duration};
use tokio::time::Instant;
use url::Url;

/// A call that is ready to be sent.
pub(super) struct Call {
    pub(super) client: Client,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) template: Cow<'static, str>,
    pub(super) scope: Option<&'static str>,
    pub(super) headers: HeaderMap,
    pub(super) payload: Option<Payload>,
    pub(super) options: Options,
    /// Whether the body of a success is left unread.
    pub(super) streams: bool,
}

/// A reply, and what the call learned on the way.
pub(super) struct Answered {
    pub(super) reply: Received,
    pub(super) attempts: u32,
    pub(super) retry_after: Option<Duration>,
    pub(super) dead_key: bool,
}

pub(super) enum Received {
    Whole(Response<Bytes>),
    Stream(Response<reqwest::Body>),
}

impl Received {
    fn status(&self) -> StatusCode {
        match self {
            Self::Whole(reply) => reply.status(),
            Self::Stream(reply) => reply.status(),
        }
    }
}

impl Call {
    pub(super) async fn run(self) -> Result<Answered, Error> {
        let trace = Trace::begin(&self.method, &self.template);
        let mut spent = Spent::default();
        let ended = trace.within(self.carry_out(&mut spent)).await;
        let status = match &ended {
            Ok(answered) => Some(answered.reply.status()),
            Err(error) => error.status(),
        };
        let refusal = ended.as_ref().ok().and_then(Answered::refusal);
        trace.end(&self.method, status, refusal.as_ref().or(ended.as_ref().err()), &spent);
        ended
    }

    async fn carry_out(&self, spent: &mut Spent) -> Result<Answered, Error> {
        let connection = &*self.client.inner.connection;
        let (limits, clock) = (&connection.limits, &*connection.clock);
        let lane = self.client.lane();
        let mut refused: Option<Received> = None;
        loop {
            let ask = Ask {
                party: self.options.priority.into(),
                again: spent.attempts > 0,
                patience: self.options.patience(limits, spent),
                most_waiting: limits.queue,
            };
            match lane.turn(ask, clock, connection.shared_deadline).await {
                Ok(turn) => spent.waited += turn.waited,
                // The refusal after which it was to be sent again is the result.
                Err(Busy { wait, waited }) => {
                    spent.waited += waited;
                    return match refused.take() {
                        Some(reply) => Ok(self.conclude(reply, spent, Some(wait)).await),
                        None => Err(Error::paced(wait, spent.attempts)),
                    };
                }
            }
            spent.attempts += 1;
            let began = Instant::now();
            let connections = connection.connections.begin();
            let tried = tokio::time::timeout(self.options.work(limits, spent), self.attempt(connections.http())).await;
            match &tried {
                Err(_) | Ok(Err((Outcome::Refused, _))) => connections.give_up(),
                Ok(_) => connections.ended(),
            }
            spent.worked += began.elapsed();
            let tried = tried.unwrap_or_else(|_| Err((Outcome::Final, Error::new(ErrorKind::TimedOut))));
            let outcome = match &tried {
                Ok(received) => Outcome::Answered { status: received.status(), retry_after: self.told(received) },
                Err((outcome, _)) => *outcome,
            };
            let mut chance = [0];
            // Without randomness the pauses are not shortened. That is no reason to fail.
            let _ = connection.randomness.fill(&mut chance);
            let gone = self.payload.as_ref().is_some_and(|payload| !payload.can_be_sent());
            let repeatable = self.options.repeatable || retry::is_safe(&self.method);
            let next = if self.options.no_retry || gone {
                Next::Stop
            } else {
                retry::next(repeatable, outcome, spent.attempts, limits, chance[0])
            };
            if let Outcome::Answered { status: StatusCode::TOO_MANY_REQUESTS, retry_after } = outcome {
                let wait = match next {
                    Next::Refused(wait) => wait,
                    _ => retry_after.unwrap_or(limits.bucket.period).min(limits.longest_pause),
                };
                lane.refused(wait, clock, connection.shared_deadline).await;
            }
            let pause = match next {
                Next::Stop => Duration::MAX,
                Next::Refused(_) => Duration::ZERO,
                Next::Pause(pause) => pause,
            };
            if pause >= self.options.work(limits, spent) {
                return match tried {
                    Ok(received) => Ok(self.conclude(received, spent, None).await),
                    Err((_, error)) => Err(error.after(spent.attempts, None)),
                };
            }
            crate::telemetry::log::debug!(attempts = spent.attempts, ?outcome, "sent again");
            refused = tried.ok();
            if !pause.is_zero() {
                clock.sleep(pause).await;
                spent.worked += pause;
            }
        }
    }

    /// Sends the request once and reads the reply.
    async fn attempt(&self, http: &reqwest::Client) -> Result<Received, (Outcome, Error)> {
        let bad = |error: Error| (Outcome::Final, error);
        let mut request = http
            .request(self.method.clone(), self.url.clone())
            .header(AUTHORIZATION, self.client.bearer().map_err(bad)?)
            .header(ACCEPT, "application/json");
        if let Some(payload) = &self.payload {
            let most = self.client.inner.connection.limits.upload_bytes;
            request = payload.put_into(request, most).await.map_err(bad)?;
        }
        if !self.headers.is_empty() {
            request = request.headers(self.headers.clone());
        }
        let response = request.send().await.map_err(transport)?;
        let response = Response::<reqwest::Body>::from(response);
        if self.streams && response.status().is_success() {
            return Ok(Received::Stream(response));
        }
        let (mut parts, body) = response.into_parts();
        parts.extensions = http::Extensions::new();
        let most = self.client.inner.connection.limits.reply_bytes;
        match wire::read(body, most).await {
            Ok(body) => Ok(Received::Whole(Response::from_parts(parts, body))),
            // What a 429 says beside its status does not matter.
            Err(_) if parts.status == StatusCode::TOO_MANY_REQUESTS => {
                Ok(Received::Whole(Response::from_parts(parts, Bytes::new())))
            }
            Err(BodyError::TooLong) => {
                Err((Outcome::Final, Error::unreadable(parts.status, Bytes::new(), "the reply is too long")))
            }
            Err(BodyError::Broken(error)) => Err((Outcome::Broken, Error::caused_by(ErrorKind::Interrupted, error))),
        }
    }

    fn told(&self, received: &Received) -> Option<Duration> {
        let headers = match received {
            Received::Whole(reply) => reply.headers(),
            Received::Stream(reply) => reply.headers(),
        };
        wire::retry_after(headers.get(RETRY_AFTER)?, self.client.inner.connection.clock.now())
    }

    /// The last reply: if it says that the key is dead, its record goes.
    async fn conclude(&self, reply: Received, spent: &Spent, wait: Option<Duration>) -> Answered {
        let dead_key = match &reply {
            Received::Whole(whole) => self.client.inner.connection.revocation.says_dead(&Reply::new(whole)),
            Received::Stream(_) => false,
        };
        if let (true, Some(owner)) = (dead_key, &self.client.inner.owner) {
            owner.forget(self.client.fingerprint()).await;
        }
        let retry_after = wait.filter(|wait| *wait != Duration::MAX).or_else(|| self.told(&reply));
        Answered { reply, attempts: spent.attempts, retry_after, dead_key }
    }
}

impl Answered {
    /// What a reply without success says.
    fn refusal(&self) -> Option<Error> {
        match &self.reply {
            Received::Whole(reply) if !reply.status().is_success() => Some(Error::refused(reply, self.dead_key)),
            Received::Whole(_) | Received::Stream(_) => None,
        }
    }

    /// The error for a reply that is no success.
    pub(super) fn refused(self, client: &Client, scope: Option<&'static str>) -> Error {
        let error = match &self.reply {
            Received::Whole(reply) => Error::refused(reply, self.dead_key),
            Received::Stream(reply) => Error::unreadable(reply.status(), Bytes::new(), "not a refusal"),
        };
        error
            .after(self.attempts, self.retry_after)
            .needing(scope)
            .reconnect_at(|| client.inner.owner.as_ref().map(Owner::reconnect))
    }
}

fn transport(error: reqwest::Error) -> (Outcome, Error) {
    let (outcome, kind) = if Unfit::behind(&error).is_some() || error.is_builder() {
        (Outcome::Final, ErrorKind::BadRequest)
    } else if error.is_connect() {
        (Outcome::NotSent, ErrorKind::Unreachable)
    } else if was_refused(&error) {
        (Outcome::Refused, ErrorKind::Unreachable)
    } else {
        // An unanswered ping also ends here: the deadline of the call itself is not one of the HTTP client.
        (Outcome::Broken, ErrorKind::Interrupted)
    };
    (outcome, Error::caused_by(kind, error.without_url()))
}

/// Whether the peer said of this very stream that it did not process it: RFC 9113, section 8.7.
///
/// A GOAWAY is no such proof. hyper reports it also for a request that it had just opened a stream for when the
/// GOAWAY arrived, and the server may have carried that request out.
fn was_refused(error: &reqwest::Error) -> bool {
    let source = std::error::Error::source(error);
    let cause =
        std::iter::successors(source, |cause| cause.source()).find_map(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        cause.is_remote() && cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}
