//! Products and variants.

use super::{Amount, DiscountType, Limit, ProductId, StockMode, StoreId, VariantId, Visibility, field::model};
use jiff::Timestamp;

model! {
    /// A product. Lists, searches and look-ups each leave out some of the fields.
    ///
    /// Fees by payment method, the reduction for affiliates and the product's own rules for subscriptions are
    /// left out.
    pub struct Product {
        /// The id.
        id: ProductId,
        /// When it was created.
        date_created: Timestamp,
    } may {
        /// The store.
        store_id: Option<StoreId>,
        /// The name.
        name: String,
        /// The description, in Markdown.
        description: String,
        /// The product's name in URLs. `None`: the id is used.
        slug: Option<String>,
        /// Who sees it.
        visibility: Option<Visibility>,
        /// The position in lists, ascending.
        order: Option<i64>,
        /// Whether it is shown as a best seller.
        is_best_seller: bool,
        /// The file names of the images; see [`image_urls`](Self::image_urls).
        image_names: Vec<String>,
        /// The variants, which have the prices.
        variants: Vec<Variant>,
        /// The stock of all variants together. Only in lists, and `None` where the store hides it.
        stock: Option<i64>,
        /// Whether the store hides the stock. Not in every reply.
        hide_stock: Option<bool>,
        /// The mean rating. Not in every reply.
        rating: Option<Amount>,
        /// A text that the app or the merchant stored with the product.
        metadata: Option<String>,
        /// The description for search engines. Not in every reply.
        meta_description: Option<String>,
        /// Whether buyers behind a virtual private network are refused. Not in every reply.
        should_block_vpns: Option<bool>,
        /// The payment methods that the product cannot be paid with. Not in every reply.
        blacklisted_payment_gateways: Option<Vec<String>>,
    }

    /// A variant of a product: what customers buy.
    ///
    /// The files and the address of a dynamic delivery are left out on purpose.
    pub struct Variant {
        /// The id.
        id: VariantId,
        /// The price of one, in the store's currency.
        cost: Amount,
    } may {
        /// The product.
        product_id: Option<ProductId>,
        /// The store.
        store_id: Option<StoreId>,
        /// When it was created.
        date_created: Option<Timestamp>,
        /// The name.
        name: String,
        /// The smallest number that can be bought.
        minimum_quantity: Option<i64>,
        /// The largest number that can be bought.
        maximum_quantity: Limit,
        /// The position among the variants, ascending.
        order: Option<i64>,
        /// The stock. `None` where the store hides it. See [`is_sold_out`](Self::is_sold_out).
        stock: Option<i64>,
        /// How the stock is counted.
        stock_mode: Option<StockMode>,
        /// Whether the store hides the stock. Not in every reply.
        hide_stock: Option<bool>,
        /// Whether nothing is left. Not in every reply.
        is_out_of_stock: Option<bool>,
        /// How it is delivered: `license_keys`, `dynamic`, `keyauth`, `instructions`, `files`, or a newer
        /// type.
        delivery_types: Vec<String>,
        /// The file names of the images.
        image_names: Vec<String>,
        /// The reductions for larger quantities.
        volume_discounts: Vec<VolumeDiscount>,
        /// Whether a coupon turns off the volume discounts.
        disable_volume_discount_on_coupon: bool,
        /// The questions to the buyer.
        custom_fields: Vec<CustomField>,
        /// How often the customer pays: a number from 0 to 4 whose meaning is not documented. `None`: the
        /// customer pays once.
        billing_interval: Option<i64>,
        /// The days between two payments, for a custom interval.
        custom_interval_days: Option<i64>,
        /// Whether the buyer must sign in with Discord. Not in every reply.
        require_discord_authorization: Option<bool>,
    }

    /// A question to the buyer. The answers are in
    /// [`Order::custom_field_answers`](crate::api::models::Order::custom_field_answers), under its
    /// [`identifier`](Self::identifier).
    pub struct CustomField {
        /// The id.
        id: String,
    } may {
        /// The name that the answer is stored under.
        identifier: String,
        /// What the buyer reads.
        label: String,
        /// `text`, `textarea`, `select`, `checkbox`, `radio`, `number`, or a newer type.
        #[serde(rename = "type")]
        kind: String,
        /// The text in the empty field.
        placeholder: Option<String>,
        /// The text beside the field.
        hint: Option<String>,
        /// Whether it must be answered.
        is_required: bool,
        /// The choices of a `select` or `radio`.
        options: Vec<CustomFieldOption>,
    }

    /// A choice of a [`CustomField`].
    pub struct CustomFieldOption {
        /// The id.
        id: String,
    } may {
        /// What the buyer reads.
        label: String,
        /// The answer that is stored.
        value: String,
        /// The position, ascending.
        order: Option<i64>,
    }

    /// A reduction for a larger quantity.
    pub struct VolumeDiscount {
        /// The id.
        id: String,
        /// The value, which [`discount_type`](Self::discount_type) explains.
        discount_value: Amount,
    } may {
        /// The smallest quantity that gets the reduction.
        quantity: Option<i64>,
        /// What the value means.
        discount_type: Option<DiscountType>,
    }
}

impl Variant {
    /// Whether the variant is sold out. `None`: Komerza does not say.
    ///
    /// 1. [`is_out_of_stock`](Self::is_out_of_stock) is the answer where Komerza sends it.
    /// 2. A variant with [`StockMode::Ignored`] is never sold out.
    /// 3. Otherwise a stock of zero means sold out. If the stock is hidden or missing, the result is `None`.
    ///
    /// ```
    /// use komerza_connect::api::models::Variant;
    ///
    /// let variant = |rest: &str| serde_json::from_str::<Variant>(&format!(r#"{{"id":"v","cost":5,{rest}}}"#));
    /// assert_eq!(variant(r#""stock":0,"stockMode":0"#)?.is_sold_out(), Some(true));
    /// assert_eq!(variant(r#""stock":0,"stockMode":1"#)?.is_sold_out(), Some(false));
    /// assert_eq!(variant(r#""stock":null,"hideStock":true"#)?.is_sold_out(), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_sold_out(&self) -> Option<bool> {
        match (self.is_out_of_stock, self.stock_mode, self.stock) {
            (Some(out), ..) => Some(out),
            (None, Some(StockMode::Ignored), _) => Some(false),
            _ if self.hide_stock == Some(true) => None,
            (None, _, stock) => stock.map(|left| left <= 0),
        }
    }
}
