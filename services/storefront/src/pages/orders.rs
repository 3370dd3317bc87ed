//! `GET /orders`: everything that somebody has ordered, newest first.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde::Serialize;

use super::{
    failure::Failure,
    order::{ItemView, Status, status},
};
use crate::{
    Storefront,
    form::Typed,
    links::{self, Link},
    price,
    render::Head,
    services::{Error, orders::Order},
    session::see_other,
    views::Moment,
    visit::Member,
};

#[derive(Debug, Serialize)]
struct OrdersPage {
    crumbs: Vec<Link>,
    orders: Vec<OrderRow>,
    count_text: String,
    first_url: Option<&'static str>,
    next_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct OrderRow {
    number: String,
    url: String,
    placed: Moment,
    status: Status,
    total: String,
    lines: Vec<ItemView>,
}

impl From<&Order> for OrderRow {
    fn from(order: &Order) -> Self {
        Self {
            number: order.number.clone(),
            url: links::order_path(order.id),
            placed: order.created_at.into(),
            status: status(&order.state),
            total: price::text(order.total),
            lines: order.items.iter().map(ItemView::from).collect(),
        }
    }
}

/// `GET /orders`
pub(crate) async fn orders(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let pairs = serde_urlencoded::from_str(&query.unwrap_or_default()).unwrap_or_default();
    let typed = Typed(pairs);
    let after = Some(typed.text("after")).filter(|after| !after.is_empty());
    let orders = &storefront.services().orders;
    let page = match orders.page(&visit, after).await {
        // A place in the list that does not exist (any more): the list begins where it begins.
        Err(Error::Refused { .. }) if after.is_some() => return Ok(see_other(links::ORDERS)),
        other => other?,
    };
    let view = OrdersPage {
        crumbs: vec![
            Link::home(),
            Link::new("Your account", links::ACCOUNT),
            Link::here("Your orders"),
        ],
        count_text: match page.total_count {
            1 => "1 order".to_owned(),
            many => format!("{many} orders"),
        },
        orders: page.items.iter().map(OrderRow::from).collect(),
        first_url: after.map(|_| links::ORDERS),
        next_url: page.next.map(|next| {
            let query = serde_urlencoded::to_string([("after", next)])
                .expect("BUG: a string always encodes");
            format!("{}?{query}", links::ORDERS)
        }),
    };
    let head = Head::own("Your orders", links::ORDERS);
    storefront.own_page("orders.html", head, view).await
}
