//! Login: draws the state, puts the attempt into a cookie, and sends the browser to Komerza.

use super::{Answer, Refusal, Site, host, order};
use crate::{
    attempt::State,
    config::Place,
    failure::{Failure, FailureKind},
    random::{Drawn, Randomness, RandomnessError},
    site::{
        caller::Caller,
        cookie::LoginAttempt,
        fetch_metadata::{self, Start},
        login_url,
        page::Page,
        query::Query,
        session::BrowserSession,
    },
    telemetry::log,
};
use http::{StatusCode, request::Parts};

pub(super) async fn login(site: &Site, parts: &mut Parts) -> Result<Answer, Refusal> {
    let config = site.config();
    host::notice(config, parts);
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let return_to = site.checked_return(query.return_to.value());
    let refusal = |failure: Failure| Refusal { return_to: Some(return_to.as_str().to_owned()), ..failure.into() };
    let start = fetch_metadata::login_start(&parts.method, &parts.headers, &config.redirect_uri.origin);
    if start == Start::Refuse {
        return Err(refusal(Failure::new(FailureKind::CrossSite)));
    }
    let caller = site.identify(parts).await.map_err(refusal)?;
    order::notice(config, Place::Route, &parts.headers, &caller);
    let Some(user) = caller.binding() else {
        return Err(refusal(Failure::new(FailureKind::NotSignedIn)));
    };
    if start == Start::Confirm {
        return Ok(confirm(site, return_to.as_str()));
    }
    let broken = |error: RandomnessError| refusal(Failure::caused_by(FailureKind::Internal, error));
    // A state, a session with its lineage, and a nonce.
    let chance = Drawn::<{ 32 + 48 + 12 }>::from(&*site.core.randomness).map_err(broken)?;
    let (now, randomness): (_, &dyn Randomness) = (site.core.clock.now(), &chance);
    let next_session = match &caller {
        Caller::Browser(session) => Some(BrowserSession::mint(session.as_ref(), now, randomness).map_err(broken)?),
        Caller::User(_) | Caller::Nobody => None,
    };
    let state = State::mint(randomness).map_err(broken)?;
    let attempt = LoginAttempt { state, user, issued_at: now, next_session, return_to: return_to.as_str().to_owned() };
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
    Ok(dropped.iter().fold(answer, |answer, name| answer.cookie(names.remove(name))))
}

/// Asks first: a link on another site led here. Nothing is begun and no cookie is set.
fn confirm(site: &Site, return_to: &str) -> Answer {
    let config = site.config();
    let page = Page {
        title: "Connect your Komerza store?",
        paragraphs: vec![
            "Another site sent you here. Continue only if you want to connect your Komerza store to this app. Komerza will ask \
             you which stores and permissions to approve."
                .into(),
        ],
        button: Some(("Connect with Komerza", login_url(&config.routes.login, return_to))),
        ..Page::default()
    };
    // The form leads here and the answer leads on to Komerza; browsers check both.
    let authorize = config.dashboard_url.origin().ascii_serialization();
    Answer::page(StatusCode::OK, page.render()).form_action(format!("'self' {authorize}"))
}
