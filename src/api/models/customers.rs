//! Customers of a store.

use super::{Amount, CustomerId, field::model};
use jiff::Timestamp;

model! {
    /// A customer of a store. Lists, searches and look-ups each leave out some of the fields.
    ///
    /// The IP address, accounts at other services and tickets are left out on purpose.
    pub struct Customer {
        /// The id.
        id: CustomerId,
        /// When the customer was created.
        date_created: Timestamp,
    } may {
        /// The e-mail address.
        email_address: String,
        /// `New`, `Regular`, `VIP`, or a newer status.
        status: String,
        /// Everything that the customer spent.
        total_spend: Option<Amount>,
        /// The mean value of an order.
        average_spend: Option<Amount>,
        /// The number of orders. Komerza declares it as a decimal number.
        total_orders: Option<Amount>,
        /// Whether the store blocks the customer.
        is_blocked: bool,
        /// Whether the customer is an affiliate. Only in lists.
        is_affiliate: Option<bool>,
        /// The balance. Only for a single customer.
        balance: Option<Amount>,
        /// Why the customer was blocked.
        blocked_note: Option<String>,
        /// When the customer was blocked.
        blocked_at: Option<Timestamp>,
    }
}
