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

use crate::{
    config::Config,
    layer::{Body, KomerzaConnectLayer, NotMounted, check_look_up, check_mounted, check_signed_in},
    message::Message,
};
use http::{Request, Response};
use std::fmt;
use tower_service::Service;

impl KomerzaConnectLayer {
    /// Checks the settings, the token store, the connection to Komerza and the clock.
    ///
    /// In this order: reads the settings; saves, loads and removes a scratch record in the store, under a user
    /// ID that begins with `komerza-connect-doctor-`; pings the store if it can be pinged; sends one GET
    /// without a key to the API, where any answer counts; compares the clock with the `Date` of the answer;
    /// exchanges a made-up code, to which Komerza may answer that the client ID or the secret is wrong.
    /// Takes at most a few deadlines of the store, 10 seconds and the deadline of an exchange.
    ///
    /// What it cannot see: whether the redirect URI is registered, and, if Komerza looks at the code before the
    /// secret, whether the secret is right. Only a connect shows both.
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
    /// Adds whether the routes arrive at the layer in the finished app ([`check_mounted`]), and whether they can tell
    /// who asks: an extractor such as axum-login's refuses if its layer was added before this one.
    pub async fn with_app<S, B>(self, mut app: S, config: &Config) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S::Error: fmt::Display,
    {
        let mounted = match check_mounted(&mut app, config).await {
            // A request without a session is one of nobody: an extractor whose layer is missing refuses it.
            Ok(()) => check_look_up(app, config, |_| {}, |status| !status.is_server_error()).await,
            lost => lost,
        };
        self.found(mounted, &checks::MOUNTED)
    }

    /// Same as [`with_app`](Self::with_app), with a request that `prepare` signs in: only that proves the order of the
    /// layers whichever way the app finds its user. See [`check_signed_in`].
    pub async fn with_signed_in_app<S, B>(
        self,
        app: S,
        config: &Config,
        prepare: impl FnOnce(&mut Request<Body>),
    ) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S::Error: fmt::Display,
    {
        let signed_in = check_signed_in(app, config, prepare).await;
        self.found(signed_in, &checks::SIGNED_IN)
    }

    fn found(mut self, checked: Result<(), NotMounted>, fine: &'static Message) -> Self {
        self.findings.push(match checked {
            Ok(()) => Finding::new(Severity::Fine, fine, ""),
            Err(lost) => Finding::saying(Severity::Error, lost.message, lost.text),
        });
        self
    }
}
