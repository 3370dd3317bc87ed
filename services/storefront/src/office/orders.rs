//! `GET /office/orders`: what was ordered of somebody's products, or for admins everything.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};

use super::{
    answers::Order,
    list::{ListPage, Listed},
    parts::{Cell, Choice, FilterField, Frame, Table, Tone, choices},
    query::Query,
    staff::Staff,
};
use crate::{Storefront, pages::failure::Failure};

pub(super) const PATH: &str = "/office/orders";
const PARAMETERS: &[&str] = &["number", "state", "sort", "after"];

/// Every state, as orders have it, and in words.
const STATES: [(&str, &str, Tone); 9] = [
    ("PENDING", "New", Tone::Busy),
    ("PAYMENT_PENDING", "Being paid", Tone::Busy),
    ("PAID", "Paid", Tone::Good),
    ("SHIPPED", "Sent", Tone::Good),
    ("DELIVERED", "Delivered", Tone::Good),
    ("CANCELLING", "Being cancelled", Tone::Busy),
    ("CANCELLED", "Cancelled", Tone::Plain),
    ("FAILED", "Failed", Tone::Bad),
    ("REFUNDED", "Refunded", Tone::Plain),
];

/// An order's state as a badge.
pub(super) fn state(state: &str) -> Cell {
    match STATES.iter().find(|(name, _, _)| *name == state) {
        Some((_, words, tone)) => Cell::badge(*words, *tone),
        None => Cell::badge(state, Tone::Plain),
    }
}

/// The page of an order.
pub(super) fn path(order: &str) -> String {
    format!("{PATH}/{order}")
}

/// `GET /office/orders`
pub(crate) async fn orders(
    State(storefront): State<Storefront>,
    staff: Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), PARAMETERS);
    let (api, heading) = if staff.is_admin {
        ("/api/orders?all=true&limit=25", "All orders")
    } else {
        ("/api/vendor/orders?limit=25", "Orders of your products")
    };
    let listed = Listed::ask(&storefront.office().orders, &staff, api, &query).await?;
    let states = STATES
        .iter()
        .map(|(name, words, _)| Choice::new(*name, *words));
    let states = std::iter::once(Choice::new("", "Every state")).chain(states);
    let table = Table::new(
        heading,
        &["Number", "Ordered", "State", "Things", "#Total"],
        "No order matches.",
    );
    let frame = Frame::new(&staff, PATH, Vec::new(), heading);
    ListPage::new(
        frame,
        PATH,
        &query,
        &listed,
        table.with(listed.items.iter().map(row)),
    )
    .filters(vec![
        FilterField::typed(&query, "number", "Order number"),
        FilterField::chosen(&query, "state", "State", states.collect()),
        FilterField::chosen(
            &query,
            "sort",
            "Order",
            choices(&[("", "Newest first"), ("oldest", "Oldest first")]),
        ),
    ])
    .show(&storefront)
    .await
}

fn row(order: &Order) -> Vec<Cell> {
    let things = order
        .items
        .iter()
        .map(|item| format!("{} × {}", item.quantity, item.name));
    vec![
        Cell::link(&order.number, path(&order.id)),
        Cell::time(order.created_at),
        state(&order.state),
        Cell::text(things.collect::<Vec<_>>().join(", ")),
        Cell::money(order.total),
    ]
}
