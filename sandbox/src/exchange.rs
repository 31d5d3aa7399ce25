//! The exchange: `GET /oauth2/{appId}/exchange/{code}` with the client secret in a header.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Router, routing::get};
use http::HeaderMap;
use serde_json::Value;

use super::envelope::{Refusal, Reply};
use super::switches::{ExchangeRefusal, Switches};
use super::world::Shared;
use komerza_connect::provider;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/oauth2/{app_id}/exchange/{code}", get(exchange).head(async || Refusal::method_not_allowed()))
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .fallback(async || Refusal::not_found("endpoint"))
        .with_state(shared)
}

async fn exchange(
    State(shared): State<Arc<Shared>>,
    Path((app_id, code)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Reply, Refusal> {
    let secret = headers.get(provider::CLIENT_SECRET_HEADER).map(|value| value.as_bytes());
    let mut world = shared.world();
    match world.exchange(&app_id, secret, &code, &*shared.clock) {
        Ok(key) => Ok(Reply::Object(Value::String(key))),
        Err(refusal) => Err(refused(refusal, &world.switches)),
    }
}

fn refused(refusal: ExchangeRefusal, switches: &Switches) -> Refusal {
    let message = match refusal {
        ExchangeRefusal::InvalidCode => "The authorization code is wrong or was already used.",
        ExchangeRefusal::CodeExpired => "The authorization code is older than one minute.",
        ExchangeRefusal::InvalidClientSecret => "The client secret is wrong.",
        ExchangeRefusal::AppNotFound => "There is no application with this id.",
    };
    Refusal {
        status: switches.exchange_statuses.of(refusal),
        code: switches.exchange_error_names.of(refusal).map(|name| name.map(str::to_owned)),
        message: message.to_owned(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::switches::ErrorNames;

    #[test]
    fn each_refusal_has_its_documented_name_and_a_status_that_can_be_set() {
        let mut switches = Switches::default();
        for (refusal, status, snake, pascal) in [
            (ExchangeRefusal::InvalidCode, 401, "invalid_code", "InvalidCode"),
            (ExchangeRefusal::CodeExpired, 401, "code_expired", "CodeExpired"),
            (ExchangeRefusal::InvalidClientSecret, 401, "invalid_client_secret", "InvalidClientSecret"),
            (ExchangeRefusal::AppNotFound, 404, "app_not_found", "AppNotFound"),
        ] {
            switches.exchange_error_names = ErrorNames::SnakeCase;
            let answer = refused(refusal, &switches);
            assert_eq!((answer.status.as_u16(), answer.code), (status, Some(Some(snake.to_owned()))));
            switches.exchange_error_names = ErrorNames::PascalCase;
            assert_eq!(refused(refusal, &switches).code, Some(Some(pascal.to_owned())));
            switches.exchange_error_names = ErrorNames::Null;
            assert_eq!(refused(refusal, &switches).code, Some(None));
            switches.exchange_error_names = ErrorNames::Absent;
            assert_eq!(refused(refusal, &switches).code, None);
        }
        switches.exchange_statuses.code_expired = StatusCode::FORBIDDEN;
        assert_eq!(refused(ExchangeRefusal::CodeExpired, &switches).status, StatusCode::FORBIDDEN);
    }
}
