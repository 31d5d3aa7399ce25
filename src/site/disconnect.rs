//! Deletes the stored key of a user. The key stays valid at Komerza until the user removes the app there.

use super::{Answer, Refusal, checked_return};
use crate::{
    context::Context,
    failure::{Failure, FailureKind},
    hooks::Disconnected,
    site::{caller::Caller, fetch_metadata, query::Query},
    telemetry::log,
};
use http::request::Parts;

pub(super) async fn disconnect(context: &Context, parts: &mut Parts) -> Result<Answer, Refusal> {
    if !fetch_metadata::same_origin_post(&parts.headers, &context.config.redirect_uri.origin) {
        return Err(FailureKind::CrossSite.into());
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let return_to = checked_return(context, query.return_to.value());
    let caller = context.identify(parts).await?;
    if matches!(caller, Caller::Nobody) {
        let return_to = Some(return_to.as_str().to_owned());
        return Err(Refusal { return_to, ..FailureKind::NotSignedIn.into() });
    }
    if let Some(user) = caller.user_id() {
        let unavailable = |error| Failure::caused_by(FailureKind::StoreUnavailable, error);
        context.delete(&user).await.map_err(unavailable)?;
        log::info!("disconnected");
        context.hook(context.hooks.disconnected(&Disconnected { user })).await;
    }
    let answer = Answer::see_other(return_to.as_str());
    let names = &context.jar.names;
    Ok(match caller {
        Caller::Browser(_) => answer.cookie(names.remove(&names.session)),
        Caller::User(_) | Caller::Nobody => answer,
    })
}
