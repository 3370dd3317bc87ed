//! `/office/orders/{order}/refund` and `/retry-payment`: money goes back, or a payment is looked at again.

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answers::Order,
    order::find,
    order_changes::{body, version_entry},
    orders::{PATH, path},
    outcome::refused,
    parts::Frame,
    product_form::amount,
    sheet::{Entry, Sheet, Way, inputs},
    staff::{Admin, Staff},
    stock_changes::{key, key_entry},
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Typed},
    links::Link,
    pages::failure::Failure,
    price,
    services::{Error, Question},
    session::see_other,
};

fn refund_entries() -> Vec<Entry> {
    vec![
        Entry::new("amount", "Amount", Way::Amount)
            .optional()
            .hint("Empty: all that is left of what was paid."),
        Entry::new("reason", "Why", Way::Line { most: 500 }).hint("Whoever ordered reads this."),
        version_entry(),
        key_entry(),
    ]
}

/// The same fields, to be looked at once more instead of filled in.
fn settled_entries() -> Vec<Entry> {
    let hidden = |name| Entry::new(name, "The refund", Way::Hidden);
    ["amount", "reason", "version", "key", "confirmed"]
        .map(hidden)
        .into()
}

/// `GET /office/orders/{order}/refund`
pub(crate) async fn ask_to_refund(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &staff, &id).await?;
    let form = Form::filled(&inputs(&refund_entries()), |name| match name {
        "version" => order.version.to_string(),
        "key" => Uuid::new_v4().to_string(),
        _ => String::new(),
    });
    show_refund(&storefront, &staff, &order, &form).await
}

/// `POST /office/orders/{order}/refund`: first the form, which leads to a page that says what goes back; then that page.
pub(crate) async fn refund(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let order = find(&storefront, &staff, &id).await?;
    let mut form = Form::read(&inputs(&refund_entries()), &typed);
    form.require(&["reason"]);
    let amount = amount(&mut form, "amount");
    if form.is_refused() {
        return show_refund(&storefront, &staff, &order, &form).await;
    }
    if typed.text("confirmed") != "yes" {
        return confirm_refund(&storefront, &staff, &order, &form, &amount).await;
    }
    match give_back(&storefront, &staff, &order, &form, &amount).await {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_REFUNDED);
            Ok(see_other(&path(&order.id)))
        }
        Err(error) => {
            refused(&mut form, error)?;
            show_refund(&storefront, &staff, &order, &form).await
        }
    }
}

async fn give_back(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    form: &Form,
    amount: &str,
) -> Result<Value, Error> {
    let mut body = body(form);
    if !amount.is_empty() {
        body["amount"] = amount.into();
    }
    let api = format!("/api/orders/{}/refunds", order.id);
    let (name, value) = key(form);
    let question = Question::new(Method::POST, &api)
        .with(&body)
        .header(name, value);
    storefront.office().orders.ask(&staff.visit, question).await
}

async fn show_refund(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    form: &Form,
) -> Result<Response, Failure> {
    refund_sheet(staff, order, form, refund_entries(), "Go on")
        .saying(paid(order))
        .show(storefront, form.is_refused())
        .await
}

async fn confirm_refund(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    form: &Form,
    amount: &str,
) -> Result<Response, Failure> {
    let entries = settled_entries();
    let settled = Form::filled(&inputs(&entries), |name| match name {
        "confirmed" => "yes".to_owned(),
        "amount" => amount.to_owned(),
        other => form.text(other).to_owned(),
    });
    let what = match contracts::Money::parse(amount, order.total.currency) {
        Ok(money) => price::text(money),
        Err(_) => "All that is left of what was paid".to_owned(),
    };
    let reason = form.text("reason");
    refund_sheet(staff, order, &settled, entries, "Give the money back")
        .saying(format!("{what} of order {} goes back. The reason given is: {reason}.", order.number))
        .saying("This cannot be undone. Giving all of it back ends an order that has not been sent, and its goods return to the shelf.")
        .danger()
        .show(storefront, false)
        .await
}

fn paid(order: &Order) -> String {
    let refunded = order.refunded.filter(|refunded| refunded.minor > 0);
    let gone = refunded.map_or(String::new(), |refunded| {
        format!(", of which {} went back already", price::text(refunded))
    });
    format!(
        "Order {} costs {}{gone}.",
        order.number,
        price::text(order.total)
    )
}

fn refund_sheet(
    staff: &Staff,
    order: &Order,
    form: &Form,
    entries: Vec<Entry>,
    submit: &'static str,
) -> Sheet {
    let own = path(&order.id);
    let trail = vec![Link::new("Orders", PATH), Link::new(&order.number, &own)];
    let frame = Frame::new(staff, PATH, trail, "Refund");
    let back = Link::new("Back without a refund", &own);
    Sheet::new(frame, format!("{own}/refund"), entries, form, submit, back)
}

/// `GET /office/orders/{order}/retry-payment`
pub(crate) async fn ask_to_retry_payment(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &staff, &id).await?;
    show_retry(&storefront, &staff, &order, &Form::empty(&[])).await
}

/// `POST /office/orders/{order}/retry-payment`
pub(crate) async fn retry_payment(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&storefront, &staff, &id).await?;
    let api = format!("/api/payments/{}/retry", order.id);
    let payments = &storefront.office().payments;
    match payments
        .change::<Value>(&staff.visit, Method::POST, &api, &json!({}))
        .await
    {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_PAYMENT);
            Ok(see_other(&path(&order.id)))
        }
        Err(error) => {
            let mut form = Form::empty(&[]);
            refused(&mut form, error)?;
            show_retry(&storefront, &staff, &order, &form).await
        }
    }
}

async fn show_retry(
    storefront: &Storefront,
    staff: &Staff,
    order: &Order,
    form: &Form,
) -> Result<Response, Failure> {
    let own = path(&order.id);
    let trail = vec![Link::new("Orders", PATH), Link::new(&order.number, &own)];
    let frame = Frame::new(staff, PATH, trail, "Look at the payment again");
    let back = Link::new("Back without a change", &own);
    let action = format!("{own}/retry-payment");
    Sheet::new(frame, action, Vec::new(), form, "Look at it again", back)
        .saying(format!(
            "The payment of order {} is looked up at the provider and goes on from there.",
            order.number
        ))
        .saying("A payment that has ended is not charged again.")
        .show(storefront, form.is_refused())
        .await
}
