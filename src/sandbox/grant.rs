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
