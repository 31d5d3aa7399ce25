//! Which fields of a product, a variant or a category each endpoint shows.

use serde_json::{Value, json};

use super::objects::pick;
use crate::seed::{DemoStore, set, text};

const PRODUCT_REFERENCE: &str = "id dateCreated name description imageNames rating order visibility storeId slug isBestSeller \
    metadata affiliateDiscountMode customAffiliateDiscountPercentage";

const PRODUCT: &str = "id dateCreated name slug description metaDescription visibility imageNames storeId userId \
    shouldBlockVpns order isBestSeller blacklistedPaymentGateways additionalFees additionalFixedFees \
    metadata affiliateDiscountMode customAffiliateDiscountPercentage variants";

const PUBLIC_PRODUCT: &str = "id storeId dateCreated name description imageNames imageLinks blacklistedPaymentGateways rating \
    order shouldBlockVirtualPrivateNetworks isBestSeller additionalFees additionalFixedFees slug \
    metadata affiliateDiscountMode customAffiliateDiscountPercentage";

const PUBLIC_VARIANT: &str = "id productId storeId dateCreated name cost minimumQuantity maximumQuantity order \
    requireDiscordAuthorization disableVolumeDiscountOnCoupon type billingInterval customIntervalDays \
    deliveryTypes imageNames stock stockMode customFields volumeDiscounts";

/// The type `Variant` has all fields except these.
const PUBLIC_VARIANT_ONLY: &str = "type requireDiscordAuthorization";

/// `Product`.
pub(super) fn product(store: &DemoStore, product: &Value) -> Value {
    let mut shown = pick(product, PRODUCT);
    set(&mut shown, "variants", variants(product).map(|each| variant(store, each)).collect());
    shown
}

/// `DisplayProduct`.
pub(super) fn display_product(store: &DemoStore, each: &Value) -> Value {
    let mut shown = product(store, each);
    let stock: usize = variants(each).map(|variant| stock(store, variant)).sum();
    set(&mut shown, "stock", json!(stock));
    shown
}

/// `PublicProductReference`.
pub(super) fn product_reference(store: &DemoStore, product: &Value) -> Value {
    with_public_variants(store, product, PRODUCT_REFERENCE)
}

/// `PublicProduct`.
pub(super) fn public_product(store: &DemoStore, product: &Value) -> Value {
    with_public_variants(store, product, PUBLIC_PRODUCT)
}

fn with_public_variants(store: &DemoStore, product: &Value, fields: &str) -> Value {
    let mut shown = pick(product, fields);
    let variants = variants(product).map(|variant| stocked(store, pick(variant, PUBLIC_VARIANT), variant));
    set(&mut shown, "variants", variants.collect());
    shown
}

/// `Variant`.
pub(super) fn variant(store: &DemoStore, variant: &Value) -> Value {
    stocked(store, super::objects::without(variant, PUBLIC_VARIANT_ONLY), variant)
}

/// `PublicCategoryReference`.
pub(super) fn category_reference(category: &Value) -> Value {
    let mut shown = category.clone();
    let count = category.get("products").and_then(Value::as_array).map_or(0, Vec::len);
    set(&mut shown, "productCount", json!(count));
    shown
}

/// `PublicCategory`.
pub(super) fn category(store: &DemoStore, category: &Value) -> Value {
    let mut shown = category.clone();
    let ids = category.get("products").and_then(Value::as_array).into_iter().flatten();
    let products = ids.filter_map(|id| store.products.iter().find(|product| product.get("id") == Some(id)));
    set(&mut shown, "products", products.map(|product| product_reference(store, product)).collect());
    shown
}

pub(super) fn variants(product: &Value) -> impl Iterator<Item = &Value> {
    product.get("variants").and_then(Value::as_array).into_iter().flatten()
}

/// Whether a variant whose stock is counted has fewer than five left. The provider's threshold is not
/// documented.
pub(super) fn is_low_in_stock(store: &DemoStore, product: &Value) -> bool {
    const FEW: usize = 5;
    let counted = |variant: &&Value| variant.get("stockMode") == Some(&json!(0));
    variants(product).filter(counted).any(|variant| stock(store, variant) < FEW)
}

fn stocked(store: &DemoStore, mut shown: Value, variant: &Value) -> Value {
    set(&mut shown, "stock", json!(stock(store, variant)));
    shown
}

fn stock(store: &DemoStore, variant: &Value) -> usize {
    store.items.get(&text(variant, "id")).map_or(0, Vec::len)
}
