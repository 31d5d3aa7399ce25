//! The known scopes, which Komerza also calls permissions. Komerza may add scopes, so this list may be
//! incomplete.
//!
//! You choose scopes when you register your app, and users may approve fewer. To see what the key's user may
//! do in one store, use [`InStore::permissions`](crate::api::InStore::permissions).
//!
//! # Source
//! docs.komerza.com, "Scopes", and the texts of Komerza's OpenAPI document. Together they name 53 scopes.

macro_rules! scopes {
    ($(#[doc = $meaning:literal] $name:ident = $text:literal;)+) => {
        $(#[doc = $meaning] pub const $name: &str = $text;)+

        /// Every known scope, with what it is for.
        pub(crate) const MEANINGS: &[(&str, &str)] = &[$(($text, $meaning.trim_ascii())),+];

        /// Every known scope.
        pub const ALL: &[&str] = &[$($text),+];
    };
}

scopes! {
    /// See affiliates and payouts.
    AFFILIATES_VIEW = "stores.affiliates.view";
    /// Change affiliates and payouts.
    AFFILIATES_UPDATE = "stores.affiliates.update";
    /// See analytics.
    ANALYTICS_VIEW = "stores.analytics.view";
    /// Add block rules.
    BLACKLIST_CREATE = "stores.blacklist.create";
    /// Remove block rules.
    BLACKLIST_DELETE = "stores.blacklist.delete";
    /// Change block rules.
    BLACKLIST_UPDATE = "stores.blacklist.update";
    /// See block rules.
    BLACKLIST_VIEW = "stores.blacklist.view";
    /// Add blog posts.
    BLOG_CREATE = "stores.blog.create";
    /// Remove blog posts.
    BLOG_DELETE = "stores.blog.delete";
    /// Change blog posts.
    BLOG_UPDATE = "stores.blog.update";
    /// See blog posts.
    BLOG_VIEW = "stores.blog.view";
    /// Add categories.
    CATEGORIES_CREATE = "stores.categories.create";
    /// Remove categories.
    CATEGORIES_DELETE = "stores.categories.delete";
    /// Change categories.
    CATEGORIES_UPDATE = "stores.categories.update";
    /// See categories.
    CATEGORIES_VIEW = "stores.categories.view";
    /// Add coupons.
    COUPONS_CREATE = "stores.coupons.create";
    /// Remove coupons.
    COUPONS_DELETE = "stores.coupons.delete";
    /// Change coupons.
    COUPONS_UPDATE = "stores.coupons.update";
    /// See coupons.
    COUPONS_VIEW = "stores.coupons.view";
    /// Open stores.
    STORES_CREATE = "stores.create";
    /// Add customers.
    CUSTOMERS_CREATE = "stores.customers.create";
    /// Change customers and their balance, and block and unblock customers.
    CUSTOMERS_UPDATE = "stores.customers.update";
    /// See customers.
    CUSTOMERS_VIEW = "stores.customers.view";
    /// Add discount dialogs.
    DISCOUNT_DIALOGS_CREATE = "stores.discountdialogs.create";
    /// Remove discount dialogs.
    DISCOUNT_DIALOGS_DELETE = "stores.discountdialogs.delete";
    /// Change discount dialogs.
    DISCOUNT_DIALOGS_UPDATE = "stores.discountdialogs.update";
    /// See discount dialogs.
    DISCOUNT_DIALOGS_VIEW = "stores.discountdialogs.view";
    /// Change e-mail campaigns.
    EMAIL_MARKETING_UPDATE = "stores.emailmarketing.update";
    /// See e-mail campaigns.
    EMAIL_MARKETING_VIEW = "stores.emailmarketing.view";
    /// Create orders.
    ORDERS_CREATE = "stores.orders.create";
    /// Deliver orders.
    ORDERS_DELIVER = "stores.orders.deliver";
    /// Refund orders.
    ORDERS_REFUND = "stores.orders.refund";
    /// See orders.
    ORDERS_VIEW = "stores.orders.view";
    /// Add products.
    PRODUCTS_CREATE = "stores.products.create";
    /// Remove products.
    PRODUCTS_DELETE = "stores.products.delete";
    /// Change products, and everything in them: variants, items, fields, discounts, files, images.
    PRODUCTS_UPDATE = "stores.products.update";
    /// See products.
    PRODUCTS_VIEW = "stores.products.view";
    /// Flag and unflag reviews.
    REVIEWS_FLAG = "stores.reviews.flagged.create";
    /// Change customers' subscriptions.
    SUBSCRIPTIONS_UPDATE = "stores.subscriptions.update";
    /// See customers' subscriptions.
    SUBSCRIPTIONS_VIEW = "stores.subscriptions.view";
    /// Change tax settings.
    TAX_UPDATE = "stores.tax.update";
    /// See tax settings.
    TAX_VIEW = "stores.tax.view";
    /// Close tickets.
    TICKETS_DELETE = "stores.tickets.delete";
    /// Reply to tickets.
    TICKETS_UPDATE = "stores.tickets.update";
    /// See tickets.
    TICKETS_VIEW = "stores.tickets.view";
    /// Change a store: settings, branding, domain, payment methods, replies to reviews.
    STORES_UPDATE = "stores.update";
    /// See a store: settings, permissions, notifications, reviews.
    STORES_VIEW = "stores.view";
    /// See which cryptocurrencies are enabled.
    USER_CRYPTO_VIEW_ENABLED = "user.crypto.viewEnabled";
    /// See the account.
    USER_VIEW = "user.view";
    /// Add account webhooks.
    WEBHOOKS_CREATE = "user.webhooks.create";
    /// Remove account webhooks.
    WEBHOOKS_DELETE = "user.webhooks.delete";
    /// Change account webhooks.
    WEBHOOKS_UPDATE = "user.webhooks.update";
    /// See account webhooks.
    WEBHOOKS_VIEW = "user.webhooks.view";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    /// The areas in Komerza's names of scopes, and what may be done in each.
    const FACTS: &[(&str, &str)] = &[
        ("stores", "view update create analytics.view"),
        ("stores.categories", "view create update delete"),
        ("stores.products", "view create update delete"),
        ("stores.customers", "view create update"),
        ("stores.orders", "view create deliver refund"),
        ("stores.coupons", "view create update delete"),
        ("stores.affiliates", "view update"),
        ("stores.tickets", "view update delete"),
        ("stores.reviews", "flagged.create"),
        ("stores.subscriptions", "view update"),
        ("stores.blacklist", "view create update delete"),
        ("stores.blog", "view create update delete"),
        ("stores.discountdialogs", "view create update delete"),
        ("stores.emailmarketing", "view update"),
        ("stores.tax", "view update"),
        ("user", "view crypto.viewEnabled"),
        ("user.webhooks", "view create update delete"),
    ];

    #[test]
    fn the_fifty_three_documented_names_are_there_once_and_no_others() {
        let of = |&(area, verbs): &(&str, &'static str)| {
            let area = area.to_owned();
            verbs.split_whitespace().map(move |verb| format!("{area}.{verb}"))
        };
        let mut facts: Vec<String> = FACTS.iter().flat_map(of).collect();
        facts.sort_unstable();
        let mut names = ALL.to_vec();
        names.sort_unstable();
        assert_eq!(names, facts);
        assert_eq!(ALL.len(), 53);
    }
}
