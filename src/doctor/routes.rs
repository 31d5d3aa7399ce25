//! The mounted routes as a value.

use crate::{config::Route, layer::KomerzaConnectLayer};
use serde::{Serialize, Serializer};
use std::{fmt, time::Duration};

/// A route of the layer: its path, its methods and its cookies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MountedRoute {
    /// `login`, `callback`, `disconnect` or `status`.
    pub name: &'static str,
    /// The path as browsers see it.
    pub path: String,
    /// The path as the app sees it: without the prefix that a proxy strips.
    pub path_in_app: String,
    /// The allowed methods.
    pub methods: Vec<&'static str>,
    /// The cookies that the route sets.
    pub cookies: Vec<RouteCookie>,
}

/// A cookie that a route sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RouteCookie {
    /// Its name. `*` stands for the id of the login attempt.
    pub name: String,
    /// Its attributes, as in `Set-Cookie`.
    pub attributes: String,
    /// How long it lives.
    #[serde(serialize_with = "seconds")]
    pub lifetime: Duration,
}

impl KomerzaConnectLayer {
    /// The routes of this layer, with their methods and cookies.
    ///
    /// ```
    /// use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore};
    ///
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
    /// let login = &connect.routes()[0];
    /// assert_eq!((login.name, &*login.path, &*login.methods), ("login", "/komerza/login", &["GET", "POST"][..]));
    /// assert!(login.cookies[0].name.starts_with("__Host-komerza-"));
    /// assert_eq!(login.cookies[0].attributes, "Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn routes(&self) -> Vec<MountedRoute> {
        let (config, site) = (self.config(), &self.shared.site);
        let (limits, names) = (&config.limits, &site.jar.names);
        let cookie = |name, lifetime| {
            let value = names.set("name", "", lifetime);
            let attributes = value.as_ref().and_then(|value| value.to_str().ok()?.split_once("; "));
            let attributes = attributes.map_or("", |(_, attributes)| attributes).to_owned();
            RouteCookie { name, attributes, lifetime }
        };
        let session_lifetime = limits.session_idle_lifetime.min(limits.session_lifetime);
        let cookies = |route| match route {
            Route::Login => vec![cookie(format!("{}*", site.jar.logins.prefix), limits.attempt_lifetime)],
            Route::Callback => {
                let session = site.identity.is_none().then(|| cookie(names.session.clone(), session_lifetime));
                let done = cookie(format!("{}*", site.jar.dones.prefix), limits.done_lifetime);
                std::iter::once(done).chain(session).collect()
            }
            Route::Disconnect | Route::Status => Vec::new(),
        };
        let routes = config.routes.all().into_iter().map(|(route, path)| MountedRoute {
            name: route.name(),
            path: path.to_owned(),
            path_in_app: config.routes.seen(path).to_owned(),
            methods: route.allowed_methods().split(", ").collect(),
            cookies: cookies(route),
        });
        routes.collect()
    }
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(time.as_secs())
}

impl fmt::Display for MountedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<12}{:<10}{}", self.name, self.methods.join(", "), self.path)?;
        if self.path != self.path_in_app {
            write!(f, " (in the app: {})", self.path_in_app)?;
        }
        self.cookies.iter().try_for_each(|cookie| write!(f, "\n    sets {}; {}", cookie.name, cookie.attributes))
    }
}
