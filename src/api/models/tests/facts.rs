//! The provider's models, field by field. *Source*: its OpenAPI document.

use super::shape::{
    Shape::{self, Any, Flag, Id, Money, Reference, Text, Texts, Time, Whole},
    list, may, must, noted, object, out,
};

pub(super) fn user() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        may(Text, "email userName plan"),
        may(list(store()), "stores"),
        may(list(integration()), "integrations"),
        may(Flag, "twoFactorEnabled totpEnabled passkeyEnabled riskLocked billingSuspended"),
        may(Time, "billingSuspensionDate"),
        out(Time, "lastPasswordUpdate refreshAt"),
        out(Any, "apiKeys signals subscription disabledPaymentMethods stripeOptions"),
        out(Text, "discordWebhookUrl"),
    ])
}

pub(super) fn integration() -> Shape {
    object([must(Id, "id"), must(Time, "dateCreated"), must(application(), "application")])
}

pub(super) fn application() -> Shape {
    object([
        must(Id, "id"),
        may(Text, "name imageName termsOfServiceLink privacyPolicyLink"),
        may(list(Text), "permissions redirectUrls"),
        out(Time, "dateCreated"),
        out(Text, "userId"),
    ])
}

pub(super) fn store() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        must(Money, "rating"),
        may(Text, "name description url customDomain domain currencyCode maintenanceReason"),
        may(Text, "termsOfServiceUrl refundPolicyUrl privacyPolicyUrl externalSupportUrl externalSupportDescription"),
        may(Flag, "prependProductNameToReceipt isAutomaticReviewsEnabled isCustomerBalanceEnabled"),
        may(Flag, "isTicketingEnabled isInactive"),
        may(list(Text), "scopes"),
        may(affiliate_options(), "affiliateOptions"),
        may(branding(), "branding"),
        may(Time, "lastOrderAt"),
    ])
}

pub(super) fn affiliate_options() -> Shape {
    object([
        may(Flag, "isEnabled canConvertAffiliateBalance isPublicRegistrationEnabled isLinkEditingEnabled"),
        may(Money, "defaultReturnPercentage defaultPercentageOff"),
    ])
}

pub(super) fn branding() -> Shape {
    object([may(Text, "bannerFileName iconFileName accentColor"), may(Flag, "isAutomaticCurrencyConversionEnabled")])
}

pub(super) fn store_permissions() -> Shape {
    object([may(Flag, "isOwner"), may(list(Text), "permissions enabledPaymentMethods")])
}

/// `PublicProductReference`.
pub(super) fn product_reference() -> Shape {
    object([
        must(Id, "id storeId"),
        must(Time, "dateCreated"),
        must(Money, "rating"),
        may(Text, "name description slug metadata"),
        may(list(Text), "imageNames"),
        may(Whole, "order visibility affiliateDiscountMode customAffiliateDiscountPercentage"),
        may(Flag, "isBestSeller"),
        may(list(public_variant()), "variants"),
    ])
}

/// `DisplayProduct`: a `Product` with its stock.
pub(super) fn display_product() -> Shape {
    object([
        must(Id, "id storeId"),
        must(Time, "dateCreated"),
        may(Text, "name description slug metaDescription metadata"),
        may(list(Text), "imageNames blacklistedPaymentGateways"),
        may(Whole, "order visibility stock affiliateDiscountMode customAffiliateDiscountPercentage"),
        may(Flag, "isBestSeller shouldBlockVpns"),
        may(list(variant()), "variants"),
        out(Text, "userId"),
        out(Texts, "additionalFees additionalFixedFees"),
        out(Any, "subscriptionGracePeriod"),
    ])
}

pub(super) fn public_variant() -> Shape {
    object([
        must(Id, "id productId storeId"),
        must(Time, "dateCreated"),
        must(Money, "cost"),
        may(Text, "name"),
        may(Whole, "minimumQuantity maximumQuantity order stock stockMode billingInterval customIntervalDays"),
        may(Flag, "requireDiscordAuthorization disableVolumeDiscountOnCoupon"),
        may(list(Text), "deliveryTypes imageNames"),
        may(list(custom_field()), "customFields"),
        may(list(volume_discount()), "volumeDiscounts"),
        out(Whole, "type"),
    ])
}

/// `Variant`.
pub(super) fn variant() -> Shape {
    object([
        must(Id, "id productId storeId"),
        must(Time, "dateCreated"),
        must(Money, "cost"),
        may(Text, "name"),
        may(Whole, "minimumQuantity maximumQuantity order stock stockMode billingInterval customIntervalDays"),
        may(Flag, "disableVolumeDiscountOnCoupon"),
        may(list(Text), "deliveryTypes imageNames"),
        may(list(custom_field()), "customFields"),
        may(list(volume_discount()), "volumeDiscounts"),
        out(Any, "files metadata"),
        out(Text, "dynamicUrl deliveryMessage"),
    ])
}

pub(super) fn custom_field() -> Shape {
    object([
        must(Id, "id"),
        may(Text, "identifier label"),
        may(Flag, "isRequired"),
        out(Id, "variantId"),
        out(Any, "type placeholder hint options"),
    ])
}

pub(super) fn volume_discount() -> Shape {
    object([must(Id, "id"), must(Money, "discountValue"), may(Whole, "quantity discountType"), out(Id, "variantId")])
}

/// `PublicCategoryReference`, and `PublicCategory` as far as it is known.
pub(super) fn category() -> Shape {
    object([
        must(Id, "id storeId"),
        must(Time, "dateCreated"),
        may(Text, "name slug imageName"),
        may(Whole, "visibility order productCount"),
        may(list(Reference), "products"),
    ])
}

pub(super) fn coupon() -> Shape {
    object([
        must(Id, "id storeId"),
        must(Time, "dateCreated"),
        may(Text, "code"),
        may(Whole, "uses maximumUses"),
        may(Money, "percentageDecrease amountDecrease"),
        may(Flag, "isEnabled"),
        may(list(Id), "variantIds"),
        may(Time, "expirationDate"),
    ])
}

/// `PageOrder`.
pub(super) fn page_order() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        must(Money, "amountPaid amount"),
        may(list(line_item()), "items"),
        may(Text, "gateway customerEmail status currencyCode"),
        may(order_coupon(), "coupon"),
    ])
}

pub(super) fn line_item() -> Shape {
    object([
        must(Id, "id productId variantId"),
        must(Money, "amount lineTotal additionalFeePercentage additionalFeeAmount additionalFixedFeeAmount"),
        must(Money, "volumeDiscountAmount"),
        may(Text, "productName variantName"),
        may(Whole, "quantity billingInterval customIntervalDays"),
        out(Time, "dateCreated"),
        out(Whole, "volumeDiscountType volumeDiscountTierQuantity"),
        out(Money, "volumeDiscountValue"),
    ])
}

pub(super) fn order_coupon() -> Shape {
    object([
        must(Id, "couponId"),
        must(Money, "netDecrease"),
        may(Money, "percentageDecrease"),
        may(Text, "code"),
        out(Id, "id"),
        out(Time, "dateCreated"),
    ])
}

pub(super) fn order_discount() -> Shape {
    object([must(Money, "netDecrease"), may(Money, "percentageDecrease"), out(Id, "id"), out(Time, "dateCreated")])
}

pub(super) fn order_tax() -> Shape {
    object([
        must(Money, "taxAmount taxRate preTaxAmount"),
        may(Text, "taxName taxBehavior customerVatId"),
        may(Flag, "isReverseCharge"),
    ])
}

pub(super) fn gateway_metadata() -> Shape {
    object([
        may(Text, "transactionId note"),
        out(Id, "id"),
        out(Time, "dateCreated cryptocurrencyExpiration"),
        out(Text, "clientSecret cryptocurrencyAddress"),
        out(Any, "cryptocurrencyAmount"),
    ])
}

pub(super) fn chargeback() -> Shape {
    object([must(Time, "dateCreated"), may(Text, "status reason"), out(Id, "id")])
}

pub(super) fn order_customer() -> Shape {
    object([must(Id, "customerId"), may(Text, "countryCode emailAddress"), out(Id, "id"), out(Time, "dateCreated")])
}

pub(super) fn delivered_item() -> Shape {
    object([
        must(Id, "id"),
        may(Id, "productId variantId"),
        may(Text, "type source textContent"),
        out(Id, "orderId storeId"),
        out(Time, "dateCreated"),
        out(Any, "file"),
    ])
}

/// `Order`: the internal entity, which has more than `PublicOrder`.
pub(super) fn order() -> Shape {
    object([
        must(Id, "id storeId"),
        must(Time, "dateCreated"),
        must(Money, "amount globalGatewayFeePercentage globalGatewayFeeAmount"),
        must(Money, "globalGatewayFixedFee globalGatewayFixedFeeAmount"),
        may(Money, "amountPaid"),
        may(list(line_item()), "items"),
        may(Text, "currencyCode gateway status source returnUrl"),
        may(order_customer(), "customer"),
        may(chargeback(), "chargeback"),
        may(gateway_metadata(), "gatewayMetadata"),
        may(order_coupon(), "coupon"),
        may(order_discount(), "affiliateDiscount"),
        may(order_tax(), "tax"),
        may(list(delivered_item()), "deliveredItems"),
        may(Texts, "customFieldAnswers metadata"),
        noted(Any, "refund"),
        out(Any, "discordAccount gatewayFee platformFee isDeliveredManually isDeliveryItemsLocked sendReceipt"),
        out(Any, "isCustomerAuthenticated isMigrated isSubscriptionOrder cartRecoverySentAt"),
        out(Text, "userId affiliateId realCustomerId userAgent ipAddress deliveredByUserId renewalForSubscriptionId"),
    ])
}

/// `OrderResponse`.
pub(super) fn order_details() -> Shape {
    object([
        must(order(), "order"),
        must(Id, "storeId"),
        may(Text, "storeName"),
        out(Any, "billingInformation logs ipInfo"),
    ])
}

/// `PublicCustomerReference`.
pub(super) fn customer_reference() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        must(Money, "totalSpend averageSpend totalOrders"),
        may(Text, "emailAddress status"),
        may(Flag, "isAffiliate isBlocked"),
    ])
}

/// `PublicCustomer`.
pub(super) fn customer() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        must(Money, "totalSpend averageSpend totalOrders balance"),
        may(Text, "emailAddress status blockedNote"),
        may(Flag, "isBlocked"),
        may(Time, "blockedAt"),
        out(Text, "ipAddress"),
        out(Texts, "externalIntegrations"),
        out(Any, "affiliate tickets"),
    ])
}

/// `Customer`.
pub(super) fn new_customer() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        may(Text, "emailAddress"),
        out(Text, "ipAddress"),
        out(Any, "storeData"),
    ])
}

/// `DisplayReview`.
pub(super) fn review() -> Shape {
    object([
        must(Id, "id productId"),
        must(Time, "dateCreated"),
        must(Money, "rating"),
        may(Text, "reason reply productName customerEmail"),
        may(Time, "repliedAt"),
        may(Id, "customerId"),
        noted(Any, "flagged"),
        out(Text, "repliedByUserId"),
    ])
}

/// `DisplayTicket`; of `PublicTicket` only the id is known.
pub(super) fn ticket() -> Shape {
    object([
        must(Id, "id"),
        may(Time, "dateCreated"),
        may(Text, "subject emailAddress"),
        may(Whole, "status messageCount"),
        may(Id, "storeId customerId"),
        out(Any, "lastMessage messages"),
    ])
}

/// Only the id is known.
pub(super) fn subscription() -> Shape {
    object([must(Id, "id")])
}

pub(super) fn webhook() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        may(Text, "url"),
        may(list(Text), "events"),
        may(list(Id), "storeIds"),
        out(Any, "executionLogs"),
        out(Text, "userId"),
    ])
}

pub(super) fn webhook_form() -> Shape {
    object([must(Text, "url"), must(list(Text), "eventTypes"), must(list(Id), "storeIds")])
}

pub(super) fn created_webhook() -> Shape {
    object([must(webhook(), "webhook"), must(Text, "secret")])
}

/// `WebhookExecutionLog`.
pub(super) fn webhook_log() -> Shape {
    object([
        must(Id, "id"),
        must(Time, "dateCreated"),
        may(Text, "url requestBody responseBody"),
        may(Whole, "responseCode retryCount"),
        may(Id, "webhookId orderId"),
        out(Text, "signature userId userAgent"),
    ])
}
