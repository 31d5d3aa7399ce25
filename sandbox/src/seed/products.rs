//! Products, their variants and stock, categories.

use serde_json::{Value, json};

use super::{days_ago, id, iso, money, text};

/// Name, description, variants (name, price in hundredths, what is delivered).
type Product = (&'static str, &'static str, &'static [(&'static str, i64, &'static str)]);

const FORGE: [Product; 6] = [
    ("Glyph Set", "240 interface icons as **SVG**.", &[("Personal", 1900, "files"), ("Team", 7900, "files")]),
    ("Quill Serif", "A typeface in six weights.", &[("Desktop", 3900, "files"), ("Desktop and web", 5900, "files")]),
    ("Dashboard Kit", "40 screens, light and dark.", &[("Kit", 4900, "files")]),
    ("Texture Pack", "120 paper textures.", &[("Pack", 1299, "files")]),
    ("Pixel Brushes", "Brushes for pixel artists.", &[("Brushes", 899, "files")]),
    ("Icon Commission", "One icon, drawn for you.", &[("Icon", 12_000, "instructions")]),
];

const KEYS: [Product; 5] = [
    ("Tidy Desk", "Sorts a messy desktop.", &[("1 year", 1499, "license_keys"), ("Lifetime", 4499, "license_keys")]),
    ("Night Light Pro", "Warmer screens after dark.", &[("1 device", 999, "license_keys")]),
    (
        "Clip Keeper",
        "A clipboard with a memory.",
        &[("1 device", 1299, "license_keys"), ("5 devices", 3999, "license_keys")],
    ),
    ("Batch Rename", "Renames files by the thousand.", &[("Licence", 1999, "license_keys")]),
    ("Focus Timer", "Twenty-five quiet minutes.", &[("Licence", 499, "license_keys")]),
];

/// License keys in stock for each variant that sells them.
const KEYS_IN_STOCK: usize = 40;

/// `Product` with its variants, in the widest form; the API shows parts of it.
pub(super) fn products(store: &str, second: bool) -> Vec<Value> {
    let profiles: &[Product] = if second { &KEYS } else { &FORGE };
    profiles.iter().zip(0..).map(|(profile, order)| product(store, profile, order)).collect()
}

/// A product with the documented fields; the eight `subscription…` overrides are left out, as their names are
/// not known.
fn product(store: &str, &(name, description, variants): &Product, order: i64) -> Value {
    let product = id(&["product", store, name]);
    let variants: Vec<_> = variants
        .iter()
        .zip(1..)
        .map(|(&(name, cents, kind), order)| variant(store, &product, name, cents, kind, order))
        .collect();
    json!({
        "id": product,
        "storeId": store,
        "userId": "sandbox-user",
        "dateCreated": iso(days_ago(300_i64.saturating_sub(order.saturating_mul(20)))),
        "name": name,
        "slug": name.to_lowercase().replace(' ', "-"),
        "description": description,
        "metaDescription": null,
        "visibility": 0,
        "imageNames": [],
        "imageLinks": [],
        "rating": 4.5,
        "order": order,
        "shouldBlockVpns": false,
        "shouldBlockVirtualPrivateNetworks": false,
        "isBestSeller": order == 0,
        "blacklistedPaymentGateways": [],
        "additionalFees": {},
        "additionalFixedFees": {},
        "metadata": null,
        "affiliateDiscountMode": 0,
        "customAffiliateDiscountPercentage": null,
        "variants": variants,
    })
}

/// A variant in the widest form.
fn variant(store: &str, product: &str, name: &str, cents: i64, kind: &str, order: i64) -> Value {
    let stock_mode = if kind == "license_keys" { 0 } else { 1 };
    json!({
        "id": id(&["variant", product, name]),
        "productId": product,
        "storeId": store,
        "dateCreated": iso(days_ago(300)),
        "name": name,
        "cost": money(cents),
        "minimumQuantity": 1,
        "maximumQuantity": -1,
        "order": order,
        "requireDiscordAuthorization": false,
        "disableVolumeDiscountOnCoupon": false,
        "type": 0,
        "billingInterval": null,
        "customIntervalDays": null,
        "deliveryTypes": [kind],
        "imageNames": [],
        "stock": 0,
        "stockMode": stock_mode,
        "customFields": [],
        "volumeDiscounts": [],
        "files": [],
        "dynamicUrl": null,
        "deliveryMessage": null,
        "metadata": null,
    })
}

/// The texts that a variant has in stock.
pub(super) fn items(variant: &Value) -> Vec<String> {
    let sells_keys = variant.get("deliveryTypes").is_some_and(|types| types == &json!(["license_keys"]));
    let id = text(variant, "id");
    let part = id.get(..8).unwrap_or_default();
    let count = if sells_keys { KEYS_IN_STOCK } else { 0 };
    (1..=count).map(|number| format!("OBVIOUSLY-FAKE-KEY-{part}-{number:04}")).collect()
}

/// `PublicCategory`, with the ids of its products in place of the products.
pub(super) fn categories(store: &str, products: &[Value]) -> Vec<Value> {
    let ids: Vec<_> = products.iter().map(|product| text(product, "id")).collect();
    let (popular, more) = ids.split_at_checked(2).unwrap_or((&ids, &[]));
    let category = |name: &str, order: i64, products: &[String]| {
        json!({
            "id": id(&["category", store, name]),
            "dateCreated": iso(days_ago(250)),
            "name": name,
            "visibility": 0,
            "slug": name.to_lowercase().replace(' ', "-"),
            "imageName": null,
            "order": order,
            "storeId": store,
            "products": products,
        })
    };
    vec![category("Popular", 0, popular), category("Everything else", 1, more)]
}

/// The inverse of [`money`]: an amount as a client wrote it, in hundredths.
pub(crate) fn hundredths(amount: &Value) -> Option<i64> {
    let number = amount.as_f64().filter(|number| number.is_finite() && number.abs() < 1e12)?;
    format!("{:.0}", number * 100.0).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_and_read_without_loss() {
        assert_eq!(money(2999).to_string(), "29.99");
        assert_eq!(money(12_000).to_string(), "120.0");
        for cents in [0, 1, 10, 99, 1299, 4499, 99_999_999] {
            assert_eq!(hundredths(&money(cents)), Some(cents));
        }
        assert_eq!(hundredths(&json!("29.99")), None);
    }

    #[test]
    fn only_variants_that_sell_keys_have_items() {
        let stores = (products("a", false), products("b", true));
        assert!(
            stores
                .0
                .iter()
                .flat_map(|product| product["variants"].as_array().unwrap())
                .all(|variant| items(variant).is_empty())
        );
        let first = &stores.1[0]["variants"][0];
        assert_eq!(items(first).len(), KEYS_IN_STOCK);
        assert!(items(first)[0].starts_with("OBVIOUSLY-FAKE-KEY-"));
    }
}
