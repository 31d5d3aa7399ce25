//! Checks the set-up of a layer, and says what is wrong and what to do.
//!
//! ```
//! use axum::Router;
//! use komerza_connect::{KomerzaConnectLayer, MemoryStore, doctor::Severity};
//! use komerza_sandbox::Sandbox;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let sandbox = Sandbox::start().await?;
//! let config = sandbox.config("http://127.0.0.1:3000/komerza/callback")?;
//! let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
//! let app: Router = Router::new().layer(connect.clone());
//!
//! let report = connect.doctor().await.with_app(app, connect.config()).await;
//! println!("{report}");
//! assert_eq!(report.severity(), Severity::Warning); // plain http, which is for development only
//! assert!(report.findings.iter().any(|finding| finding.code == "komerza_answers"));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `cargo run --example doctor` does the same for the settings of the environment, and
//! `komerza-sandbox doctor URL` looks at a deployed app from outside.

pub(crate) mod checks;
mod report;
mod routes;

pub use report::{Finding, Report, Severity};
pub use routes::{MountedRoute, RouteCookie};

use crate::layer::{Body, KomerzaConnectLayer, NotMounted, check_look_up, check_mounted, check_signed_in};
use crate::{config::Config, message::Message};
use http::{Request, Response};
use std::fmt;
use tower_service::Service;

impl KomerzaConnectLayer {
    /// Checks the settings, the token store, the connection to Komerza and the clock.
    ///
    /// It works in this order:
    ///
    /// 1. It reads the settings.
    /// 2. It saves, loads and removes a scratch record in the store, for a user id that begins with
    ///    `komerza-connect-doctor-`. It pings the store if the store lists its users.
    /// 3. It sends one GET without a key to the API and accepts any answer. It compares the clock with the
    ///    `Date` of that answer.
    /// 4. It exchanges a made-up code. Komerza may answer that the client ID or the client secret is wrong.
    ///
    /// Together this takes at most 10 seconds, plus five times
    /// [`store_deadline`](crate::config::Limits::store_deadline), plus once
    /// [`exchange_deadline`](crate::config::Limits::exchange_deadline).
    ///
    /// The doctor cannot see whether the redirect URI is registered. It cannot see whether the client ID and
    /// the client secret are right if Komerza checks the code first. Only a real connection shows this.
    ///
    /// See the [module](crate::doctor) for an example.
    pub async fn doctor(&self) -> Report {
        let (config, store) = (self.config(), self.shared.core.store());
        let mut findings = checks::settings(config);
        findings.extend(checks::store(store, config.limits.store_deadline).await);
        findings.extend(checks::komerza(config, &*self.shared.core.clock).await);
        Report {
            client_id: config.client_id.clone(),
            redirect_uri: config.redirect_uri.text.clone(),
            routes: self.routes(),
            findings,
        }
    }
}

impl Report {
    /// Adds two checks of the finished app: requests to the routes reach the layer ([`check_mounted`]), and
    /// the user look-up does not fail there. An extractor such as axum-login's fails if its layer was added
    /// before this one.
    pub async fn with_app<S, B>(self, mut app: S, config: &Config) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    {
        let mounted = match check_mounted(&mut app, config).await {
            // Without a session nobody is signed in, which is no server error. An extractor whose layer is
            // missing causes one.
            Ok(()) => check_look_up(app, config, |_| {}, |status| !status.is_server_error()).await,
            lost => lost,
        };
        self.found(mounted, &checks::MOUNTED)
    }

    /// Same as [`with_app`](Self::with_app), with a request that `prepare` signs in. Only this check proves
    /// the order of the layers for every kind of user look-up. See [`check_signed_in`].
    pub async fn with_signed_in_app<S, B>(
        self,
        app: S,
        config: &Config,
        prepare: impl FnOnce(&mut Request<Body>),
    ) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    {
        let signed_in = check_signed_in(app, config, prepare).await;
        self.found(signed_in, &checks::SIGNED_IN)
    }

    fn found(mut self, checked: Result<(), NotMounted>, fine: &'static Message) -> Self {
        self.findings.push(match checked {
            Ok(()) => Finding::new(Severity::Fine, fine, ""),
            Err(lost) => Finding { text: lost.text, ..Finding::new(Severity::Error, lost.message, "") },
        });
        self
    }
}
