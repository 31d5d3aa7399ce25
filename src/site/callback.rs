//! Callback: carries out what [`verdict`](super::verdict) decides.

use super::{
    Answer, Refusal, Site,
    client_address::charged,
    cookie::Done,
    page::Page,
    session::BrowserSession,
    verdict::{Connect, Proven, Returning, Verdict, check},
};
use crate::{
    api::Keeper,
    attempt::AttemptId,
    failure::{Failure, FailureKind},
    guard,
    redeem::{Missed, Redeem},
    secret::CodeHash,
};
use http::{StatusCode, request::Parts};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(super) async fn callback(
    site: &Site,
    redeem: &Redeem,
    keeper: Arc<dyn Keeper>,
    parts: &mut Parts,
) -> Result<Answer, Refusal> {
    // Owned, because the look-up of the user gets the whole head.
    let (query, cookies) = (parts.uri.query().unwrap_or_default().to_owned(), parts.headers.clone());
    let (now, limits) = (site.core.clock.now(), &site.config().limits);
    let verdict = |back| check(&query, &cookies, back, now, &site.jar, limits);
    let verdict = match verdict(None) {
        Verdict::AskWhoIsBack(proven) => {
            let caller = site.identify(parts).await.map_err(|failure| refuse(site, failure, proven, false))?;
            let expired = site.expired_session(&cookies).map(|session| session.user_id());
            let charged = charged(&caller, site.client_address.network(parts));
            verdict(Some(&Returning { caller, expired, charged }))
        }
        verdict => verdict,
    };
    match verdict {
        Verdict::LoadAgain(attempt) => Ok(load_again(site, attempt)),
        Verdict::Done { return_to } => Ok(Answer::see_other(site.checked_return(Some(&return_to)).as_str())),
        Verdict::Refuse { kind, attempt: None } => Err(kind.into()),
        Verdict::Refuse { kind, attempt: Some(attempt) } => {
            let note = connected_already(site, parts).await;
            Err(Refusal { note, ..Failure::new(kind).of_attempt(attempt).into() })
        }
        Verdict::RefuseProven { kind, proven, used_up } => Err(refuse(site, Failure::new(kind), proven, used_up)),
        Verdict::AskWhoIsBack(proven) => Err(refuse(site, Failure::new(FailureKind::Internal), proven, false)),
        Verdict::Connect(connect) => {
            let Connect { pending, session, proven } = *connect;
            let code = pending.code.hash();
            match redeem.connect(pending, keeper).await {
                Ok(()) => Ok(welcome(site, &proven, code, session.as_ref(), now)),
                Err(Missed { failure, spent }) => {
                    // A save that failed is still tried; a repetition learns what came of it.
                    let used_up = spent && failure.kind() != FailureKind::SaveFailed;
                    Err(refuse(site, failure, proven, used_up))
                }
            }
        }
    }
}

/// How long the mark stays that says a callback was loaded again.
const AGAIN: Duration = Duration::from_secs(60);

/// A page that loads its own address again, which makes it a request of this site. The address has code and
/// state in it, so the page does not repeat it: an empty link leads to the same address too.
fn load_again(site: &Site, attempt: AttemptId) -> Answer {
    let names = &site.jar.names;
    let page = Page {
        title: "One moment",
        paragraphs: vec!["You are back from Komerza. This page goes on by itself.".into()],
        link: Some(("Continue", String::new())),
        load_again: true,
        support: None,
    };
    Answer::page(StatusCode::OK, &page, &site.config().look).cookie(names.set(&names.again(attempt), "1", AGAIN))
}

/// A refusal of an attempt that is this browser's own. Its cookie goes when it is of no more use.
fn refuse(site: &Site, failure: Failure, proven: Proven, used_up: bool) -> Refusal {
    let Proven { attempt, return_to } = proven;
    let names = &site.jar.names;
    Refusal {
        return_to: Some(site.checked_return(Some(&return_to)).as_str().to_owned()),
        cookies: used_up.then(|| names.remove(&names.login(attempt))).flatten().into_iter().collect(),
        ..failure.of_attempt(attempt).into()
    }
}

/// Back to where the visitor wanted to go, with the new session; the attempt becomes a done mark. The key is
/// saved: nothing that breaks from here on is a failure.
fn welcome(
    site: &Site,
    proven: &Proven,
    code: CodeHash,
    session: Option<&BrowserSession>,
    began: SystemTime,
) -> Answer {
    let (limits, names, lifetimes) = (&site.config().limits, &site.jar.names, site.lifetimes());
    let return_to = site.checked_return(Some(&proven.return_to));
    let cookie = session.and_then(|session| site.session_cookie(session, lifetimes.idle.min(lifetimes.whole)));
    let answer = Answer::see_other(return_to.as_str()).cookie(cookie);
    let finished_at = guard::caught_now("clock", || site.core.clock.now()).unwrap_or(began);
    let session = session.map(BrowserSession::user_id);
    let done = Done { finished_at, code, session, return_to: return_to.as_str().to_owned() };
    // Without randomness there is no mark, and a repetition is told that the connection was answered: no reason to fail.
    let answer = match site.jar.seal_done(proven.attempt, &done, &*site.core.randomness) {
        Ok((name, value)) => answer.cookie(names.set(&name, &value, limits.done_lifetime)),
        Err(_) => answer,
    };
    // Last: curl forgets a removal that is followed by another cookie, and reads the removed one from its jar file again.
    answer.cookie(names.remove(&names.login(proven.attempt)))
}

/// For a callback that comes again long after its success: a word that all is well, if it is. Costs nothing and
/// says nothing if the visitor or the record cannot be found right now.
async fn connected_already(site: &Site, parts: &mut Parts) -> Option<&'static str> {
    let user = site.identify(parts).await.ok()?.user_id()?;
    let connected = site.core.load(&user).await.ok()?.is_some();
    connected.then_some("You are connected to Komerza: there is nothing left to do.")
}
