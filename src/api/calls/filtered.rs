//! The filters of orders, which Discord bots and sales dashboards use.
//!
//! Each method has the name of the provider's filter, in Rust's spelling, and sends it in the provider's
//! spelling.
//!
//! *Source*: the provider's OpenAPI document.

use crate::api::{Listing, OrderStatus, OrderSummary};
use jiff::Timestamp;

/// Filters for lists of orders and for searches of orders.
impl Listing<OrderSummary> {
    /// Only orders that were placed at this time or later.
    pub fn date_from(self, time: Timestamp) -> Self {
        self.query("dateFrom", time)
    }

    /// Only orders that were placed at this time or earlier.
    pub fn date_to(self, time: Timestamp) -> Self {
        self.query("dateTo", time)
    }

    /// Only orders with this status.
    pub fn status(self, status: impl Into<OrderStatus>) -> Self {
        self.query("status", status.into())
    }

    /// Only orders with this payment method, such as `stripe`.
    pub fn gateway(self, gateway: &str) -> Self {
        self.query("gateway", gateway)
    }

    /// Only orders of the customer with this e-mail address.
    pub fn email(self, email: &str) -> Self {
        self.query("email", email)
    }

    /// Only orders of the customer with this Discord account, given by its id or its name.
    pub fn discord(self, account: &str) -> Self {
        self.query("discord", account)
    }

    /// Sorts the orders by date, the newest first.
    ///
    /// Komerza sorts orders by `dateFrom`, and not by the field `dateCreated` that orders have.
    #[doc(alias = "newest orders")]
    pub fn newest_first(self) -> Self {
        self.sorted([(OrderSort::Date, Direction::Descending)])
    }

    /// Sorts by the first field. Orders with the same first field are sorted by the second, and so on.
    /// Without fields Komerza sorts in its own way, which is not documented. Name all fields in one call.
    ///
    /// ```no_run
    /// # fn example(store: komerza_connect::api::InStore) {
    /// use komerza_connect::api::{Direction::*, OrderSort::*};
    ///
    /// let by_status = store.orders().sorted([(Status, Ascending), (Date, Descending)]);
    /// # }
    /// ```
    ///
    /// # Source
    /// docs.komerza.com: orders can be sorted by `dateFrom`, `dateTo`, `status`, `gateway` and `email`,
    /// separated by commas, each descending with a leading `-`.
    #[doc(alias = "sort")]
    pub fn sorted(self, fields: impl IntoIterator<Item = (OrderSort, Direction)>) -> Self {
        let sign = |direction| if direction == Direction::Descending { "-" } else { "" };
        let fields: Vec<_> = fields.into_iter().map(|(by, way)| format!("{}{}", sign(way), by.name())).collect();
        if fields.is_empty() { self } else { self.query("Sorts", fields.join(",")) }
    }
}

/// What orders can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderSort {
    /// When they were placed.
    Date,
    /// The status.
    Status,
    /// The payment method.
    Gateway,
    /// The customer's e-mail address.
    Email,
}

impl OrderSort {
    fn name(self) -> &'static str {
        match self {
            Self::Date => "dateFrom",
            Self::Status => "status",
            Self::Gateway => "gateway",
            Self::Email => "email",
        }
    }
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest or oldest first.
    Ascending,
    /// The largest or newest first.
    Descending,
}
