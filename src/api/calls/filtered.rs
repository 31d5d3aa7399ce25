//! The filters of orders, which Discord bots and sales dashboards use.
//!
//! Each method has the name of the provider's filter, in Rust's spelling, and sends it in the provider's spelling.
//!
//! *Source*: the provider's OpenAPI document.

use crate::api::{Listing, OrderStatus, OrderSummary};
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

    /// Of the customer with this Discord account: its id or its name.
    pub fn discord(self, account: &str) -> Self {
        self.query("discord", account)
    }

    /// The newest orders first.
    ///
    /// Komerza sorts orders by `dateFrom`, and not by the field `dateCreated` that orders have. For another order use
    /// [`query`](Self::query): `query("Sorts", "-status,dateFrom")`.
    ///
    /// # Source
    /// docs.komerza.com: orders can be sorted by `dateFrom`, `dateTo`, `status`, `gateway` and `email`.
    #[doc(alias = "sort")]
    #[doc(alias = "newest orders")]
    pub fn newest_first(self) -> Self {
        self.query("Sorts", "-dateFrom")
    }
}
