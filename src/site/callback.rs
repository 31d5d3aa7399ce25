//! Callback: checks the state before all else, then hands the code over.
//!
//! In this order: the state is exactly one and its cookie is here, opens, is not too old and equal; the same user is back; only then
//! `error` and `code` are looked at. A refusal touches no cookie but the one it proved to be its own.

use super::{Answer, Refusal, checked_return};
use crate::{
    attempt::{AttemptId, State},
    context::Context,
    failure::{Failure, FailureKind},
    redeem::{Landed, Pending, connect},
    secret::AuthorizationCode,
    site::{
        caller::Caller,
        cookie::{Done, LoginAttempt, is_fresh},
        query::{Param, Query},
        session::BrowserSession,
    },
    user::UserId,
};
use http::{HeaderValue, request::Parts};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(super) async fn callback(context: &Arc<Context>, parts: &mut Parts) -> Result<Answer, Refusal> {
    // Owned, because the look-up of the user gets the whole head.
    let query = parts.uri.query().unwrap_or_default().to_owned();
    if query.len() > context.config.limits.callback_query_bytes {
        return Err(FailureKind::QueryTooLong.into());
    }
    let query = Query::parse(&query);
    let state = match &query.state {
        Param::Repeated | Param::Malformed => return Err(FailureKind::MalformedRequest.into()),
        Param::Absent => None,
        Param::One(state) => State::parse(state),
    };
    let Some(state) = state else {
        let denied = query.state == Param::Absent && matches!(read_code(&query), Err(FailureKind::Denied));
        return Err(if denied { FailureKind::NotApproved } else { FailureKind::UnknownState }.into());
    };
    let id = state.attempt_id();
    let now = context.clock.now();
    if let Some(done) = context.jar.done(&parts.headers, id, now, context.config.limits.done_lifetime) {
        return Ok(Answer::see_other(checked_return(context, Some(&done.return_to)).as_str()));
    }
    let Some(attempt) = context.jar.login(&parts.headers, &state) else {
        let note = connected_already(context, parts).await;
        return Err(Refusal { note, ..Failure::new(FailureKind::UnknownState).of_attempt(id).into() });
    };
    let return_to = checked_return(context, Some(&attempt.return_to));
    let used_up = || names_removal(context, id);
    let refusal = |failure: Failure, cookies: Vec<HeaderValue>| Refusal {
        return_to: Some(return_to.as_str().to_owned()),
        cookies,
        ..failure.of_attempt(id).into()
    };
    if !is_fresh(attempt.issued_at, now, context.config.limits.attempt_lifetime) {
        return Err(refusal(Failure::new(FailureKind::ExpiredState), used_up()));
    }
    let caller = context.identify(parts).await.map_err(|failure| refusal(failure, Vec::new()))?;
    let Some(returning) = caller.binding() else {
        return Err(refusal(Failure::new(FailureKind::NotSignedIn), Vec::new()));
    };
    if !attempt.user.admits(&returning) {
        return Err(refusal(Failure::new(FailureKind::OtherUser), Vec::new()));
    }
    let expired = || context.expired_session(&parts.headers).map(|session| session.user_id());
    let pending = read_code(&query).and_then(|code| pending(caller, attempt, code, expired)).map_err(|kind| {
        let cookies = if kind == FailureKind::Denied { used_up() } else { Vec::new() };
        refusal(Failure::new(kind), cookies)
    })?;
    match connect(context, pending).await {
        Ok(landed) => Ok(landed_answer(context, id, &landed)),
        Err(failure) => {
            let cookies = if spends(failure.kind()) { used_up() } else { Vec::new() };
            Err(refusal(failure, cookies))
        }
    }
}

/// The code, or why there is none. A callback without a code is a refusal by the user, with `error` or without: the provider
/// documents neither. An empty value is none.
fn read_code(query: &Query<'_>) -> Result<AuthorizationCode, FailureKind> {
    match (given(&query.code)?, given(&query.error)?) {
        (Some(code), None) => AuthorizationCode::new(code).map_err(|_| FailureKind::MalformedRequest),
        (None, _) => Err(FailureKind::Denied),
        (Some(_), Some(_)) => Err(FailureKind::MalformedRequest),
    }
}

/// A value that is there and not empty.
fn given<'a>(param: &'a Param<'_>) -> Result<Option<&'a str>, FailureKind> {
    match param {
        Param::One(value) => Ok(Some(value.as_ref()).filter(|value| !value.is_empty())),
        Param::Absent => Ok(None),
        Param::Repeated | Param::Malformed => Err(FailureKind::MalformedRequest),
    }
}

/// What is to be done, and for whom: the app's user, or the session that was chosen when the login began.
/// A browser leaves the session that it is in, or the `expired` one.
fn pending(
    caller: Caller,
    attempt: LoginAttempt,
    code: AuthorizationCode,
    expired: impl FnOnce() -> Option<UserId>,
) -> Result<Pending, FailureKind> {
    let session = match (&caller, attempt.next_session) {
        // So that logins which other tabs began in between still know the browser.
        (Caller::Browser(Some(session)), Some(next)) => Some(next.in_lineage_of(session)),
        (_, next) => next,
    };
    let (user, left) = match (&caller, &session) {
        (Caller::User(user), None) => (user.clone(), None),
        (Caller::Browser(_), Some(next)) => (next.user_id(), caller.user_id().or_else(expired)),
        // Whom the attempt admits has what it takes; should that ever change, nobody gets a key by it.
        _ => return Err(FailureKind::OtherUser),
    };
    // Sessions of one browser are charged together, by their lineage.
    let charged = match (&caller, &session) {
        (Caller::Browser(_), Some(next)) => Sha256::digest(next.lineage()),
        _ => Sha256::digest(user.as_str()),
    };
    Ok(Pending {
        attempt: attempt.state.attempt_id(),
        code,
        user,
        charged: charged.into(),
        begun_at: attempt.issued_at,
        session,
        left,
        return_to: attempt.return_to,
    })
}

/// Back to where the visitor wanted to go, with the new session; the attempt becomes a done mark.
fn landed_answer(context: &Context, id: AttemptId, landed: &Landed) -> Answer {
    let (limits, names) = (&context.config.limits, &context.jar.names);
    let return_to = checked_return(context, Some(&landed.return_to));
    let session =
        landed.session.as_ref().and_then(|session| BrowserSession::cookie_value(session, &context.session_tags));
    let session = session.and_then(|value| names.set(&names.session, &value, limits.session_lifetime));
    let answer = Answer::see_other(return_to.as_str()).cookie(session);
    // Without randomness there is no mark, and a repetition is told that the connection was answered: no reason to fail.
    let done = Done { finished_at: context.clock.now(), return_to: return_to.as_str().to_owned() };
    let answer = match context.jar.seal_done(id, &done, &*context.randomness) {
        Ok((name, value)) => answer.cookie(names.set(&name, &value, limits.done_lifetime)),
        Err(_) => answer,
    };
    // Last: curl forgets a removal that is followed by another cookie, and reads the removed one from its jar file again.
    answer.cookie(names.remove(&names.login(id)))
}

fn names_removal(context: &Context, id: AttemptId) -> Vec<HeaderValue> {
    let names = &context.jar.names;
    names.remove(&names.login(id)).into_iter().collect()
}

/// Whether after such a failure the attempt is of no more use.
fn spends(kind: FailureKind) -> bool {
    !matches!(
        kind,
        FailureKind::StoreUnavailable
            | FailureKind::TooManyAttempts
            | FailureKind::Busy
            | FailureKind::ProviderUnreachable
            | FailureKind::ShuttingDown
            | FailureKind::MalformedRequest
            | FailureKind::StateUsed
    )
}

/// For a callback that comes again long after its success: a word that all is well, if it is. Costs nothing and says nothing if
/// the visitor or the record cannot be found right now.
async fn connected_already(context: &Context, parts: &mut Parts) -> Option<&'static str> {
    let user = context.identify(parts).await.ok()?.user_id()?;
    let connected = context.load(&user).await.ok()?.is_some();
    connected.then_some("You are connected to Komerza: there is nothing left to do.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::SystemRandomness, site::cookie::UserBinding, user::UserId};
    use std::time::SystemTime;

    #[test]
    fn t27_a_callback_has_one_code_or_no_code_at_all() {
        for (query, wanted) in [
            ("code=abc", Ok("abc")),
            ("code=a%2Fb+c%3D", Ok("a/b+c=")),
            ("code=abc&error_description=x", Ok("abc")),
            ("", Err(FailureKind::Denied)),
            ("error=access_denied", Err(FailureKind::Denied)),
            ("code=&x", Err(FailureKind::Denied)),
            ("code=", Err(FailureKind::Denied)),
            ("code=&error=", Err(FailureKind::Denied)),
            ("error=", Err(FailureKind::Denied)),
            ("code=&error=access_denied", Err(FailureKind::Denied)),
            ("code=abc&error=", Ok("abc")),
            ("code=abc&error", Ok("abc")),
            ("code=abc&error=&error=", Err(FailureKind::MalformedRequest)),
            ("code=&code=", Err(FailureKind::MalformedRequest)),
            ("code=a&code=b", Err(FailureKind::MalformedRequest)),
            ("code=a&error=access_denied", Err(FailureKind::MalformedRequest)),
            ("error=a&error=b", Err(FailureKind::MalformedRequest)),
            ("error=%ff", Err(FailureKind::MalformedRequest)),
            ("code=%ff", Err(FailureKind::MalformedRequest)),
            ("code=a%20b", Err(FailureKind::MalformedRequest)),
            ("code=a%00b", Err(FailureKind::MalformedRequest)),
            ("code=..", Err(FailureKind::MalformedRequest)),
        ] {
            let code = read_code(&Query::parse(query));
            assert_eq!(code.as_ref().map(AuthorizationCode::expose_secret).map_err(|kind| *kind), wanted, "{query}");
        }
    }

    #[test]
    fn t02_an_attempt_without_a_session_is_no_browsers_and_one_with_a_session_no_users() {
        let ends = |caller: Caller, next_session: Option<BrowserSession>| {
            let state = State::mint(&SystemRandomness).unwrap();
            let (issued_at, return_to) = (SystemTime::UNIX_EPOCH, "/".to_owned());
            let attempt = LoginAttempt { state, user: UserBinding::NewBrowser, issued_at, next_session, return_to };
            pending(caller, attempt, AuthorizationCode::new("code").unwrap(), || None).map(|pending| pending.user)
        };
        let session = || BrowserSession::mint(None, SystemTime::UNIX_EPOCH, &SystemRandomness).unwrap();
        let (alice, next) = (UserId::new("alice").unwrap(), session());
        assert_eq!(ends(Caller::User(alice.clone()), None), Ok(alice.clone()));
        assert_eq!(ends(Caller::Browser(None), Some(next.clone())), Ok(next.user_id()));
        for (caller, next) in [
            (Caller::User(alice), Some(next)),
            (Caller::Browser(None), None),
            (Caller::Browser(Some(session())), None),
            (Caller::Nobody, None),
            (Caller::Nobody, Some(session())),
        ] {
            assert_eq!(ends(caller, next), Err(FailureKind::OtherUser));
        }
    }
}
