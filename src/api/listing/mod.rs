//! Lists of the API, read as a stream of list pages or of items.
//!
//! List pages are counted from 1. A list ends at an empty list page, or after the number of list
//! pages that the latest reply states. If the replies state no number, it ends at a list page that
//! is shorter than an earlier one or equal to the one before.
//!
//! Komerza cuts lists by position. If items are added or removed while a list is read, an item can
//! appear twice or be missing. If that matters, sort so that new items come last.

mod page;
mod stream;

pub use page::{Page, UnreadableItem};
pub use stream::{Items, Pages};

use super::{Error, RequestBuilder};
use crate::pacing::Priority;
use serde::de::DeserializeOwned;
use std::{future::Future, marker::PhantomData, time::Duration};

/// A list of the API. Set it up, then use [`items`](Self::items), [`pages`](Self::pages) or
/// [`page`](Self::page).
///
/// Nothing is sent before that. Lists of orders have methods for Komerza's filters, with the same
/// names: `dateFrom` is [`date_from`](Listing::<crate::api::models::OrderSummary>::date_from). For
/// other filters and lists use [`query`](Self::query).
///
/// ```
/// use komerza_connect::api::models::OrderStatus;
///
/// # use komerza_connect::{ApiKey, api::Client};
/// # use komerza_sandbox::Sandbox;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = Sandbox::start().await?;
/// # let key = ApiKey::new(sandbox.issue_key()?)?;
/// # let key = Client::builder(key, "MyApp/1.0").api_url(sandbox.api_url()).build()?;
/// # let ids = sandbox.store_ids(0);
/// # let id = ids[0].as_str();
/// let pending = key
///     .in_store(id)
///     .orders()
///     .status(OrderStatus::PENDING)
///     .date_from("2026-11-01T00:00:00Z".parse()?)
///     .newest_first()
///     .page_size(100);
/// let orders = pending.all().await?;
/// assert!(!orders.is_empty() && orders.iter().all(|order| order.status == OrderStatus::PENDING));
/// assert!(orders.is_sorted_by(|one, next| one.date_created >= next.date_created));
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent before `items`, `pages`, `page` or `all`"]
pub struct Listing<T> {
    request: RequestBuilder,
    /// The name of the query parameter for the size, where the number of the page is in the path.
    by_path: Option<&'static str>,
    size: Option<u32>,
    first: u32,
    prefetch: bool,
    items: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Listing<T> {
    pub(super) fn new(request: RequestBuilder, by_path: Option<&'static str>) -> Self {
        Self { request, by_path, size: None, first: 1, prefetch: false, items: PhantomData }
    }

    /// Returns all items of all list pages, in order. If a list page fails, the stream ends.
    ///
    /// An item that cannot be read is an [`UnexpectedReply`](crate::ErrorKind::UnexpectedReply) error in
    /// its place. The next items follow.
    ///
    /// ```no_run
    /// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), komerza_connect::Error> {
    /// let mut orders = key.in_store("00000000-0000-4000-8000-000000000000").orders().page_size(100).items();
    /// while let Some(order) = orders.next().await {
    ///     println!("{}", order?.amount);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items(self) -> Items<T> {
        Items { pages: self.pages(), ready: Vec::new().into_iter() }
    }

    /// Returns all list pages that are not empty, in order. An error ends the stream.
    pub fn pages(self) -> Pages<T> {
        Pages { next: Some(self.first), listing: self, running: None, longest: 0, print: None }
    }

    /// Loads one list page. After the last list page, Komerza may answer with an empty list page.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub fn page(&self, number: u32) -> impl Future<Output = Result<Page<T>, Error>> + Send + use<T> {
        let mut request = match self.by_path {
            None => self.request.clone().query("Page", number),
            Some(_) => self.request.clone().segment(&number.to_string()),
        };
        if let Some(items) = self.size {
            request = request.query(self.by_path.unwrap_or("PageSize"), items);
        }
        request.open(move |envelope| Page::read(number, envelope))
    }

    /// Sets the number of items in a list page. Default: Komerza's, which is not documented.
    ///
    /// 100 is commonly used. Larger list pages mean fewer calls.
    pub fn page_size(mut self, items: u32) -> Self {
        self.size = Some(items);
        self
    }

    /// Sets the first list page, for example to continue after an error. Default: 1. Zero: counts
    /// as 1.
    pub fn start_at(mut self, page: u32) -> Self {
        self.first = page.max(1);
        self
    }

    /// Loads the next list page while you use the current one.
    ///
    /// It loads at most one, in its own task, which ends with the stream.
    pub fn prefetch(mut self) -> Self {
        self.prefetch = true;
        self
    }

    /// Adds a query parameter, for a filter or a sort that has no method here. The crate encodes it.
    ///
    /// Most lists can be filtered by parameters of their own: products by `query("IsBestSeller", true)`.
    /// Komerza's language for filters and sorts works as well: `query("Filters",
    /// "status==pending|delivered,email@=@shop.example")` and `query("Sorts", "-dateFrom,email")`.
    ///
    /// # Security
    /// A comma or a `|` ends a value in `Filters`, and how to escape them is not documented. Do not put text
    /// of a visitor there. The lists' own parameters, which are named above, take any text.
    ///
    /// # Source
    /// docs.komerza.com: `field<op>value` with the operators `==`, `!=`, `>`, `<`, `>=`, `<=`, `@=`
    /// (contains), `_=` (starts with), and `*` behind the last two to ignore upper and lower case; a comma
    /// for "and", `|` for "or" inside one field; sorts are field names, comma-separated, each descending with
    /// a leading `-`.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Same as [`RequestBuilder::priority`], for each list page.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.request = self.request.priority(priority);
        self
    }

    /// Same as [`RequestBuilder::deadline`], for each list page.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.request = self.request.deadline(deadline);
        self
    }

    /// Loads all items into memory.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`]. [`UnexpectedReply`](crate::ErrorKind::UnexpectedReply) if an
    /// item cannot be read, because the list would otherwise look complete. [`items`](Self::items)
    /// and [`pages`](Self::pages) continue after such an item.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        let (mut items, mut all) = (self.items(), Vec::new());
        while let Some(item) = items.next().await {
            all.push(item?);
        }
        Ok(all)
    }
}

crate::kinds::shows! { Listing<T> { request, size } }
