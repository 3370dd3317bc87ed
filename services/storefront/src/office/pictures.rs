//! `GET` and `POST /office/products/{product}/pictures/new`: a product is shown as it looks.
//!
//! The file goes through to the catalogue, which looks at what it really is, bounds it, scales it and keeps it.

use axum::{
    body::Bytes,
    extract::{FromRequest as _, Multipart, Path, Request, State},
    http::Method,
    response::Response,
};
use serde_json::Value;

use super::{
    answers::Product,
    outcome::refused,
    parts::Frame,
    product::{self, trail},
    products::{PATH, path},
    sheet::{Entry, Sheet, Way, inputs},
    staff::Staff,
};
use crate::{
    Storefront, flash::Flash, form::Form, links::Link, pages::failure::Failure, services::Question,
    session::see_other,
};

/// A picture of 10 MiB, and what a form puts around it.
pub(crate) const MOST_BYTES: usize = 11 * 1024 * 1024;

fn entries() -> Vec<Entry> {
    let accept = "image/png,image/jpeg,image/webp";
    vec![
        Entry::new("picture", "Picture", Way::File { accept })
            .hint("PNG, JPEG or WebP, at most 10 MiB and 8000 pixels on a side."),
    ]
}

/// `GET /office/products/{product}/pictures/new`
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    show(
        &storefront,
        &staff,
        &product,
        &Form::empty(&inputs(&entries())),
    )
    .await
}

/// `POST /office/products/{product}/pictures/new`
pub(crate) async fn add(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let product = product::find(&storefront, &staff, &id).await?;
    let mut form = Form::empty(&inputs(&entries()));
    match file(request).await? {
        Some(bytes) => {
            let api = format!("/api/products/{}/images", product.id);
            let question = Question::new(Method::POST, &api).with_file(bytes);
            let catalog = &storefront.office().catalog;
            match catalog.ask::<Value>(&staff.visit, question).await {
                Ok(_) => {
                    staff.visit.say(Flash::OFFICE_PICTURE);
                    return Ok(see_other(&path(&product.id)));
                }
                Err(error) => refused(&mut form, error)?,
            }
        }
        None => form.refuse("picture", "must be chosen"),
    }
    show(&storefront, &staff, &product, &form).await
}

/// The file of the form; none where nobody chose one.
async fn file(request: Request) -> Result<Option<Bytes>, Failure> {
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| Failure::NotAForm)?;
    while let Some(part) = parts.next_field().await.map_err(|_| Failure::NotAForm)? {
        if part.name() == Some("picture") {
            let bytes = part.bytes().await.map_err(|_| Failure::NotAForm)?;
            return Ok((!bytes.is_empty()).then_some(bytes));
        }
    }
    Ok(None)
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    product: &Product,
    form: &Form,
) -> Result<Response, Failure> {
    let own = path(&product.id);
    let frame = Frame::new(staff, PATH, trail(product), "Add a picture");
    let back = Link::new("Back without a picture", &own);
    let action = format!("{own}/pictures/new");
    Sheet::new(frame, action, entries(), form, "Upload", back)
        .show(storefront, form.is_refused())
        .await
}
