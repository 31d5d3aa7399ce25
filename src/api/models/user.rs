//! The account.

use super::{AccountId, ApplicationId, Store, field::model};
use jiff::Timestamp;

model! {
    /// The account that a key belongs to.
    ///
    /// These are the fields of `GET /user` that a connected app uses. Identity checks, addresses, API keys and
    /// the settings of payment providers are left out on purpose.
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
        /// The applications that the account is connected to.
        integrations: Vec<Integration>,
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

    /// A connection of an account to an application. It names neither stores nor scopes nor the key.
    pub struct Integration {
        /// The id.
        id: String,
        /// The application.
        application: Application,
    } may {
        /// When the account was connected.
        date_created: Option<Timestamp>,
    }

    /// An application, as its users see it.
    pub struct Application {
        /// The id: the client ID.
        id: ApplicationId,
    } may {
        /// The name.
        name: String,
        /// The scopes that it asks for; see [`scopes`](crate::api::scopes).
        permissions: Vec<String>,
        /// The file name of the image.
        image_name: Option<String>,
        /// The address of the terms of service.
        terms_of_service_link: Option<String>,
        /// The address of the privacy policy.
        privacy_policy_link: Option<String>,
        /// The redirect URIs. Not every reply has them.
        redirect_urls: Vec<String>,
    }
}

impl User {
    /// Whether the account is still connected to this application.
    #[must_use]
    pub fn is_connected_to(&self, application: &ApplicationId) -> bool {
        self.integrations.iter().any(|integration| integration.application.id == *application)
    }
}
