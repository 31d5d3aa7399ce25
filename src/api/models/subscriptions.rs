//! Customers' subscriptions.

use super::{Amount, CustomerId, ProductId, SubscriptionId, VariantId, field::model};
use jiff::Timestamp;

model! {
    /// A customer's subscription.
    #[derive(Debug)]
    pub struct Subscription {
        must {
            /// The id.
            id: SubscriptionId,
        }
        may {
            /// When it began.
            date_created: Option<Timestamp>,
            /// The customer.
            customer_id: Option<CustomerId>,
            /// The customer's e-mail address.
            customer_email: String,
            /// The product.
            product_id: Option<ProductId>,
            /// The product's name.
            product_name: String,
            /// The variant.
            variant_id: Option<VariantId>,
            /// The variant's name.
            variant_name: String,
            /// A number from 0 to 4. The names are not documented.
            status: Option<i64>,
            /// A number from 0 to 4. The names are not documented.
            billing_interval: Option<i64>,
            /// The days between two payments, for a custom interval.
            custom_interval_days: Option<i64>,
            /// The price of one interval.
            price: Option<Amount>,
            /// The currency of the price.
            currency_code: String,
            /// The payment method, such as `stripe`.
            gateway: String,
            /// When the current period began.
            current_period_start: Option<Timestamp>,
            /// When the current period ends.
            current_period_end: Option<Timestamp>,
            /// Whether it ends with the current period.
            cancel_at_period_end: bool,
            /// When it was cancelled.
            canceled_at: Option<Timestamp>,
            /// When it was paused.
            paused_at: Option<Timestamp>,
            /// When the pause ends.
            pause_resume_date: Option<Timestamp>,
            /// Whether it renews itself.
            auto_renew: bool,
            /// The number of payments that failed.
            failed_payment_count: Option<i64>,
            /// When the last payment failed.
            last_payment_failure_date: Option<Timestamp>,
            /// When Komerza tries the next payment.
            next_retry_date: Option<Timestamp>,
        }
    }
}
