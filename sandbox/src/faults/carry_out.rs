//! From the plan to what goes over the wire.

use std::future::{Future, pending};
use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{HeaderValue, header};
use http_body_util::BodyExt as _;

use super::fault::{Fault, Kind, Scripted};
use super::{body::FaultyBody, rules::Plan};
use crate::hang_up::HangUp;
use komerza_connect::time::Clock;

/// Carries out `plan` around the real `answer`, which is polled only if the request is to have its effect.
pub(crate) async fn carry_out(
    plan: Plan,
    clock: &Arc<dyn Clock>,
    answer: impl Future<Output = Result<Response, HangUp>>,
) -> Result<Response, HangUp> {
    if !plan.before.is_zero() {
        clock.sleep(plan.before).await;
    }
    let real = match &plan.fault {
        Some(fault) if !fault.after_effect => None,
        _ => Some(answer.await?),
    };
    if !plan.after.is_zero() {
        clock.sleep(plan.after).await;
    }
    match plan.fault {
        None => real.ok_or(HangUp),
        Some(Fault { kind, .. }) => instead(kind, real, clock).await,
    }
}

async fn instead(kind: Kind, real: Option<Response>, clock: &Arc<dyn Clock>) -> Result<Response, HangUp> {
    match kind {
        Kind::Hang => pending().await,
        Kind::Close | Kind::CloseOnAccept => Err(HangUp),
        Kind::Latency(_) => real.ok_or(HangUp),
        Kind::Reply(reply) => Ok(scripted(reply)),
        Kind::Truncate => {
            let (mut parts, body) = real.ok_or(HangUp)?.into_parts();
            let whole = body.collect().await.map_err(|_| HangUp)?.to_bytes();
            // An empty body declares one byte, so that it is cut short as well.
            let declared = whole.len().max(1);
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(declared));
            Ok(Response::from_parts(parts, Body::new(FaultyBody::truncated(&whole))))
        }
        Kind::Trickle(interval) => {
            let (parts, body) = real.ok_or(HangUp)?.into_parts();
            let whole = body.collect().await.map_err(|_| HangUp)?.to_bytes();
            Ok(Response::from_parts(parts, Body::new(FaultyBody::trickle(whole, interval, clock.clone()))))
        }
    }
}

fn scripted(reply: Scripted) -> Response {
    let body = if reply.endless { Body::new(FaultyBody::Endless(reply.body)) } else { Body::from(reply.body) };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
