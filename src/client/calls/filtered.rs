//! Filters that lists have by name.

use crate::client::{Customer, Listing, OrderStatus, OrderSummary, Product, Review, Ticket, TicketStatus, Visibility};
use jiff::Timestamp;

/// Filters of orders. *Source*: the provider's OpenAPI document.
impl Listing<OrderSummary> {
    /// Placed at this time or later.
    pub fn from_date(self, time: Timestamp) -> Self {
        self.query("dateFrom", time)
    }

    /// Placed at this time or earlier.
    pub fn to_date(self, time: Timestamp) -> Self {
        self.query("dateTo", time)
    }

    /// With this status.
    pub fn with_status(self, status: &OrderStatus) -> Self {
        self.query("status", status)
    }

    /// Paid by this method, such as `stripe`.
    pub fn with_gateway(self, gateway: &str) -> Self {
        self.query("gateway", gateway)
    }

    /// Of the customer with this e-mail address.
    pub fn with_email(self, email: &str) -> Self {
        self.query("email", email)
    }
}

/// Filters of customers.
impl Listing<Customer> {
    /// With this e-mail address.
    pub fn with_email(self, email: &str) -> Self {
        self.query("email", email)
    }
}

/// Filters of products.
impl Listing<Product> {
    /// Seen by these.
    pub fn with_visibility(self, visibility: Visibility) -> Self {
        self.query("Visibility", visibility.number())
    }

    /// Best sellers, or all others.
    pub fn best_sellers(self, are: bool) -> Self {
        self.query("IsBestSeller", are)
    }

    /// Low in stock, or all others.
    pub fn low_in_stock(self, are: bool) -> Self {
        self.query("LowStock", are)
    }
}

/// Filters of reviews.
impl Listing<Review> {
    /// With a reply of the store, or without.
    pub fn with_reply(self, replied: bool) -> Self {
        self.query("hasReply", replied)
    }
}

/// Filters of tickets.
impl Listing<Ticket> {
    /// With this status.
    pub fn with_status(self, status: TicketStatus) -> Self {
        self.query("status", status.number())
    }

    /// Of the customer with this e-mail address.
    pub fn with_email(self, email: &str) -> Self {
        self.query("customerEmail", email)
    }
}
