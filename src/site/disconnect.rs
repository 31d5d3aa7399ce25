//! Deletes the stored key of a user. The key stays valid at Komerza until the user removes the app there.

use super::{Answer, Site, checked_return};
use crate::failure::{Failure, FailureKind};
use crate::site::{caller::Caller, fetch_metadata, query, stay::Stay};
use crate::{hooks::Disconnected, telemetry::log};
use http::request::Parts;

pub(super) async fn disconnect(site: &Site, parts: &mut Parts) -> Result<Answer, Failure> {
    if !fetch_metadata::same_origin_post(&parts.headers, &site.config().redirect_uri.origin) {
        return Err(Failure::new(FailureKind::CrossSite));
    }
    let wanted = query::return_to(parts.uri.query().unwrap_or_default());
    let return_to = checked_return(site.config(), wanted.as_deref());
    let caller = site.signed_in(parts).await?;
    let mut answer = Answer::see_other(return_to.as_str());
    if let Some(user) = caller.user_id() {
        site.core.forget(&user).await?;
        log::info!("disconnected");
        site.core.hook(async { site.core.hooks.disconnected(&Disconnected { user }).await }).await;
        answer = answer.cookie(Stay::Disconnected.cookie(&site.jar.names));
    }
    let names = &site.jar.names;
    let is_browser = matches!(caller, Caller::Browser(_));
    Ok(answer.cookie(is_browser.then(|| names.remove_if_sent(&parts.headers, &names.session)).flatten()))
}
