//! `GET` and `POST /checkout`: where it goes, how it is paid, what it costs, and the order.
//!
//! The form carries what the shopper has seen: the things with their prices, and a key. So the order is what was on the page
//! whatever happens to the cart meanwhile, a price that has changed is noticed, and sending the form twice is one order.

mod view;
mod wish;

use axum::{extract::State, http::StatusCode, response::Response};
use contracts::orders::ShippingAddress;
use uuid::Uuid;

use super::failure::Failure;
use crate::{
    Storefront, address,
    flash::Flash,
    form::{Form, Typed},
    links,
    services::{
        Error,
        cart::Cart,
        identity::Address,
        orders::{Placed, Wish},
    },
    session::see_other,
    visit::{Member, Visit},
};
use view::{FIELDS, NEW_ADDRESS, News};

/// `GET /checkout`
pub(crate) async fn checkout(
    State(storefront): State<Storefront>,
    Member(visit): Member,
) -> Result<Response, Failure> {
    let (cart, addresses) = tokio::join!(
        storefront.services().cart.current(&visit),
        storefront.services().identity.addresses(&visit),
    );
    let (cart, addresses) = (cart?, book(addresses)?);
    if !has_something(&cart) {
        visit.say(Flash::EMPTY);
        return Ok(see_other(links::CART));
    }
    let first = addresses.first().map_or(NEW_ADDRESS, |address| &address.id);
    let form = Form::filled(&FIELDS, |name| match name {
        "address" => first.to_owned(),
        "key" => new_key(),
        _ => String::new(),
    });
    let news = News::default();
    view::show(
        &storefront,
        &visit,
        StatusCode::OK,
        &form,
        (&cart, &addresses),
        news,
    )
    .await
}

/// `POST /checkout`
pub(crate) async fn place(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = Form::read(&FIELDS, &typed);
    let addresses = book(storefront.services().identity.addresses(&visit).await)?;
    let Some(items) = wish::items(&typed) else {
        return Err(Failure::NotAForm);
    };
    let Some(shipping_address) = shipping_address(&mut form, &addresses) else {
        return again(&storefront, &visit, form, &addresses, News::default()).await;
    };
    let wish = Wish {
        items,
        shipping_address,
        payment_method: Some(form.text("paymentMethod").to_owned())
            .filter(|method| !method.is_empty()),
    };
    let orders = &storefront.services().orders;
    let news = match orders.place(&visit, form.text("key"), &wish).await {
        Ok(Placed::Order(order)) => {
            keep_address(&storefront, &visit, &form).await;
            visit.set_items(0);
            let path = links::order_path(order.id);
            return Ok(see_other(&format!("{path}/confirmation")));
        }
        Ok(Placed::KeyUsed) => {
            visit.say(Flash::ORDERED_BEFORE);
            return Ok(see_other(links::ORDERS));
        }
        Ok(Placed::PriceChanged(prices)) => News::prices(&wish.items, &prices),
        Ok(Placed::SoldOut(lines)) => News::sold_out(&wish.items, lines),
        Ok(Placed::NotForSale(lines)) => News::not_for_sale(&wish.items, lines),
        Ok(Placed::Refused(problem)) => {
            form.refuse_all(&problem.errors, "shippingAddress.");
            form.refuse_whole(&problem.detail);
            News::default()
        }
        Err(Error::Away { service, source }) => {
            tracing::warn!(
                service,
                error = format!("{source:#}"),
                "an order could not be placed"
            );
            News::away()
        }
        Err(error) => return Err(error.into()),
    };
    again(&storefront, &visit, form, &addresses, news).await
}

/// The address book. Checking out works without it.
fn book(addresses: Result<Vec<Address>, Error>) -> Result<Vec<Address>, Failure> {
    match addresses {
        Err(Error::Away { service, source }) => {
            tracing::warn!(
                service,
                error = format!("{source:#}"),
                "checking out without an address book"
            );
            Ok(Vec::new())
        }
        other => Ok(other?),
    }
}

/// Another key for each page: nothing that is ordered from this one can be an order of an earlier one.
fn new_key() -> String {
    Uuid::new_v4().to_string()
}

fn has_something(cart: &Cart) -> bool {
    cart.subtotal.is_some()
        && cart
            .lines
            .iter()
            .any(crate::services::cart::Line::can_be_ordered)
}

/// The chosen address, or the new one if it can be one.
fn shipping_address(form: &mut Form, addresses: &[Address]) -> Option<ShippingAddress> {
    let chosen = form.text("address");
    if let Some(known) = addresses.iter().find(|address| address.id == chosen) {
        return Some(address::chosen(known));
    }
    address::check(form);
    (!form.is_refused()).then(|| address::typed(form))
}

/// Into the address book, if that was asked for. The order is placed whatever comes of it.
async fn keep_address(storefront: &Storefront, visit: &Visit, form: &Form) {
    if form.text("address") != NEW_ADDRESS || !form.is_ticked("keep") {
        return;
    }
    let identity = &storefront.services().identity;
    if let Err(error) = identity.add_address(visit, &address::entry(form)).await {
        tracing::warn!(error = %error, "an address was not kept");
    }
}

/// The page again, with what was typed and what is to be noticed. While it is not known whether the order was placed the key
/// stays: with it the same form is the same order.
async fn again(
    storefront: &Storefront,
    visit: &Visit,
    form: Form,
    addresses: &[Address],
    news: News,
) -> Result<Response, Failure> {
    let cart = storefront.services().cart.current(visit).await?;
    if !has_something(&cart) && !news.is_away {
        visit.say(news.nothing_left.unwrap_or(Flash::EMPTY));
        return Ok(see_other(links::CART));
    }
    let key = if news.is_away {
        form.text("key").to_owned()
    } else {
        new_key()
    };
    let form = form.with("key", &key);
    let status = news.status();
    view::show(storefront, visit, status, &form, (&cart, addresses), news).await
}
