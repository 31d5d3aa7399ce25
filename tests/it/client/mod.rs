//! The client of the API, against the sandbox and against a provider of raw bytes.

mod connections;
mod errors;
mod filters;
mod lists;
mod matrix;
mod observed;
mod pacing;
mod processes;
mod reading;
mod revocation;
mod uploads;

use crate::prelude::*;

/// An app without a browser: a layer, its store, and keys that are saved by hand.
pub(crate) struct App {
    layer: KomerzaConnectLayer,
    store: MemoryStore,
}

impl App {
    pub(crate) fn at(api_url: &str, change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        limits.client.first_pause = Duration::from_millis(2);
        change(&mut limits);
        let config = config().api_url(api_url).limits(limits).build().unwrap();
        let store = MemoryStore::default();
        Self { layer: KomerzaConnectLayer::new(config, store.clone()).unwrap(), store }
    }

    fn changed(self, change: impl FnOnce(KomerzaConnectLayer) -> KomerzaConnectLayer) -> Self {
        Self { layer: change(self.layer), store: self.store }
    }

    pub(crate) async fn save(&self, user: &str, key: &str) {
        let token = StoredToken::new(ApiKey::new(key).unwrap()).unwrap();
        self.store.save(&UserId::new(user).unwrap(), &token).await.unwrap();
    }

    /// The client of a user whose key was saved.
    async fn client(&self, user: &str) -> KomerzaKey {
        self.layer.client_for(&UserId::new(user).unwrap()).await.unwrap().unwrap()
    }

    /// The client of a user who is called like the end of the key.
    pub(crate) async fn key(&self, key: &str) -> KomerzaKey {
        let user = &key[key.len().saturating_sub(100)..];
        self.save(user, key).await;
        self.client(user).await
    }

    pub(crate) async fn stored(&self, user: &str) -> Option<String> {
        let user = UserId::new(user).unwrap();
        let token = self.store.load(&user).await.unwrap();
        token.map(|token| token.api_key().unwrap().expose_secret().to_owned())
    }
}

/// A provider, and a key for it in an app with these limits.
pub(crate) async fn provided(change: impl FnOnce(&mut Limits)) -> (RawProvider, KomerzaKey) {
    let provider = RawProvider::start().await;
    let key = App::at(&provider.url(), change).key("obviously-fake-key").await;
    (provider, key)
}

/// The same without pacing.
pub(crate) async fn unpaced() -> (RawProvider, KomerzaKey) {
    provided(|limits| limits.client.bucket.period = Duration::ZERO).await
}

/// An unlimited sandbox, and a key for it.
pub(crate) async fn sandboxed() -> (Sandbox, KomerzaKey) {
    let sandbox =
        Sandbox::builder().scopes(komerza_connect::api::scopes::ALL.iter().copied()).unlimited().start().await;
    let sandbox = sandbox.unwrap();
    let app = App::at(&sandbox.api_url(), |limits| limits.client.bucket.period = Duration::ZERO);
    let key = app.key(&sandbox.issue_key().unwrap()).await;
    (sandbox, key)
}
