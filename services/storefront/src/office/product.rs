//! `GET /office/products/{product}`: a product with its variants, pictures and stock.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    answers::{Product, Shelf, Variant},
    details::DetailsPage,
    outcome::fail,
    parts::{Cell, Frame, Table},
    products::{self, path},
    staff::Staff,
    stock,
};
use crate::{
    Storefront,
    links::{self, Link},
    pages::failure::Failure,
    views::Picture,
};

#[derive(Debug, Deserialize)]
struct Shelves {
    items: Vec<Shelf>,
}

/// The product, archived or not, if whoever asks may see it here.
pub(super) async fn find(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
) -> Result<Product, Failure> {
    let id: contracts::ProductId = id
        .parse()
        .map_err(|_| Failure::NotFound("There is no such product."))?;
    let catalog = &storefront.office().catalog;
    let path = format!("/api/vendor/products/{id}");
    catalog.get(&staff.visit, &path).await.map_err(fail)
}

/// Where a page about a part of a product comes from.
pub(super) fn trail(product: &Product) -> Vec<Link> {
    vec![
        Link::new("Products", products::PATH),
        Link::new(&product.name, path(&product.id)),
    ]
}

/// `GET /office/products/{product}`
pub(crate) async fn product(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let product = find(&storefront, &staff, &id).await?;
    let stock_path = format!(
        "/api/inventory?limit=100&sort=name&productId={}",
        product.id
    );
    let inventory = &storefront.office().inventory;
    let shelves = inventory.get::<Shelves>(&staff.visit, &stock_path).await;
    let trail = vec![Link::new("Products", products::PATH)];
    let frame = Frame::new(&staff, products::PATH, trail, &product.name);
    let own = path(&product.id);
    let at = |rest: &str| format!("{own}/{rest}");
    let active = product.is_active();
    let mut page = DetailsPage::new(frame, &own)
        .fact("Status", products::status(&product.status))
        .fact("Price", Cell::money(product.price))
        .fact("Category", Cell::text(&product.category.name))
        .fact("Vendor", Cell::text(product.vendor.shown()))
        .fact("Summary", Cell::or_dash(Some(product.summary.clone())))
        .fact(
            "Description",
            Cell::or_dash(Some(product.description.clone())),
        )
        .maybe("Facts", Some(pairs(&product.attributes)))
        .fact("Version", Cell::number(product.version))
        .fact("Changed", Cell::time(product.updated_at))
        .pictures(pictures(&product))
        .section("Variants", variants(&product))
        .action(active, "Edit", at("edit"))
        .action(active, "Add a variant", at("variants/new"))
        .action(active, "Add a picture", at("pictures/new"))
        .action(
            active,
            "Receive stock",
            format!("/office/stock/receive?product={}", product.id),
        )
        .action(
            active,
            "See it in the shop",
            links::product_path(&product.slug),
        )
        .action(
            staff.is_admin,
            "What was changed",
            format!("/office/audit?service=catalog&subject={}", product.id),
        )
        .danger(active, "Archive", at("archive"));
    page = match shelves {
        Ok(shelves) => page.section("Stock", stock::table(&shelves.items)),
        Err(_) => page.message(
            "What is in stock cannot be shown right now. Load the page again in a moment.",
        ),
    };
    page.show(&storefront).await
}

fn pictures(product: &Product) -> Vec<Picture> {
    let picture = |image| Picture::new(image, &product.name);
    product.images.iter().map(picture).collect()
}

fn variants(product: &Product) -> Table {
    let row = |variant: &Variant| {
        let name = if product.is_active() {
            let path = format!("{}/variants/{}", path(&product.id), variant.id);
            Cell::link(&variant.name, path)
        } else {
            Cell::text(&variant.name)
        };
        vec![
            name,
            Cell::text(&variant.sku),
            Cell::money(variant.price),
            Cell::or_dash(Some(pairs(&variant.options))),
        ]
    };
    let table = Table::new(
        format!("Variants of {}", product.name),
        &["Variant", "SKU", "#Price", "Options"],
        "There is no variant.",
    );
    table.with(product.variants.iter().map(row))
}

/// `colour: Blue; size: M`, as forms take it too.
pub(super) fn pairs(pairs: &std::collections::BTreeMap<String, String>) -> String {
    let pairs = pairs.iter().map(|(key, value)| format!("{key}: {value}"));
    pairs.collect::<Vec<_>>().join("; ")
}
