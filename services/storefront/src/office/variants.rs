//! `/office/products/{product}/variants/…`: the forms in which a product is sold.

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    answers::{Product, Variant},
    outcome::refused,
    parts::Frame,
    product::{self, trail},
    product_changes::version,
    product_form::{amount, pairs},
    products::{PATH, path},
    sheet::{Entry, Sheet, Way, inputs},
    staff::Staff,
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Typed},
    links::Link,
    pages::failure::Failure,
    session::see_other,
};

const NO_SUCH_VARIANT: Failure = Failure::NotFound("The product has no such variant.");

fn shared_entries() -> Vec<Entry> {
    vec![
        Entry::new("name", "Name", Way::Line { most: 120 }),
        Entry::new("price", "Price in euros", Way::Amount)
            .optional()
            .hint("Empty: it costs what the product costs."),
        Entry::new("options", "Options", Way::Text { most: 2000 })
            .optional()
            .hint("What distinguishes it, one on each line, such as “colour: Blue”."),
    ]
}

fn new_entries() -> Vec<Entry> {
    let mut entries = shared_entries();
    let sku = Entry::new("sku", "SKU", Way::Line { most: 64 })
        .hint("The stock keeping unit, unique in the shop. It cannot be changed later.");
    entries.insert(0, sku);
    entries
}

fn change_entries() -> Vec<Entry> {
    let mut entries = shared_entries();
    entries.push(Entry::new("version", "The product", Way::Hidden));
    entries
}

/// `GET /office/products/{product}/variants/new`
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let form = Form::empty(&inputs(&new_entries()));
    show(&storefront, &staff, &product, None, &form).await
}

/// `POST /office/products/{product}/variants/new`
pub(crate) async fn add(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let mut form = Form::read(&inputs(&new_entries()), &typed);
    form.require(&["sku"]);
    if let Some(mut body) = body(&mut form) {
        body["sku"] = form.text("sku").into();
        let api = format!("/api/products/{}/variants", product.id);
        let catalog = &storefront.office().catalog;
        let added = catalog
            .change::<Value>(&staff.visit, Method::POST, &api, &body)
            .await;
        match added {
            Ok(_) => return Ok(done(&staff, &product)),
            Err(error) => refused(&mut form, error)?,
        }
    }
    show(&storefront, &staff, &product, None, &form).await
}

/// `GET /office/products/{product}/variants/{variant}`
pub(crate) async fn ask_for_change(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path((id, variant)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let known = find(&product, &variant)?;
    let form = Form::filled(&inputs(&change_entries()), |name| match name {
        "name" => known.name.clone(),
        "price" if known.price != product.price => known.price.amount(),
        "options" => product::pairs(&known.options).replace("; ", "\n"),
        "version" => product.version.to_string(),
        _ => String::new(),
    });
    show(&storefront, &staff, &product, Some(known), &form).await
}

/// `POST /office/products/{product}/variants/{variant}`
pub(crate) async fn change(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path((id, variant)): Path<(String, String)>,
    typed: Typed,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let known = find(&product, &variant)?;
    let mut form = Form::read(&inputs(&change_entries()), &typed);
    if let Some(mut body) = body(&mut form) {
        body["version"] = version(&form);
        let api = format!("/api/products/{}/variants/{}", product.id, known.id);
        let catalog = &storefront.office().catalog;
        let changed = catalog
            .change::<Value>(&staff.visit, Method::PUT, &api, &body)
            .await;
        match changed {
            Ok(_) => return Ok(done(&staff, &product)),
            Err(error) => refused(&mut form, error)?,
        }
    }
    show(&storefront, &staff, &product, Some(known), &form).await
}

fn find<'p>(product: &'p Product, id: &str) -> Result<&'p Variant, Failure> {
    let found = product.variants.iter().find(|variant| variant.id == id);
    found.ok_or(NO_SUCH_VARIANT)
}

fn body(form: &mut Form) -> Option<Value> {
    form.require(&["name"]);
    let price = amount(form, "price");
    let options = pairs(form, "options");
    if form.is_refused() {
        return None;
    }
    let mut body = json!({ "name": form.text("name"), "options": options });
    if !price.is_empty() {
        body["price"] = price.into();
    }
    Some(body)
}

fn done(staff: &Staff, product: &Product) -> Response {
    staff.visit.say(Flash::OFFICE_SAVED);
    see_other(&path(&product.id))
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    product: &Product,
    variant: Option<&Variant>,
    form: &Form,
) -> Result<Response, Failure> {
    let own = path(&product.id);
    let (heading, action, entries) = match variant {
        None => (
            "Add a variant".to_owned(),
            format!("{own}/variants/new"),
            new_entries(),
        ),
        Some(variant) => (
            format!("Variant {}", variant.sku),
            format!("{own}/variants/{}", variant.id),
            change_entries(),
        ),
    };
    let frame = Frame::new(staff, PATH, trail(product), &heading);
    let back = Link::new("Back without a change", &own);
    Sheet::new(frame, action, entries, form, "Save", back)
        .show(storefront, form.is_refused())
        .await
}
