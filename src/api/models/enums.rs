//! Enumerations. Komerza may add values, so unknown values are kept.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::{Hash, Hasher};
use std::{borrow::Cow, fmt};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "i64", into = "i64")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
            /// A value whose name is not known.
            Other(i64),
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$value,)+
                    other => Self::Other(other),
                }
            }
        }

        /// Komerza's number for this value.
        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$value => $number,)+
                    $name::Other(number) => number,
                }
            }
        }

        super::field::plain!($name);
    )+ };
}

numbers! {
    /// Who sees a product or a category. *Source*: docs.komerza.com. The schema allows a fourth value without a
    /// name.
    Visibility {
        /// Everybody.
        Public = 0,
        /// Everybody who has the link.
        Unlisted = 1,
        /// Only the store.
        Private = 2,
    }
    /// How the stock of a variant is counted. *Source*: docs.komerza.com.
    StockMode {
        /// The stock is the number of stock items.
        Calculated = 0,
        /// The stock does not matter.
        Ignored = 1,
        /// The stock is a number that the store set.
        Fixed = 2,
    }
    /// Why an order is refunded. *Source*: docs.komerza.com.
    RefundReason {
        /// Fraud.
        Fraudulent = 0,
        /// The customer asked for it.
        RequestedByCustomer = 1,
        /// It was ordered twice.
        Duplicate = 2,
        /// Anything else.
        Unspecified = 3,
    }
    /// The status of a support ticket. *Source*: docs.komerza.com.
    TicketStatus {
        /// New.
        Opened = 0,
        /// Solved.
        Resolved = 1,
        /// Closed.
        Closed = 2,
        /// The store has answered.
        Responded = 3,
        /// The customer has answered.
        CustomerResponded = 4,
    }
    /// What the value of a volume discount means. The names are documented; their order is assumed.
    DiscountType {
        /// A reduction in percent.
        Percentage = 0,
        /// A reduction in money.
        FixedAmount = 1,
        /// A new price.
        FixedPrice = 2,
    }
}

/// The status of an order. Komerza does not publish the list of values. Comparisons ignore upper and lower
/// case.
///
/// ```
/// use komerza_connect::api::models::OrderStatus;
///
/// assert_eq!(OrderStatus::from("Delivered"), OrderStatus::DELIVERED);
/// assert_ne!(OrderStatus::from("something new"), OrderStatus::PENDING);
/// let by_status = std::collections::HashMap::from([(OrderStatus::from("pending"), 3)]);
/// assert_eq!(by_status[&OrderStatus::from("Pending")], 3);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderStatus(Cow<'static, str>);

impl OrderStatus {
    /// Not paid yet. *Source*: a sample in docs.komerza.com.
    pub const PENDING: Self = Self(Cow::Borrowed("pending"));
    /// Delivered. *Source*: public code that compares with it.
    pub const DELIVERED: Self = Self(Cow::Borrowed("Delivered"));

    /// The status as Komerza wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for OrderStatus {
    fn from(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }
}

impl PartialEq for OrderStatus {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for OrderStatus {}

impl Hash for OrderStatus {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::field::plain!(OrderStatus, Limit);

/// The largest allowed number, or no limit.
///
/// Komerza writes -1 for no limit. A missing or null value is read as no limit as well.
///
/// ```
/// use komerza_connect::api::models::Limit;
///
/// assert_eq!(serde_json::from_str::<Limit>("-1")?, Limit::NONE);
/// assert!(Limit::NONE.allows(1_000_000));
/// assert_eq!(serde_json::from_str::<Limit>("5")?.number(), Some(5));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Limit(Option<i64>);

impl Limit {
    /// No limit.
    pub const NONE: Self = Self(None);

    /// The largest allowed number. `None`: no limit.
    #[must_use]
    pub fn number(self) -> Option<i64> {
        self.0
    }

    /// Whether a number is within the limit.
    #[must_use]
    pub fn allows(self, number: i64) -> bool {
        self.0.is_none_or(|most| number <= most)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<i64>::deserialize(from)?.filter(|most| *most >= 0)))
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.0.unwrap_or(-1))
    }
}
