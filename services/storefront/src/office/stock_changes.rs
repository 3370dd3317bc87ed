//! `/office/stock/receive` and `/office/stock/{stock}/correct`: units come, or turn out to be others than was thought. Each
//! form carries a key of its own: sent twice, it is done once.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderName, HeaderValue, Method},
    response::Response,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answers::{Product, Shelf},
    outcome::refused,
    parts::{Choice, Frame},
    product,
    query::Query,
    sheet::{Entry, Sheet, Way, inputs},
    staff::Staff,
    stock::{self, PATH, path},
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Typed},
    links::Link,
    pages::failure::Failure,
    services::Question,
    session::see_other,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A form's own key, as a header; one that nobody could have got from us is replaced.
pub(super) fn key(form: &Form) -> (HeaderName, HeaderValue) {
    let key = form.text("key").parse().unwrap_or_else(|_| Uuid::new_v4());
    let value = HeaderValue::try_from(key.to_string()).expect("BUG: an id is ASCII");
    (IDEMPOTENCY_KEY, value)
}

/// The field that carries it.
pub(super) fn key_entry() -> Entry {
    Entry::new("key", "The form", Way::Hidden)
}

fn receive_entries(product: &Product) -> Vec<Entry> {
    let choices = product.variants.iter().map(|variant| {
        let name = format!("{} · {}", variant.sku, variant.name);
        Choice::new(&variant.id, name)
    });
    let choices = choices.collect();
    vec![
        Entry::new("product", "Product", Way::Hidden),
        Entry::new("variantId", "Variant", Way::Choice { choices }),
        Entry::new("warehouseLocation", "Warehouse", Way::Line { most: 80 }),
        Entry::new("quantity", "Units", Way::Number)
            .hint("They are added to what lies there already."),
        Entry::new("reason", "Where they come from", Way::Line { most: 200 })
            .hint("For the ledger, such as “Delivery 4711”."),
        Entry::new("lowStockThreshold", "Low at", Way::Number)
            .optional()
            .hint("At so many units to sell or fewer you are told. Empty: as it was."),
        key_entry(),
    ]
}

/// `GET /office/stock/receive`
pub(crate) async fn ask_to_receive(
    State(storefront): State<Storefront>,
    staff: Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), &["product", "variant", "warehouse"]);
    let product = product::find(&storefront, &staff, query.text("product")).await?;
    let form = Form::filled(&inputs(&receive_entries(&product)), |name| match name {
        "product" => product.id.clone(),
        "variantId" => query.text("variant").to_owned(),
        "warehouseLocation" => query.text("warehouse").to_owned(),
        "key" => Uuid::new_v4().to_string(),
        _ => String::new(),
    });
    show_receive(&storefront, &staff, &product, &form).await
}

/// `POST /office/stock/receive`
pub(crate) async fn receive(
    State(storefront): State<Storefront>,
    staff: Staff,
    typed: Typed,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, typed.text("product")).await?;
    let mut form = Form::read(&inputs(&receive_entries(&product)), &typed);
    form.require(&["variantId", "warehouseLocation", "quantity", "reason"]);
    let quantity = number(&mut form, "quantity");
    let threshold = number(&mut form, "lowStockThreshold");
    if !form.is_refused() {
        let mut body = json!({
            "productId": product.id,
            "variantId": form.text("variantId"),
            "warehouseLocation": form.text("warehouseLocation"),
            "quantity": quantity,
            "reason": form.text("reason"),
        });
        if let Some(threshold) = threshold {
            body["lowStockThreshold"] = threshold.into();
        }
        match post(&storefront, &staff, "/api/inventory", &body, &form).await {
            Ok(shelf) => return Ok(done(&staff, &shelf)),
            Err(error) => refused(&mut form, error)?,
        }
    }
    show_receive(&storefront, &staff, &product, &form).await
}

async fn show_receive(
    storefront: &Storefront,
    staff: &Staff,
    product: &Product,
    form: &Form,
) -> Result<Response, Failure> {
    let frame = Frame::new(staff, PATH, product::trail(product), "Receive stock");
    let back = Link::new("Back without a change", super::products::path(&product.id));
    let entries = receive_entries(product);
    Sheet::new(
        frame,
        "/office/stock/receive",
        entries,
        form,
        "Put them on the shelf",
        back,
    )
    .show(storefront, form.is_refused())
    .await
}

fn correct_entries() -> Vec<Entry> {
    vec![
        Entry::new("delta", "Units more or fewer", Way::Number)
            .hint("Such as -2 when two broke, or 5 when five were found."),
        Entry::new("reason", "Why", Way::Line { most: 200 }).hint("For the ledger."),
        key_entry(),
    ]
}

/// `GET /office/stock/{stock}/correct`
pub(crate) async fn ask_to_correct(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let shelf = stock::find(&storefront, &staff, &id, &Query::default())
        .await?
        .stock;
    let form = Form::filled(&inputs(&correct_entries()), |name| match name {
        "key" => Uuid::new_v4().to_string(),
        _ => String::new(),
    });
    show_correct(&storefront, &staff, &shelf, &form).await
}

/// `POST /office/stock/{stock}/correct`
pub(crate) async fn correct(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let shelf = stock::find(&storefront, &staff, &id, &Query::default())
        .await?
        .stock;
    let mut form = Form::read(&inputs(&correct_entries()), &typed);
    form.require(&["delta", "reason"]);
    let delta = number(&mut form, "delta");
    if !form.is_refused() {
        let api = format!("/api/inventory/{}/adjustments", shelf.id);
        let body = json!({ "delta": delta, "reason": form.text("reason") });
        match post(&storefront, &staff, &api, &body, &form).await {
            Ok(shelf) => return Ok(done(&staff, &shelf)),
            Err(error) => refused(&mut form, error)?,
        }
    }
    show_correct(&storefront, &staff, &shelf, &form).await
}

async fn show_correct(
    storefront: &Storefront,
    staff: &Staff,
    shelf: &Shelf,
    form: &Form,
) -> Result<Response, Failure> {
    let own = path(&shelf.id);
    let name = format!("{} in {}", shelf.sku, shelf.warehouse_location);
    let trail = vec![Link::new("Stock", PATH), Link::new(&name, &own)];
    let frame = Frame::new(staff, PATH, trail, "Correct");
    let back = Link::new("Back without a change", &own);
    let entries = correct_entries();
    Sheet::new(frame, format!("{own}/correct"), entries, form, "Correct the stock", back)
        .saying(format!(
            "{} units of “{}” lie in {}, {} of them reserved for orders. What is reserved cannot be taken away.",
            shelf.on_hand, shelf.product_name, shelf.warehouse_location, shelf.reserved
        ))
        .show(storefront, form.is_refused())
        .await
}

async fn post(
    storefront: &Storefront,
    staff: &Staff,
    api: &str,
    body: &Value,
    form: &Form,
) -> Result<Shelf, crate::services::Error> {
    let (name, value) = key(form);
    let question = Question::new(Method::POST, api)
        .with(body)
        .header(name, value);
    storefront
        .office()
        .inventory
        .ask(&staff.visit, question)
        .await
}

fn done(staff: &Staff, shelf: &Shelf) -> Response {
    staff.visit.say(Flash::OFFICE_STOCK);
    see_other(&path(&shelf.id))
}

/// A whole number; none where the field is empty.
fn number(form: &mut Form, name: &str) -> Option<i64> {
    let text = form.text(name).replace('−', "-");
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        form.refuse(name, "must be a whole number");
    }
    number
}
