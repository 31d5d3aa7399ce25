//! The two stores of the demo.

use serde_json::{Value, json};

use super::{DemoStore, days_ago, id, iso, orders, people, products, set, text};

/// Name, subdomain, description, currency, accent colour, rating.
type Profile = (&'static str, &'static str, &'static str, &'static str, &'static str, f64);

const PROFILES: [Profile; 2] = [
    ("Pixel Forge", "pixel-forge", "Hand-made icon sets, fonts and interface kits.", "USD", "#4338ca", 4.7),
    ("Night Owl Keys", "night-owl-keys", "Licence keys for small, honest desktop tools.", "EUR", "#0f766e", 4.4),
];

pub(super) fn of(owner: &str, orders: usize) -> Vec<DemoStore> {
    PROFILES.iter().zip([false, true]).map(|(profile, second)| store(owner, profile, second, orders)).collect()
}

fn store(owner: &str, profile: &Profile, second: bool, orders: usize) -> DemoStore {
    let mut reference = reference(owner, profile);
    let (id, currency) = (text(&reference, "id"), text(&reference, "currencyCode"));
    let products = products::products(&id, second);
    let customers = people::customers(&id);
    let orders = orders::orders(&id, &currency, &customers, &products, orders);
    set(&mut reference, "lastOrderAt", orders.first().map(|order| json!(iso(order.created))).unwrap_or_default());
    let variants = products.iter().filter_map(|product| product.get("variants")?.as_array()).flatten();
    DemoStore {
        items: variants.map(|variant| (text(variant, "id"), products::items(variant))).collect(),
        categories: products::categories(&id, &products),
        orders,
        tickets: people::tickets(&id, &customers),
        products,
        customers,
        reference,
        id,
    }
}

fn reference(owner: &str, &(name, subdomain, description, currency, accent, rating): &Profile) -> Value {
    let id = id(&["store", owner, subdomain]);
    let url = if owner == "ada" { subdomain.to_owned() } else { format!("{subdomain}-{owner}") };
    json!({
        "id": id,
        "dateCreated": iso(days_ago(400)),
        "name": name,
        "description": description,
        "url": url,
        "customDomain": null,
        "domain": format!("{url}.sandbox.example"),
        "currencyCode": currency,
        "prependProductNameToReceipt": true,
        "isAutomaticReviewsEnabled": false,
        "isCustomerBalanceEnabled": true,
        "rating": rating,
        "scopes": null,
        "maintenanceReason": null,
        "termsOfServiceUrl": null,
        "refundPolicyUrl": null,
        "privacyPolicyUrl": null,
        "affiliateOptions": {
            "isEnabled": true,
            "defaultReturnPercentage": 10.0,
            "defaultPercentageOff": null,
            "canConvertAffiliateBalance": true,
            "isPublicRegistrationEnabled": false,
            "isLinkEditingEnabled": false,
        },
        "branding": {
            "bannerFileName": null,
            "iconFileName": null,
            "accentColor": accent,
            "isAutomaticCurrencyConversionEnabled": false,
        },
        "isTicketingEnabled": true,
        "isInactive": false,
        "externalSupportUrl": null,
        "externalSupportDescription": null,
        "lastOrderAt": null,
    })
}
