//! `GET /office/stock`: what lies where; and `GET /office/stock/{stock}`: how it came to be so.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};

use super::{
    answers::{Ledger, Movement, Shelf},
    details::DetailsPage,
    list::{ListPage, Listed},
    outcome::fail,
    parts::{Cell, FilterField, Frame, Table, Tone, choices},
    products,
    query::Query,
    staff::Staff,
};
use crate::{Storefront, links::Link, pages::failure::Failure};

pub(super) const PATH: &str = "/office/stock";
const PARAMETERS: &[&str] = &["q", "level", "warehouse", "sort", "after"];

/// `GET /office/stock`
pub(crate) async fn stock(
    State(storefront): State<Storefront>,
    staff: Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), PARAMETERS);
    let inventory = &storefront.office().inventory;
    let listed = Listed::ask(inventory, &staff, "/api/inventory?limit=25", &query).await?;
    let frame = Frame::new(&staff, PATH, Vec::new(), "Stock");
    ListPage::new(frame, PATH, &query, &listed, table(&listed.items))
        .filters(vec![
            FilterField::typed(&query, "q", "Product or SKU"),
            FilterField::typed(&query, "warehouse", "Warehouse"),
            FilterField::chosen(
                &query,
                "level",
                "Level",
                choices(&[
                    ("", "Every level"),
                    ("low", "Low"),
                    ("out", "Sold out"),
                    ("ok", "Enough"),
                ]),
            ),
            FilterField::chosen(
                &query,
                "sort",
                "Order",
                choices(&[("", "As it came"), ("name", "By product")]),
            ),
        ])
        .action(Link::new("Low stock", "/office/stock?level=low"))
        .action(Link::new("Sold out", "/office/stock?level=out"))
        .show(&storefront)
        .await
}

/// Shelves as a table.
pub(super) fn table(shelves: &[Shelf]) -> Table {
    let table = Table::new(
        "What is in stock, by variant and warehouse",
        &[
            "SKU",
            "Product",
            "Warehouse",
            "#On hand",
            "#Reserved",
            "#To sell",
            "Level",
        ],
        "Nothing is in stock here. Receive stock on a product's page.",
    );
    table.with(shelves.iter().map(|shelf| {
        vec![
            Cell::link(&shelf.sku, path(&shelf.id)),
            Cell::link(&shelf.product_name, products::path(&shelf.product_id)),
            Cell::text(&shelf.warehouse_location),
            Cell::number(shelf.on_hand),
            Cell::number(shelf.reserved),
            Cell::number(shelf.available),
            level(&shelf.level),
        ]
    }))
}

fn level(level: &str) -> Cell {
    match level {
        "ok" => Cell::badge("Enough", Tone::Good),
        "low" => Cell::badge("Low", Tone::Busy),
        _ => Cell::badge("Sold out", Tone::Bad),
    }
}

/// The page of a shelf.
pub(super) fn path(stock: &str) -> String {
    format!("{PATH}/{stock}")
}

/// A shelf with the latest of its changes, or those behind `after`.
pub(super) async fn find(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
    query: &Query,
) -> Result<Ledger, Failure> {
    let id: contracts::StockId = id
        .parse()
        .map_err(|_| Failure::NotFound("There is no such stock."))?;
    let inventory = &storefront.office().inventory;
    let api = query.url(&format!("/api/inventory/{id}/ledger?limit=25"));
    inventory.get(&staff.visit, &api).await.map_err(fail)
}

/// `GET /office/stock/{stock}`
pub(crate) async fn shelf(
    State(storefront): State<Storefront>,
    staff: Staff,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), &["after"]);
    let ledger = find(&storefront, &staff, &id, &query).await?;
    let shelf = ledger.stock;
    let trail = vec![Link::new("Stock", PATH)];
    let heading = format!("{} in {}", shelf.sku, shelf.warehouse_location);
    let own = path(&shelf.id);
    let next = ledger
        .next
        .map(|next| query.with("after", &next.to_string()).url(&own));
    let receive = format!(
        "/office/stock/receive?{}",
        serde_urlencoded::to_string([
            ("product", &shelf.product_id),
            ("variant", &shelf.variant_id),
            ("warehouse", &shelf.warehouse_location),
        ])
        .expect("BUG: a string always encodes")
    );
    DetailsPage::new(Frame::new(&staff, PATH, trail, &heading), &own)
        .fact(
            "Product",
            Cell::link(&shelf.product_name, products::path(&shelf.product_id)),
        )
        .fact("Level", level(&shelf.level))
        .fact("On hand", Cell::number(shelf.on_hand))
        .fact("Reserved for orders", Cell::number(shelf.reserved))
        .fact("To sell", Cell::number(shelf.available))
        .fact("Low at", Cell::number(shelf.low_stock_threshold))
        .paged_section("Ledger", movements(&ledger.items), next)
        .action(true, "Receive more", receive)
        .action(true, "Correct", format!("{own}/correct"))
        .action(
            staff.is_admin,
            "Who changed it",
            format!("/office/audit?service=inventory&subject={}", shelf.id),
        )
        .show(&storefront)
        .await
}

fn movements(movements: &[Movement]) -> Table {
    let signed = |units: i64| Cell::number(format!("{units:+}"));
    let table = Table::new(
        "Every change of this stock, newest first",
        &["When", "Why", "#On hand", "#Reserved", "Note"],
        "Nothing has changed yet.",
    );
    table.with(movements.iter().map(|movement| {
        vec![
            Cell::time(movement.at),
            Cell::text(&movement.reason),
            signed(movement.on_hand_change),
            signed(movement.reserved_change),
            Cell::or_dash(movement.note.clone()),
        ]
    }))
}
