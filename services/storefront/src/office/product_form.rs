//! `GET` and `POST /office/products/new`: something new to sell; and the fields that a change has too.

use std::collections::BTreeMap;

use axum::{extract::State, http::Method, response::Response};
use serde_json::{Value, json};

use super::{
    answers::Product,
    categories,
    outcome::refused,
    parts::{Choice, Frame},
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

/// What can be said of a product.
pub(super) fn entries(categories: Vec<Choice>) -> Vec<Entry> {
    vec![
        Entry::new("name", "Name", Way::Line { most: 200 }),
        Entry::new(
            "category",
            "Category",
            Way::Choice {
                choices: categories,
            },
        ),
        Entry::new("price", "Price in euros", Way::Amount)
            .hint("Such as 19.90. A variant may have a price of its own."),
        Entry::new("summary", "Summary", Way::Line { most: 300 })
            .optional()
            .hint("One line for a card; the description's first sentence unless given."),
        Entry::new("description", "Description", Way::Text { most: 10_000 }).optional(),
        Entry::new("attributes", "Facts", Way::Text { most: 4000 })
            .optional()
            .hint("One on each line, such as “material: Stoneware”."),
    ]
}

/// `GET /office/products/new`
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    staff: Staff,
) -> Result<Response, Failure> {
    let entries = entries(categories::all(&storefront, &staff).await?);
    let form = Form::empty(&inputs(&entries));
    show(&storefront, &staff, entries, &form).await
}

/// `POST /office/products/new`
pub(crate) async fn create(
    State(storefront): State<Storefront>,
    staff: Staff,
    typed: Typed,
) -> Result<Response, Failure> {
    let entries = entries(categories::all(&storefront, &staff).await?);
    let mut form = Form::read(&inputs(&entries), &typed);
    if let Some(body) = body(&mut form) {
        let catalog = &storefront.office().catalog;
        let created = catalog
            .change::<Product>(&staff.visit, Method::POST, "/api/products", &body)
            .await;
        match created {
            Ok(product) => {
                staff.visit.say(Flash::OFFICE_CREATED);
                return Ok(see_other(&path(&product.id)));
            }
            Err(error) => refused(&mut form, error)?,
        }
    }
    show(&storefront, &staff, entries, &form).await
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    entries: Vec<Entry>,
    form: &Form,
) -> Result<Response, Failure> {
    let frame = Frame::new(
        staff,
        PATH,
        vec![Link::new("Products", PATH)],
        "Add a product",
    );
    let back = Link::new("Back to the products", PATH);
    Sheet::new(
        frame,
        "/office/products/new",
        entries,
        form,
        "Add the product",
        back,
    )
    .show(storefront, form.is_refused())
    .await
}

/// The form as the catalogue takes it, or none where something in it is wrong.
pub(super) fn body(form: &mut Form) -> Option<Value> {
    form.require(&["name", "category", "price"]);
    let price = amount(form, "price");
    let attributes = pairs(form, "attributes");
    if form.is_refused() {
        return None;
    }
    let mut body = json!({
        "name": form.text("name"),
        "category": form.text("category"),
        "price": price,
        "description": form.text("description"),
        "attributes": attributes,
    });
    if !form.text("summary").is_empty() {
        body["summary"] = form.text("summary").into();
    }
    Some(body)
}

/// A decimal amount as services take it; a comma is a point, and a sign of the euro is left out.
pub(super) fn amount(form: &mut Form, name: &str) -> String {
    let text = form.text(name).to_owned();
    if text.is_empty() {
        return text;
    }
    if let Ok(money) = crate::price::read_euros(&text) {
        money.amount()
    } else {
        form.refuse(name, "must be an amount such as 20 or 19.90");
        String::new()
    }
}

/// `key: value`, one on each line or behind a semicolon.
pub(super) fn pairs(form: &mut Form, name: &str) -> BTreeMap<String, String> {
    let text = form.text(name).to_owned();
    let mut pairs = BTreeMap::new();
    for line in text
        .split(['\n', ';'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        match line.split_once(':') {
            Some((key, value)) => {
                let key = key.trim().to_lowercase().replace(' ', "-");
                pairs.insert(key, value.trim().to_owned());
            }
            None => form.refuse(name, "must be written as “key: value”, one on each line"),
        }
    }
    pairs
}
