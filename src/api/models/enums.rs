//! Enumerations: the provider's sets are open, so values that are not known are kept.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, hash::Hash};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
            /// A value whose name is not known.
            Other(i64),
        }

        impl $name {
            /// The provider's number.
            #[must_use]
            pub fn number(self) -> i64 {
                match self {
                    $(Self::$value => $number,)+
                    Self::Other(number) => number,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$value,)+
                    other => Self::Other(other),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from(0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                i64::deserialize(from).map(Self::from)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_i64(self.number())
            }
        }
    )+ };
}

numbers! {
    /// Who sees a product or a category. *Source*: docs.komerza.com; the schema allows a fourth value without a name.
    Visibility {
        /// Everybody.
        Public = 0,
        /// Who has the link.
        Unlisted = 1,
        /// Nobody but the store.
        Private = 2,
    }
    /// How the stock of a variant is counted. *Source*: docs.komerza.com.
    StockMode {
        /// By its items.
        Calculated = 0,
        /// Not at all.
        Ignored = 1,
        /// By a number that was set.
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
    /// How far a support ticket is. *Source*: docs.komerza.com.
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
    /// What affiliates take off the price of a product. *Source*: the provider's OpenAPI document.
    AffiliateDiscountMode {
        /// What the store says.
        Default = 0,
        /// Nothing.
        Disabled = 1,
        /// A percentage of the product's own.
        Custom = 2,
    }
    /// What a volume discount takes off. The names are documented, their order is presumed.
    DiscountType {
        /// A part of the price.
        Percentage = 0,
        /// An amount of money.
        FixedAmount = 1,
        /// A new price.
        FixedPrice = 2,
    }
}

/// The status of an order. The set is open and its list is not published; capitals do not matter in comparisons.
///
/// ```
/// use komerza_connect::api::models::OrderStatus;
///
/// assert_eq!(OrderStatus::from("Delivered"), OrderStatus::DELIVERED);
/// assert_ne!(OrderStatus::from("something new"), OrderStatus::PENDING);
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderStatus(Cow<'static, str>);

impl OrderStatus {
    /// Not paid yet. *Source*: a sample in docs.komerza.com.
    pub const PENDING: Self = Self(Cow::Borrowed("pending"));
    /// Delivered. *Source*: public code that compares with it.
    pub const DELIVERED: Self = Self(Cow::Borrowed("Delivered"));

    /// The status as the provider wrote it.
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

impl From<&OrderStatus> for OrderStatus {
    fn from(status: &OrderStatus) -> Self {
        status.clone()
    }
}

impl PartialEq for OrderStatus {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for OrderStatus {}

impl Hash for OrderStatus {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
