//! Locks the JSON of the events between orders, inventory and payments: a change here is a new version, not an edit.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

use chrono::{DateTime, Utc};
use contracts::{
    Currency, Event, Money, OrderId, PaymentId, ProductId, RefundId, StockId, UserId, VariantId,
    VendorId, inventory, orders, payments,
};
use serde_json::{Map, Value};
use uuid::Uuid;

fn id(tail: u128) -> Uuid {
    Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0000 + tail)
}

fn at() -> DateTime<Utc> {
    "2026-01-02T03:04:05.678Z".parse().unwrap()
}

fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

/// Subjects with the JSON of one event each.
#[derive(Default)]
struct Catalogue(Map<String, Value>);

impl Catalogue {
    fn add<E: Event + PartialEq + std::fmt::Debug>(&mut self, event: &E) {
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(&serde_json::from_value::<E>(json.clone()).unwrap(), event);
        assert_eq!(json["version"], event.aggregate_version());
        assert!(self.0.insert(E::subject(), json).is_none());
    }
}

fn order_placed() -> orders::OrderPlaced {
    orders::OrderPlaced {
        order_id: OrderId(id(1)),
        version: 1,
        number: "ARG-2026-000123".to_owned(),
        user_id: UserId(id(2)),
        email: "demo@example.com".to_owned(),
        total: euros(259_998),
        lines: vec![orders::Line {
            product_id: ProductId(id(3)),
            variant_id: VariantId(id(4)),
            vendor_id: VendorId(id(5)),
            sku: "LAP-1".to_owned(),
            name: "Laptop".to_owned(),
            quantity: 2,
            unit_price: euros(129_999),
        }],
        shipping_address: orders::ShippingAddress {
            recipient: None,
            street: "123 Main St".to_owned(),
            city: "London".to_owned(),
            state: Some("UK".to_owned()),
            zip_code: "SW1A".to_owned(),
            country: "UK".to_owned(),
        },
        placed_at: at(),
    }
}

/// The part that every turn of an order has.
macro_rules! turn {
    ($event:ident { $($field:ident: $value:expr),* }) => {
        orders::$event {
            order_id: OrderId(id(1)),
            version: 3,
            number: "ARG-2026-000123".to_owned(),
            user_id: UserId(id(2)),
            email: "demo@example.com".to_owned(),
            $($field: $value),*
        }
    };
}

#[test]
fn the_events_of_orders_keep_their_wire_form() {
    let (order_id, version) = (OrderId(id(1)), 1);
    let mut catalogue = Catalogue::default();
    catalogue.add(&order_placed());
    catalogue.add(&orders::PaymentRequested {
        order_id,
        version,
        user_id: UserId(id(2)),
        amount: euros(259_998),
        payment_method: "pm_card_visa".to_owned(),
    });
    catalogue.add(&orders::PaymentCancelRequested { order_id, version });
    catalogue.add(&orders::RefundRequested {
        order_id,
        version,
        refund_id: RefundId(id(6)),
        amount: euros(1_000),
        reason: "It arrived broken".to_owned(),
    });
    catalogue.add(&orders::StockCommitRequested { order_id, version });
    catalogue.add(&orders::StockReleaseRequested { order_id, version });
    catalogue.add(&turn!(OrderPaid {
        total: euros(259_998)
    }));
    catalogue.add(&turn!(OrderShipped {
        carrier: Some("Post".to_owned()),
        tracking_number: None
    }));
    catalogue.add(&turn!(OrderDelivered {}));
    catalogue.add(&turn!(OrderCancelled {
        reason: "Not wanted any more".to_owned()
    }));
    catalogue.add(&turn!(OrderFailed {
        reason: "The card was declined".to_owned()
    }));
    catalogue.add(&turn!(OrderRefunded {
        amount: euros(259_998),
        reason: "It arrived broken".to_owned()
    }));
    insta::assert_json_snapshot!(catalogue.0);
}

#[test]
fn the_events_of_inventory_keep_their_wire_form() {
    let (order_id, version) = (OrderId(id(1)), 2);
    let mut catalogue = Catalogue::default();
    catalogue.add(&inventory::StockCommitted { order_id, version });
    catalogue.add(&inventory::StockCommitFailed {
        order_id,
        version,
        reason: "Sold out".to_owned(),
    });
    catalogue.add(&inventory::StockReleased {
        order_id,
        version,
        reason: inventory::ReleaseReason::Expired,
    });
    let short = |available| inventory::LowStock {
        stock_id: StockId(id(7)),
        version,
        product_id: ProductId(id(3)),
        variant_id: VariantId(id(4)),
        sku: "LAP-1".to_owned(),
        product_name: "Laptop".to_owned(),
        warehouse_location: "Warehouse A".to_owned(),
        available,
        vendor_id: VendorId(id(5)),
    };
    catalogue.add(&short(3));
    catalogue.add(&inventory::OutOfStock {
        stock_id: StockId(id(7)),
        version,
        product_id: ProductId(id(3)),
        variant_id: VariantId(id(4)),
        sku: "LAP-1".to_owned(),
        product_name: "Laptop".to_owned(),
        warehouse_location: "Warehouse A".to_owned(),
        vendor_id: VendorId(id(5)),
    });
    insta::assert_json_snapshot!(catalogue.0);
}

#[test]
fn the_events_of_payments_keep_their_wire_form() {
    let (payment_id, order_id, version) = (PaymentId(id(8)), OrderId(id(1)), 2);
    let mut catalogue = Catalogue::default();
    catalogue.add(&payments::PaymentStarted {
        payment_id,
        version,
        order_id,
    });
    catalogue.add(&payments::PaymentCaptured {
        payment_id,
        version,
        order_id,
        amount: euros(259_998),
        provider: "stripe".to_owned(),
        provider_reference: "pi_1".to_owned(),
    });
    catalogue.add(&payments::PaymentDeclined {
        payment_id,
        version,
        order_id,
        code: "insufficient_funds".to_owned(),
        attempts: 3,
    });
    catalogue.add(&payments::PaymentCancelled {
        payment_id,
        version,
        order_id,
    });
    catalogue.add(&payments::PaymentRefunded {
        payment_id,
        version,
        order_id,
        refund_id: RefundId(id(6)),
        amount: euros(1_000),
        refunded_total: euros(1_000),
    });
    catalogue.add(&payments::RefundFailed {
        payment_id,
        version,
        order_id,
        refund_id: RefundId(id(6)),
        amount: euros(1_000),
        reason: "The charge is disputed".to_owned(),
    });
    insta::assert_json_snapshot!(catalogue.0);
}
