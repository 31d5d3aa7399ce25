//! The streams of pages and of items, and where they end.

use super::{Listing, Page};
use crate::api::{Error, ErrorKind};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::task::{Context, Poll, ready};
use std::{future::Future, panic::resume_unwind, pin::Pin};
use tokio_util::task::AbortOnDropHandle;

/// Whether there may be more after a page; see the [module](super) for the rule.
fn goes_on(number: u32, items: usize, pages: Option<u32>, longest: usize, repeated: bool) -> bool {
    match pages {
        _ if items == 0 => false,
        Some(pages) => number < pages,
        None => items >= longest && !repeated,
    }
}

type Running<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;

/// A [`Stream`] of the list pages of a list. [`Listing::pages`] makes it.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<T> {
    pub(super) listing: Listing<T>,
    /// The next page.
    pub(super) next: Option<u32>,
    pub(super) running: Option<Running<T>>,
    pub(super) longest: usize,
    pub(super) print: Option<u64>,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    /// The call for a page. If it is `ahead` of its turn it starts now, in its own task; otherwise when polled.
    fn start(listing: &Listing<T>, number: u32, ahead: bool) -> Running<T> {
        let page = listing.page(number);
        if !ahead {
            return Box::pin(page);
        }
        // Dropping it ends the call.
        let task = AbortOnDropHandle::new(tokio::spawn(page));
        Box::pin(async {
            task.await.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(Error::new(ErrorKind::Interrupted)),
            })
        })
    }

    /// Returns the next list page, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        std::future::poll_fn(|task| Pin::new(&mut *self).poll_next(task)).await
    }

    /// The number of the next list page. After an error it is the list page that failed, so that you can
    /// continue there with [`start_at`](Listing::start_at). `None` at the end.
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        self.next
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // After an error the stream has ended.
        let Some(number) = this.next.filter(|_| this.longest != usize::MAX) else { return Poll::Ready(None) };
        let listing = &this.listing;
        let running = this.running.get_or_insert_with(|| Self::start(listing, number, false));
        let page = ready!(running.as_mut().poll(task));
        this.running = None;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                this.longest = usize::MAX;
                return Poll::Ready(Some(Err(error)));
            }
        };
        let repeated = this.print.replace(page.print) == Some(page.print);
        let more = goes_on(number, page.count(), page.pages, this.longest, repeated);
        this.longest = this.longest.max(page.count());
        this.next = number.checked_add(1).filter(|_| more);
        if let Some(next) = this.next.filter(|_| this.listing.prefetch) {
            this.running = Some(Self::start(&this.listing, next, true));
        }
        let nothing = page.count() == 0 || (repeated && page.pages.is_none());
        Poll::Ready((!nothing).then_some(Ok(page)))
    }
}

/// A [`Stream`] of the items of a list. [`Listing::items`] makes it.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<T> {
    pub(super) pages: Pages<T>,
    pub(super) ready: std::vec::IntoIter<Result<T, Error>>,
}

impl<T: DeserializeOwned + Send + 'static> Items<T> {
    /// Returns the next item, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|task| Pin::new(&mut *self).poll_next(task)).await
    }

    /// Same as [`Pages::next_page`].
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        self.pages.next_page()
    }
}

impl<T> Unpin for Items<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(item));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(task)) {
                Some(Ok(page)) => this.ready = page.in_order().into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

crate::kinds::shows! { Pages<T> { listing, next } Items<T> { pages } }

#[cfg(test)]
mod tests {
    use super::goes_on;

    #[test]
    fn a_list_ends_where_it_should() {
        for (number, items, pages, longest, repeated, more) in [
            (1, 0, Some(0), 0, false, false),
            (1, 0, None, 0, false, false),
            (1, 5, Some(0), 0, false, false),
            (1, 5, Some(1), 0, false, false),
            (1, 5, Some(2), 0, false, true),
            (2, 5, Some(1), 5, false, false),
            (2, 3, Some(3), 5, false, true),
            (2, 0, Some(3), 5, false, false),
            (1, 5, None, 0, false, true),
            (2, 5, None, 5, false, true),
            (2, 4, None, 5, false, false),
            (2, 5, None, 5, true, false),
        ] {
            let told = goes_on(number, items, pages, longest, repeated);
            assert_eq!(told, more, "page {number} of {pages:?}, {items} items");
        }
    }

    #[cfg(feature = "__explore")]
    mod drawn {
        use super::goes_on;
        use proptest::prelude::*;

        /// Reads a list that has `length(n)` items when page `n` is requested. Returns the number of items
        /// and of pages that were read.
        fn read(size: usize, tells: bool, length: impl Fn(usize) -> usize) -> (usize, usize) {
            let (mut all, mut longest, mut number) = (0, 0, 0);
            loop {
                number += 1;
                let length = length(number);
                let items = length.saturating_sub((number - 1) * size).min(size);
                let pages = tells.then(|| u32::try_from(length.div_ceil(size)).unwrap());
                all += items;
                if !goes_on(u32::try_from(number).unwrap(), items, pages, longest, false) {
                    return (all, number);
                }
                longest = longest.max(items);
            }
        }

        proptest! {
            #[test]
            fn a_list_that_stays_as_it_is_is_read_whole_in_as_few_calls_as_can_be(
                length in 0..500_usize, size in 1..60_usize,
            ) {
                let pages = length.div_ceil(size).max(1);
                prop_assert_eq!(read(size, true, |_| length), (length, pages));
                let (items, calls) = read(size, false, |_| length);
                prop_assert_eq!(items, length);
                prop_assert!(calls <= pages + 1, "one further page tells the end where the provider does not");
            }

            #[test]
            fn a_list_that_grows_and_shrinks_is_read_to_where_it_ends_then(
                lengths in proptest::collection::vec(0..500_usize, 1..40), size in 1..60_usize, tells: bool,
            ) {
                let length = |number: usize| lengths[(number - 1) % lengths.len()];
                let (_, calls) = read(size, tells, length);
                // Whether no items were left behind the last page when that page was read.
                let ended = length(calls) <= calls * size;
                let shorter = (1..calls).any(|number| length(number) != length(calls));
                prop_assert!(ended || (!tells && shorter), "{} calls", calls);
                prop_assert!(calls <= 500 / size + 2);
            }
        }
    }
}
