//! `/office/orders/{order}/…`: an order is sent, arrives, or is cancelled. Each has a page that says what is about to happen.

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    answers::Order,
    order::find,
    orders::{PATH, path},
    outcome::refused,
    parts::Frame,
    sheet::{Entry, Sheet, Way, inputs},
    staff::{Admin, Staff},
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Typed},
    links::Link,
    pages::failure::Failure,
    price,
    session::see_other,
};

/// What differs between the changes of an order.
struct Change {
    /// The last part of the address, here and at the service.
    name: &'static str,
    heading: &'static str,
    submit: &'static str,
    is_danger: bool,
    flash: Flash,
    entries: fn() -> Vec<Entry>,
    consequences: fn(&Order, &Form) -> Vec<String>,
}

const SHIP: Change = Change {
    name: "ship",
    heading: "Ship",
    submit: "It is on its way",
    is_danger: false,
    flash: Flash::OFFICE_SHIPPED,
    entries: || {
        vec![
            Entry::new("carrier", "Carrier", Way::Line { most: 80 }).optional(),
            Entry::new("trackingNumber", "Tracking number", Way::Line { most: 120 }).optional(),
            version_entry(),
        ]
    },
    consequences: |order, _| {
        vec![format!(
            "Order {} counts as sent. Whoever ordered gets a mail with what you write here.",
            order.number
        )]
    },
};

const DELIVER: Change = Change {
    name: "deliver",
    heading: "It has arrived",
    submit: "It has arrived",
    is_danger: false,
    flash: Flash::OFFICE_DELIVERED,
    entries: || vec![version_entry()],
    consequences: |order, _| vec![format!("Order {} counts as delivered.", order.number)],
};

const CANCEL: Change = Change {
    name: "cancel",
    heading: "Cancel",
    submit: "Cancel the order",
    is_danger: true,
    flash: Flash::OFFICE_CANCELLED,
    entries: || {
        vec![
            Entry::new("reason", "Why", Way::Line { most: 500 })
                .hint("Whoever ordered reads this."),
            version_entry(),
        ]
    },
    consequences: |order, _| {
        vec![
            format!(
                "Order {} of {} is cancelled, with {}.",
                order.number,
                price::text(order.total),
                things(order)
            ),
            "Its goods return to the shelf, and anything that was charged goes back. This cannot be undone.".to_owned(),
        ]
    },
};

pub(super) fn version_entry() -> Entry {
    Entry::new("version", "The order", Way::Hidden)
}

fn things(order: &Order) -> String {
    let things = order
        .items
        .iter()
        .map(|item| format!("{} × {}", item.quantity, item.name));
    things.collect::<Vec<_>>().join(", ")
}

/// `GET /office/orders/{order}/ship`
pub(crate) async fn ask_to_ship(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    ask(&storefront, &staff, &id, &SHIP).await
}

/// `POST /office/orders/{order}/ship`
pub(crate) async fn ship(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    make(&storefront, &staff, &id, &typed, &SHIP).await
}

/// `GET /office/orders/{order}/deliver`
pub(crate) async fn ask_to_deliver(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    ask(&storefront, &staff, &id, &DELIVER).await
}

/// `POST /office/orders/{order}/deliver`
pub(crate) async fn deliver(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    make(&storefront, &staff, &id, &typed, &DELIVER).await
}

/// `GET /office/orders/{order}/cancel`
pub(crate) async fn ask_to_cancel(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    ask(&storefront, &staff, &id, &CANCEL).await
}

/// `POST /office/orders/{order}/cancel`
pub(crate) async fn cancel(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    make(&storefront, &staff, &id, &typed, &CANCEL).await
}

async fn ask(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
    change: &Change,
) -> Result<Response, Failure> {
    let order = find(storefront, staff, id).await?;
    let form = Form::filled(&inputs(&(change.entries)()), |name| match name {
        "version" => order.version.to_string(),
        _ => String::new(),
    });
    show(storefront, staff, &order, &form, change).await
}

async fn make(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
    typed: &Typed,
    change: &Change,
) -> Result<Response, Failure> {
    let order = find(storefront, staff, id).await?;
    let entries = (change.entries)();
    let mut form = Form::read(&inputs(&entries), typed);
    form.require(required(&entries).as_slice());
    if !form.is_refused() {
        let api = format!("/api/orders/{}/{}", order.id, change.name);
        let orders = &storefront.office().orders;
        let body = body(&form);
        match orders
            .change::<Value>(&staff.visit, Method::POST, &api, &body)
            .await
        {
            Ok(_) => {
                staff.visit.say(change.flash);
                return Ok(see_other(&path(&order.id)));
            }
            Err(error) => refused(&mut form, error)?,
        }
    }
    show(storefront, staff, &order, &form, change).await
}

fn required(entries: &[Entry]) -> Vec<&'static str> {
    entries.iter().filter_map(Entry::required_name).collect()
}

/// The fields that are not empty, with the version as a number.
pub(super) fn body(form: &Form) -> Value {
    let mut body = json!({});
    for name in ["carrier", "trackingNumber", "reason"] {
        if !form.text(name).is_empty() {
            body[name] = form.text(name).into();
        }
    }
    if let Ok(version) = form.text("version").parse::<i64>() {
        body["version"] = version.into();
    }
    body
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    form: &Form,
    change: &Change,
) -> Result<Response, Failure> {
    let own = path(&order.id);
    let trail = vec![Link::new("Orders", PATH), Link::new(&order.number, &own)];
    let frame = Frame::new(staff, PATH, trail, change.heading);
    let back = Link::new("Back without a change", &own);
    let action = format!("{own}/{}", change.name);
    let mut sheet = Sheet::new(frame, action, (change.entries)(), form, change.submit, back);
    for consequence in (change.consequences)(order, form) {
        sheet = sheet.saying(consequence);
    }
    if change.is_danger {
        sheet = sheet.danger();
    }
    sheet.show(storefront, form.is_refused()).await
}
