//! Stores, and what the user may do in them.

use super::{Amount, StoreId, field::model};
use jiff::Timestamp;

model! {
    /// A store. Its looks and its terms for affiliates are left out.
    pub struct Store {
        /// The id.
        id: StoreId,
    } may {
        /// When it was opened.
        date_created: Option<Timestamp>,
        /// The name.
        name: String,
        /// The description.
        description: String,
        /// The label of the subdomain, not a whole domain.
        url: String,
        /// The store's own domain.
        custom_domain: Option<String>,
        /// The domain that it runs on.
        domain: String,
        /// The preferred currency.
        currency_code: String,
        /// The mean rating of the products.
        rating: Option<Amount>,
        /// What the user may do in a store of a team. Only `GET /user` fills it. `None` for a store that
        /// the user owns.
        scopes: Option<Vec<String>>,
        /// Why the store is closed for maintenance. `None`: it is open.
        maintenance_reason: Option<String>,
        /// Whether it takes support tickets.
        is_ticketing_enabled: bool,
        /// Whether it is inactive.
        is_inactive: bool,
        /// When it had its last order.
        last_order_at: Option<Timestamp>,
        /// The address of the terms of service.
        terms_of_service_url: Option<String>,
        /// The address of the refund policy.
        refund_policy_url: Option<String>,
        /// The address of the privacy policy.
        privacy_policy_url: Option<String>,
        /// The address of support outside of Komerza.
        external_support_url: Option<String>,
        /// What the store says about that support.
        external_support_description: Option<String>,
        /// Whether customers can have a balance.
        is_customer_balance_enabled: bool,
        /// Whether automatic reviews are on.
        is_automatic_reviews_enabled: bool,
        /// Whether receipts begin with the product's name.
        prepend_product_name_to_receipt: bool,
    }

    /// What the user may do in a store.
    ///
    /// These are the permissions of the **user**, not of the key. The key may do what both the user and its
    /// own scopes allow. Its scopes are those that the user approved for the app, and no call returns them.
    pub struct StorePermissions may {
        /// Whether the user owns the store, and so may do everything.
        is_owner: bool,
        /// The names of scopes; see [`scopes`](crate::api::scopes).
        permissions: Vec<String>,
        /// The payment methods of the owner's account.
        enabled_payment_methods: Vec<String>,
    }
}

impl StorePermissions {
    /// Whether the user may do this. `false` means that a call fails. `true` does not mean that it succeeds:
    /// the user must have approved the scope for the app as well.
    #[must_use]
    pub fn user_may(&self, scope: &str) -> bool {
        self.is_owner || self.permissions.iter().any(|permission| permission.eq_ignore_ascii_case(scope))
    }
}
