//! The two stores of the demo.

use serde_json::{Value, json};

use super::{DemoStore, days_ago, id, iso};

/// Name, subdomain, description, currency, accent colour, rating.
type Profile = (&'static str, &'static str, &'static str, &'static str, &'static str, f64);

const PROFILES: [Profile; 2] = [
    ("Pixel Forge", "pixel-forge", "Hand-made icon sets, fonts and interface kits.", "USD", "#4338ca", 4.7),
    ("Night Owl Keys", "night-owl-keys", "Licence keys for small, honest desktop tools.", "EUR", "#0f766e", 4.4),
];

pub(super) fn of(owner: &str) -> Vec<DemoStore> {
    PROFILES.iter().map(|profile| store(owner, profile)).collect()
}

fn store(owner: &str, &(name, subdomain, description, currency, accent, rating): &Profile) -> DemoStore {
    let id = id(&["store", owner, subdomain]);
    let url = if owner == "ada" { subdomain.to_owned() } else { format!("{subdomain}-{owner}") };
    let reference: Value = json!({
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
        "lastOrderAt": iso(days_ago(0)),
    });
    DemoStore { id, reference }
}
