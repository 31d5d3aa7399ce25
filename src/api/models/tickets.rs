//! Support tickets.

use super::{CustomerId, StoreId, TicketId, TicketStatus, field::model};
use jiff::Timestamp;

model! {
    /// A support ticket.
    ///
    /// A list has [`message_count`](Self::message_count) and [`last_message`](Self::last_message). A single
    /// ticket has [`entries`](Self::entries).
    pub struct Ticket {
        /// The id.
        id: TicketId,
    } may {
        /// When it was opened.
        date_created: Option<Timestamp>,
        /// What it is about.
        subject: String,
        /// Its status.
        status: Option<TicketStatus>,
        /// The customer's e-mail address.
        email_address: String,
        /// The store.
        store_id: Option<StoreId>,
        /// The customer.
        customer_id: Option<CustomerId>,
        /// The number of messages. Only in lists.
        message_count: Option<i64>,
        /// The last message. Only in lists.
        last_message: Option<String>,
        /// The messages. Only for a single ticket.
        entries: Vec<TicketEntry>,
    }

    /// A message in a support ticket.
    pub struct TicketEntry {
        /// The id.
        id: String,
    } may {
        /// When it was written.
        date_created: Option<Timestamp>,
        /// The message.
        message: String,
        /// Who wrote it.
        name: String,
    }
}
