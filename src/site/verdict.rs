//! What a callback means: one decision over what the browser brought, which [`callback`](super::callback)
//! carries out.
//!
//! In this order:
//!
//! 1. There is exactly one state, and it has the form of this crate's states.
//! 2. An attempt that has already succeeded leads to the same page again. With another code it is refused.
//! 3. The attempt's cookie was sent, can be decrypted, and is not too old.
//! 4. The user is the one who started the login. If nobody is signed in, the page loads again once: after a
//!    redirect from another site a browser does not send a session cookie that is `SameSite=Strict`. It sends
//!    the cookie when the page loads itself again.
//! 5. For an attempt that has not succeeded yet, `error` and `code` are looked at only now.
//!
//! A refusal removes no cookie except the cookie of an attempt that belongs to this browser.

use super::cookie::{self, Jar, LoginAttempt, Starter, is_fresh};
use super::{caller::Caller, query::param, session::BrowserSession};
use crate::attempt::{AttemptId, State};
use crate::failure::{Failure, FailureKind};
use crate::redeem::{Charged, Pending};
use crate::{config::Limits, secret::AuthorizationCode, user::UserId};
use http::HeaderMap;
use std::time::SystemTime;

/// Who is back from Komerza.
pub(super) struct Returning {
    /// `None`: nobody is signed in.
    pub(super) caller: Option<Caller>,
    /// The user of a browser session whose lifetime is over. It identifies nobody any more; its record can go.
    pub(super) expired: Option<UserId>,
    /// Who pays for the exchange.
    pub(super) charged: Charged,
}

/// What is to be done about a callback.
pub(super) enum Verdict {
    /// It was answered before: back to where that led.
    Done { return_to: String },
    /// Who is back has to be known first.
    AskWhoIsBack(Proven),
    /// Nobody is signed in, as far as this request tells: the same address once more, from this site.
    LoadAgain(AttemptId),
    /// The code is to be exchanged. `session`: the one that the browser moves to.
    Connect { pending: Box<Pending>, session: Option<BrowserSession>, proven: Proven },
}

/// An attempt that the browser has proven to be its own.
pub(super) struct Proven {
    pub(super) attempt: AttemptId,
    pub(super) return_to: String,
}

impl Proven {
    /// Refuses the attempt all the same. `used_up`: its cookie is of no more use.
    pub(super) fn refused(self, mut failure: Failure, used_up: bool) -> Failure {
        failure.attempt = Some(self.attempt);
        (failure.visitor.return_to, failure.visitor.used_up) = (Some(self.return_to.into()), used_up);
        failure
    }
}

/// Decides on a callback.
pub(super) fn check(
    query: &str,
    cookies: &HeaderMap,
    back: Option<&Returning>,
    now: SystemTime,
    jar: &Jar,
    limits: &Limits,
) -> Result<Verdict, Failure> {
    if query.len() > limits.callback_query_bytes {
        return Err(Failure::new(FailureKind::QueryTooLong));
    }
    let sent = param(query, "state").map_err(|_| Failure::new(FailureKind::MalformedRequest))?;
    let Some(state) = sent.as_deref().and_then(State::parse) else {
        let denied = sent.is_none() && matches!(read_code(query), Err(FailureKind::Denied));
        return Err(Failure::new(if denied { FailureKind::NotApproved } else { FailureKind::UnknownState }));
    };
    let id = state.attempt_id();
    if let Some((_, done)) = jar.dones.find(cookies, id, |(since, _)| is_fresh(*since, now, limits.done_lifetime)) {
        // Another approval is no repetition of the one that was exchanged.
        if read_code(query).is_ok_and(|code| code.hash() != done.code) {
            let proven = Proven { attempt: id, return_to: done.return_to };
            return Err(proven.refused(Failure::new(FailureKind::StateUsed), false));
        }
        return Ok(Verdict::Done { return_to: done.return_to });
    }
    let Some((since, attempt)) = jar.logins.find(cookies, id, |(_, attempt)| attempt.state.matches(&state)) else {
        return Err(Failure { attempt: Some(id), ..Failure::new(FailureKind::UnknownState) });
    };
    let proven = Proven { attempt: id, return_to: attempt.return_to.clone() };
    let refuse = |proven: Proven, kind, used_up| Err(proven.refused(Failure::new(kind), used_up));
    if !is_fresh(since, now, limits.attempt_lifetime) {
        return refuse(proven, FailureKind::ExpiredState, true);
    }
    let Some(back) = back else { return Ok(Verdict::AskWhoIsBack(proven)) };
    match &back.caller {
        None if cookie::named(cookies, &jar.names.again(id)).next().is_none() => return Ok(Verdict::LoadAgain(id)),
        None => return refuse(proven, FailureKind::NotSignedIn, false),
        Some(caller) if !attempt.starter.admits(caller) => return refuse(proven, FailureKind::OtherUser, false),
        Some(_) => {}
    }
    match read_code(query).and_then(|code| connect(back, attempt, code)) {
        Ok((pending, session)) => Ok(Verdict::Connect { pending: Box::new(pending), session, proven }),
        Err(kind) => refuse(proven, kind, kind == FailureKind::Denied),
    }
}

/// The code, or why there is none. A callback without a code is a refusal by the user, with `error` or without:
/// the provider documents neither. An empty value is none.
fn read_code(query: &str) -> Result<AuthorizationCode, FailureKind> {
    let given = |name| param(query, name).map(|value| value.filter(|value| !value.is_empty()));
    match (given("code"), given("error")) {
        (Ok(Some(code)), Ok(None)) => AuthorizationCode::new(&*code).map_err(|_| FailureKind::MalformedRequest),
        (Ok(None), Ok(_)) => Err(FailureKind::Denied),
        _ => Err(FailureKind::MalformedRequest),
    }
}

/// What is to be exchanged, and for whom: the app's user, or the session that was chosen when the login began.
/// A browser leaves the session that it is in, or the expired one.
fn connect(
    back: &Returning,
    attempt: LoginAttempt,
    code: AuthorizationCode,
) -> Result<(Pending, Option<BrowserSession>), FailureKind> {
    let Returning { caller, expired, charged } = back;
    let (user, session, left) = match (caller, attempt.starter) {
        (Some(Caller::User(user)), Starter::User(_)) => (user.clone(), None, None),
        (Some(Caller::Browser(session)), Starter::Browser { mut next, .. }) => {
            // In the lineage of the session that the browser has got meanwhile from another tab, so that logins
            // which other tabs began in between still know the browser.
            next.lineage = session.as_ref().map_or(next.lineage, |session| session.lineage);
            let left = session.as_ref().map(BrowserSession::user_id).or_else(|| expired.clone());
            (next.user_id(), Some(next), left)
        }
        // `admits` refuses this already. If it ever changes, still nobody gets a key of the other kind.
        _ => return Err(FailureKind::OtherUser),
    };
    let (attempt, note) = (attempt.state.attempt_id(), attempt.note);
    let pending = Pending { attempt, code, user, charged: *charged, left, note };
    Ok((pending, session))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
