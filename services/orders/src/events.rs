//! What orders publishes, and where: the stream, and the events made from an order.

use chassis::broker::Stream;
use contracts::{
    Event as _,
    orders::{
        Line, OrderCancelled, OrderDelivered, OrderFailed, OrderPaid, OrderPlaced, OrderRefunded,
        OrderShipped, PaymentCancelRequested, PaymentRequested, RefundRequested,
        StockCommitRequested, StockReleaseRequested,
    },
};

use crate::{
    db::{outbox::OutboxRow, placing::NewOrder, refunds::NewRefund, turns::LockedOrder},
    domain::{
        pricing::PricedLine,
        progress::{Message, Outstanding},
    },
};

/// Every event of orders.
pub(crate) const STREAM: Stream = Stream {
    name: "ORDERS",
    subjects: "shop.orders.>",
    description: "What orders ask of payments and inventory, and the turns that they take",
};

/// What is told of a new order. Its number is not known before it is written.
pub(crate) fn placed(order: &NewOrder, lines: &[PricedLine]) -> Vec<OutboxRow> {
    let lines = lines.iter().map(|line| Line {
        product_id: line.offer.product_id,
        variant_id: line.offer.variant_id,
        vendor_id: line.offer.vendor_id,
        sku: line.offer.sku.clone(),
        name: line.offer.name(),
        quantity: line.quantity,
        unit_price: line.offer.price,
    });
    let placed = OutboxRow::new(&OrderPlaced {
        order_id: order.id,
        version: 1,
        number: String::new(),
        user_id: order.user,
        email: order.email.clone(),
        total: order.total,
        lines: lines.collect(),
        shipping_address: order.address.clone(),
        placed_at: order.placed_at,
    });
    let mut requested = OutboxRow::new(&PaymentRequested {
        order_id: order.id,
        version: 1,
        user_id: order.user,
        amount: order.total,
        payment_method: order.payment_method.clone(),
    });
    // It is paid because it was placed: from here on every cause leads back to that event.
    let cause = placed.event_id.to_string();
    requested.correlation = requested
        .correlation
        .map(|correlation| correlation.because_of(cause));
    vec![placed, requested]
}

/// The request for a refund.
pub(crate) fn refund_requested(order: &LockedOrder, refund: &NewRefund) -> OutboxRow {
    OutboxRow::new(&RefundRequested {
        order_id: order.id,
        version: order.progress.version,
        refund_id: refund.id,
        amount: order.money(refund.amount_minor),
        reason: refund.reason.clone(),
    })
}

/// The event that a message of the saga is; None for a refund, which has more to it ([`refund_requested`]).
pub(crate) fn told(order: &LockedOrder, message: Message) -> Option<OutboxRow> {
    let (order_id, version) = (order.id, order.progress.version);
    Some(match message {
        Message::RequestPaymentCancel => {
            OutboxRow::new(&PaymentCancelRequested { order_id, version })
        }
        Message::RequestStockCommit => OutboxRow::new(&StockCommitRequested { order_id, version }),
        Message::RequestStockRelease => {
            OutboxRow::new(&StockReleaseRequested { order_id, version })
        }
        Message::RequestAutomaticRefund { .. } | Message::RequestAskedRefund { .. } => return None,
        Message::AnnouncePaid
        | Message::AnnounceShipped
        | Message::AnnounceDelivered
        | Message::AnnounceCancelled
        | Message::AnnounceFailed
        | Message::AnnounceRefunded => announcement(order, message),
    })
}

fn announcement(order: &LockedOrder, message: Message) -> OutboxRow {
    let (order_id, version, user_id) = (order.id, order.progress.version, order.user);
    let (number, email) = (order.number.clone(), order.email.clone());
    match message {
        Message::AnnounceShipped => OutboxRow::new(&OrderShipped {
            order_id,
            version,
            number,
            user_id,
            email,
            carrier: order.carrier.clone(),
            tracking_number: order.tracking_number.clone(),
        }),
        Message::AnnounceDelivered => OutboxRow::new(&OrderDelivered {
            order_id,
            version,
            number,
            user_id,
            email,
        }),
        Message::AnnounceCancelled => OutboxRow::new(&OrderCancelled {
            order_id,
            version,
            number,
            user_id,
            email,
            reason: reason(order),
        }),
        Message::AnnounceFailed => OutboxRow::new(&OrderFailed {
            order_id,
            version,
            number,
            user_id,
            email,
            reason: reason(order),
        }),
        Message::AnnounceRefunded => OutboxRow::new(&OrderRefunded {
            order_id,
            version,
            number,
            user_id,
            email,
            amount: order.money(order.progress.refunded),
            reason: reason(order),
        }),
        _ => OutboxRow::new(&OrderPaid {
            order_id,
            version,
            number,
            user_id,
            email,
            total: order.money(order.progress.total),
        }),
    }
}

fn reason(order: &LockedOrder) -> String {
    order.reason.clone().unwrap_or_default()
}

/// Gives back what was held for a request that never became an order.
pub(crate) fn released(order: contracts::OrderId) -> OutboxRow {
    OutboxRow::new(&StockReleaseRequested {
        order_id: order,
        version: 1,
    })
}

/// The subject of the request that is still to be answered; none where no service can be asked.
pub(crate) fn subject(question: Outstanding) -> Option<String> {
    match question {
        Outstanding::Payment => Some(PaymentRequested::subject()),
        Outstanding::PaymentCancel => Some(PaymentCancelRequested::subject()),
        Outstanding::StockCommit => Some(StockCommitRequested::subject()),
        Outstanding::StockRelease => Some(StockReleaseRequested::subject()),
        Outstanding::Refund => Some(RefundRequested::subject()),
        Outstanding::Decision => None,
    }
}
