//! `order_delivered`: open pages are told; whoever holds the parcel needs no mail about it.

use contracts::orders::OrderDelivered;

use super::order_turn::{OrderTurn, Turn};
use crate::domain::order::OrderState;

impl OrderTurn for OrderDelivered {
    const CONSUMER: &'static str = "notifications_order_delivered";
    const STATE: OrderState = OrderState::Delivered;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: None,
            placed: None,
        }
    }
}
