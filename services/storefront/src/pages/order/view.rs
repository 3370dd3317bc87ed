//! An order in the words of a shopper: where it is on its way, what comes next, and what can be asked for.

use serde::Serialize;

use crate::{
    address,
    flags::{self, Flag},
    form::{Form, FormView},
    links::{self, Link},
    price,
    services::orders::{Item, Order},
    views::Moment,
};

/// Why somebody looks at an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// They have just placed it.
    Ordered,
    Looking,
}

#[derive(Debug, Serialize)]
pub(super) struct OrderPage {
    crumbs: Vec<Link>,
    heading: String,
    id: String,
    number: String,
    version: i64,
    placed: Moment,
    status: Status,
    steps: Vec<Step>,
    timeline: Vec<Entry>,
    lines: Vec<ItemView>,
    total: String,
    refunded: Option<String>,
    address: Vec<String>,
    shipping: Option<String>,
    /// Where the forms of this order go.
    cancel_url: Option<String>,
    return_url: Option<String>,
    form: FormView,
    /// Seconds after which a browser without scripts looks again; none once nothing will change.
    refresh_s: Option<u32>,
    is_new: bool,
}

/// Where an order is, in words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    pub(crate) name: &'static str,
    explanation: &'static str,
    /// `good`, `waiting` or `bad`: the badge's colour.
    pub(crate) tone: &'static str,
    flag: Flag,
}

#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    is_done: bool,
    is_current: bool,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    at: Moment,
}

/// A position of an order.
#[derive(Debug, Serialize)]
pub(crate) struct ItemView {
    name: String,
    sku: String,
    url: String,
    picture: Option<String>,
    quantity: u32,
    unit_price: String,
    total: String,
}

impl From<&Item> for ItemView {
    fn from(item: &Item) -> Self {
        Self {
            name: item.name.clone(),
            sku: item.sku.clone(),
            url: links::product_path(&item.slug),
            picture: item.picture.clone(),
            quantity: item.quantity,
            unit_price: price::text(item.unit_price),
            total: price::text(item.total),
        }
    }
}

impl OrderPage {
    pub(super) fn new(order: &Order, occasion: Occasion, form: &Form) -> Self {
        let is_new = occasion == Occasion::Ordered;
        let path = links::order_path(order.id);
        let may = |states: &[&str], form: &str| {
            states
                .contains(&order.state.as_str())
                .then(|| format!("{path}/{form}"))
        };
        let address = order.shipping_address.as_ref();
        Self {
            crumbs: vec![
                Link::home(),
                Link::new("Your orders", links::ORDERS),
                Link::here(&order.number),
            ],
            heading: if is_new {
                "Thank you, we have your order".to_owned()
            } else {
                format!("Order {}", order.number)
            },
            id: order.id.to_string(),
            number: order.number.clone(),
            version: order.version,
            placed: order.created_at.into(),
            status: status(&order.state),
            steps: steps(order),
            timeline: timeline(order),
            lines: order.items.iter().map(ItemView::from).collect(),
            total: price::text(order.total),
            refunded: order
                .refunded
                .filter(|refunded| refunded.minor > 0)
                .map(price::text),
            address: address.map(address::lines).unwrap_or_default(),
            shipping: shipping(order),
            cancel_url: may(&["PENDING", "PAYMENT_PENDING"], "cancel"),
            return_url: may(&["PAID", "SHIPPED", "DELIVERED"], "return"),
            form: form.view(),
            refresh_s: refresh(&order.state),
            is_new,
        }
    }
}

/// What to say of an order in this state.
pub(crate) fn status(state: &str) -> Status {
    let said = |name, explanation, tone, flag| Status {
        name,
        explanation,
        tone,
        flag,
    };
    match state {
        "PENDING" => said(
            "Placed",
            "The goods are set aside for you. The payment comes next.",
            "waiting",
            flags::PAPA,
        ),
        "PAYMENT_PENDING" => said(
            "Being paid",
            "Your bank is asked for the money. This takes a few seconds.",
            "waiting",
            flags::PAPA,
        ),
        "PAID" => said(
            "Paid",
            "The payment has arrived. Your parcel is being packed.",
            "good",
            flags::CHARLIE,
        ),
        "SHIPPED" => said(
            "On its way",
            "Your parcel has left.",
            "good",
            flags::CHARLIE,
        ),
        "DELIVERED" => said(
            "Delivered",
            "Your parcel has arrived. We hope that you like what is in it.",
            "good",
            flags::CHARLIE,
        ),
        "CANCELLING" => said(
            "Being cancelled",
            "The order is being undone. Anything that was charged goes back.",
            "waiting",
            flags::XRAY,
        ),
        "CANCELLED" => said(
            "Cancelled",
            "The order was cancelled. Nothing is charged, or it has gone back.",
            "bad",
            flags::NOVEMBER,
        ),
        "FAILED" => said(
            "Not paid",
            "The payment was declined, so that the order has ended. Nothing was charged. Order again to try another way to pay.",
            "bad",
            flags::NOVEMBER,
        ),
        "REFUNDED" => said(
            "Refunded",
            "All of the money has gone back to where it came from.",
            "bad",
            flags::NOVEMBER,
        ),
        _ => said(
            "Under way",
            "The order is being worked on.",
            "waiting",
            flags::PAPA,
        ),
    }
}

/// The way of an order that goes well. One that has ended otherwise shows how far it came.
fn steps(order: &Order) -> Vec<Step> {
    const WAY: [(&str, &[&str]); 4] = [
        ("Placed", &["PENDING", "PAYMENT_PENDING"]),
        ("Paid", &["PAID"]),
        ("On its way", &["SHIPPED"]),
        ("Delivered", &["DELIVERED"]),
    ];
    let is_on = |states: &[&str], state: &str| states.contains(&state);
    let step = |(name, states): (&'static str, &[&str])| Step {
        name,
        is_done: order.timeline.iter().any(|turn| is_on(states, &turn.state))
            || is_on(states, &order.state),
        is_current: is_on(states, &order.state),
    };
    WAY.into_iter().map(step).collect()
}

fn timeline(order: &Order) -> Vec<Entry> {
    let mut last = "";
    let mut entries = Vec::new();
    for turn in &order.timeline {
        let name = status(&turn.state).name;
        if name != last {
            entries.push(Entry {
                name,
                at: turn.at.into(),
            });
        }
        last = name;
    }
    entries
}

fn shipping(order: &Order) -> Option<String> {
    match (&order.carrier, &order.tracking_number) {
        (Some(carrier), Some(number)) => Some(format!("{carrier}, {number}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

fn refresh(state: &str) -> Option<u32> {
    match state {
        "PENDING" | "PAYMENT_PENDING" | "CANCELLING" => Some(4),
        "PAID" | "SHIPPED" => Some(120),
        _ => None,
    }
}
