//! `GET /cart`: what somebody means to buy; and the forms that put in, change and take out.

use axum::{
    extract::{Path, State},
    response::Response,
};
use contracts::{ProductId, VariantId};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    flash::Flash,
    form::Typed,
    links::{self, Link},
    price,
    render::Head,
    services::{
        Error,
        cart::{Cart, Line, Notice},
    },
    session::see_other,
    views::things_counted,
    visit::Visit,
};

/// As many of one thing as a line takes.
pub(crate) const MOST_OF_ONE: u32 = 99;

#[derive(Debug, Serialize)]
struct CartPage {
    crumbs: Vec<Link>,
    lines: Vec<LineView>,
    count_text: String,
    subtotal: Option<String>,
    /// Whether anything can be ordered as it stands.
    can_check_out: bool,
    /// What could not be asked.
    messages: Vec<&'static str>,
    /// What was wrong with a change.
    error: Option<String>,
    checkout_url: String,
}

/// A line as the cart and the checkout show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LineView {
    pub(crate) variant_id: String,
    pub(crate) name: String,
    pub(crate) variant: String,
    pub(crate) url: String,
    pub(crate) picture: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) unit_price: String,
    pub(crate) total: String,
    pub(crate) notices: Vec<String>,
    pub(crate) can_be_ordered: bool,
    pub(crate) action: String,
}

impl From<&Line> for LineView {
    fn from(line: &Line) -> Self {
        let path = links::product_path(&line.slug);
        Self {
            variant_id: line.variant_id.to_string(),
            name: line.name.clone(),
            variant: Some(line.variant.clone())
                .filter(|variant| *variant != line.name)
                .unwrap_or_default(),
            url: path,
            picture: line.picture.clone(),
            quantity: line.quantity,
            unit_price: price::text(line.unit_price),
            total: price::text(line.total),
            notices: line
                .notices
                .iter()
                .map(|notice| words(notice, line))
                .collect(),
            can_be_ordered: line.can_be_ordered(),
            action: format!("/cart/items/{}", line.variant_id),
        }
    }
}

/// The notice with prices as they are written everywhere else.
fn words(notice: &Notice, line: &Line) -> String {
    match notice.kind.as_str() {
        "price_changed" => format!(
            "The price is {} now. It was {} when you put it in.",
            price::text(line.unit_price),
            price::text(line.unit_price_when_added)
        ),
        "no_longer_sold" => "This is no longer sold, and is left out of an order.".to_owned(),
        "out_of_stock" => "This is sold out at present, and is left out of an order.".to_owned(),
        _ => notice.message.clone(),
    }
}

/// `GET /cart`
pub(crate) async fn cart(
    State(storefront): State<Storefront>,
    visit: Visit,
) -> Result<Response, Failure> {
    let cart = storefront.services().cart.current(&visit).await?;
    show(&storefront, &cart, None).await
}

/// `POST /cart/items`: the form of a product's page.
pub(crate) async fn add(
    State(storefront): State<Storefront>,
    visit: Visit,
    typed: Typed,
) -> Result<Response, Failure> {
    let product: ProductId = typed
        .text("product")
        .parse()
        .map_err(|_| Failure::NotAForm)?;
    let variant: Option<VariantId> = typed.text("variant").parse().ok();
    let carts = &storefront.services().cart;
    let added = match quantity(typed.text("quantity")) {
        Ok(quantity) => carts.add(&visit, product, variant, quantity).await,
        Err(message) => return refused(&storefront, &visit, message).await,
    };
    changed(&storefront, &visit, added, Flash::ADDED).await
}

/// `POST /cart/items/{variant}`: another quantity, or out with it.
pub(crate) async fn change(
    State(storefront): State<Storefront>,
    visit: Visit,
    Path(variant): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let variant: VariantId = variant.parse().map_err(|_| Failure::NotAForm)?;
    let carts = &storefront.services().cart;
    let removes = typed.text("do") == "remove" || typed.text("quantity") == "0";
    if removes {
        let left = carts.remove(&visit, variant).await;
        return changed(&storefront, &visit, left, Flash::REMOVED).await;
    }
    let set = match quantity(typed.text("quantity")) {
        Ok(quantity) => carts.set_quantity(&visit, variant, quantity).await,
        Err(message) => return refused(&storefront, &visit, message).await,
    };
    changed(&storefront, &visit, set, Flash::QUANTITY).await
}

/// Reads a quantity; nothing is one.
fn quantity(text: &str) -> Result<u32, String> {
    if text.is_empty() {
        return Ok(1);
    }
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MOST_OF_ONE).contains(number))
        .ok_or_else(|| format!("“{text}” is no quantity: write a number from 1 to {MOST_OF_ONE}."))
}

async fn changed(
    storefront: &Storefront,
    visit: &Visit,
    outcome: Result<Cart, Error>,
    flash: Flash,
) -> Result<Response, Failure> {
    match outcome {
        Ok(_) => visit.say(flash),
        Err(Error::NotFound(_)) => visit.say(Flash::NOT_IN_CART),
        Err(Error::Refused { problem, .. }) => {
            let said = problem.errors.first();
            let message = said.map_or(problem.detail.clone(), |error| {
                format!("It was not done: {}.", error.message)
            });
            return refused(storefront, visit, message).await;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(see_other(links::CART))
}

/// The cart as it is, with what was wrong.
async fn refused(
    storefront: &Storefront,
    visit: &Visit,
    message: String,
) -> Result<Response, Failure> {
    let cart = storefront.services().cart.current(visit).await?;
    let mut page = show(storefront, &cart, Some(message)).await?;
    *page.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}

async fn show(
    storefront: &Storefront,
    cart: &Cart,
    error: Option<String>,
) -> Result<Response, Failure> {
    let lines: Vec<LineView> = cart.lines.iter().map(LineView::from).collect();
    let view = CartPage {
        crumbs: vec![Link::home(), Link::here("Cart")],
        can_check_out: cart.subtotal.is_some() && lines.iter().any(|line| line.can_be_ordered),
        lines,
        count_text: things_counted(cart.item_count),
        subtotal: cart.subtotal.map(price::text),
        messages: messages(cart),
        error,
        checkout_url: links::CHECKOUT.to_owned(),
    };
    storefront
        .own_page("cart.html", Head::own("Your cart", links::CART), view)
        .await
}

/// What could not be asked, and what that means.
fn messages(cart: &Cart) -> Vec<&'static str> {
    let is_away = |name: &str| cart.degraded.iter().any(|service| service == name);
    let several = cart.subtotal.is_none();
    [
        (
            is_away("catalog"),
            "Prices could not be looked up just now: these are the last that we know. What counts is the price when you order.",
        ),
        (
            is_away("inventory"),
            "What is left in stock could not be looked up just now. It is checked when you order.",
        ),
        (
            several,
            "These things are priced in several currencies, and cannot be ordered together. Take some out first.",
        ),
    ]
    .into_iter()
    .filter_map(|(is_so, message)| is_so.then_some(message))
    .collect()
}
