//! The provider's reply shapes: the object envelope, the page, the error.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::switches::{ContentTypes, RetryAfter};

/// A success.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// One object (or a string) in `data`.
    Object(Value),
    /// A whole list in `data`.
    List(Vec<Value>),
    /// One page of a list.
    Page { pages: usize, items: Vec<Value> },
    /// No result.
    Done,
}

/// What the `Content-Type` depends on; travels in the extensions of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Other,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        let data = match self {
            Self::Page { pages, items } => return json!({ "success": true, "pages": pages, "data": items }),
            Self::Object(object) => object.clone(),
            Self::List(items) => Value::Array(items.clone()),
            Self::Done => Value::Null,
        };
        json!({ "success": true, "message": null, "code": null, "data": data })
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let shape = if matches!(self, Self::Object(_)) { Shape::Object } else { Shape::Other };
        json_response(StatusCode::OK, &self.json(), shape)
    }
}

fn json_response(status: StatusCode, body: &Value, shape: Shape) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.extensions_mut().insert(shape);
    response
}

/// Sets the `Content-Type` of a reply with a [`Shape`]; others are left as they are.
pub(super) fn label(response: &mut Response, rule: ContentTypes) {
    let Some(shape) = response.extensions().get::<Shape>().copied() else { return };
    let label = match (rule, shape) {
        (ContentTypes::Mixed, Shape::Object) | (ContentTypes::TextPlain, _) => "text/plain; charset=utf-8",
        (ContentTypes::Mixed, Shape::Other) | (ContentTypes::Json, _) => "application/json; charset=utf-8",
        (ContentTypes::TextJson, _) => "text/json; charset=utf-8",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(label));
}

/// A refusal in the provider's error envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// `None`: the field is absent; `Some(None)`: it is null.
    pub(super) code: Option<Option<String>>,
    pub(super) message: String,
    pub(super) retry_after: Option<HeaderValue>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: Some(Some(code.to_owned())), message: message.into(), retry_after: None }
    }

    pub(super) fn bad_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "BadToken", "The API key is expired, revoked, malformed or unknown.")
    }

    pub(super) fn login_required() -> Self {
        let message = "This endpoint wants a signed-in user, not an API key.";
        Self::new(StatusCode::UNAUTHORIZED, "OAuthLoginRequired", message)
    }

    pub(super) fn access_denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("There is no such {what}."))
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "This path does not take this method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedRequest", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ObjectConflict", message)
    }

    /// Too many requests; `wait` is the time until the next batch of tokens.
    pub(super) fn rate_limited(wait: Duration, form: RetryAfter, now: SystemTime) -> Self {
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "RateLimited", "Too many requests.");
        refusal.retry_after = retry_after(wait, form, now);
        refusal
    }

    pub(super) fn json(&self) -> Value {
        let mut body = json!({ "success": false, "message": self.message, "data": null });
        if let (Some(code), Some(fields)) = (&self.code, body.as_object_mut()) {
            fields.insert("code".to_owned(), json!(code));
        }
        body
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // By the server itself, before the API is asked.
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            return self.status.into_response();
        }
        let mut response = json_response(self.status, &self.json(), Shape::Other);
        if let Some(value) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}

fn retry_after(wait: Duration, form: RetryAfter, now: SystemTime) -> Option<HeaderValue> {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    match form {
        RetryAfter::Absent => None,
        RetryAfter::Seconds => Some(HeaderValue::from(seconds)),
        RetryAfter::HttpDate => {
            let date = now.checked_add(Duration::from_secs(seconds))?;
            HeaderValue::try_from(httpdate::fmt_http_date(date)).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn an_object_travels_in_the_documented_envelope() {
        let reply = Reply::Object(json!("key"));
        assert_eq!(reply.json(), json!({ "success": true, "message": null, "code": null, "data": "key" }));
        assert_eq!(Reply::Done.json()["data"], Value::Null);
    }

    #[test]
    fn a_page_has_three_fields_and_no_more() {
        let reply = Reply::Page { pages: 3, items: vec![json!(1)] };
        assert_eq!(reply.json(), json!({ "success": true, "pages": 3, "data": [1] }));
    }

    #[test]
    fn a_refusal_names_its_code_or_leaves_it_out() {
        let mut refusal = Refusal::bad_token();
        assert_eq!(refusal.json()["code"], "BadToken");
        assert_eq!(refusal.json()["success"], false);
        refusal.code = Some(None);
        assert!(refusal.json()["code"].is_null() && refusal.json().get("code").is_some());
        refusal.code = None;
        assert_eq!(refusal.json().get("code"), None);
    }

    #[test]
    fn retry_after_comes_in_seconds_as_a_date_or_not_at_all() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_776);
        let wait = Duration::from_millis(1001);
        assert_eq!(retry_after(wait, RetryAfter::Seconds, now).unwrap(), "2");
        assert_eq!(retry_after(wait, RetryAfter::HttpDate, now).unwrap(), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(retry_after(wait, RetryAfter::Absent, now), None);
    }

    #[test]
    fn content_types_follow_the_switch() {
        let label_of = |reply: Reply, rule| {
            let mut response = reply.into_response();
            label(&mut response, rule);
            response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned()
        };
        assert!(label_of(Reply::Object(json!(1)), ContentTypes::Mixed).starts_with("text/plain"));
        assert!(label_of(Reply::Done, ContentTypes::Mixed).starts_with("application/json"));
        assert!(label_of(Reply::Object(json!(1)), ContentTypes::Json).starts_with("application/json"));
        assert!(label_of(Reply::Done, ContentTypes::TextJson).starts_with("text/json"));
    }
}
