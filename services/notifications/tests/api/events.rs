//! Events as the other services publish them.

use chrono::Utc;
use contracts::{
    Currency, Event, Money, OrderId, ProductId, StockId, UserId, VariantId, VendorId,
    identity::UserRegistered,
    inventory::{LowStock, OutOfStock},
    orders::{
        Line, OrderCancelled, OrderDelivered, OrderFailed, OrderPaid, OrderPlaced, OrderRefunded,
        OrderShipped, ShippingAddress,
    },
};
use testkit::Nats;
use uuid::Uuid;

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
}

impl Person {
    /// With an address that no other test uses.
    pub(crate) fn new() -> Self {
        let id = UserId::generate();
        Self {
            id,
            email: format!("{id}@example.com"),
        }
    }

    pub(crate) fn registered(&self, first_name: &str, role: &str) -> UserRegistered {
        UserRegistered {
            user_id: self.id,
            version: 1,
            email: self.email.clone(),
            first_name: first_name.to_owned(),
            last_name: "Tester".to_owned(),
            role: role.to_owned(),
        }
    }
}

/// An order whose turns a test tells.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) number: String,
    pub(crate) person: Person,
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::from_minor(minor, Currency::Eur)
}

impl Order {
    pub(crate) fn of(person: &Person) -> Self {
        let id = OrderId::generate();
        let digits = id.to_string();
        Self {
            id,
            number: format!("A-{}", &digits[digits.len() - 6..]),
            person: person.clone(),
        }
    }

    pub(crate) fn placed(&self) -> OrderPlaced {
        let line = |name: &str, sku: &str, quantity, minor| Line {
            product_id: ProductId::generate(),
            variant_id: VariantId::generate(),
            vendor_id: VendorId::from(UserId::generate()),
            sku: sku.to_owned(),
            name: name.to_owned(),
            quantity,
            unit_price: euros(minor),
        };
        OrderPlaced {
            order_id: self.id,
            version: 1,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            total: euros(129_900),
            lines: vec![
                line("Storm Lantern", "LAN-1", 2, 8_950),
                line("Pêcheur jumper", "JMP-1", 1, 112_000),
            ],
            shipping_address: ShippingAddress {
                recipient: None,
                street: "123 Main St".to_owned(),
                city: "London".to_owned(),
                state: Some("UK".to_owned()),
                zip_code: "SW1A".to_owned(),
                country: "UK".to_owned(),
            },
            placed_at: now(),
        }
    }

    pub(crate) fn paid(&self) -> OrderPaid {
        OrderPaid {
            order_id: self.id,
            version: 3,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            total: euros(129_900),
        }
    }

    pub(crate) fn shipped(&self) -> OrderShipped {
        OrderShipped {
            order_id: self.id,
            version: 4,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            carrier: Some("Royal Mail".to_owned()),
            tracking_number: Some("RM-42".to_owned()),
        }
    }

    pub(crate) fn delivered(&self) -> OrderDelivered {
        OrderDelivered {
            order_id: self.id,
            version: 5,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
        }
    }

    pub(crate) fn cancelled(&self) -> OrderCancelled {
        OrderCancelled {
            order_id: self.id,
            version: 4,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            reason: "You asked for it.".to_owned(),
        }
    }

    pub(crate) fn failed(&self) -> OrderFailed {
        OrderFailed {
            order_id: self.id,
            version: 4,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            reason: "Your card was declined.".to_owned(),
        }
    }

    pub(crate) fn refunded(&self) -> OrderRefunded {
        OrderRefunded {
            order_id: self.id,
            version: 6,
            number: self.number.clone(),
            user_id: self.person.id,
            email: self.person.email.clone(),
            amount: euros(129_900),
            reason: "It came back.".to_owned(),
        }
    }
}

pub(crate) fn low_stock(vendor: &Person, stock: StockId, version: i64) -> LowStock {
    LowStock {
        stock_id: stock,
        version,
        product_id: ProductId::generate(),
        variant_id: VariantId::generate(),
        sku: "LAN-1".to_owned(),
        product_name: "Storm Lantern".to_owned(),
        warehouse_location: "Warehouse A".to_owned(),
        available: 3,
        vendor_id: VendorId::from(vendor.id),
    }
}

pub(crate) fn out_of_stock(vendor: &Person, name: &str) -> OutOfStock {
    OutOfStock {
        stock_id: StockId::generate(),
        version: 2,
        product_id: ProductId::generate(),
        variant_id: VariantId::generate(),
        sku: "LAN-1".to_owned(),
        product_name: name.to_owned(),
        warehouse_location: "Warehouse A".to_owned(),
        vendor_id: VendorId::from(vendor.id),
    }
}

/// Tells it under a fresh id.
pub(crate) async fn tell<E: Event>(nats: &Nats, event: &E) {
    let service = E::SUBJECT.split('.').nth(1).unwrap();
    nats.tell(&service.to_uppercase(), Uuid::now_v7(), event)
        .await;
}

fn now() -> chrono::DateTime<Utc> {
    std::time::SystemTime::now().into()
}
