//! Where the crate's routes are, and whether a request is for one of them.

use super::{ConfigError, address::is_plain_path};
use crate::message::{NOT_PLAIN, NOT_UNDER_PREFIX, PREFIX_ELSEWHERE, TAKEN};

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
    /// The callback, and the others beside it or where they were given: login, disconnect and status.
    pub(super) fn new(callback: String, prefix: &str, given: [Option<String>; 3], wrong: &mut ConfigError) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let below = |path: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        if !below(&callback) {
            wrong.keep::<()>("stripped_prefix", PREFIX_ELSEWHERE.wrong());
        }
        let parent = callback.rsplit_once('/').map_or("", |(parent, _)| parent);
        let mut taken = vec![callback.clone()];
        let mut path = |setting, name: &str, given: Option<String>| {
            let is_given = given.is_some();
            let path = given.unwrap_or_else(|| format!("{parent}/{name}"));
            wrong.check(setting, Some(&path), |path| match path {
                _ if is_given && !below(path) => NOT_UNDER_PREFIX.wrong(),
                _ if is_given && !is_plain_path(path) => NOT_PLAIN.wrong(),
                _ if taken.iter().any(|other| other == path) => TAKEN.wrong(),
                _ => Ok(()),
            });
            taken.push(path.clone());
            path
        };
        let [login, disconnect, status] = given;
        Self {
            login: path("login_path", "login", login),
            disconnect: path("disconnect_path", "disconnect", disconnect),
            status: path("status_path", "status", status),
            callback,
            stripped: prefix.len(),
        }
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

    /// The prefix that a proxy removes from each path.
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
    /// framework kept it (axum strips what `nest` took). A path that is not
    /// equal byte by byte is not ours.
    pub(crate) fn find<'a>(&self, seen: &str, original: impl FnOnce() -> Option<&'a str>) -> Option<Route> {
        // Most requests end here. `seen` is always the end of the whole path, so if no path of ours ends with
        // it, the request is not ours.
        let mut alike = self.all().into_iter().filter(|(_, public)| public.ends_with(seen)).peekable();
        alike.peek()?;
        let whole = original().unwrap_or(seen);
        alike.find(|(_, public)| public.get(self.stripped..) == Some(whole)).map(|(route, _)| route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(callback: &str, stripped: &str, login: Option<&str>) -> Routes {
        let mut wrong = ConfigError::none();
        let routes = Routes::new(callback.into(), stripped, [login.map(Into::into), None, None], &mut wrong);
        wrong.finish().unwrap();
        routes
    }

    #[test]
    fn a_path_is_equal_byte_by_byte_or_not_ours() {
        let routes = routes("/komerza/callback", "", None);
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
        let routes = routes("/api/komerza/callback", "", None);
        assert_eq!(routes.find("/komerza/login", || Some("/api/komerza/login")), Some(Route::Login));
        assert_eq!(routes.find("/komerza/login", || Some("/other/komerza/login")), None);
        assert_eq!(routes.find("/komerza/login", || None), None);
    }

    #[test]
    fn a_route_whose_path_ends_like_another_one_takes_nothing_from_it() {
        let table =
            [("/callback", "/oauth/callback"), ("/oauth/callback", "/callback"), ("/a/callback", "/b/callback")];
        for (callback, login) in table {
            let routes = routes(callback, "", Some(login));
            assert_eq!(routes.find(callback, || None), Some(Route::Callback), "{callback} beside {login}");
            assert_eq!(routes.find(login, || None), Some(Route::Login), "{login} beside {callback}");
            assert_eq!(routes.find("/callback", || Some(callback)), Some(Route::Callback), "{callback} in a nest");
            assert_eq!(routes.find("/callback", || Some(login)), Some(Route::Login), "{login} in a nest");
        }
    }

    #[test]
    fn behind_a_proxy_that_strips_a_prefix_the_rest_decides() {
        let routes = routes("/shop/komerza/callback", "/shop/", None);
        assert_eq!(routes.find("/komerza/callback", || None), Some(Route::Callback));
        assert_eq!(routes.find("/shop/komerza/callback", || None), None);
    }
}
