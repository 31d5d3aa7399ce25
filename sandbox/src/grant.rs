//! What a user approved.

/// The approval that a code stands for, and later the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) client_id: String,
    /// Which of the sandbox's accounts approved.
    pub(super) account: usize,
    /// Ids of the stores that were ticked.
    pub(super) stores: Vec<String>,
    pub(super) scopes: Vec<String>,
}

impl Grant {
    pub(super) fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    pub(super) fn reaches(&self, store: &str) -> bool {
        self.stores.iter().any(|ticked| ticked == store)
    }
}

/// How a user answers the consent page.
///
/// # Example
/// ```
/// use komerza_sandbox::Approval;
///
/// let approval = Approval::everything().without_scope("user.view");
/// assert_eq!(approval, Approval::everything().without_scope("user.view"));
/// assert_ne!(approval, Approval::everything());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "pass it to approve_with or issue_key_for"]
pub struct Approval {
    pub(super) account: usize,
    pub(super) stores: Option<Vec<String>>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) refused_scopes: Vec<String>,
}

impl Approval {
    /// The first account ticks all its stores and grants every permission that the app asks for.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Another account approves. Accounts are counted from 0.
    pub fn account(mut self, account: usize) -> Self {
        self.account = account;
        self
    }

    /// Only these stores are ticked, by id. Ids of other accounts' stores are ignored.
    pub fn stores<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.stores = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Exactly these scopes are granted, whatever the app asks for.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// This scope is not granted although the app asks for it.
    pub fn without_scope(mut self, scope: impl Into<String>) -> Self {
        self.refused_scopes.push(scope.into());
        self
    }

    pub(super) fn granted_scopes(&self, asked: &[String]) -> Vec<String> {
        let scopes = self.scopes.as_deref().unwrap_or(asked);
        scopes.iter().filter(|scope| !self.refused_scopes.contains(scope)).cloned().collect()
    }
}
