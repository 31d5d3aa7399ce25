//! Reviews and tickets.

use super::{Amount, CustomerId, ProductId, ReviewId, StoreId, TicketId, TicketStatus, field::model};
use jiff::Timestamp;

model! {
    /// A review of a product.
    #[derive(Debug)]
    pub struct Review {
        must {
            /// The id.
            id: ReviewId,
            /// When it was written.
            date_created: Timestamp,
        }
        may {
            /// The rating.
            rating: Option<Amount>,
            /// What the customer wrote.
            reason: String,
            /// The store's reply.
            reply: Option<String>,
            /// When the store replied.
            replied_at: Option<Timestamp>,
            /// The product.
            product_id: Option<ProductId>,
            /// The product's name.
            product_name: String,
            /// The customer.
            customer_id: Option<CustomerId>,
            /// The customer's e-mail address.
            customer_email: String,
            /// The store's request to hide the review.
            flagged: Option<ReviewFlag>,
        }
    }

    /// A store's request to hide a review.
    #[derive(Debug, Eq)]
    pub struct ReviewFlag {
        must {
            /// The id.
            id: String,
        }
        may {
            /// When the store asked.
            date_created: Option<Timestamp>,
            /// Why the store asked.
            reason: String,
            /// `None`: not decided. `true`: the review is hidden. `false`: it stays.
            approved: Option<bool>,
            /// What Komerza said about it.
            administrator_note: Option<String>,
        }
    }

    /// A support ticket.
    ///
    /// A list has [`message_count`](Self::message_count) and [`last_message`](Self::last_message). A single
    /// ticket has [`entries`](Self::entries).
    #[derive(Debug)]
    pub struct Ticket {
        must {
            /// The id.
            id: TicketId,
        }
        may {
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
    }

    /// A message in a support ticket.
    #[derive(Debug, Eq)]
    pub struct TicketEntry {
        must {
            /// The id.
            id: String,
        }
        may {
            /// When it was written.
            date_created: Option<Timestamp>,
            /// The message.
            message: String,
            /// Who wrote it.
            name: String,
        }
    }
}
