//! Which requests a fault is meant for.

use std::{fmt, sync::Arc};

use http::Method;

use crate::request_log::{Part, RecordedRequest};

type Condition = Arc<dyn Fn(&RecordedRequest) -> bool + Send + Sync>;

/// Which requests a fault is meant for: all conditions must hold.
#[derive(Clone, Default)]
#[must_use = "a target does nothing until a fault is injected on it"]
pub struct Target {
    conditions: Vec<Condition>,
}

impl Target {
    /// Every request, also those of the dashboard.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Exchanges of a code for a key.
    pub fn exchange() -> Self {
        Self::part(Part::Exchange)
    }

    /// Calls of the API other than the exchange.
    pub fn api() -> Self {
        Self::part(Part::Api)
    }

    /// The dashboard's pages, consent and overview.
    pub fn dashboard() -> Self {
        Self::part(Part::Dashboard)
    }

    /// Requests for exactly this path, as it was sent.
    pub fn path(path: impl Into<String>) -> Self {
        let path = path.into();
        Self::everything().when(move |request| request.path == path)
    }

    fn part(part: Part) -> Self {
        Self::everything().when(move |request| request.part == part)
    }

    /// Only requests whose path begins with this text, as it was sent.
    pub fn path_prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.when(move |request| request.path.starts_with(&prefix))
    }

    /// Only requests with this method.
    pub fn method(self, method: Method) -> Self {
        self.when(move |request| request.method == method)
    }

    /// Only requests for which `condition` holds. It runs while the rules are locked, so it must not inject
    /// faults itself.
    pub fn when(mut self, condition: impl Fn(&RecordedRequest) -> bool + Send + Sync + 'static) -> Self {
        self.conditions.push(Arc::new(condition));
        self
    }

    pub(super) fn matches(&self, request: &RecordedRequest) -> bool {
        self.conditions.iter().all(|condition| condition(request))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("conditions", &self.conditions.len()).finish()
    }
}
