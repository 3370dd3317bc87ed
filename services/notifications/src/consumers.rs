//! What other services' events owe to people: one file per event.

mod account_news;
mod low_stock;
mod order_cancelled;
mod order_delivered;
mod order_failed;
mod order_paid;
mod order_placed;
mod order_refunded;
mod order_shipped;
mod order_turn;
mod out_of_stock;
mod stock_warning;
mod user_registered;

use std::sync::Arc;

use chassis::{
    Service,
    consumer::{Delivery, Verdict},
    worker::Wake,
};
use contracts::{
    Event,
    identity::{PasswordChanged, PasswordResetRequested},
    orders::{
        OrderCancelled, OrderDelivered, OrderFailed, OrderPaid, OrderPlaced, OrderRefunded,
        OrderShipped,
    },
};

use crate::{
    domain::text::{one_line, shortened},
    live::Announcer,
    metrics::NotificationMetrics,
};
use account_news::AccountMails;
use order_turn::OrderTurns;
use stock_warning::StockWarnings;
use user_registered::Registrations;

/// The streams of the services whose events are read.
const ORDERS: &str = "ORDERS";
const IDENTITY: &str = "IDENTITY";
const INVENTORY: &str = "INVENTORY";

/// Longest text of another service that a mail repeats, in characters.
const LONGEST_TEXT: usize = 500;

/// What every consumer needs.
#[derive(Clone)]
pub(crate) struct Desk {
    /// What Message-IDs end in.
    pub(crate) domain: Arc<str>,
    /// Sends mails.
    pub(crate) mails: Wake,
    pub(crate) announcer: Announcer,
    pub(crate) metrics: NotificationMetrics,
}

/// Starts all consumers.
pub(crate) fn start(service: &Service, desk: &Desk) {
    service.consume(ORDERS, OrderTurns::<OrderPlaced>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderPaid>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderShipped>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderDelivered>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderCancelled>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderFailed>::new(desk));
    service.consume(ORDERS, OrderTurns::<OrderRefunded>::new(desk));
    service.consume(IDENTITY, Registrations::new(desk));
    service.consume(IDENTITY, AccountMails::<PasswordResetRequested>::new(desk));
    service.consume(IDENTITY, AccountMails::<PasswordChanged>::new(desk));
    service.consume(
        INVENTORY,
        StockWarnings::<contracts::inventory::LowStock>::new(desk),
    );
    service.consume(
        INVENTORY,
        StockWarnings::<contracts::inventory::OutOfStock>::new(desk),
    );
}

/// A verdict on each delivery, and those that PostgreSQL can store; the others become dead letters.
fn storable<E: Event>(deliveries: &[Delivery<E>]) -> (Vec<Verdict>, Vec<&Delivery<E>>) {
    let mut good = Vec::with_capacity(deliveries.len());
    let mut verdicts = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let json = serde_json::to_string(&delivery.event).unwrap_or_default();
        // Escaped in JSON; a backslash before it is escaped as well and comes in pairs.
        if json.replace(r"\\", "").contains(r"\u0000") {
            verdicts.push(Verdict::Reject(
                "there is a NUL character in it, which no text of ours can hold".to_owned(),
            ));
        } else {
            verdicts.push(Verdict::Done);
            good.push(delivery);
        }
    }
    (verdicts, good)
}

/// A text of another service as a mail repeats it.
fn quoted(text: &str) -> String {
    shortened(&one_line(text), LONGEST_TEXT)
}
