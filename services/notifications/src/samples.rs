//! A mail of every kind with made-up content: for people to look at (`notifications preview`) and for tests.

use std::{fs, path::Path};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use contracts::{
    Currency, Money, OrderId, ProductId, ResetId, ResetKey, VariantId, VendorId,
    orders::{Line, ShippingAddress},
};
use uuid::Uuid;

use crate::{
    domain::{letter::Letter, message::Topic, order::Placed},
    rendering::{Content, Renderer},
};

/// One mail with content.
pub(crate) struct Sample {
    /// Of its files and its snapshot.
    pub(crate) name: &'static str,
    letter: Letter,
    subject: String,
    pub(crate) placed: Option<Placed>,
}

impl Sample {
    fn new(name: &'static str, letter: Letter, placed: Option<Placed>) -> Self {
        Self {
            name,
            subject: letter.subject(),
            letter,
            placed,
        }
    }

    fn of_order(name: &'static str, letter: Letter) -> Self {
        Self::new(name, letter, Some(placed()))
    }

    /// What it says.
    pub(crate) fn content(&self) -> Content<'_> {
        Content {
            letter: &self.letter,
            subject: &self.subject,
            first_name: Some("Zoë"),
            order: self
                .placed
                .as_ref()
                .map(|_| OrderId(Uuid::from_u128(0x0193_4c1e_7b2a_7000_8000_0000_0000_002a))),
            placed: self.placed.as_ref(),
        }
    }
}

/// Every mail there is.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = of_accounts();
    samples.extend(of_orders_that_go_well());
    samples.extend(of_orders_that_end());
    samples
}

fn of_accounts() -> Vec<Sample> {
    let welcome = |role: &str| Letter::Welcome {
        role: role.to_owned(),
    };
    let (product, name) = (ProductId(Uuid::nil()), "Storm Lantern, brass".to_owned());
    let (sku, warehouse) = ("LAN-BR-01".to_owned(), "Warehouse A".to_owned());
    let low_stock = Letter::LowStock {
        product,
        name: name.clone(),
        sku: sku.clone(),
        warehouse: warehouse.clone(),
        available: 3,
    };
    let out_of_stock = Letter::OutOfStock {
        product,
        name,
        sku,
        warehouse,
    };
    vec![
        Sample::new("welcome", welcome("customer"), None),
        Sample::new("welcome_vendor", welcome("vendor"), None),
        Sample::new("low_stock", low_stock, None),
        Sample::new("out_of_stock", out_of_stock, None),
        Sample::new("message", message(), None),
        Sample::new("password_reset", password_reset(), None),
        Sample::new("password_changed", password_changed(), None),
    ]
}

/// In place of the real one: its codes open nothing.
pub(crate) fn reset_key() -> anyhow::Result<ResetKey> {
    Ok(ResetKey::new("of samples, which open nothing at all")?)
}

fn password_reset() -> Letter {
    Letter::PasswordReset {
        reset: ResetId(Uuid::from_u128(0x0193_4c1e_7b2a_7000_8000_0000_0000_0007)),
        expires_at: noon(),
    }
}

fn password_changed() -> Letter {
    Letter::PasswordChanged { at: noon() }
}

/// Of some day.
fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).unwrap_or_default()
}

fn message() -> Letter {
    Letter::Message {
        message: Uuid::nil(),
        topic: Topic::Return,
        name: "Zoë".to_owned(),
        email: "zoe@example.com".to_owned(),
        order_number: Some(number()),
        text: "The glass of the lantern is cracked.\n\nCould you send another <one>?".to_owned(),
        document: Some("photo.jpg".to_owned()),
    }
}

fn of_orders_that_go_well() -> Vec<Sample> {
    let total = placed().total;
    let tracked = Letter::OrderShipped {
        number: number(),
        carrier: Some("Royal Mail".to_owned()),
        tracking_number: Some("RM 4821 7754 1 GB".to_owned()),
    };
    let untracked = Letter::OrderShipped {
        number: number(),
        carrier: None,
        tracking_number: None,
    };
    let number = number();
    let paid = Letter::OrderPaid {
        number: number.clone(),
        total,
    };
    vec![
        Sample::of_order("order_placed", Letter::OrderPlaced { number }),
        Sample::of_order("order_paid", paid),
        Sample::of_order("order_shipped", tracked),
        Sample::of_order("order_shipped_untracked", untracked),
    ]
}

fn of_orders_that_end() -> Vec<Sample> {
    let cancelled = Letter::OrderCancelled {
        number: number(),
        reason: "You asked for it.".to_owned(),
    };
    let failed = Letter::OrderFailed {
        number: number(),
        reason: "Your card was declined.".to_owned(),
    };
    let refunded = Letter::OrderRefunded {
        number: number(),
        amount: placed().total,
        reason: "The parcel came back to us.".to_owned(),
    };
    vec![
        Sample::of_order("order_cancelled", cancelled),
        Sample::of_order("order_failed", failed),
        Sample::of_order("order_refunded", refunded),
    ]
}

fn number() -> String {
    "A-2026-000042".to_owned()
}

fn placed() -> Placed {
    let euros = |minor| Money::from_minor(minor, Currency::Eur);
    let line = |name: &str, sku: &str, quantity, minor| Line {
        product_id: ProductId(Uuid::nil()),
        variant_id: VariantId(Uuid::nil()),
        vendor_id: VendorId(Uuid::nil()),
        sku: sku.to_owned(),
        name: name.to_owned(),
        quantity,
        unit_price: euros(minor),
    };
    Placed {
        lines: vec![
            line("Storm Lantern, brass", "LAN-BR-01", 2, 8_950),
            line("Pêcheur jumper & cap, navy <M>", "JMP-NV-M", 1, 112_000),
        ],
        total: euros(129_900),
        shipping_address: ShippingAddress {
            recipient: Some("Zoë Łukasiewicz".to_owned()),
            street: "123 Main St".to_owned(),
            city: "London".to_owned(),
            state: None,
            zip_code: "SW1A 1AA".to_owned(),
            country: "United Kingdom".to_owned(),
        },
    }
}

/// Writes all of them into a folder.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let renderer = Renderer::new("https://shop.example", reset_key()?)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for sample in all() {
        let bodies = renderer.render(&sample.content())?;
        for (kind, body) in [("html", &bodies.html), ("txt", &bodies.text)] {
            let path = folder.join(format!("{}.{kind}", sample.name));
            fs::write(&path, body).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}
