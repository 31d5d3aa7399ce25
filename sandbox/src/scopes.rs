//! Permissions in plain English, for the consent page.

/// What an app that holds `scope` may do, as a sentence without its full stop.
pub(super) fn sentence(scope: &str) -> String {
    let (area, verb) = scope.rsplit_once('.').unwrap_or(("", scope));
    let known = match scope {
        "user.view" => Some("See your account: name, email address, plan and stores"),
        "user.crypto.viewEnabled" => Some("See which cryptocurrencies you have switched on"),
        "stores.view" => Some("See your stores, their settings and their reviews"),
        "stores.update" => Some("Change the settings of your stores and answer reviews"),
        "stores.create" => Some("Open new stores in your name"),
        "stores.orders.deliver" => Some("Deliver orders"),
        "stores.orders.refund" => Some("Refund orders: give money back to customers"),
        "stores.tickets.update" => Some("Answer support tickets"),
        "stores.tickets.delete" => Some("Close support tickets"),
        "stores.reviews.flagged.create" => Some("Flag reviews"),
        _ => None,
    };
    if let Some(known) = known {
        return known.to_owned();
    }
    let things = match area {
        "stores.analytics" => "analytics",
        "stores.categories" => "product categories",
        "stores.products" => "products and their stock",
        "stores.customers" => "customers: email addresses, spending and balances",
        "stores.orders" => "orders",
        "stores.coupons" => "coupons",
        "stores.affiliates" => "affiliates and their payouts",
        "stores.tickets" => "support tickets",
        "stores.subscriptions" => "your customers' subscriptions",
        "stores.blacklist" => "block rules",
        "stores.blog" => "blog posts",
        "stores.discountdialogs" => "discount dialogs",
        "stores.emailmarketing" => "email campaigns",
        "stores.tax" => "tax settings",
        "user.webhooks" => "webhooks of your account",
        _ => return format!("Use the permission {scope}"),
    };
    match verb {
        "view" => format!("See {things}"),
        "create" => format!("Add {things}"),
        "update" => format!("Change {things}"),
        "delete" => format!("Delete {things}"),
        _ => format!("Use the permission {scope}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_read_as_sentences_and_unknown_ones_are_named() {
        assert_eq!(sentence("stores.orders.view"), "See orders");
        assert_eq!(sentence("stores.coupons.delete"), "Delete coupons");
        assert_eq!(sentence("stores.orders.refund"), "Refund orders: give money back to customers");
        assert_eq!(sentence("stores.teleport.view"), "Use the permission stores.teleport.view");
        assert_eq!(sentence("stores.orders.teleport"), "Use the permission stores.orders.teleport");
        assert_eq!(sentence("odd"), "Use the permission odd");
    }
}
