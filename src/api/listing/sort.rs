//! How a list is sorted.

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least first, and the oldest.
    Ascending,
    /// The greatest first, and the newest.
    Descending,
}

impl Direction {
    pub(in crate::api) fn sign(self) -> &'static str {
        match self {
            Self::Ascending => "",
            Self::Descending => "-",
        }
    }
}

/// Whether a text can be the name of a field: it has no character with a meaning in filters or sorts.
pub(in crate::api) fn is_field(text: &str) -> bool {
    let means_something = [',', '|', '=', '!', '<', '>', '@', '_'];
    !text.is_empty() && !text.starts_with('-') && text.trim() == text && !text.contains(means_something)
}
