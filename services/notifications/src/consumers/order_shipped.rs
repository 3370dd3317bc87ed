//! `order_shipped`: it is on its way.

use contracts::orders::OrderShipped;

use super::{
    order_turn::{OrderTurn, Turn},
    quoted,
};
use crate::domain::{letter::Letter, order::OrderState};

impl OrderTurn for OrderShipped {
    const CONSUMER: &'static str = "notifications_order_shipped";
    const STATE: OrderState = OrderState::Shipped;

    fn turn(&self) -> Turn<'_> {
        Turn {
            order: self.order_id,
            version: self.version,
            number: &self.number,
            user: self.user_id,
            email: &self.email,
            letter: Some(Letter::OrderShipped {
                number: quoted(&self.number),
                carrier: self.carrier.as_deref().map(quoted),
                tracking_number: self.tracking_number.as_deref().map(quoted),
            }),
            placed: None,
        }
    }
}
