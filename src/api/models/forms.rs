//! What calls send.

use super::{Amount, ProductId, VariantId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A new order. [`new`](Self::new) makes it. All other fields are optional.
///
/// ```
/// use komerza_connect::api::models::NewOrder;
///
/// let mut order = NewOrder::new("ada@shop.example", "stripe").item("product-id", "variant-id", 2);
/// order.return_url = Some("https://app.example/thanks".into());
/// assert_eq!(order.items.len(), 1);
/// ```
///
/// # Source
/// The API's OpenAPI document: `CreateDashboardOrderForm`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// The customer's e-mail address.
    pub email_address: String,
    /// The payment method, such as `stripe`.
    pub gateway: String,
    /// What is ordered.
    pub items: Vec<NewOrderItem>,
    /// A price for an order without products. Komerza ignores the items then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
    /// The code of a coupon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// The code of an affiliate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affiliate_code: Option<String>,
    /// The URL that the customer goes to after the checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Whether Komerza sends a receipt. Default: Komerza's, which is `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_receipt: Option<bool>,
    /// What the app stores with the order: at most 20 entries. A name has at most 40 characters and a value
    /// at most 500.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The customer's IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The User-Agent of the customer's browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The customer's country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

/// A line of a [`NewOrder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct NewOrderItem {
    /// The product.
    pub product_id: ProductId,
    /// The variant.
    pub variant_id: VariantId,
    /// How many.
    pub quantity: u32,
}

impl NewOrder {
    /// Makes an order for the customer with this e-mail address, to be paid with this payment method.
    #[must_use]
    pub fn new(email_address: impl Into<String>, gateway: impl Into<String>) -> Self {
        Self { email_address: email_address.into(), gateway: gateway.into(), ..Self::default() }
    }

    /// Adds a line.
    #[must_use]
    pub fn item(mut self, product: impl Into<ProductId>, variant: impl Into<VariantId>, quantity: u32) -> Self {
        self.items.push(NewOrderItem { product_id: product.into(), variant_id: variant.into(), quantity });
        self
    }
}

/// How a variant is delivered. A call replaces all these settings.
///
/// # Source
/// The API's OpenAPI document: `VariantDeliveryForm`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VariantDelivery {
    /// `license_keys`, `dynamic`, `keyauth`, `instructions`, `files`.
    pub delivery_types: Vec<String>,
    /// The URL where Komerza asks for the goods, for the type `dynamic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_url: Option<String>,
    /// What the buyer reads beside the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_message: Option<String>,
    /// Whether the buyer must sign in with Discord.
    pub require_discord_authorization: bool,
}

impl VariantDelivery {
    /// Your app delivers. Komerza posts each order to this URL, and the buyer receives the text of your app's
    /// answer. See the guide `webhooks` (feature `webhook`).
    #[must_use]
    pub fn dynamic(url: impl Into<String>) -> Self {
        Self { delivery_types: vec!["dynamic".to_owned()], dynamic_url: Some(url.into()), ..Self::default() }
    }

    /// Komerza delivers a licence key from the stock.
    #[must_use]
    pub fn license_keys() -> Self {
        Self { delivery_types: vec!["license_keys".to_owned()], ..Self::default() }
    }
}
