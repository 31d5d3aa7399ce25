//! Where the crate's routes are, and whether a request is for one of them.

use super::{
    ConfigError,
    address::is_plain_path,
    error::Wrong,
    message::{NOT_PLAIN, NOT_UNDER_PREFIX, PREFIX_ELSEWHERE, TAKEN},
};

/// A route of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Login,
    Callback,
    Disconnect,
    Status,
}

impl Route {
    /// As in the `Allow` header.
    pub(crate) fn allowed_methods(self) -> &'static str {
        match self {
            Self::Login => "GET, POST",
            Self::Callback | Self::Status => "GET",
            Self::Disconnect => "POST",
        }
    }

    /// As in the log.
    #[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "named in log events alone"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Callback => "callback",
            Self::Disconnect => "disconnect",
            Self::Status => "status",
        }
    }
}

/// The paths of the routes, as browsers see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routes {
    pub(crate) callback: String,
    pub(crate) login: String,
    pub(crate) disconnect: String,
    pub(crate) status: String,
    /// Bytes at the start of each path that a proxy takes off before the app sees it.
    stripped: usize,
}

impl Routes {
    /// The callback and its siblings.
    pub(super) fn beside(callback: &str, stripped_prefix: Option<&str>) -> Result<Self, ConfigError> {
        let parent = callback.rsplit_once('/').map_or("", |(parent, _)| parent);
        let sibling = |name: &str| format!("{parent}/{name}");
        let stripped = stripped_prefix.unwrap_or_default().trim_end_matches('/');
        let routes = Self {
            callback: callback.to_owned(),
            login: sibling("login"),
            disconnect: sibling("disconnect"),
            status: sibling("status"),
            stripped: stripped.len(),
        };
        match callback.strip_prefix(stripped) {
            Some(rest) if rest.starts_with('/') => Ok(routes),
            _ => Err(ConfigError::because("stripped_prefix", &PREFIX_ELSEWHERE)),
        }
    }

    pub(super) fn overridden(
        mut self,
        login: Option<String>,
        disconnect: Option<String>,
        status: Option<String>,
    ) -> Result<Self, ConfigError> {
        let prefix = self.prefix().to_owned();
        let given = [
            ("login_path", &mut self.login, login),
            ("disconnect_path", &mut self.disconnect, disconnect),
            ("status_path", &mut self.status, status),
        ];
        let mut wrong = Wrong::default();
        for (setting, path, given) in given {
            let Some(given) = given else { continue };
            let message = match given.strip_prefix(&*prefix) {
                Some(rest) if rest.starts_with('/') => (!is_plain_path(&given)).then_some(&NOT_PLAIN),
                _ => Some(&NOT_UNDER_PREFIX),
            };
            match message {
                Some(message) => drop(wrong.keep::<()>(Err(ConfigError::about(setting, &given, message)))),
                None => *path = given,
            }
        }
        let [login, disconnect, status] = [&self.login, &self.disconnect, &self.status];
        for (setting, taken) in [
            ("login_path", *login == self.callback),
            ("disconnect_path", *disconnect == self.callback || disconnect == login),
            ("status_path", *status == self.callback || status == login || status == disconnect),
        ] {
            if taken {
                wrong.keep::<()>(Err(ConfigError::because(setting, &TAKEN)));
            }
        }
        wrong.check().map(|()| self)
    }

    /// All public paths.
    pub(crate) fn all(&self) -> [(Route, &str); 4] {
        [
            (Route::Login, &self.login),
            (Route::Callback, &self.callback),
            (Route::Disconnect, &self.disconnect),
            (Route::Status, &self.status),
        ]
    }

    /// What a proxy takes off in front of each path.
    pub(crate) fn prefix(&self) -> &str {
        self.callback.get(..self.stripped).unwrap_or_default()
    }

    /// A public path as the app sees it.
    pub(crate) fn seen<'a>(&self, public: &'a str) -> &'a str {
        public.get(self.stripped..).unwrap_or(public)
    }

    /// The route of a request.
    ///
    /// `seen` is the path of the request as it arrives at the layer; `original` is the whole path where the
    /// framework kept it (axum strips what `nest` took). Paths are equal byte by byte or not ours.
    pub(crate) fn find<'a>(&self, seen: &str, original: impl FnOnce() -> Option<&'a str>) -> Option<Route> {
        // Nearly every request ends here: a stripped path is the end of the whole one, so the last bytes differ.
        let mut alike = self.all().into_iter().filter(|(_, public)| public.ends_with(seen)).peekable();
        alike.peek()?;
        let whole = original().unwrap_or(seen);
        alike.find(|(_, public)| public.get(self.stripped..) == Some(whole)).map(|(route, _)| route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(callback: &str, stripped: Option<&str>) -> Routes {
        Routes::beside(callback, stripped).unwrap()
    }

    #[test]
    fn a_path_is_equal_byte_by_byte_or_not_ours() {
        let routes = routes("/komerza/callback", None);
        for (path, route) in [
            ("/komerza/callback", Some(Route::Callback)),
            ("/komerza/login", Some(Route::Login)),
            ("/komerza/disconnect", Some(Route::Disconnect)),
            ("/komerza/status", Some(Route::Status)),
            ("/komerza/login/", None),
            ("/%6bomerza/login", None),
            ("/Komerza/login", None),
            ("/login", None),
            ("/", None),
            ("", None),
            ("/a/komerza/login", None),
        ] {
            assert_eq!(routes.find(path, || None), route, "{path}");
        }
    }

    #[test]
    fn under_a_nest_the_whole_path_decides() {
        let routes = routes("/api/komerza/callback", None);
        assert_eq!(routes.find("/komerza/login", || Some("/api/komerza/login")), Some(Route::Login));
        assert_eq!(routes.find("/komerza/login", || Some("/other/komerza/login")), None);
        assert_eq!(routes.find("/komerza/login", || None), None);
    }

    #[test]
    fn a_route_whose_path_ends_like_another_one_takes_nothing_from_it() {
        let table =
            [("/callback", "/oauth/callback"), ("/oauth/callback", "/callback"), ("/a/callback", "/b/callback")];
        for (callback, login) in table {
            let routes = routes(callback, None).overridden(Some(login.into()), None, None).unwrap();
            assert_eq!(routes.find(callback, || None), Some(Route::Callback), "{callback} beside {login}");
            assert_eq!(routes.find(login, || None), Some(Route::Login), "{login} beside {callback}");
            assert_eq!(routes.find("/callback", || Some(callback)), Some(Route::Callback), "{callback} in a nest");
            assert_eq!(routes.find("/callback", || Some(login)), Some(Route::Login), "{login} in a nest");
        }
    }

    #[test]
    fn behind_a_proxy_that_strips_a_prefix_the_rest_decides() {
        let routes = routes("/shop/komerza/callback", Some("/shop/"));
        assert_eq!(routes.find("/komerza/callback", || None), Some(Route::Callback));
        assert_eq!(routes.find("/shop/komerza/callback", || None), None);
    }
}
