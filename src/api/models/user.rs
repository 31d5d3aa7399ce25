//! The account.

use super::{AccountId, Store, field::model};
use jiff::Timestamp;

model! {
    /// The account that a key belongs to.
    ///
    /// These are the fields of `GET /user` that a connected app uses. Identity checks, addresses, API keys,
    /// other connected apps and the settings of payment providers are left out on purpose.
    pub struct User {
        /// The id. It is not documented to be a UUID.
        id: AccountId,
    } may {
        /// When the account was created.
        date_created: Option<Timestamp>,
        /// The account's name.
        user_name: String,
        /// The e-mail address.
        email: String,
        /// The Komerza plan.
        plan: String,
        /// The stores that the user owns, or sees through a team.
        stores: Vec<Store>,
        /// Whether a second factor is on.
        two_factor_enabled: bool,
        /// Whether codes of an authenticator app are on.
        totp_enabled: bool,
        /// Whether a passkey is on.
        passkey_enabled: bool,
        /// Whether the account is restricted because of a risk.
        risk_locked: bool,
        /// Whether the account is restricted because of an unpaid bill.
        billing_suspended: bool,
        /// The date of that restriction.
        billing_suspension_date: Option<Timestamp>,
    }
}
