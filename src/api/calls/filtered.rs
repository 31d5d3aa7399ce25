//! The filters that lists have by name.
//!
//! One rule: a method is called as the provider's filter, in Rust's spelling, and sends it in the provider's
//! spelling, whose capitals differ from list to list. Names are documented, types are not: a filter has the
//! type of the field that it is named after, and is text where no field tells.
//!
//! *Source*: the provider's OpenAPI document.

use crate::api::{
    Amount, Customer, Direction, Listing, OrderStatus, OrderSummary, Product, Ticket, TicketStatus, Visibility,
};
use jiff::Timestamp;

/// Declares filters: the method with its value, the provider's name, and what is sent.
macro_rules! filters {
    ($(
        $(#[$about:meta])*
        $item:ident { $($(#[$doc:meta])* $filter:ident($value:ident: $type:ty) $name:literal = $sent:expr;)+ }
    )+) => { $(
        $(#[$about])*
        impl Listing<$item> {
            $(
                $(#[$doc])*
                pub fn $filter(self, $value: $type) -> Self {
                    self.query($name, $sent)
                }
            )+
        }
    )+ };
}

filters! {
    /// Filters of orders, also of a search for them.
    OrderSummary {
        /// Placed at this time or later.
        date_from(time: Timestamp) "dateFrom" = time;
        /// Placed at this time or earlier.
        date_to(time: Timestamp) "dateTo" = time;
        /// With this status.
        status(status: impl Into<OrderStatus>) "status" = status.into();
        /// Paid by this method, such as `stripe`.
        gateway(gateway: &str) "gateway" = gateway;
        /// Of the customer with this e-mail address.
        email(email: &str) "email" = email;
        /// Of the customer with this Discord account: its id or its name.
        discord(account: &str) "discord" = account;
    }
    /// Filters of customers, also of a search for them.
    Customer {
        /// With this e-mail address.
        email(email: &str) "email" = email;
        /// With this IP address, as Komerza writes it.
        ip_address(address: &str) "ipAddress" = address;
        /// With this balance or a larger one.
        balance_from(balance: impl Into<Amount>) "balanceFrom" = balance.into();
        /// With this balance or a smaller one.
        balance_to(balance: impl Into<Amount>) "balanceTo" = balance.into();
        /// Known to Stripe by this id.
        stripe_customer_id(id: &str) "stripeCustomerId" = id;
        /// With this text in the affiliate code, in upper or lower case. That the code is the customer's own is
        /// likely.
        affiliate_code(code: &str) "affiliateCode" = code;
    }
    /// Filters of products, also of a search for them.
    Product {
        /// Seen by these.
        visibility(visibility: Visibility) "Visibility" = visibility.number();
        /// Best sellers, or all others.
        is_best_seller(is: bool) "IsBestSeller" = is;
        /// Closed to virtual private networks, or all others.
        should_block_vpns(should: bool) "ShouldBlockVpns" = should;
        /// Low in stock, or all others. From how many on is not documented.
        low_stock(low: bool) "LowStock" = low;
    }
    /// Filters of tickets.
    Ticket {
        /// About this.
        subject(subject: &str) "subject" = subject;
        /// With this status.
        status(status: TicketStatus) "status" = status.number();
        /// Of the customer with this e-mail address.
        customer_email(email: &str) "customerEmail" = email;
        /// Opened at this time or later.
        date_from(time: Timestamp) "dateFrom" = time;
        /// Opened at this time or earlier.
        date_to(time: Timestamp) "dateTo" = time;
    }
}

impl Listing<OrderSummary> {
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
