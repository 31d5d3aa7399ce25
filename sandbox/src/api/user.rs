//! `/user`: the account, and an endpoint that refuses every key.

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{Router, routing::get};
use serde_json::{Value, json};

use super::{Answer, Call};
use crate::envelope::{Refusal, Reply};
use crate::seed::{iso, set};
use crate::world::{Shared, World};
use crate::{app::RegisteredApp, keys::Integration};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/user", get(user)).route("/user/passkeys", get(passkeys))
}

async fn user(call: Call) -> Answer {
    call.world("user.view", |world| {
        let account = world.accounts.get(call.grant.account).ok_or_else(|| Refusal::not_found("account"))?;
        let mut user = account.user.clone();
        let reached = account.stores.iter().filter(|store| call.grant.reaches(&store.id));
        set(&mut user, "stores", reached.map(|store| store.reference.clone()).collect());
        set(&mut user, "integrations", integrations(world, call.grant.account));
        Ok(Reply::Object(user))
    })
}

/// Komerza does not document which endpoints need a signed-in user. Passkeys are our choice.
async fn passkeys(_call: Call) -> Answer {
    Err(Refusal::login_required())
}

fn integrations(world: &World, account: usize) -> Value {
    let connected = world.keys.integrations(account);
    connected.filter_map(|(client_id, integration)| Some(shown(integration, world.app(client_id)?))).collect()
}

/// `PublicOAuthIntegration`.
fn shown(integration: &Integration, app: &RegisteredApp) -> Value {
    let seconds = integration.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let since = iso(i64::try_from(seconds).unwrap_or_default());
    json!({
        "id": integration.id,
        "dateCreated": since,
        "application": {
            "id": app.client_id,
            "dateCreated": since,
            "name": app.name,
            "imageName": null,
            "termsOfServiceLink": null,
            "privacyPolicyLink": null,
            "permissions": app.scopes,
            "redirectUrls": app.redirect_uris,
            "userId": "sandbox-developer",
        },
    })
}
