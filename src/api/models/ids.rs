//! Each kind of object has its own id type, so that ids cannot be confused.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        ///
        /// It can be any text, and the crate encodes it as one segment of the path. An id that is empty, `.`,
        /// `..` or longer than 256 bytes cannot be a segment. A call with it fails with
        /// [`BadRequest`](crate::ErrorKind::BadRequest), and nothing is sent.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: AsRef<str>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.as_ref().into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        super::field::plain!($name);
    )+ };
}

ids! {
    /// The id of a Komerza account.
    AccountId;
    /// The id of a product category.
    CategoryId;
    /// The id of a coupon.
    CouponId;
    /// The id of a customer, the same in all stores.
    CustomerId;
    /// The id of an order.
    OrderId;
    /// The id of a product.
    ProductId;
    /// The id of a store.
    StoreId;
    /// The id of a support ticket.
    TicketId;
    /// The id of a variant of a product.
    VariantId;
}
