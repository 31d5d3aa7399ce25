//! Adds the routes to axum apps in which a plain layer would lose them.

use super::{KomerzaConnectLayer, service::answer};
use axum::{Router, extract::Request, routing::any};
use std::sync::Arc;
use tower_layer::Layer;

impl KomerzaConnectLayer {
    /// Wraps a finished app, so that the routes stay when the result is nested, merged or extended.
    ///
    /// A layer that is added with `Router::layer` loses its routes when a `.fallback`, a wildcard route or a
    /// `merge` follows. Axum does not warn about it; see [mounting](crate::guide::mounting). `mount` makes
    /// the whole app the fallback of a new router.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore};
    ///
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
    /// let app: Router = connect.mount(Router::new().route("/", get(|| async { "home" })).fallback(|| async { "not found" }));
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn mount<S: Clone + Send + Sync + 'static>(&self, app: Router) -> Router<S> {
        // The state is set once here. A router without its state would rebuild its routes for each request.
        Router::new().fallback_service(self.layer(app.with_state::<()>(())))
    }

    /// Returns the four routes as a router that you can merge into your app.
    ///
    /// These routes stay when fallbacks, wildcards or merges follow. If your app has a route on the
    /// same path, axum panics at start-up. Handlers still get their key from the layer, so add the
    /// layer as well, around the routes that need it:
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use komerza_connect::{Config, KomerzaConnectLayer, KomerzaKey, MemoryStore};
    ///
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// async fn fingerprint(key: KomerzaKey) -> String {
    ///     key.fingerprint().to_string()
    /// }
    ///
    /// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
    /// let app: Router = Router::new()
    ///     .route("/fingerprint", get(fingerprint))
    ///     .merge(connect.router())
    ///     .layer(connect)
    ///     .fallback(|| async { "not found" });
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let config = &self.shared.core.config;
        config.routes.all().into_iter().fold(Router::new(), |router, (route, public)| {
            let shared = Arc::clone(&self.shared);
            // Every method: the route itself says which are allowed.
            let endpoint = any(move |request: Request| answer(Arc::clone(&shared), route, request.into_parts().0));
            // Added as a service, because axum merges method routers: a route of the app on the same path would go
            // unnoticed, and with a service axum panics at start-up.
            router.route_service(config.routes.seen(public), endpoint)
        })
    }
}
