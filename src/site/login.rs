//! Login: draws the state, puts the attempt into a cookie, and sends the browser to Komerza.

use super::{Answer, Site, checked_return, notices};
use crate::random::{Drawn, Randomness, draw};
use crate::site::cookie::{self, LoginAttempt, Starter};
use crate::site::fetch_metadata::{self, Start};
use crate::site::{caller::Caller, login_url, page::Page, query, session::BrowserSession};
use crate::{attempt::State, failure::Failure, hooks::Leaving, telemetry::log};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, request::Parts};
use subtle::ConstantTimeEq;

pub(super) async fn login(site: &Site, parts: &mut Parts) -> Result<Answer, Failure> {
    let config = site.config();
    notices::other_host(config, parts);
    let query = parts.uri.query().unwrap_or_default();
    let return_to = checked_return(config, query::return_to(query).as_deref());
    let confirmed = is_confirmed(site, &parts.headers, query);
    let start = fetch_metadata::login_start(&parts.method, &parts.headers, &config.redirect_uri.origin);
    let start = start.map_err(Failure::new)?;
    let caller = site.signed_in(parts).await?;
    if start == Start::Confirm || (start == Start::Prove && !confirmed) {
        let login = address(site, parts.uri.query().unwrap_or_default(), return_to.as_str());
        return confirm(site, login, start == Start::Prove);
    }
    let user = caller.user_id();
    let leaving = Leaving { user: user.as_ref(), parts, return_to: return_to.as_str() };
    let note = site.core.ask(async { site.core.hooks.before_leaving(&leaving).await }).await?;
    // A state, a session with its lineage, and a nonce.
    let chance = Drawn::<{ 32 + 44 + 12 }>::from(&*site.core.randomness)?;
    let (now, randomness): (_, &dyn Randomness) = (site.core.clock.now(), &chance);
    let starter = match &caller {
        Caller::User(user) => Starter::of_user(user),
        Caller::Browser(session) => {
            let next = BrowserSession::mint(session.as_ref(), now, randomness)?;
            Starter::Browser { new: session.is_none(), next }
        }
    };
    let (state, return_to) = (State::mint(randomness)?, return_to.as_str().to_owned());
    let attempt = LoginAttempt { state, starter, return_to, note };
    let (name, value) = site.jar.logins.seal(attempt.state.attempt_id(), now, &attempt, randomness)?;
    let room = name.len() + value.len();
    let dropped = site.jar.make_room(&parts.headers, room, now, &config.limits);
    log::info!(attempt = %attempt.state.attempt_id(), "login started");
    let names = &site.jar.names;
    let cookie = names.set(&name, &value, config.limits.attempt_lifetime);
    let answer = Answer::see_other(config.authorize_url(&attempt.state.expose_secret())).cookie(cookie);
    let done_with = [&names.confirm, &names.stay].map(|name| names.remove_if_sent(&parts.headers, name));
    let removals = done_with.into_iter().chain(dropped.iter().map(|name| names.remove(name)));
    Ok(removals.fold(answer, Answer::cookie))
}

/// The address of a login with the app's own parameters of this query.
pub(super) fn address(site: &Site, query: &str, return_to: &str) -> String {
    let login = login_url(&site.config().routes.login, return_to);
    query::of_the_app(query).fold(login, |login, pair| login + "&" + pair)
}

/// Whether the visitor followed the link of the confirm page in this browser. Proven by the cookie that came
/// with the page and not by fetch metadata, which a service worker makes untrue.
fn is_confirmed(site: &Site, headers: &HeaderMap, query: &str) -> bool {
    let Ok(Some(value)) = query::param(query, "confirm") else { return false };
    !value.is_empty() && cookie::named(headers, &site.jar.names.confirm).any(|sent| sent.ct_eq(value.as_bytes()).into())
}

/// Asks first: the visitor may have followed a link of another site. Nothing is begun. `prove`: with a link
/// that only this browser can follow.
fn confirm(site: &Site, mut login: String, prove: bool) -> Result<Answer, Failure> {
    let (config, names) = (site.config(), &site.jar.names);
    let mut cookie = None;
    if prove {
        let value = BASE64_URL_SAFE_NO_PAD.encode(draw::<16>(&*site.core.randomness)?);
        login = format!("{login}&confirm={value}");
        cookie = names.set(&names.confirm, &value, config.limits.attempt_lifetime);
    }
    let app = config.look.app_name.as_deref().unwrap_or("this app");
    let page = Page {
        title: "Connect your Komerza store?",
        paragraphs: vec![format!(
            "You are about to connect your Komerza store to {app}. Continue only if you want to. Komerza will ask you which \
             stores and permissions to approve."
        )],
        link: Some(("Connect with Komerza", login)),
        ..Page::default()
    };
    Ok(Answer::page(StatusCode::OK, &page, &config.look).cookie(cookie))
}
