//! `order_cancelled`: it ended before it was paid.

use contracts::orders::OrderCancelled;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{letter::Letter, order::OrderState};

impl OrderTurn for OrderCancelled {
    const CONSUMER: &'static str = "notifications_order_cancelled";
    const STATE: OrderState = OrderState::Cancelled;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderCancelled {
                number: quoted(&self.number),
                reason: quoted(&self.reason),
            }),
            placed: None,
        }
    }
}
