//! `order_failed`: it could not be paid.

use contracts::orders::OrderFailed;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{letter::Letter, order::OrderState};

impl OrderTurn for OrderFailed {
    const CONSUMER: &'static str = "notifications_order_failed";
    const STATE: OrderState = OrderState::Failed;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderFailed {
                number: quoted(&self.number),
                reason: quoted(&self.reason),
            }),
            placed: None,
        }
    }
}
