//! `order_placed`: the confirmation, and what all later mails of the order list.

use contracts::orders::OrderPlaced;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{
    letter::Letter,
    order::{OrderState, Placed},
};

impl OrderTurn for OrderPlaced {
    const CONSUMER: &'static str = "notifications_order_placed";
    const STATE: OrderState = OrderState::Pending;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderPlaced {
                number: quoted(&self.number),
            }),
            placed: Some(Placed {
                lines: self.lines.clone(),
                total: self.total,
                shipping_address: self.shipping_address.clone(),
            }),
        }
    }
}
