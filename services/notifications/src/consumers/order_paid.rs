//! `order_paid`: the payment has arrived.

use contracts::orders::OrderPaid;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{letter::Letter, order::OrderState};

impl OrderTurn for OrderPaid {
    const CONSUMER: &'static str = "notifications_order_paid";
    const STATE: OrderState = OrderState::Paid;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderPaid {
                number: quoted(&self.number),
                total: self.total,
            }),
            placed: None,
        }
    }
}
