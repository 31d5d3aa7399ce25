//! The crate's own routes: login, callback, disconnect, status.
//!
//! Methods match exactly, so that HEAD never runs what GET does; a browser that only guesses gets 503. What is left is up to the
//! route, and every failure becomes an answer here.

pub(crate) mod answer;
mod callback;
pub(crate) mod caller;
pub(crate) mod client_address;
pub(crate) mod cookie;
mod disconnect;
pub(crate) mod fetch_metadata;
pub(crate) mod host;
mod login;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod session;
mod status;

use crate::{
    config::{Route, return_path::ReturnPath},
    context::Context,
    failure::{Failure, FailureKind},
    telemetry::{log, metrics},
};
use answer::{Answer, secure};
use axum_core::body::Body;
pub use caller::IdentifyUser;
use http::{HeaderValue, Response, request::Parts};
use page::Page;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::sync::Arc;

/// A failure on its way to the visitor.
struct Refusal {
    failure: Failure,
    /// Where "start again" would lead back to.
    return_to: Option<String>,
    /// The attempt's own cookie, proven so and of no more use.
    cookies: Vec<HeaderValue>,
    /// A sentence more.
    note: Option<&'static str>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, return_to: None, cookies: Vec::new(), note: None }
    }
}

impl From<FailureKind> for Refusal {
    fn from(kind: FailureKind) -> Self {
        Failure::new(kind).into()
    }
}

/// Answers a request to one of the crate's routes. The body of the request is never read.
pub(crate) async fn answer(context: Arc<Context>, route: Route, mut parts: Parts) -> Response<Body> {
    let allow = route.allowed_methods();
    let allowed = allow.split(", ").any(|method| method == parts.method.as_str());
    let answered = if !allowed {
        Err(FailureKind::MethodNotAllowed.into())
    } else if fetch_metadata::is_speculative(&parts.headers) {
        Err(FailureKind::Speculative.into())
    } else {
        match route {
            Route::Login => login::login(&context, &mut parts).await,
            Route::Callback => callback::callback(&context, &mut parts).await,
            Route::Disconnect => disconnect::disconnect(&context, &mut parts).await,
            Route::Status => status::status(&context, &mut parts).await,
        }
    };
    let refusal = match answered {
        Ok(answer) => return answer.into_response(),
        Err(refusal) => refusal,
    };
    report(route, &refusal.failure);
    let allow = (refusal.failure.kind() == FailureKind::MethodNotAllowed).then_some(allow);
    match context.hook(context.hooks.failed(&refusal.failure)).await.flatten() {
        Some(mut response) => {
            for cookie in refusal.cookies {
                response.headers_mut().append(http::header::SET_COOKIE, cookie);
            }
            if let Some(allow) = allow {
                response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static(allow));
            }
            secure(&mut response, "'self'");
            response
        }
        None => {
            let answer = refuse(&context, &parts, route, refusal).await;
            allow.into_iter().fold(answer, Answer::allow).into_response()
        }
    }
}

/// The crate's own answer to a failure: a page for people, a problem document for programs. RFC 9457.
async fn refuse(context: &Context, parts: &Parts, route: Route, refusal: Refusal) -> Answer {
    let Refusal { failure, return_to, cookies, note } = refusal;
    let kind = failure.kind();
    let config = &context.config;
    let again = return_to.as_deref().unwrap_or(&config.default_return_path);
    let login = login_url(&config.routes.login, again);
    let person = fetch_metadata::is_page(&parts.headers);
    let answer = if kind == FailureKind::Denied {
        // Where the visitor came from is a better place than a page of ours; the app sees the marker.
        Answer::see_other(checked_return(context, return_to.as_deref()).with_marker("komerza", kind.code()))
    } else if kind == FailureKind::NotSignedIn && person && config.sign_in_page.is_some() {
        // Who wanted to connect goes on with it after signing in; nobody else is sent to Komerza.
        let next = if matches!(route, Route::Login | Route::Callback) { &*login } else { again };
        Answer::see_other(sign_in_url(
            config.sign_in_page.as_deref().unwrap_or_default(),
            &config.sign_in_parameter,
            next,
        ))
    } else if person {
        let mut paragraphs = vec![failure.reason().unwrap_or(kind.advice()).to_owned()];
        paragraphs.extend(note.map(str::to_owned));
        let link = match kind {
            FailureKind::NotSignedIn | FailureKind::CrossSite => ("Open the app", config.default_return_path.clone()),
            _ => ("Start again", login),
        };
        let support = failure.attempt().map(|attempt| attempt.to_string());
        let page = Page { title: kind.title(), paragraphs, link: Some(link), button: None, support };
        Answer::page(kind.status(), page.render())
    } else {
        let attempt = failure.attempt().map(|attempt| attempt.to_string());
        let detail = failure.reason().unwrap_or(kind.advice());
        let problem = json!({
            "type": "about:blank", "title": kind.title(), "status": kind.status().as_u16(), "detail": detail,
            "code": kind.code(), "attempt": attempt, "login_url": login,
        });
        Answer::json(kind.status(), &problem)
    };
    cookies.into_iter().fold(answer.retry_after(failure.retry_after()), |answer, cookie| answer.cookie(Some(cookie)))
}

/// How much of an alarm a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// Only the people who run the app can mend it.
    Operators,
    /// Something is broken elsewhere.
    Elsewhere,
    /// What visitors do wrong, and what an app under load or in a restart tells them, is none.
    Nothing,
    /// Browsers that guess do so all day.
    Noise,
}

impl Alarm {
    fn of(kind: FailureKind) -> Self {
        match kind {
            _ if kind.is_operators() => Self::Operators,
            FailureKind::Speculative => Self::Noise,
            // Most often the client secret is wrong.
            FailureKind::ExchangeRefused => Self::Elsewhere,
            FailureKind::Busy | FailureKind::ShuttingDown => Self::Nothing,
            _ if kind.status().is_server_error() => Self::Elsewhere,
            _ => Self::Nothing,
        }
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
    match Alarm::of(failure.kind()) {
        Alarm::Operators => event!(error, "refused: the operator must fix this"),
        Alarm::Elsewhere => event!(warn, "refused"),
        Alarm::Nothing => event!(info, "refused"),
        Alarm::Noise => event!(debug, "refused"),
    }
}

/// The path of the login route with `return_to` in its query.
pub(crate) fn login_url(login_path: &str, return_to: &str) -> String {
    format!("{login_path}?return_to={}", utf8_percent_encode(return_to, NON_ALPHANUMERIC))
}

/// The app's sign-in page, which leads back to where the visitor wanted to go.
pub(crate) fn sign_in_url(sign_in_page: &str, parameter: &str, return_to: &str) -> String {
    let joint = if sign_in_page.contains('?') { '&' } else { '?' };
    format!("{sign_in_page}{joint}{parameter}={}", utf8_percent_encode(return_to, NON_ALPHANUMERIC))
}

/// A path for the browser, checked (again) at the moment of its use.
fn checked_return(context: &Context, wanted: Option<&str>) -> ReturnPath {
    let (config, most) = (&context.config, context.config.limits.return_path_bytes);
    let parse = |path| ReturnPath::parse(path, most, &config.routes);
    wanted.and_then(parse).unwrap_or_else(|| ReturnPath::trusted(&config.default_return_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_visitors_and_load_cause_is_no_alarm_and_what_is_broken_is_one() {
        let alarms: Vec<_> = FailureKind::all().iter().map(|kind| (Alarm::of(*kind), *kind)).collect();
        let of =
            |wanted| alarms.iter().filter(|(alarm, _)| *alarm == wanted).map(|(_, kind)| *kind).collect::<Vec<_>>();
        use FailureKind::*;
        assert_eq!(of(Alarm::Operators), [InvalidClientSecret, AppNotFound, ExchangeBlocked, SaveFailed, Internal]);
        let elsewhere = [
            ExchangeRefused,
            ProviderUnreachable,
            ProviderFault,
            UnknownOutcome,
            ProviderTimeout,
            UserLookupFailed,
            StoreUnavailable,
        ];
        assert_eq!(of(Alarm::Elsewhere), elsewhere);
        assert_eq!(of(Alarm::Noise), [Speculative]);
        assert!(of(Alarm::Nothing).contains(&Busy) && of(Alarm::Nothing).contains(&ShuttingDown));
    }
}
