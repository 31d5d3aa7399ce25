//! A model of a browser: cookies, fetch metadata, `Origin`, `Referer`, redirects and forms, as browsers do them.
//!
//! A browser knows the servers it was told of: services in this process, each as one origin ([`Browser::serve`]), and,
//! with [`Browser::with_network`], whatever listens on plain HTTP. A redirect to anything else is not followed but shown
//! in [`Visit::stopped_before`]. All methods take `&self`, so that several tabs can load at once; [`Clone`] makes another
//! browser with a copy of the cookies, which is how a test goes back to before an answer arrived.

mod cookie;
mod follow;
mod jar;
mod load;
mod site;
mod tests_cookies;
mod tests_requests;
mod transport;
pub(crate) mod visit;

pub use self::cookie::{Cookie, Refused, SameSite};
pub use self::follow::LoadError;
pub use self::jar::{By, Context, Jar};
pub use self::load::Load;
use self::transport::Transport;
pub use self::visit::{Hop, Visit};
use super::headers::OwnAnswers;
use axum::body::Body;
use http::{HeaderMap, HeaderName, Method, Request, Response};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant, SystemTime};
use tower::{BoxError, Service};
use url::Url;

/// How long a caller may hold the browser's state, for example its jar.
const PATIENCE: Duration = Duration::from_secs(60);

type Inspector = Arc<dyn Fn(&Hop) + Send + Sync>;
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub struct Browser {
    state: Mutex<State>,
    fetch_metadata: bool,
    cookie_lines: bool,
    network: Option<Transport>,
    clock: Clock,
    /// The time that is added to the clock. It is not part of the state, so that the time can be read while
    /// the state is locked.
    advanced: Mutex<Duration>,
}

#[derive(Clone, Default)]
struct State {
    jar: Jar,
    servers: HashMap<String, Transport>,
    headers: HeaderMap,
    history: Vec<Hop>,
    own_answers: Option<OwnAnswers>,
    inspectors: Vec<Inspector>,
}

impl Clone for Browser {
    /// Another browser with the same cookies as this one has now; from here on they go apart.
    fn clone(&self) -> Self {
        Self {
            state: Mutex::new(self.state().clone()),
            fetch_metadata: self.fetch_metadata,
            cookie_lines: self.cookie_lines,
            network: self.network.clone(),
            clock: Arc::clone(&self.clock),
            advanced: Mutex::new(*self.advanced.lock().unwrap()),
        }
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A new browser without cookies. Every answer of the crate's routes is checked by [`OwnAnswers`].
    pub fn new() -> Self {
        super::canary::install();
        let state = Mutex::new(State { own_answers: Some(OwnAnswers::default()), ..State::default() });
        let (clock, advanced) = (Arc::new(SystemTime::now), Mutex::default());
        Self { state, fetch_metadata: true, cookie_lines: false, network: None, clock, advanced }
    }

    /// Lets the service answer for `origin`, such as `https://shop.example`.
    pub fn serve<S>(self, origin: &str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.move_to(origin, service);
        self
    }

    /// From now on another service answers for `origin`: another node, or the same one restarted.
    pub fn move_to<S>(&self, origin: &str, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let origin = Url::parse(origin).unwrap().origin().ascii_serialization();
        self.state().servers.insert(origin, Transport::in_process(service));
    }

    /// Opens real connections to `http://` origins that no service answers for.
    pub fn with_network(self) -> Self {
        Self { network: Some(Transport::sockets()), ..self }
    }

    /// An old browser: no `Sec-Fetch-…`, and `Purpose` instead of `Sec-Purpose`.
    pub fn without_fetch_metadata(self) -> Self {
        Self { fetch_metadata: false, ..self }
    }

    /// Safari: `Secure` cookies are for https alone, also on the machine itself.
    pub fn without_loopback_exception(self) -> Self {
        self.state().jar.strict_loopback = true;
        self
    }

    /// HTTP/2's way: one `Cookie` line per cookie.
    pub fn splitting_cookie_lines(self) -> Self {
        Self { cookie_lines: true, ..self }
    }

    /// Sets the clock for the expiry of cookies. [`advance`](Self::advance) adds to it.
    pub fn with_clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Sends this header along with everything: `x-test-user: alice` models the app's own session.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        self.set_header(name, value);
        self
    }

    pub fn set_header(&self, name: &str, value: &str) {
        self.state().headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }

    pub fn remove_header(&self, name: &str) {
        self.state().headers.remove(name);
    }

    /// Which answers are the crate's own, and where they may redirect to.
    pub fn with_own_answers(self, own_answers: OwnAnswers) -> Self {
        self.state().own_answers = Some(own_answers);
        self
    }

    /// Switches the checks of the crate's own answers off. Use it only for apps in which the crate's paths
    /// are not the crate's (a layer that lost its routes).
    pub fn without_own_answers(self) -> Self {
        self.state().own_answers = None;
        self
    }

    /// Shows every answer to `inspector` as soon as it is there.
    pub fn with_inspector(self, inspector: impl Fn(&Hop) + Send + Sync + 'static) -> Self {
        self.state().inspectors.push(Arc::new(inspector));
        self
    }

    /// The cookies, to look at and to tamper with. Do not hold it across a load.
    pub fn jar(&self) -> impl std::ops::DerefMut<Target = Jar> + '_ {
        JarGuard(self.state())
    }

    /// Lets time pass for the cookies.
    pub fn advance(&self, time: Duration) {
        *self.advanced.lock().unwrap() += time;
    }

    pub fn now(&self) -> SystemTime {
        (self.clock)() + *self.advanced.lock().unwrap()
    }

    /// Every answer so far, in order of arrival.
    pub fn history(&self) -> Vec<Hop> {
        self.state().history.clone()
    }

    /// What script on the page at `url` sees in `document.cookie`.
    pub fn script_cookies(&self, url: &str) -> String {
        let now = self.now();
        self.state().jar.script_view(&Url::parse(url).unwrap(), now)
    }

    /// Script on the page at `url` writes to `document.cookie`.
    pub fn script_sets(&self, url: &str, line: &str) -> Result<(), Refused> {
        let now = self.now();
        self.state().jar.store(line.as_bytes(), &Url::parse(url).unwrap(), By::Script, now)
    }

    /// Typed at the address bar.
    pub async fn open(&self, url: &str) -> Visit {
        self.load(Load::typed(url)).await
    }

    /// A link on the page `from`.
    pub async fn click(&self, from: &str, url: &str) -> Visit {
        self.load(Load::link(from, url)).await
    }

    /// A form on the page `from`.
    pub async fn post(&self, from: &str, url: &str, body: &str) -> Visit {
        self.load(Load::form(from, url, body)).await
    }

    /// `fetch(url, { credentials: "include" })` in script of the page `from`.
    pub async fn fetch(&self, from: &str, method: Method, url: &str) -> Visit {
        self.load(Load::fetch(from, method, url)).await
    }

    /// Panics instead of waiting for ever when the caller itself holds [`jar`](Self::jar).
    fn state(&self) -> MutexGuard<'_, State> {
        let since = Instant::now();
        loop {
            match self.state.try_lock() {
                Ok(state) => return state,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    assert!(since.elapsed() < PATIENCE, "a caller asks for the browser's jar while it still holds it");
                    std::thread::yield_now();
                }
            }
        }
    }
}

struct JarGuard<'a>(MutexGuard<'a, State>);

impl std::ops::Deref for JarGuard<'_> {
    type Target = Jar;

    fn deref(&self) -> &Jar {
        &self.0.jar
    }
}

impl std::ops::DerefMut for JarGuard<'_> {
    fn deref_mut(&mut self) -> &mut Jar {
        &mut self.0.jar
    }
}
