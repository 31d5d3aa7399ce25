//! The filters that lists have by name.
//!
//! One rule: a method is called as the provider's filter, in Rust's spelling, and sends it in the provider's
//! spelling, whose capitals differ from list to list. Names are documented, types are not: a filter has the
//! type of the field that it is named after, and is text where no field tells.
//!
//! *Source*: the provider's OpenAPI document.

use crate::api::{
    Amount, Customer, Direction, Listing, OrderStatus, OrderSummary, Product, Ticket, TicketStatus, Visibility,
    WebhookLog,
};
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

/// Filters of customers, also of a search for them.
impl Listing<Customer> {
    /// With this e-mail address.
    pub fn email(self, email: &str) -> Self {
        self.query("email", email)
    }

    /// With this IP address, as Komerza writes it.
    pub fn ip_address(self, address: &str) -> Self {
        self.query("ipAddress", address)
    }

    /// With this balance or a larger one.
    pub fn balance_from(self, balance: impl Into<Amount>) -> Self {
        self.query("balanceFrom", balance.into())
    }

    /// With this balance or a smaller one.
    pub fn balance_to(self, balance: impl Into<Amount>) -> Self {
        self.query("balanceTo", balance.into())
    }

    /// Known to Stripe by this id.
    pub fn stripe_customer_id(self, id: &str) -> Self {
        self.query("stripeCustomerId", id)
    }

    /// With this text in the affiliate code, in upper or lower case. That the code is the customer's own is
    /// likely.
    pub fn affiliate_code(self, code: &str) -> Self {
        self.query("affiliateCode", code)
    }
}

/// Filters of products, also of a search for them.
impl Listing<Product> {
    /// Seen by these.
    pub fn visibility(self, visibility: Visibility) -> Self {
        self.query("Visibility", visibility.number())
    }

    /// Best sellers, or all others.
    pub fn is_best_seller(self, is: bool) -> Self {
        self.query("IsBestSeller", is)
    }

    /// Closed to virtual private networks, or all others.
    pub fn should_block_vpns(self, should: bool) -> Self {
        self.query("ShouldBlockVpns", should)
    }

    /// Low in stock, or all others. From how many on is not documented.
    pub fn low_stock(self, low: bool) -> Self {
        self.query("LowStock", low)
    }
}

/// Filters of tickets.
impl Listing<Ticket> {
    /// About this.
    pub fn subject(self, subject: &str) -> Self {
        self.query("subject", subject)
    }

    /// With this status.
    pub fn status(self, status: TicketStatus) -> Self {
        self.query("status", status.number())
    }

    /// Of the customer with this e-mail address.
    pub fn customer_email(self, email: &str) -> Self {
        self.query("customerEmail", email)
    }

    /// Opened at this time or later.
    pub fn date_from(self, time: Timestamp) -> Self {
        self.query("dateFrom", time)
    }

    /// Opened at this time or earlier.
    pub fn date_to(self, time: Timestamp) -> Self {
        self.query("dateTo", time)
    }
}

/// Filters of a webhook's deliveries, also of a search for them.
impl Listing<WebhookLog> {
    /// Answered with this HTTP status.
    pub fn response_code(self, status: u16) -> Self {
        self.query("ResponseCode", status)
    }

    /// Those that the receiver answered with a status from 200 to 299, or all others.
    pub fn success(self, succeeded: bool) -> Self {
        self.query("Success", succeeded)
    }

    /// Sent at this time or later.
    pub fn from(self, time: Timestamp) -> Self {
        self.query("From", time)
    }

    /// Sent at this time or earlier.
    pub fn to(self, time: Timestamp) -> Self {
        self.query("To", time)
    }
}
