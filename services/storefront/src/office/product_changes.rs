//! `/office/products/{product}/edit` and `/archive`: a product changes, or leaves the shop.

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    answers::Product,
    categories,
    outcome::{fail, refused},
    parts::Frame,
    product::{self, trail},
    product_form::{body, entries},
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

/// `GET /office/products/{product}/edit`
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let entries = change_entries(&storefront, &staff).await?;
    let form = Form::filled(&inputs(&entries), |name| value(&product, name));
    show(&storefront, &staff, &product, entries, &form).await
}

/// `POST /office/products/{product}/edit`
pub(crate) async fn change(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let entries = change_entries(&storefront, &staff).await?;
    let mut form = Form::read(&inputs(&entries), &typed);
    if let Some(mut body) = body(&mut form) {
        // Empty means empty here, and not that the first sentence shall be taken.
        body["summary"] = form.text("summary").into();
        body["version"] = version(&form);
        let api = format!("/api/products/{}", product.id);
        let catalog = &storefront.office().catalog;
        let changed = catalog
            .change::<Product>(&staff.visit, Method::PATCH, &api, &body)
            .await;
        match changed {
            Ok(product) => {
                staff.visit.say(Flash::OFFICE_SAVED);
                return Ok(see_other(&path(&product.id)));
            }
            Err(error) => refused(&mut form, error)?,
        }
    }
    show(&storefront, &staff, &product, entries, &form).await
}

/// The version that a form was made from; what is no number is refused by the service.
pub(super) fn version(form: &Form) -> Value {
    form.text("version").parse::<i64>().unwrap_or(0).into()
}

async fn change_entries(storefront: &Storefront, staff: &Staff) -> Result<Vec<Entry>, Failure> {
    let mut entries = entries(categories::all(storefront, staff).await?);
    entries.push(Entry::new("version", "The product", Way::Hidden));
    Ok(entries)
}

fn value(product: &Product, name: &str) -> String {
    match name {
        "name" => product.name.clone(),
        "category" => product.category.slug.clone(),
        "price" => product.price.amount(),
        "summary" => product.summary.clone(),
        "description" => product.description.clone(),
        "attributes" => product::pairs(&product.attributes).replace("; ", "\n"),
        "version" => product.version.to_string(),
        _ => String::new(),
    }
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    product: &Product,
    entries: Vec<Entry>,
    form: &Form,
) -> Result<Response, Failure> {
    let frame = Frame::new(staff, PATH, trail(product), "Edit");
    let own = path(&product.id);
    let back = Link::new("Back without a change", &own);
    Sheet::new(frame, format!("{own}/edit"), entries, form, "Save", back)
        .show(storefront, form.is_refused())
        .await
}

/// `GET /office/products/{product}/archive`
pub(crate) async fn ask_to_archive(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    show_archive(&storefront, &staff, &product, &Form::empty(&[])).await
}

/// `POST /office/products/{product}/archive`
pub(crate) async fn archive(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let api = format!("/api/products/{}", product.id);
    let catalog = &storefront.office().catalog;
    let archived = catalog
        .change::<Value>(&staff.visit, Method::DELETE, &api, &json!({}))
        .await;
    archived.map_err(fail)?;
    staff.visit.say(Flash::OFFICE_ARCHIVED);
    Ok(see_other(&path(&product.id)))
}

async fn show_archive(
    storefront: &Storefront,
    staff: &Staff,
    product: &Product,
    form: &Form,
) -> Result<Response, Failure> {
    let frame = Frame::new(staff, PATH, trail(product), "Archive");
    let own = path(&product.id);
    let back = Link::new("Keep it in the shop", &own);
    let variants = product.variants.len();
    let variants = match variants {
        1 => "its one variant".to_owned(),
        more => format!("all of its {more} variants"),
    };
    Sheet::new(
        frame,
        format!("{own}/archive"),
        Vec::new(),
        form,
        "Archive it",
        back,
    )
    .saying(format!(
        "“{}” leaves the shop, with {variants}. Nobody can buy it any more.",
        product.name
    ))
    .saying("This cannot be undone. Orders that hold it keep it.")
    .danger()
    .show(storefront, false)
    .await
}
