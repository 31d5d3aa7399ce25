//! Lists that come in pages, as streams of pages and of items.
//!
//! Pages are counted from 1. A list ends at an empty page, at the number of pages that the last page told (which may grow and
//! shrink meanwhile), or, where none is told, at a page shorter than one before or equal to the one before.
//!
//! The provider cuts pages by position. What is added or removed while a list is read can make items appear twice or be missed;
//! where that matters, sort by something that new items come last in.

use super::{Error, ErrorKind, Filters, Priority, RequestBuilder, envelope::Envelope};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::{
    fmt,
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::task::JoinHandle;

/// A list of the API: say how to read it, then take its [`items`](Self::items), its [`pages`](Self::pages), or one
/// [`page`](Self::page). Nothing is sent before.
#[must_use = "nothing is sent before `items`, `pages`, `page` or `all`"]
pub struct Listing<T> {
    request: RequestBuilder,
    style: Style,
    size: Option<u32>,
    first: u32,
    prefetch: bool,
    items: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone, Copy)]
enum Style {
    Query,
    Path { size: &'static str },
}

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
    print: u64,
}

impl<T: DeserializeOwned + Send + 'static> Listing<T> {
    fn new(request: RequestBuilder, style: Style) -> Self {
        Self { request, style, size: None, first: 1, prefetch: false, items: PhantomData }
    }

    pub(super) fn by_query(request: RequestBuilder) -> Self {
        Self::new(request, Style::Query)
    }

    pub(super) fn by_path(request: RequestBuilder, size: &'static str) -> Self {
        Self::new(request, Style::Path { size })
    }

    /// Items in a page. Default: the provider's, which is not documented; 100 is commonly used. Larger pages mean fewer calls.
    pub fn page_size(mut self, items: u32) -> Self {
        self.size = Some(items);
        self
    }

    /// Begins at this page instead of 1: to go on where an error ended a stream. 0 counts as 1.
    pub fn start_at(mut self, page: u32) -> Self {
        self.first = page.max(1);
        self
    }

    /// Fetches the next page while the present one is being used: one at most, in a task of its own that ends with the stream.
    pub fn prefetch(mut self) -> Self {
        self.prefetch = true;
        self
    }

    /// Adds a parameter to the query, such as one of the endpoint's named filters.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Filters the list, in the provider's own language.
    pub fn filters(mut self, filters: &Filters) -> Self {
        self.request = match filters.text() {
            Ok(text) => self.request.query("Filters", text),
            Err(error) => self.request.failed(error),
        };
        self
    }

    /// Sorts by these fields, comma-separated, each descending with a leading `-`: `-dateFrom`. Which there are differs by list.
    pub fn sorts(self, fields: &str) -> Self {
        self.query("Sorts", fields)
    }

    /// As [`RequestBuilder::priority`], for each page.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.request = self.request.priority(priority);
        self
    }

    /// As [`RequestBuilder::deadline`], for each page.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.request = self.request.deadline(deadline);
        self
    }

    /// One page; empty past the end, where the provider answers so.
    ///
    /// # Errors
    /// As [`RequestBuilder::fetch`].
    pub fn page(&self, number: u32) -> impl Future<Output = Result<Page<T>, Error>> + Send + use<T> {
        let request = match (self.style, self.size) {
            (Style::Query, None) => self.request.clone().query("Page", number),
            (Style::Query, Some(size)) => self.request.clone().query("Page", number).query("PageSize", size),
            (Style::Path { .. }, None) => self.request.clone().segment(&number.to_string()),
            (Style::Path { size: name }, Some(size)) => {
                self.request.clone().segment(&number.to_string()).query(name, size)
            }
        };
        request.open(move |envelope| Page::read(number, envelope))
    }

    /// All pages that are not empty, one after another. An error ends the stream.
    pub fn pages(self) -> Pages<T> {
        Pages { next: Some(self.first), listing: self, running: None, told: None, longest: 0, print: None }
    }

    /// All items, page after page. An error ends the stream.
    ///
    /// ```no_run
    /// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), komerza_connect::Error> {
    /// let mut orders = key.in_store("00000000-0000-4000-8000-000000000000").orders().page_size(100).items();
    /// while let Some(order) = orders.next().await {
    ///     println!("{} {}", order?.amount, orders.pages_told().unwrap_or(1));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items(self) -> Items<T> {
        Items { pages: self.pages(), ready: Vec::new().into_iter() }
    }

    /// All items at once, in memory.
    ///
    /// # Errors
    /// As [`RequestBuilder::fetch`].
    pub async fn all(self) -> Result<Vec<T>, Error> {
        let mut pages = self.pages();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.append(&mut page?.items);
        }
        Ok(all)
    }

    fn start(&self, number: u32, ahead: bool) -> Running<T> {
        let page = self.page(number);
        match ahead {
            true => Box::pin(Ahead(tokio::spawn(page))),
            false => Box::pin(page),
        }
    }
}

impl<T: DeserializeOwned> Page<T> {
    fn read(number: u32, envelope: &Envelope<'_>) -> Result<Self, serde_json::Error> {
        let text = envelope.data.map_or("null", |data| data.get());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let pages = envelope.pages.map(|pages| u32::try_from(pages.max(0)).unwrap_or(u32::MAX));
        let items = serde_json::from_str::<Option<Vec<T>>>(text)?.unwrap_or_default();
        Ok(Self { number, pages, items, print: hasher.finish() })
    }
}

/// Whether there may be more after a page; see the [module](self) for the rule.
fn goes_on(number: u32, items: usize, pages: Option<u32>, longest: usize, repeated: bool) -> bool {
    match pages {
        _ if items == 0 => false,
        Some(pages) => number < pages,
        None => items >= longest && !repeated,
    }
}

type Running<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;

/// A page that is fetched ahead; dropping it ends the call.
struct Ahead<T>(JoinHandle<Result<Page<T>, Error>>);

impl<T> Future for Ahead<T> {
    type Output = Result<Page<T>, Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let joined = ready!(Pin::new(&mut self.0).poll(task));
        Poll::Ready(joined.unwrap_or_else(|error| Err(Error::caused_by(ErrorKind::Interrupted, error))))
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The pages of a list: a [`Stream`]. Made by [`Listing::pages`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<T> {
    listing: Listing<T>,
    /// The page to come.
    next: Option<u32>,
    running: Option<Running<T>>,
    told: Option<u32>,
    longest: usize,
    print: Option<u64>,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    /// The next page; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        std::future::poll_fn(|task| Pin::new(&mut *self).poll_next(task)).await
    }
}

impl<T> Pages<T> {
    /// The number of the page that would come next; after an error the one that failed, for
    /// [`start_at`](Listing::start_at). `None` at the end.
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        self.next
    }

    /// How many pages there are, as the last page told.
    #[must_use]
    pub fn pages_told(&self) -> Option<u32> {
        self.told
    }
}

impl<T> Unpin for Pages<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // After an error nothing runs and the length is unknowable: the stream has ended.
        let Some(number) = this.next.filter(|_| this.longest != usize::MAX) else { return Poll::Ready(None) };
        let listing = &this.listing;
        let running = this.running.get_or_insert_with(|| listing.start(number, false));
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
        this.told = page.pages.or(this.told);
        let more = goes_on(number, page.items.len(), page.pages, this.longest, repeated);
        this.longest = this.longest.max(page.items.len());
        this.next = number.checked_add(1).filter(|_| more);
        if let Some(next) = this.next.filter(|_| this.listing.prefetch) {
            this.running = Some(this.listing.start(next, true));
        }
        let nothing = page.items.is_empty() || (repeated && page.pages.is_none());
        Poll::Ready((!nothing).then_some(Ok(page)))
    }
}

/// The items of a list: a [`Stream`]. Made by [`Listing::items`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<T> {
    pages: Pages<T>,
    ready: std::vec::IntoIter<T>,
}

impl<T: DeserializeOwned + Send + 'static> Items<T> {
    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|task| Pin::new(&mut *self).poll_next(task)).await
    }
}

impl<T> Items<T> {
    /// As [`Pages::next_page`].
    #[must_use]
    pub fn next_page(&self) -> Option<u32> {
        self.pages.next_page()
    }

    /// As [`Pages::pages_told`].
    #[must_use]
    pub fn pages_told(&self) -> Option<u32> {
        self.pages.pages_told()
    }
}

impl<T> Unpin for Items<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(task)) {
                Some(Ok(page)) => this.ready = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("request", &self.request).field("size", &self.size).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("listing", &self.listing).field("next", &self.next).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}

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
}
