//! One call from its first wait to its last reply. [`retry`] and the pacing decide; this module carries it out.

use super::retry::{self, Next, Outcome};
use super::{Error, ErrorKind, RequestBuilder, connections::Try, key::Owner, options::Spent, trace::Trace};
use crate::guard;
use crate::pacing::{Ask, Busy, Party};
use crate::wire::{self, BodyError};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, RETRY_AFTER};
use http::{Response, StatusCode};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The last reply, and what the call learned on the way.
pub(super) struct Answered {
    pub(super) reply: Response<Bytes>,
    /// The body of the reply, where it is left unread, and the connection that it comes over.
    pub(super) unread: Option<(reqwest::Body, Try)>,
    pub(super) attempts: u32,
    in_doubt: bool,
    retry_after: Option<Duration>,
    dead_key: bool,
}

/// A reply, and what [`Answered::unread`] has.
type Received = (Response<Bytes>, Option<(reqwest::Body, Try)>);

impl RequestBuilder {
    /// Carries the call out. `streams`: the body of a success is left unread.
    pub(super) async fn run(&self, streams: bool) -> Result<Answered, Error> {
        let url = self.url.as_ref().map_err(Error::clone)?;
        let trace = Trace::begin(&self.method, &self.template);
        let mut spent = Spent::default();
        let ended = trace.within(self.carry_out(url, streams, &mut spent)).await;
        let refusal = match &ended {
            Ok(answered) => (!answered.reply.status().is_success()).then(|| self.refused(answered)),
            Err(error) => Some(error.clone()),
        };
        let status = ended.as_ref().map_or_else(Error::status, |answered| Some(answered.reply.status()));
        trace.end(&self.method, status, refusal.as_ref(), &spent);
        ended
    }

    async fn carry_out(&self, url: &Url, streams: bool, spent: &mut Spent) -> Result<Answered, Error> {
        let Self { client, method, options, .. } = self;
        let connection = &*client.inner.connection;
        let (limits, clock) = (&connection.limits, &*connection.clock);
        let lane = client.lane();
        let mut refused: Option<Received> = None;
        if let Some(payload) = &self.payload {
            payload.check_length(limits.upload_bytes)?;
        }
        loop {
            let ask = Ask {
                party: Party::Call(options.priority),
                again: spent.attempts > 0,
                patience: options.patience(limits, spent),
                most_waiting: limits.queue,
            };
            match lane.turn(ask, clock, connection.shared_deadline).await {
                Ok(turn) => spent.waited += turn.waited,
                // If there is no turn for another try, the reply of the try before is the result.
                Err(Busy { wait, waited }) => {
                    spent.waited += waited;
                    let wait = Some(wait).filter(|wait| *wait != Duration::MAX);
                    return match refused.take() {
                        Some(reply) => Ok(self.conclude(reply, spent, wait).await),
                        None => {
                            let error = Error::new(ErrorKind::RateLimited).after(spent.attempts, wait);
                            Err(error.in_doubt(spent.in_doubt))
                        }
                    };
                }
            }
            spent.attempts += 1;
            let began = Instant::now();
            let connections = connection.connections.begin();
            let work = options.work(limits, spent);
            let tried = tokio::time::timeout(work, self.attempt(&connections.pool.http, url, streams)).await;
            let connections = connections.ended(!matches!(tried, Err(_) | Ok(Err((Outcome::Refused, _)))));
            spent.worked += began.elapsed();
            let tried = tried.unwrap_or_else(|_| Err((Outcome::Final, Error::new(ErrorKind::TimedOut))));
            let tried = tried.map(|(reply, unread)| (reply, unread.zip(Some(connections))));
            let outcome = match &tried {
                Ok((reply, _)) => Outcome::Answered { status: reply.status(), retry_after: self.told(reply) },
                Err((outcome, _)) => *outcome,
            };
            let mut chance = [0];
            // Without randomness each pause is as short as it can be. That is no reason to fail.
            let _ = connection.randomness.fill(&mut chance);
            let repeatable = options.repeatable || retry::is_safe(method);
            let next = if options.no_retry {
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
            if pause >= options.work(limits, spent) {
                return match tried {
                    Ok(received) => Ok(self.conclude(received, spent, None).await),
                    Err((_, error)) => Err(error.after(spent.attempts, None).in_doubt(spent.in_doubt)),
                };
            }
            crate::telemetry::log::debug!(attempts = spent.attempts, ?outcome, "sent again");
            spent.in_doubt |= match outcome {
                Outcome::Answered { status, .. } => status.is_server_error(),
                outcome => outcome == Outcome::Broken,
            };
            refused = tried.ok();
            if !pause.is_zero() {
                clock.sleep(pause).await;
                spent.worked += pause;
            }
        }
    }

    /// Sends the request once and reads the reply.
    async fn attempt(
        &self,
        http: &reqwest::Client,
        url: &Url,
        streams: bool,
    ) -> Result<(Response<Bytes>, Option<reqwest::Body>), (Outcome, Error)> {
        let bad = |error: Error| (Outcome::Final, error);
        let Self { client, method, payload, headers, .. } = self;
        let limits = &client.inner.connection.limits;
        let mut request = http
            .request(method.clone(), url.clone())
            .header(AUTHORIZATION, client.bearer().map_err(bad)?)
            .header(ACCEPT, "application/json");
        if let Some(payload) = payload {
            request = payload.put_into(request).map_err(bad)?;
        }
        let response = request.headers(headers.clone()).send().await.map_err(transport)?;
        let (mut parts, body) = Response::<reqwest::Body>::from(response).into_parts();
        parts.extensions = http::Extensions::new();
        let status = parts.status;
        if streams && status.is_success() {
            return Ok((Response::from_parts(parts, Bytes::new()), Some(body)));
        }
        let whole = match wire::read(body, limits.reply_bytes).await {
            Ok(whole) => whole,
            // What a 429 says beside its status does not matter.
            Err(_) if status == StatusCode::TOO_MANY_REQUESTS => Bytes::new(),
            Err(BodyError::TooLong) => return Err(bad(Error::too_long(status))),
            Err(BodyError::Broken(error)) => {
                return Err((Outcome::Broken, Error::caused_by(ErrorKind::Interrupted, error)));
            }
        };
        Ok((Response::from_parts(parts, whole), None))
    }

    fn told(&self, reply: &Response<Bytes>) -> Option<Duration> {
        wire::retry_after(reply.headers().get(RETRY_AFTER)?, self.client.inner.connection.clock.now())
    }

    /// Takes the last reply. If it says that the key is dead, the key's record is removed.
    async fn conclude(&self, (reply, unread): Received, spent: &Spent, wait: Option<Duration>) -> Answered {
        let inner = &self.client.inner;
        // A rule that panics counts as "not revoked".
        let dead_key = guard::caught_now("revocation rule", || (inner.connection.revocation)(&reply)).unwrap_or(false);
        if let (true, Some(Owner { keeper, user, version, .. })) = (dead_key, &inner.owner) {
            keeper.forget(user, version, self.client.fingerprint()).await;
        }
        let retry_after = wait.or_else(|| self.told(&reply));
        Answered { reply, unread, attempts: spent.attempts, in_doubt: spent.in_doubt, retry_after, dead_key }
    }

    /// The error for a reply that is no success.
    pub(super) fn refused(&self, answered: &Answered) -> Error {
        let reconnect = |owner: &Owner| owner.keeper.reconnect(owner.visit.as_ref());
        Error::refused(&answered.reply, answered.dead_key)
            .after(answered.attempts, answered.retry_after)
            .in_doubt(answered.in_doubt)
            .advising(self.scope, || self.client.inner.owner.as_ref().map(reconnect))
    }
}

fn transport(error: reqwest::Error) -> (Outcome, Error) {
    let (outcome, kind) = if error.is_builder() {
        (Outcome::Final, ErrorKind::BadRequest)
    } else if error.is_connect() {
        (Outcome::NotSent, ErrorKind::Unreachable)
    } else if wire::cause(&error).is_some_and(was_refused) {
        (Outcome::Refused, ErrorKind::Unreachable)
    } else {
        // A ping without an answer also ends here. The call's own deadline does not, because the HTTP client
        // does not know it.
        (Outcome::Broken, ErrorKind::Interrupted)
    };
    (outcome, Error::caused_by(kind, error.without_url()))
}

/// Whether the server said that it did not process this stream: RFC 9113, section 8.7.
///
/// A GOAWAY does not prove this. hyper also reports it for a request whose stream was just opened when the
/// GOAWAY arrived. The server may have processed that request.
fn was_refused(cause: &h2::Error) -> bool {
    cause.is_remote() && cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM)
}
