//! The steps of a request: log, required headers, limits, key, then the routes.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tower_service::Service as _;

use super::api::{self, Caller};
use super::envelope::{self, Refusal};
use super::request_log::{BODY_KEPT, Part, RecordedRequest};
use super::world::{Shared, World};
use super::{dashboard, exchange, faults, hang_up::HangUp, page, switches::Blocked};

/// More than the largest upload that the provider documents (30 MB).
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// What a listening port serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Everything,
    Dashboard,
    Api,
}

/// The routes of every part, built once.
#[derive(Clone)]
pub(super) struct Pipeline {
    shared: Arc<Shared>,
    dashboard: Router,
    exchange: Router,
    api: Router,
}

impl Pipeline {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (dashboard, exchange) = (dashboard::router(shared.clone()), exchange::router(shared.clone()));
        Self { api: api::router(shared.clone()), dashboard, exchange, shared }
    }

    /// Whether a connection that was just accepted is closed at once.
    pub(super) fn refuses_connection(&self) -> bool {
        self.shared.faults.closes_connection()
    }

    pub(super) async fn answer(&self, role: Role, request: Request<Incoming>) -> Result<Response, HangUp> {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        };
        let body = body.to_bytes();
        let mut recorded = self.recorded(&parts, &body);
        self.shared.log.push(&mut recorded);
        let plan = self.shared.faults.plan(&recorded);
        let answer = self.route(role, recorded.part, Request::from_parts(parts, Body::from(body)));
        let response = faults::carry_out(plan, &self.shared.clock, answer).await?;
        self.shared.log.answered(recorded.number, response.status());
        Ok(response)
    }

    fn recorded(&self, parts: &http::request::Parts, body: &Bytes) -> RecordedRequest {
        RecordedRequest {
            number: 0,
            at: self.shared.clock.now(),
            part: Part::of(parts.uri.path()),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers.clone(),
            body: body.slice(..body.len().min(BODY_KEPT)),
            status: None,
        }
    }

    async fn route(&self, role: Role, part: Part, mut request: Request<Body>) -> Result<Response, HangUp> {
        let mut router = match (part, role) {
            (Part::Dashboard, Role::Everything | Role::Dashboard) => self.dashboard.clone(),
            (Part::Dashboard, Role::Api) => return Ok(Refusal::not_found("endpoint").into_response()),
            (_, Role::Dashboard) => return Ok(StatusCode::NOT_FOUND.into_response()),
            (Part::Exchange, _) => self.exchange.clone(),
            (Part::Api, _) => self.api.clone(),
        };
        if part != Part::Dashboard {
            match self.admit(part, request.headers()) {
                Ok(Some(caller)) => drop(request.extensions_mut().insert(caller)),
                Ok(None) => {}
                Err(Turned::Away(response)) => return Ok(*response),
                Err(Turned::Silent) => return Err(HangUp),
            }
        }
        let mut response = router.call(request).await.unwrap_or_else(|never| match never {});
        envelope::label(&mut response, self.shared.world().switches.content_types);
        Ok(response)
    }

    /// The rules before any route, in order: User-Agent, limit, key.
    fn admit(&self, part: Part, headers: &HeaderMap) -> Result<Option<Caller>, Turned> {
        let mut world = self.shared.world();
        if headers.get(header::USER_AGENT).is_none_or(|agent| agent.is_empty()) {
            return Err(blocked(world.switches.missing_user_agent));
        }
        let admitted = match part {
            Part::Api => self.caller(&mut world, headers).map(Some),
            _ => self.anonymous(&mut world).map(|()| None),
        };
        admitted.map_err(|refusal| {
            let mut response = refusal.into_response();
            envelope::label(&mut response, world.switches.content_types);
            Turned::Away(Box::new(response))
        })
    }

    fn anonymous(&self, world: &mut World) -> Result<(), Refusal> {
        let wait = world.take_anonymous_token(self.shared.clock.elapsed());
        wait.map_err(|wait| Refusal::rate_limited(wait, world.switches.retry_after, self.shared.clock.now()))
    }

    /// A key that the sandbox never issued counts as no key. Its requests use the anonymous bucket, which is
    /// our choice.
    fn caller(&self, world: &mut World, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let (limited, form) = (world.switches.limit_keys, world.switches.retry_after);
        let Some(record) = bearer(headers).and_then(|key| world.keys.get_mut(key)) else {
            self.anonymous(world)?;
            return Err(Refusal::bad_token());
        };
        if limited {
            let taken = record.bucket.take(self.shared.clock.elapsed());
            taken.map_err(|wait| Refusal::rate_limited(wait, form, self.shared.clock.now()))?;
        }
        if record.revoked { Err(Refusal::bad_token()) } else { Ok(Caller { grant: Arc::clone(&record.grant) }) }
    }
}

enum Turned {
    Away(Box<Response>),
    Silent,
}

fn blocked(shape: Blocked) -> Turned {
    let response = match shape {
        Blocked::Closed => return Turned::Silent,
        Blocked::Forbidden => Refusal::access_denied("A User-Agent header is required.").into_response(),
        Blocked::HtmlPage => {
            let content = "<h1>Forbidden</h1><p>A User-Agent header is required.</p>";
            page::html(StatusCode::FORBIDDEN, page::document("Forbidden", content), None)
        }
    };
    Turned::Away(Box::new(response))
}

/// The key in `Authorization: Bearer <key>`; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
