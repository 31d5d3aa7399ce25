//! The crate's own routes: login, callback, disconnect, status.
//!
//! Methods match exactly, so HEAD never runs what GET does. A prefetch gets 503. All else is done by the
//! modules of the routes. This module turns every failure into an answer.

pub(crate) mod answer;
mod callback;
pub(crate) mod caller;
pub(crate) mod client_address;
pub(crate) mod cookie;
mod disconnect;
mod error_answer;
pub(crate) mod fetch_metadata;
mod login;
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "its messages are only logged"))]
pub(crate) mod notices;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod session;
mod status;
pub(crate) mod stay;
mod verdict;
pub(crate) mod visitor;

use crate::config::{Config, Place, Route, return_path::ReturnPath};
use crate::failure::{Failure, FailureKind};
use crate::guard::{self, Unfinished};
use crate::telemetry::{log, metrics};
use crate::{api::Keeper, core::Core, redeem::Redeem};
use answer::Answer;
use axum_core::body::Body;
use caller::Caller;
pub use caller::IdentifyUser;
use client_address::ReadAddress;
use cookie::Jar;
use http::{HeaderMap, HeaderValue, Response, header::ALLOW, request::Parts};
use page::Page;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use session::BrowserSession;
use stay::Stay;
use std::sync::{Arc, atomic::AtomicBool};

/// What the web half of a layer knows. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) core: Arc<Core>,
    /// The app's own login. `None`: the crate's own session cookie tells browsers apart.
    pub(crate) identity: Option<Arc<dyn IdentifyUser>>,
    pub(crate) client_address: Option<Arc<ReadAddress>>,
    pub(crate) jar: Arc<Jar>,
}

impl Site {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { identity: None, client_address: None, jar: Arc::new(Jar::new(&core.config)), core }
    }

    fn config(&self) -> &Config {
        &self.core.config
    }

    /// Finds out who sent a request. `None`: nobody is signed in to the app.
    pub(crate) async fn identify(&self, parts: &mut Parts) -> Result<Option<Caller>, Failure> {
        let limits = &self.config().limits;
        let Some(app) = &self.identity else {
            let now = self.core.clock.now();
            let session = self.jar.sessions(&parts.headers).find(|session| session.is_alive(now, limits));
            return Ok(Some(Caller::Browser(session)));
        };
        let failed = |source| Failure::caused_by(FailureKind::UserLookupFailed, source);
        match guard::run("user look-up", limits.store_deadline, async { app.identify_user(parts).await }).await {
            Ok(found) => found.map(|user| user.map(Caller::User)).map_err(failed),
            Err(Unfinished::Late) => Err(failed("the look-up did not finish in time".into())),
            Err(Unfinished::Panicked) => Err(Failure::new(FailureKind::Internal)),
        }
    }

    /// Finds out who sent a request to a route, and refuses if nobody is signed in.
    async fn signed_in(&self, parts: &mut Parts) -> Result<Caller, Failure> {
        let caller = self.identify(parts).await?;
        notices::layer_order(self.config(), Place::Route, &parts.headers, caller.as_ref());
        caller.ok_or_else(|| Failure::new(FailureKind::NotSignedIn))
    }

    /// The cookie that renews a session in use, when it is time. `None` while a login is open: if that login
    /// finishes first, a late answer would bring the older session back.
    pub(crate) fn renewal(&self, headers: &HeaderMap, session: &BrowserSession) -> Option<HeaderValue> {
        let (renewed, good_for) = session.renewed(self.core.clock.now(), &self.config().limits)?;
        (!self.jar.has_open_login(headers)).then(|| self.jar.session_cookie(&renewed, good_for))?
    }
}

/// A path for the browser, checked (again) at the moment of its use.
pub(crate) fn checked_return(config: &Config, wanted: Option<&str>) -> ReturnPath {
    let parse = |path| ReturnPath::parse(path, config.limits.return_path_bytes, &config.routes);
    wanted.and_then(parse).unwrap_or_else(|| config.default_return_path.clone())
}

/// Marks the request of a check. Its refusal concerns no visitor: no hook sees it.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    /// Whether a refusal is logged and counted. The log then has the reason of a failed look-up.
    pub(crate) is_logged: bool,
    /// Set when the request meets a second layer with the same redirect URI.
    pub(crate) two_layers: Arc<AtomicBool>,
}

/// Answers a request to one of the crate's routes. The body of the request is never read.
pub(crate) async fn answer(
    site: &Site,
    redeem: &Redeem,
    keeper: Arc<dyn Keeper>,
    route: Route,
    parts: &mut Parts,
) -> Response<Body> {
    let allow = route.allowed_methods();
    let answered = guard::caught("route", async {
        if !allow.split(", ").any(|method| method == parts.method.as_str()) {
            return Err(Failure::new(FailureKind::MethodNotAllowed));
        }
        if fetch_metadata::is_speculative(&parts.headers) {
            return Err(Failure::new(FailureKind::Speculative));
        }
        match route {
            Route::Login => login::login(site, parts).await,
            // Boxed: it is by far the largest, and the room for it would be kept in every answer.
            Route::Callback => Box::pin(callback::callback(site, redeem, keeper, parts)).await,
            Route::Disconnect => disconnect::disconnect(site, parts).await,
            Route::Status => status::status(site, parts).await,
        }
    });
    let mut failure = match answered.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Internal))) {
        Ok(answer) => return answer.into_response(),
        Err(failure) => failure,
    };
    // The query of a callback is not trusted before its state is checked, and a status request has no page to
    // return to.
    let counts = matches!(route, Route::Login | Route::Disconnect);
    let query = parts.uri.query().filter(|_| counts).unwrap_or_default();
    let again =
        checked_return(site.config(), failure.visitor.return_to.as_deref().or(query::return_to(query).as_deref()));
    // The app's own parameters of a login go along.
    let own = if route == Route::Login { query } else { "" };
    failure.visitor.login_url = Some(login::address(site, own, again.as_str()).into());
    failure.visitor.for_page = fetch_metadata::is_page(&parts.headers);
    let probe = parts.extensions.get::<Probe>();
    if probe.is_none_or(|probe| probe.is_logged) {
        report(route, &failure);
    }
    let own = match probe {
        Some(_) => None,
        None => site.core.hook(async { site.core.hooks.failed(&failure).await }).await.flatten(),
    };
    let answer = own.map_or_else(|| refuse(site, route, &failure, again), Answer);
    let names = &site.jar.names;
    let used_up = failure.attempt().filter(|_| failure.visitor.used_up);
    let mut answer = answer.cookie(used_up.and_then(|attempt| names.remove(&site.jar.logins.name(attempt))));
    answer::retry_after(&mut answer.0, failure.retry_after());
    if failure.kind() == FailureKind::MethodNotAllowed {
        answer.0.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    }
    answer.into_response()
}

/// The crate's own answer to a failure: a page for people, a problem document for programs. RFC 9457.
/// `again` is where "start again" leads back to.
fn refuse(site: &Site, route: Route, failure: &Failure, again: ReturnPath) -> Answer {
    use FailureKind::{CrossSite, Denied, NotNavigated, NotSignedIn};
    let (kind, config) = (failure.kind(), site.config());
    let login = failure.login_url().unwrap_or(&config.routes.login);
    let detail = failure.reason().unwrap_or(kind.advice());
    let attempt = failure.attempt().map(|attempt| attempt.to_string());
    // A visitor who wanted to connect goes on with that after signing in. Nobody else is sent to Komerza.
    let next = if matches!(route, Route::Login | Route::Callback) { login } else { again.as_str() };
    let signs_in = kind == NotSignedIn && failure.visitor.for_page;
    if kind == Denied {
        // The page that the visitor came from is better than a page of ours, and the app sees the marker
        // there.
        Answer::see_other(again.with_marker(stay::MARKER, kind.code())).cookie(Stay::Denied.cookie(&site.jar.names))
    } else if let Some(sign_in) = signs_in.then(|| sign_in_url(config, next)).flatten() {
        Answer::see_other(sign_in)
    } else if failure.visitor.for_page {
        let connected = "You are connected to Komerza: there is nothing left to do.";
        let paragraphs = [Some(detail), failure.visitor.connected.then_some(connected)];
        let link = match kind {
            NotSignedIn | CrossSite | NotNavigated => ("Open the app", config.default_return_path.as_str().to_owned()),
            _ => ("Start again", login.to_owned()),
        };
        let page = Page {
            title: kind.title(),
            paragraphs: paragraphs.into_iter().flatten().map(str::to_owned).collect(),
            link: Some(link),
            support: attempt,
            ..Page::default()
        };
        Answer::page(kind.status(), &page, &config.look)
    } else {
        let more = [("detail", Some(detail.to_owned())), ("attempt", attempt)];
        Answer::problem(kind.status(), [kind.title(), kind.code()], Some(login), more)
    }
}

fn report(route: Route, failure: &Failure) {
    metrics::refused(route.name(), failure.kind().code());
    macro_rules! event {
        ($level:ident, $text:literal) => {
            log::$level!(
                route = route.name(),
                kind = failure.kind().code(),
                attempt = failure.attempt().map(tracing::field::display),
                cause =
                    std::error::Error::source(failure).map(crate::telemetry::log::chain).map(tracing::field::display),
                $text
            )
        };
    }
    match failure.kind() {
        // Only the people who run the app can mend it.
        kind if kind.needs_operator() => event!(error, "refused: the operator must fix this"),
        // Browsers prefetch all day.
        FailureKind::Speculative => event!(debug, "refused"),
        // Most often the client secret is wrong.
        FailureKind::ExchangeRefused => event!(warn, "refused"),
        // Load and restarts are no alarm.
        FailureKind::Busy | FailureKind::ShuttingDown => event!(info, "refused"),
        // Something is broken elsewhere.
        kind if kind.status().is_server_error() => event!(warn, "refused"),
        // Nor are mistakes of visitors.
        _ => event!(info, "refused"),
    }
}

/// The path of the login route with `return_to` in its query.
pub(crate) fn login_url(login_path: &str, return_to: &str) -> String {
    format!("{login_path}?return_to={}", utf8_percent_encode(return_to, NON_ALPHANUMERIC))
}

/// The app's sign-in page, which leads back to where the visitor wanted to go; `None` if the app has named
/// none.
pub(crate) fn sign_in_url(config: &Config, return_to: &str) -> Option<String> {
    let page = config.sign_in_page.as_deref()?;
    let joint = if page.contains('?') { '&' } else { '?' };
    Some(format!("{page}{joint}{}={}", config.sign_in_parameter, utf8_percent_encode(return_to, NON_ALPHANUMERIC)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tracing::{Event, Level, Metadata, Subscriber, span, subscriber::with_default};

    /// Keeps the level of each event.
    #[derive(Clone, Default)]
    struct Levels(Arc<Mutex<Vec<Level>>>);

    impl Subscriber for Levels {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn event(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(*event.metadata().level());
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn what_visitors_and_load_cause_is_no_alarm_and_what_is_broken_is_one() {
        let levels = Levels::default();
        let refusals = || FailureKind::all().iter().for_each(|kind| report(Route::Login, &Failure::new(*kind)));
        with_default(levels.clone(), refusals);
        let levels = levels.0.lock().unwrap();
        assert_eq!(levels.len(), FailureKind::all().len());
        let of = |wanted: Level| -> Vec<_> {
            let kinds = FailureKind::all().iter().zip(&*levels);
            kinds.filter(|(_, level)| **level == wanted).map(|(kind, _)| *kind).collect()
        };
        use FailureKind::*;
        assert_eq!(of(Level::ERROR), [InvalidClientSecret, AppNotFound, ExchangeBlocked, SaveFailed, Internal]);
        let elsewhere = [
            ExchangeRefused,
            ProviderUnreachable,
            ProviderFault,
            UnknownOutcome,
            ProviderTimeout,
            UserLookupFailed,
            StoreUnavailable,
        ];
        assert_eq!(of(Level::WARN), elsewhere);
        assert_eq!(of(Level::DEBUG), [Speculative]);
        assert!(of(Level::INFO).contains(&Busy) && of(Level::INFO).contains(&ShuttingDown));
    }
}
