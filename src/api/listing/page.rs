//! A list page.

use crate::{api::Error, strict_json, wire::Envelope};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The number of the list page, from 1.
    pub number: u32,
    /// The number of list pages, if Komerza states it.
    pub pages: Option<u32>,
    /// The items.
    pub items: Vec<T>,
    /// Items that this version of the crate could not read. Usually empty.
    pub unreadable: Vec<UnreadableItem>,
    /// Recognises a page that is sent again and again.
    pub(super) print: u64,
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads the page out of its envelope; `data` that is missing or null is an empty page.
    pub(in crate::api) fn read(number: u32, envelope: &Envelope<'_>) -> Result<Self, serde_json::Error> {
        let text = envelope.data.map_or("null", |data| data.get());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let pages = envelope.pages.map(|pages| u32::try_from(pages.max(0)).unwrap_or(u32::MAX));
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for (position, item) in
            serde_json::from_str::<Option<Vec<&RawValue>>>(text)?.unwrap_or_default().iter().enumerate()
        {
            match serde_json::from_str(item.get()) {
                Ok(item) => items.push(item),
                Err(error) => unreadable.push(UnreadableItem {
                    position,
                    json: item.get().to_owned(),
                    why: strict_json::why(&error),
                }),
            }
        }
        Ok(Self { number, pages, items, unreadable, print: hasher.finish() })
    }
}

impl<T> Page<T> {
    /// How many items Komerza sent.
    pub(super) fn count(&self) -> usize {
        self.items.len().saturating_add(self.unreadable.len())
    }

    /// What Komerza sent, in its order, with an error for each item that could not be read.
    pub(super) fn in_order(self) -> Vec<Result<T, Error>> {
        let (number, count) = (self.number, self.count());
        let (mut items, mut unreadable) = (self.items.into_iter(), self.unreadable.into_iter().peekable());
        let next = |position| match unreadable.next_if(|item| item.position == position) {
            Some(UnreadableItem { position, json, why }) => {
                let why = format!("item {position} of page {number}: {why}");
                Some(Err(Error::unexpected(StatusCode::OK, json.into(), why)))
            }
            None => items.next().map(Ok),
        };
        (0..count).filter_map(next).collect()
    }
}

/// An item of a list that this version of the crate could not read, because the item has an unexpected form.
///
/// # Security
/// `Debug` leaves out the item, which may be about customers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableItem {
    /// Its position in the list page, from 0.
    pub position: usize,
    /// The item as Komerza sent it. You can read it into your own type.
    pub json: String,
    /// Why the item could not be read. The text does not contain the item's values.
    pub why: String,
}

crate::kinds::shows! { UnreadableItem { position, why } }
