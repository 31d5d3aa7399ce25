//! Callback: carries out what [`verdict`](super::verdict) decides.

use super::client_address::{charged, network};
use super::verdict::{Proven, Returning, Verdict, check};
use super::{Answer, Site, checked_return, cookie::Done, page::Page, session::BrowserSession};
use crate::failure::{Failure, FailureKind};
use crate::{api::Keeper, attempt::AttemptId, guard, redeem::Redeem, secret::CodeHash};
use http::{StatusCode, request::Parts};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(super) async fn callback(
    site: &Site,
    redeem: &Redeem,
    keeper: Arc<dyn Keeper>,
    parts: &mut Parts,
) -> Result<Answer, Failure> {
    // Owned, because the look-up of the user gets the whole head.
    let (query, cookies) = (parts.uri.query().unwrap_or_default().to_owned(), parts.headers.clone());
    let (now, config) = (site.core.clock.now(), site.config());
    let verdict = |back| check(&query, &cookies, back, now, &site.jar, &config.limits);
    let verdict = match verdict(None) {
        Ok(Verdict::AskWhoIsBack(proven)) => {
            let caller = site.identify(parts).await.map_err(|failure| proven.refused(failure, false))?;
            // A session that is over still names its record.
            let expired = site.jar.sessions(&cookies).next().map(|session| session.user_id());
            let charged = charged(caller.as_ref(), network(site.client_address.as_deref(), parts));
            verdict(Some(&Returning { caller, expired, charged }))
        }
        verdict => verdict,
    };
    match verdict {
        Ok(Verdict::LoadAgain(attempt)) => Ok(load_again(site, attempt)),
        Ok(Verdict::Done { return_to }) => Ok(Answer::see_other(checked_return(config, Some(&return_to)).as_str())),
        Ok(Verdict::AskWhoIsBack(proven)) => Err(proven.refused(Failure::new(FailureKind::Internal), false)),
        Ok(Verdict::Connect { pending, session, proven }) => {
            let code = pending.code.hash();
            match redeem.connect(*pending, keeper).await {
                Ok(()) => Ok(welcome(site, &proven, code, session.as_ref(), now)),
                Err(failure) => {
                    // A failed save is still retried, and a repeated callback learns the outcome.
                    let used_up = failure.visitor.used_up && failure.kind() != FailureKind::SaveFailed;
                    Err(proven.refused(failure, used_up))
                }
            }
        }
        Err(mut failure) => {
            let unknown = failure.kind() == FailureKind::UnknownState && failure.attempt().is_some();
            failure.visitor.connected = unknown && is_connected(site, parts).await;
            Err(failure)
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

/// Back to where the visitor wanted to go, with the new session; the attempt becomes a done mark. The key is
/// saved: nothing that breaks from here on is a failure.
fn welcome(
    site: &Site,
    proven: &Proven,
    code: CodeHash,
    session: Option<&BrowserSession>,
    began: SystemTime,
) -> Answer {
    let (limits, jar) = (&site.config().limits, &site.jar);
    let return_to = checked_return(site.config(), Some(&proven.return_to));
    let lifetime = limits.session_idle_lifetime.min(limits.session_lifetime);
    let cookie = session.and_then(|session| jar.session_cookie(session, lifetime));
    let answer = Answer::see_other(return_to.as_str()).cookie(cookie);
    let finished_at = guard::caught_now("clock", || site.core.clock.now()).unwrap_or(began);
    let session = session.map(BrowserSession::user_id);
    let done = Done { code, session, return_to: return_to.as_str().to_owned() };
    // Without randomness there is no mark. A repeated callback is then an unknown state, and its page says
    // that the visitor is connected. That is no reason to fail now.
    let mark = jar.dones.seal(proven.attempt, finished_at, &done, &*site.core.randomness).ok();
    let answer = answer.cookie(mark.and_then(|(name, value)| jar.names.set(&name, &value, limits.done_lifetime)));
    // Last: curl forgets a removal that is followed by another cookie, and reads the removed one from its jar file again.
    answer.cookie(jar.names.remove(&jar.logins.name(proven.attempt)))
}

/// Whether the visitor is connected, for a callback that comes again long after it succeeded. `false` if
/// the visitor or the record cannot be found right now.
async fn is_connected(site: &Site, parts: &mut Parts) -> bool {
    let Some(user) = site.identify(parts).await.ok().flatten().and_then(|caller| caller.user_id()) else {
        return false;
    };
    site.core.load(&user).await.is_ok_and(|record| record.is_some())
}
