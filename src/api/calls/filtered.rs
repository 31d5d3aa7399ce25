//! The filters that lists have by name.
//!
//! One rule: a method is called as the provider's filter, in Rust's spelling, and sends it in the provider's
//! spelling, whose capitals differ from list to list. Names are documented, types are not: a filter has the
//! type of the field that it is named after, and is text where no field tells.
//!
//! *Source*: the provider's OpenAPI document.

use crate::api::{Direction, Listing, OrderStatus, OrderSummary};
use jiff::Timestamp;

/// Filters of orders, also of a search for them.
impl Listing<OrderSummary> {
    /// Placed at this time or later.
    pub fn date_from(self, time: Timestamp) -> Self {
        self.query("dateFrom", time)
    }

    /// Placed at this time or earlier.
    pub fn date_to(self, time: Timestamp) -> Self {
        self.query("dateTo", time)
    }

    /// With this status.
    pub fn status(self, status: impl Into<OrderStatus>) -> Self {
        self.query("status", status.into())
    }

    /// Paid by this method, such as `stripe`.
    pub fn gateway(self, gateway: &str) -> Self {
        self.query("gateway", gateway)
    }

    /// Of the customer with this e-mail address.
    pub fn email(self, email: &str) -> Self {
        self.query("email", email)
    }

    /// The newest orders first.
    ///
    /// Komerza sorts orders by `dateFrom`, and not by the field `dateCreated` that orders have.
    ///
    /// # Source
    /// docs.komerza.com: orders can be sorted by `dateFrom`, `dateTo`, `status`, `gateway` and `email`.
    #[doc(alias = "sort")]
    #[doc(alias = "newest orders")]
    pub fn newest_first(self) -> Self {
        self.sorted(OrderSort::Date, Direction::Descending)
    }

    /// Sorts by a field. Called again, it sorts those that are equal so far by another one.
    pub fn sorted(self, by: OrderSort, direction: Direction) -> Self {
        self.sort_by(by.name(), direction)
    }

    /// Of the customer with this Discord account: its id or its name.
    pub fn discord(self, account: &str) -> Self {
        self.query("discord", account)
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
