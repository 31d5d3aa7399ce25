//! The parts of an order.

use super::field::{model, secret_model};
use super::{Amount, CouponId, CustomerId, OrderId, ProductId, RefundReason, VariantId};
use jiff::Timestamp;

model! {
    /// A line of an order.
    pub struct LineItem {
        /// The id.
        id: String,
        /// The price of one piece.
        amount: Amount,
        /// How many.
        quantity: i64,
    } may {
        /// The product.
        product_id: Option<ProductId>,
        /// The variant.
        variant_id: Option<VariantId>,
        /// The product's name when it was ordered.
        product_name: String,
        /// The variant's name when it was ordered.
        variant_name: String,
        /// The price of one piece times the quantity, without fees and the volume discount.
        line_total: Option<Amount>,
        /// The volume discount.
        volume_discount_amount: Option<Amount>,
        /// The fee of the payment method in percent.
        additional_fee_percentage: Option<Amount>,
        /// That fee in money.
        additional_fee_amount: Option<Amount>,
        /// The fixed fee of the payment method.
        additional_fixed_fee_amount: Option<Amount>,
        /// How often the customer pays: a number from 0 to 4 whose meaning is not documented. `None`: the
        /// customer pays once.
        billing_interval: Option<i64>,
        /// The days between two payments, for a custom interval.
        custom_interval_days: Option<i64>,
    }

    /// The coupon of an order.
    pub struct OrderCoupon may {
        /// The coupon.
        coupon_id: Option<CouponId>,
        /// What the customer typed.
        code: String,
        /// The reduction in percent.
        percentage_decrease: Option<Amount>,
        /// The reduction in money.
        net_decrease: Option<Amount>,
    }

    /// A reduction of an order.
    pub struct OrderDiscount may {
        /// The reduction in percent.
        percentage_decrease: Option<Amount>,
        /// The reduction in money.
        net_decrease: Option<Amount>,
    }

    /// The tax of an order.
    pub struct OrderTax may {
        /// The tax in money.
        tax_amount: Option<Amount>,
        /// The rate in percent.
        tax_rate: Option<Amount>,
        /// The name.
        tax_name: String,
        /// Whether the customer owes the tax, and not the store (reverse charge).
        is_reverse_charge: bool,
        /// The customer's VAT id.
        customer_vat_id: Option<String>,
        /// The amount without the tax.
        pre_tax_amount: Option<Amount>,
        /// `exclusive`, `inclusive`, or a newer value.
        tax_behavior: String,
    }

    /// The payment provider's id for the payment, and a note. The payment's client secret is left out on
    /// purpose.
    pub struct GatewayMetadata may {
        /// The payment's id.
        transaction_id: Option<String>,
        /// A note about the payment.
        note: Option<String>,
    }

    /// A payment that the customer's bank took back.
    pub struct Chargeback may {
        /// When the chargeback was made.
        date_created: Option<Timestamp>,
        /// Its status. The values are not documented.
        status: String,
        /// The reason.
        reason: String,
    }

    /// A refund of an order.
    pub struct Refund {
        /// The id.
        id: String,
        /// What the customer gets back.
        amount: Amount,
    } may {
        /// The order.
        order_id: Option<OrderId>,
        /// When it was made.
        date_created: Option<Timestamp>,
        /// Why.
        reason: Option<RefundReason>,
    }

    /// The customer of an order.
    pub struct OrderCustomer may {
        /// The customer.
        customer_id: Option<CustomerId>,
        /// The e-mail address.
        email_address: String,
        /// The country, as Komerza codes it.
        country_code: String,
    }

    /// The Discord account of a buyer, as it was when the order was placed.
    pub struct DiscordAccount {
        /// The id at Discord: a number, as text.
        discord_user_id: String,
    } may {
        /// The name at Discord.
        username: String,
        /// The name that others see.
        display_name: Option<String>,
        /// The address of the picture.
        avatar_url: Option<String>,
    }
}

secret_model! {
    /// Something that was delivered.
    ///
    /// # Security
    /// [`text_content`](Self::text_content) is what was sold, such as a licence key. `Debug` leaves it out.
    pub struct DeliveredItem {
        /// The id.
        id: String,
    } may {
        /// The product.
        product_id: Option<ProductId>,
        /// The variant.
        variant_id: Option<VariantId>,
        /// `file`, `dynamic`, `license_key`, `plaintext`, or a newer value.
        #[serde(rename = "type")]
        kind: String,
        /// `static`, `generated`, `external`, or a newer value.
        source: String,
        /// What the customer received.
        text_content: Option<String>,
    }
}

crate::kinds::shows! { DeliveredItem { id, kind } }
