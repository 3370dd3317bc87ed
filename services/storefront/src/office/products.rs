//! `GET /office/products`: what somebody sells, or for admins what everybody does.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};

use super::{
    answers::ListedProduct,
    categories,
    list::{ListPage, Listed},
    parts::{Cell, FilterField, Frame, Table, Tone, choices},
    query::Query,
    staff::Staff,
};
use crate::{Storefront, links::Link, pages::failure::Failure};

pub(super) const PATH: &str = "/office/products";
const PARAMETERS: &[&str] = &["q", "category", "status", "sort", "after"];

/// `GET /office/products`
pub(crate) async fn products(
    State(storefront): State<Storefront>,
    staff: Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), PARAMETERS);
    let catalog = &storefront.office().catalog;
    let listed = Listed::ask(catalog, &staff, "/api/vendor/products?limit=25", &query).await?;
    let mut categories = categories::all(&storefront, &staff).await?;
    categories.insert(0, super::parts::Choice::new("", "Every category"));
    let heading = if staff.is_admin {
        "All products"
    } else {
        "Your products"
    };
    let frame = Frame::new(&staff, PATH, Vec::new(), heading);
    let table = Table::new(
        heading,
        &[
            "Product",
            "Category",
            "#Price",
            "#Variants",
            "Status",
            "Vendor",
            "Changed",
        ],
        "No product matches. Clear the filters, or add a product.",
    );
    ListPage::new(
        frame,
        PATH,
        &query,
        &listed,
        table.with(listed.items.iter().map(row)),
    )
    .filters(vec![
        FilterField::typed(&query, "q", "Name or SKU"),
        FilterField::chosen(&query, "category", "Category", categories),
        FilterField::chosen(
            &query,
            "status",
            "Status",
            choices(&[
                ("", "Every status"),
                ("active", "In the shop"),
                ("archived", "Archived"),
            ]),
        ),
        FilterField::chosen(
            &query,
            "sort",
            "Order",
            choices(&[
                ("", "Newest first"),
                ("name", "By name"),
                ("price", "Cheapest first"),
                ("-price", "Dearest first"),
            ]),
        ),
    ])
    .action(Link::new("Add a product", "/office/products/new"))
    .show(&storefront)
    .await
}

fn row(product: &ListedProduct) -> Vec<Cell> {
    vec![
        Cell::link(&product.name, path(&product.id)),
        Cell::text(&product.category.name),
        Cell::money(product.price),
        Cell::number(product.variants),
        status(&product.status),
        Cell::text(product.vendor.shown()),
        Cell::time(product.updated_at),
    ]
}

/// A product's status as a badge.
pub(super) fn status(status: &str) -> Cell {
    match status {
        "active" => Cell::badge("In the shop", Tone::Good),
        _ => Cell::badge("Archived", Tone::Plain),
    }
}

/// The page of a product.
pub(super) fn path(product: &str) -> String {
    format!("{PATH}/{product}")
}
