//! `POST /api/products/{product}/images`: a vendor shows what they sell.
//!
//! The picture is stored in the bucket before the transaction begins: a row never names an object that is not there. An
//! object that no row names, because something failed in between, is found again by the next upload of the same picture.

use axum::{
    body::Bytes,
    extract::{Path, State as FromState, rejection::BytesRejection},
    http::StatusCode,
};
use chassis::{
    Json, Problem,
    auth::Vendor,
    problem::{PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE},
};
use sha2::{Digest as _, Sha256};

use super::{
    audited,
    body::{ProblemBody, ProductBody},
    get_product,
    update_product::own,
};
use crate::{
    assembly::State,
    db,
    domain::product::Picture,
    events,
    pictures::{Pictures, Refusal, Scaled, scale},
    problems::{PICTURE_REFUSED, TOO_MANY_PICTURES},
};

/// Longest upload.
pub(super) const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Pictures that a product may have.
const MAX_PICTURES: i64 = 12;

/// Add a picture to a product.
///
/// The body is the file itself. It is decoded, scaled to 320, 640 and 1280 pixels in width, and encoded again. The same
/// file again changes nothing.
#[utoipa::path(
    post,
    path = "/api/products/{product}/images",
    tag = "products",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("product" = String, Path, description = "Its id or its slug.")),
    request_body(content = Vec<u8>, content_type = "image/png", description = "PNG, JPEG or WebP, at most 10 MiB and 8000 pixels on a side"),
    responses(
        (status = 201, description = "The product with its pictures", body = ProductBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such product", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The product has twelve pictures already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The file is larger than 10 MiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Neither PNG nor JPEG nor WebP", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Too many pixels, or broken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn upload_picture(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    Path(product): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<ProductBody>), Problem> {
    let bytes = body.map_err(|rejection| unreadable(&rejection))?;
    authorise(&state, principal, &product).await?;
    let digest = hex::encode(Sha256::digest(&bytes));
    let picture = counted(&state, make(&state.pictures, bytes).await)?;

    let mut tx = state.database.begin().await?;
    let product = own(&mut tx, principal, &product).await?;
    let before = get_product::load(&mut tx, product).await?;
    db::pictures::upsert(&mut tx, &digest, &picture).await?;
    let is_new = db::pictures::attach(&mut tx, before.id, &digest, "").await?;
    if is_new && db::pictures::count(&mut tx, before.id).await? > MAX_PICTURES {
        return Err(Problem::new(
            &TOO_MANY_PICTURES,
            format!("A product may have {MAX_PICTURES} pictures."),
        ));
    }
    let mut product = get_product::load(&mut tx, before.clone()).await?;
    if is_new {
        product.revise(db::products::touch(&mut tx, product.id).await?);
        events::publish_updated(&mut tx, &product).await?;
        audited::record(
            &mut tx,
            principal,
            "upload_picture",
            Some(&before),
            &product,
        )
        .await?;
    }
    tx.commit().await?;
    state.changed();
    Ok((
        StatusCode::CREATED,
        Json(ProductBody::new(product, &state.pictures)),
    ))
}

/// Before a core is spent on the picture, in a transaction that is over before that.
async fn authorise(
    state: &State,
    principal: chassis::auth::Principal,
    product: &str,
) -> Result<(), Problem> {
    let mut tx = state.database.begin().await?;
    own(&mut tx, principal, product).await?;
    tx.rollback().await?;
    Ok(())
}

/// Scales the picture on a thread of its own and stores the three sizes.
async fn make(pictures: &Pictures, bytes: Bytes) -> Result<Picture, Problem> {
    let _turn = pictures
        .decoding
        .acquire()
        .await
        .map_err(Problem::internal)?;
    let scaled = tokio::task::spawn_blocking(move || scale(&bytes))
        .await
        .map_err(Problem::internal)?;
    let Scaled {
        renditions,
        width,
        height,
    } = scaled.map_err(|refusal| refused(&refusal))?;
    for rendition in &renditions {
        let stored = pictures.store.put(rendition).await;
        stored.map_err(|error| {
            Problem::unavailable("The picture cannot be stored right now.", error)
        })?;
    }
    let [small, medium, large] = renditions.map(|rendition| rendition.key);
    let pixels = |side: u32| i32::try_from(side).expect("BUG: sides are bounded by 8000");
    Ok(Picture {
        small,
        medium,
        large,
        width: pixels(width),
        height: pixels(height),
        alt: String::new(),
    })
}

fn counted(state: &State, outcome: Result<Picture, Problem>) -> Result<Picture, Problem> {
    let label = match &outcome {
        Ok(_) => "stored",
        Err(problem) if problem.kind.status().is_client_error() => "refused",
        Err(_) => "failed",
    };
    state.metrics.pictures.with_label_values(&[label]).inc();
    outcome
}

fn refused(refusal: &Refusal) -> Problem {
    let kind = match refusal {
        Refusal::UnknownFormat => &UNSUPPORTED_MEDIA_TYPE,
        Refusal::TooLarge { .. } | Refusal::Broken(_) => &PICTURE_REFUSED,
    };
    Problem {
        source: None,
        ..Problem::new(kind, format!("The picture is not taken: {refusal}."))
    }
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            &PAYLOAD_TOO_LARGE,
            format!("A picture may have {} MiB.", MAX_BYTES / 1024 / 1024),
        );
    }
    Problem::new(&PICTURE_REFUSED, "The upload broke off before its end.")
}
