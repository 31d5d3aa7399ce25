//! One page.

use crate::wire::Envelope;
use serde::de::DeserializeOwned;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its number, from 1.
    pub number: u32,
    /// How many pages there are, as this page told.
    pub pages: Option<u32>,
    /// Its items.
    pub items: Vec<T>,
    /// Tells a page that is sent again and again.
    pub(super) print: u64,
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads the page out of its envelope; `data` that is missing or null is an empty page.
    pub(in crate::api) fn read(number: u32, envelope: &Envelope<'_>) -> Result<Self, serde_json::Error> {
        let text = envelope.data.map_or("null", |data| data.get());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let pages = envelope.pages.map(|pages| u32::try_from(pages.max(0)).unwrap_or(u32::MAX));
        let items = serde_json::from_str::<Option<Vec<T>>>(text)?.unwrap_or_default();
        Ok(Self { number, pages, items, print: hasher.finish() })
    }
}
