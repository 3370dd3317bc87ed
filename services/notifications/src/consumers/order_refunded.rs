//! `order_refunded`: the money went back.

use contracts::orders::OrderRefunded;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{letter::Letter, order::OrderState};

impl OrderTurn for OrderRefunded {
    const CONSUMER: &'static str = "notifications_order_refunded";
    const STATE: OrderState = OrderState::Refunded;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderRefunded {
                number: quoted(&self.number),
                amount: self.amount,
                reason: quoted(&self.reason),
            }),
            placed: None,
        }
    }
}
