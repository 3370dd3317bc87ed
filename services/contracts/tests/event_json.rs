//! Locks the JSON of every event: consumers of other versions read it, so a change here is a new version, not an edit.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failed test")]

use chrono::{DateTime, Utc};
use contracts::{
    Currency, Envelope, Event, Money, ProductId, VariantId, VendorId,
    catalog::{ProductArchived, ProductCreated, ProductUpdated, Variant},
};
use uuid::Uuid;

fn id(tail: u128) -> Uuid {
    Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0000 + tail)
}

fn at() -> DateTime<Utc> {
    "2026-01-02T03:04:05.678Z".parse().unwrap()
}

fn variant() -> Variant {
    Variant {
        variant_id: VariantId(id(2)),
        sku: "LAP-1".to_owned(),
        name: "16 GB".to_owned(),
        price: Money::from_minor(129_999, Currency::Eur),
    }
}

#[test]
fn product_created_keeps_its_wire_form() {
    let event = ProductCreated {
        product_id: ProductId(id(1)),
        version: 1,
        vendor_id: VendorId(id(3)),
        slug: "laptop".to_owned(),
        name: "Laptop".to_owned(),
        category: "electronics".to_owned(),
        price: Money::from_minor(129_999, Currency::Eur),
        variants: vec![variant()],
    };
    assert_eq!(ProductCreated::subject(), "shop.catalog.product_created.v1");
    insta::assert_json_snapshot!(event);
    assert_round_trip(&event);
}

#[test]
fn product_updated_keeps_its_wire_form() {
    let event = ProductUpdated {
        product_id: ProductId(id(1)),
        version: 2,
        vendor_id: VendorId(id(3)),
        slug: "laptop".to_owned(),
        name: "Laptop".to_owned(),
        category: "electronics".to_owned(),
        price: Money::from_minor(119_999, Currency::Eur),
        variants: vec![variant()],
    };
    assert_eq!(ProductUpdated::subject(), "shop.catalog.product_updated.v1");
    insta::assert_json_snapshot!(event);
    assert_round_trip(&event);
}

#[test]
fn product_archived_keeps_its_wire_form() {
    let event = ProductArchived {
        product_id: ProductId(id(1)),
        version: 3,
    };
    assert_eq!(
        ProductArchived::subject(),
        "shop.catalog.product_archived.v1"
    );
    insta::assert_json_snapshot!(event);
    assert_round_trip(&event);
}

#[test]
fn the_envelope_keeps_its_wire_form() {
    let event = ProductArchived {
        product_id: ProductId(id(1)),
        version: 3,
    };
    let envelope = Envelope {
        specversion: Envelope::<()>::SPECVERSION.to_owned(),
        id: id(9),
        kind: ProductArchived::subject(),
        source: "catalog".to_owned(),
        subject: event.aggregate_id(),
        time: at(),
        datacontenttype: Envelope::<()>::DATACONTENTTYPE.to_owned(),
        aggregateversion: event.aggregate_version(),
        causationid: None,
        traceparent: None,
        data: event,
    };
    insta::assert_json_snapshot!(envelope);
    let json = serde_json::to_string(&envelope).unwrap();
    assert_eq!(
        serde_json::from_str::<Envelope<ProductArchived>>(&json).unwrap(),
        envelope
    );
}

fn assert_round_trip<E: Event + PartialEq + std::fmt::Debug>(event: &E) {
    let json = serde_json::to_string(event).unwrap();
    assert_eq!(&serde_json::from_str::<E>(&json).unwrap(), event);
}
