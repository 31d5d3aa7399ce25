//! `/user`: the account, and an endpoint that refuses every key.

use std::sync::Arc;

use axum::{Router, routing::get};
use serde_json::{Value, json};

use super::{Answer, Call};
use crate::sandbox::{
    app::RegisteredApp,
    envelope::{Refusal, Reply},
    keys::KeyRecord,
    seed::{iso, set},
    world::{Shared, World},
};

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

/// Which endpoints want a signed-in user is not documented; passkeys are our choice.
async fn passkeys(_call: Call) -> Answer {
    Err(Refusal::login_required())
}

fn integrations(world: &World, account: usize) -> Value {
    let living = world.keys.iter().filter(|(_, record)| !record.revoked && record.grant.account == account);
    living.filter_map(|(_, record)| Some(integration(record, world.app(&record.grant.client_id)?))).collect()
}

fn integration(record: &KeyRecord, app: &RegisteredApp) -> Value {
    let seconds = record.issued.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let connected = iso(i64::try_from(seconds).unwrap_or_default());
    json!({
        "id": record.integration,
        "dateCreated": connected,
        "application": {
            "id": app.client_id,
            "dateCreated": connected,
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
