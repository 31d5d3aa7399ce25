//! A month of orders.

use serde_json::Value;

use super::{DAY, Dice, LAST_DAY, id, products::hundredths, text};
use crate::order::{DELIVERED, LineItem, Order, PENDING};

/// The number of days with orders. The last one is the demo's last day.
const DAYS: i64 = 30;

const GATEWAYS: [&str; 4] = ["stripe", "stripe", "paypal", "balance"];

/// Returns `count` orders, newest first, as the list shows them.
pub(super) fn orders(store: &str, currency: &str, customers: &[Value], products: &[Value], count: usize) -> Vec<Order> {
    let affiliate = customers.iter().find(|customer| customer.get("isAffiliate") == Some(&Value::Bool(true)));
    let affiliate = affiliate.map(|customer| text(customer, "id"));
    let mut orders: Vec<_> =
        (0..count).filter_map(|number| order(store, currency, customers, products, number)).collect();
    orders.iter_mut().step_by(5).for_each(|order| order.affiliate_id.clone_from(&affiliate));
    orders.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    orders
}

fn order(store: &str, currency: &str, customers: &[Value], products: &[Value], number: usize) -> Option<Order> {
    let number = number.to_string();
    let mut dice = Dice::of(&["order", store, &number]);
    let day = dice.seconds_below(DAYS);
    let created = LAST_DAY.saturating_sub(day.saturating_mul(DAY)).saturating_add(dice.seconds_below(DAY));
    let customer = dice.pick(customers)?;
    let product = dice.pick(products)?;
    let variant = dice.pick(product.get("variants")?.as_array()?)?;
    let quantity = [1, 1, 1, 2, 3].get(dice.below(5)).copied().unwrap_or(1);
    let id = id(&["order", store, &number]);
    let item = LineItem {
        product_id: text(product, "id"),
        variant_id: text(variant, "id"),
        product_name: text(product, "name"),
        variant_name: text(variant, "name"),
        unit: variant.get("cost").and_then(hundredths)?,
        quantity,
    };
    let delivered = dice.below(8) != 0;
    Some(Order {
        id,
        created,
        status: if delivered { DELIVERED } else { PENDING }.to_owned(),
        paid: delivered,
        gateway: dice.pick(&GATEWAYS)?.to_string(),
        currency: currency.to_owned(),
        customer_id: text(customer, "id"),
        customer_email: text(customer, "emailAddress"),
        items: vec![item],
        cost: None,
        delivered: Vec::new(),
        logs: Vec::new(),
        affiliate_id: None,
        refund: None,
        source: "store",
        metadata: Value::Null,
        return_url: Value::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Account;

    #[test]
    fn orders_lie_in_a_month_newest_first_and_are_the_same_every_time() {
        let orders = Account::demo(0, 500).stores.remove(0).orders;
        assert_eq!(orders.len(), 500);
        assert!(orders.is_sorted_by(|a, b| a.created >= b.created));
        let (newest, oldest) = (orders.first().unwrap().created, orders.last().unwrap().created);
        assert!(newest < LAST_DAY + DAY && oldest >= LAST_DAY - DAYS * DAY);
        assert!(newest - oldest > 25 * DAY);
        assert_eq!(orders, Account::demo(0, 500).stores.remove(0).orders);
        assert!(
            orders.iter().any(|order| order.status == PENDING) && orders.iter().any(|order| order.status == DELIVERED)
        );
    }
}
