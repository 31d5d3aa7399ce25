//! Login: draws the state, puts the attempt into a cookie, and sends the browser to Komerza.

use super::{Answer, Refusal, Site, host, order};
use crate::{
    attempt::State,
    config::Place,
    failure::{Failure, FailureKind},
    hooks::{Leaving, Note},
    random::{Drawn, Randomness, RandomnessError, draw},
    site::{
        caller::Caller,
        cookie::{self, LoginAttempt},
        fetch_metadata::{self, Start},
        login_url,
        page::Page,
        query::{self, Query},
        session::BrowserSession,
    },
    telemetry::log,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, Uri, request::Parts};
use subtle::ConstantTimeEq;

pub(super) async fn login(site: &Site, parts: &mut Parts) -> Result<Answer, Refusal> {
    let config = site.config();
    host::notice(config, parts);
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let return_to = site.checked_return(query.return_to.value());
    let confirmed = is_confirmed(site, &parts.headers, &query);
    let refusal = |failure: Failure| Refusal { return_to: Some(return_to.as_str().to_owned()), ..failure.into() };
    let start = fetch_metadata::login_start(&parts.method, &parts.headers, &config.redirect_uri.origin);
    match start {
        Start::Refuse => return Err(refusal(Failure::new(FailureKind::CrossSite))),
        Start::NotNavigated => return Err(refusal(Failure::new(FailureKind::NotNavigated))),
        Start::Begin | Start::Confirm | Start::Prove => {}
    }
    let caller = site.identify(parts).await.map_err(refusal)?;
    order::notice(config, Place::Route, &parts.headers, &caller);
    let Some(user) = caller.binding() else {
        return Err(refusal(Failure::new(FailureKind::NotSignedIn)));
    };
    let broken = |error: RandomnessError| refusal(Failure::caused_by(FailureKind::Internal, error));
    if start == Start::Confirm {
        return Ok(confirm(site, address(site, &parts.uri, return_to.as_str())));
    }
    if start == Start::Prove && !confirmed {
        return prove(site, address(site, &parts.uri, return_to.as_str())).map_err(broken);
    }
    let note = ask_the_app(site, parts, &caller, return_to.as_str()).await.map_err(refusal)?;
    // A state, a session with its lineage, and a nonce.
    let chance = Drawn::<{ 32 + 44 + 12 }>::from(&*site.core.randomness).map_err(broken)?;
    let (now, randomness): (_, &dyn Randomness) = (site.core.clock.now(), &chance);
    let next_session = match &caller {
        Caller::Browser(session) => Some(BrowserSession::mint(session.as_ref(), now, randomness).map_err(broken)?),
        Caller::User(_) | Caller::Nobody => None,
    };
    let state = State::mint(randomness).map_err(broken)?;
    let return_to = return_to.as_str().to_owned();
    let attempt = LoginAttempt { state, user, issued_at: now, next_session, return_to, note };
    let (name, value) = site.jar.seal_login(&attempt, randomness).map_err(broken)?;
    let room = name.len() + value.len();
    let dropped = site.jar.make_room(&parts.headers, room, now, &config.limits);
    log::info!(attempt = %attempt.state.attempt_id(), "login started");
    let names = &site.jar.names;
    let answer = Answer::see_other(config.authorize_url(&attempt.state.expose_secret())).cookie(names.set(
        &name,
        &value,
        config.limits.attempt_lifetime,
    ));
    let answer = [&names.confirm, &names.stay]
        .iter()
        .fold(answer, |answer, name| answer.cookie(names.remove_if_sent(&parts.headers, name)));
    Ok(dropped.iter().fold(answer, |answer, name| answer.cookie(names.remove(name))))
}

/// The address of this login for a page in between: what the app asks in its query goes along.
pub(super) fn address(site: &Site, asked: &Uri, return_to: &str) -> String {
    let login = login_url(&site.config().routes.login, return_to);
    query::of_the_app(asked.query().unwrap_or_default()).fold(login, |login, pair| login + "&" + pair)
}

/// Asks the app whether the browser may leave, and what is to be noted.
async fn ask_the_app(site: &Site, parts: &Parts, caller: &Caller, return_to: &str) -> Result<Option<Note>, Failure> {
    let user = caller.user_id();
    let leaving = Leaving { user: user.as_ref(), parts, return_to };
    match site.core.hook(async { site.core.hooks.before_leaving(&leaving).await }).await {
        Some(Ok(note)) => Ok(note),
        Some(Err(veto)) => Err(Failure::new(FailureKind::Vetoed).because(veto.into_reason())),
        None => Err(Failure::new(FailureKind::Internal)),
    }
}

/// Whether the visitor followed the link of the confirm page in this browser. Proven by the cookie that came
/// with the page and not by fetch metadata, which a service worker makes untrue.
fn is_confirmed(site: &Site, headers: &HeaderMap, query: &Query<'_>) -> bool {
    let Some(value) = query.confirm.value().filter(|value| !value.is_empty()) else { return false };
    cookie::named(headers, &site.jar.names.confirm).any(|sent| sent.ct_eq(value.as_bytes()).into())
}

/// Asks first: the visitor may have followed a link of another site. Nothing is begun.
fn confirm(site: &Site, login: String) -> Answer {
    let look = &site.config().look;
    let app = look.app_name.as_deref().unwrap_or("this app");
    let page = Page {
        title: "Connect your Komerza store?",
        paragraphs: vec![format!(
            "You are about to connect your Komerza store to {app}. Continue only if you want to. Komerza will ask you which \
             stores and permissions to approve."
        )],
        link: Some(("Connect with Komerza", login)),
        ..Page::default()
    };
    Answer::page(StatusCode::OK, &page, look)
}

/// The same with a link that only this browser can follow.
fn prove(site: &Site, login: String) -> Result<Answer, RandomnessError> {
    let (config, names) = (site.config(), &site.jar.names);
    let value = BASE64_URL_SAFE_NO_PAD.encode(draw::<16>(&*site.core.randomness)?);
    Ok(confirm(site, format!("{login}&confirm={value}")).cookie(names.set(
        &names.confirm,
        &value,
        config.limits.attempt_lifetime,
    )))
}
