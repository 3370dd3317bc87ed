//! `shop.orders.order_placed`: what somebody ordered leaves their cart.
//!
//! Whatever of it is there: the cart may have changed since the order was placed, or never have held it.

use std::collections::BTreeMap;

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::{UserId, VariantId, orders::OrderPlaced};
use sqlx::{Postgres, Transaction};

use crate::db::{self, lines::Ordered};

/// The consumer.
pub(crate) struct OrderPlacedConsumer;

impl Consumer for OrderPlacedConsumer {
    type Event = OrderPlaced;

    const NAME: &'static str = "cart_order_placed";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<OrderPlaced>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let ordered = ordered(deliveries);
        let users: Vec<UserId> = ordered.iter().map(|ordered| ordered.user).collect();
        db::carts::lock_of_users(tx, &users).await?;
        let changed = db::lines::take_ordered(tx, &ordered).await?;
        db::carts::count_change(tx, &changed).await?;
        Ok(vec![Verdict::Done; deliveries.len()])
    }
}

/// The sum of what was ordered, by user and variant.
fn ordered(deliveries: &[Delivery<OrderPlaced>]) -> Vec<Ordered> {
    let mut sums: BTreeMap<(UserId, VariantId), i64> = BTreeMap::new();
    for order in deliveries.iter().map(|delivery| &delivery.event) {
        for line in &order.lines {
            let sum = sums.entry((order.user_id, line.variant_id)).or_default();
            *sum += i64::from(line.quantity);
        }
    }
    sums.into_iter()
        .map(|((user, variant), quantity)| Ordered {
            user,
            variant,
            quantity,
        })
        .collect()
}
