//! The back office: what vendors and admins work in. Its pages are lists, forms and details, each made of the same few parts;
//! what somebody may do is decided by the services, which these pages ask with the visitor's own session.

mod answers;
mod audit;
mod categories;
mod dead_letters;
mod desk;
mod details;
mod list;
mod mails;
mod order;
mod order_changes;
mod order_money;
mod orders;
mod outcome;
mod parts;
mod pictures;
mod product;
mod product_changes;
mod product_form;
mod products;
mod query;
mod sheet;
mod staff;
mod stock;
mod stock_changes;
mod user;
mod user_changes;
mod users;
mod variants;

use axum::{Router, extract::DefaultBodyLimit, routing::get};

use crate::{Storefront, session::see_other};

pub(crate) use desk::Desk;

/// What is where.
pub(crate) fn routes() -> Router<Storefront> {
    Router::new()
        .route("/office", get(home))
        .merge(goods())
        .merge(selling())
        .merge(moderating())
}

/// Products and their stock.
fn goods() -> Router<Storefront> {
    let upload = get(pictures::ask)
        .post(pictures::add)
        .layer(DefaultBodyLimit::max(pictures::MOST_BYTES));
    Router::new()
        .route("/office/products", get(products::products))
        .route(
            "/office/products/new",
            get(product_form::ask).post(product_form::create),
        )
        .route("/office/products/{product}", get(product::product))
        .route(
            "/office/products/{product}/edit",
            get(product_changes::ask).post(product_changes::change),
        )
        .route(
            "/office/products/{product}/archive",
            get(product_changes::ask_to_archive).post(product_changes::archive),
        )
        .route(
            "/office/products/{product}/variants/new",
            get(variants::ask).post(variants::add),
        )
        .route(
            "/office/products/{product}/variants/{variant}",
            get(variants::ask_for_change).post(variants::change),
        )
        .route("/office/products/{product}/pictures/new", upload)
        .route("/office/stock", get(stock::stock))
        .route(
            "/office/stock/receive",
            get(stock_changes::ask_to_receive).post(stock_changes::receive),
        )
        .route("/office/stock/{stock}", get(stock::shelf))
        .route(
            "/office/stock/{stock}/correct",
            get(stock_changes::ask_to_correct).post(stock_changes::correct),
        )
}

/// Orders, their money and their mails.
fn selling() -> Router<Storefront> {
    Router::new()
        .route("/office/orders", get(orders::orders))
        .route("/office/orders/{order}", get(order::order))
        .route(
            "/office/orders/{order}/ship",
            get(order_changes::ask_to_ship).post(order_changes::ship),
        )
        .route(
            "/office/orders/{order}/deliver",
            get(order_changes::ask_to_deliver).post(order_changes::deliver),
        )
        .route(
            "/office/orders/{order}/cancel",
            get(order_changes::ask_to_cancel).post(order_changes::cancel),
        )
        .route(
            "/office/orders/{order}/refund",
            get(order_money::ask_to_refund).post(order_money::refund),
        )
        .route(
            "/office/orders/{order}/retry-payment",
            get(order_money::ask_to_retry_payment).post(order_money::retry_payment),
        )
        .route("/office/mails", get(mails::mails))
        .route(
            "/office/mails/{mail}/retry",
            get(mails::ask_to_retry).post(mails::retry),
        )
}

/// What only admins do.
fn moderating() -> Router<Storefront> {
    Router::new()
        .route("/office/audit", get(audit::audit))
        .route("/office/users", get(users::users))
        .route("/office/users/{user}", get(user::user))
        .route(
            "/office/users/{user}/role",
            get(user_changes::ask_for_role).post(user_changes::change_role),
        )
        .route(
            "/office/users/{user}/end-sessions",
            get(user_changes::ask_to_end_sessions).post(user_changes::end_sessions),
        )
        .route("/office/dead-letters", get(dead_letters::dead_letters))
        .route(
            "/office/dead-letters/{service}/{letter}",
            get(dead_letters::dead_letter),
        )
        .route(
            "/office/dead-letters/{service}/{letter}/reveal",
            get(dead_letters::back).post(dead_letters::reveal),
        )
        .route(
            "/office/dead-letters/{service}/{letter}/replay",
            get(dead_letters::ask_to_replay).post(dead_letters::replay),
        )
}

/// `GET /office`: everybody's work begins with what they sell.
async fn home(_staff: staff::Staff) -> axum::response::Response {
    see_other("/office/products")
}
