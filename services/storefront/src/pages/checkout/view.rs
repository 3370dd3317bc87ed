//! The checkout's page as the template shows it, and what has to be noticed on it.

use std::collections::HashMap;

use axum::{http::StatusCode, response::Response};
use contracts::{Money, VariantId};
use serde::Serialize;

use super::{super::cart::LineView, super::failure::Failure, wish};
use crate::{
    Storefront, address,
    flash::Flash,
    form::{Form, FormView, Input},
    links::{self, Link},
    price,
    render::Head,
    services::{
        cart::Cart,
        identity::Address,
        orders::{NewPrice, WishedItem},
        payments::PaymentMethod,
    },
    visit::Visit,
};

/// The choice of an address that is not in the book.
pub(super) const NEW_ADDRESS: &str = "new";

pub(super) const FIELDS: [Input; 10] = {
    let [recipient, street, city, state, zip_code, country] = address::FIELDS;
    [
        recipient,
        street,
        city,
        state,
        zip_code,
        country,
        Input::new("address", "Address"),
        Input::new("keep", "Address book"),
        Input::new("paymentMethod", "Payment"),
        Input::new("key", "Key"),
    ]
};

/// What stood between the shopper and the order.
#[derive(Debug, Default)]
pub(super) struct News {
    messages: Vec<String>,
    /// What to say at each thing.
    notices: HashMap<VariantId, String>,
    /// What things cost now, where the cart may not have heard of it.
    prices: HashMap<VariantId, Money>,
    /// Nobody knows whether the order was placed.
    pub(super) is_away: bool,
    /// What the cart's page says, where nothing is left that could be ordered.
    pub(super) nothing_left: Option<Flash>,
}

impl News {
    /// Prices are others than on the page.
    pub(super) fn prices(items: &[WishedItem], prices: &[NewPrice]) -> Self {
        let changed = prices.iter().filter_map(|new| {
            let item = items.get(new.item)?;
            let text = format!(
                "This costs {} now. The page showed {}.",
                price::text(new.price),
                item.price
            );
            Some((item.variant_id, text, new.price))
        });
        let changed: Vec<_> = changed.collect();
        Self {
            messages: vec![
                "A price has changed while you were here. Nothing has been ordered: look at the new total, and order if it is all right."
                    .to_owned(),
            ],
            notices: changed
                .iter()
                .map(|(variant, text, _)| (*variant, text.clone()))
                .collect(),
            prices: changed
                .iter()
                .map(|(variant, _, price)| (*variant, *price))
                .collect(),
            ..Self::default()
        }
    }

    /// There is less than was ordered.
    pub(super) fn sold_out(items: &[WishedItem], lines: Vec<(usize, String)>) -> Self {
        let message = "Somebody was faster: there is less in stock than you want. Nothing has been ordered. Change the quantity in your cart, or take it out.";
        Self {
            nothing_left: Some(Flash::SOLD_OUT),
            ..Self::of_lines(items, lines, message)
        }
    }

    /// Something has left the shop.
    pub(super) fn not_for_sale(items: &[WishedItem], lines: Vec<usize>) -> Self {
        let lines = lines
            .into_iter()
            .map(|line| (line, "This is no longer sold".to_owned()));
        let message = "Something of it is no longer sold. Nothing has been ordered. Take it out of your cart.";
        Self {
            nothing_left: Some(Flash::NO_LONGER_SOLD),
            ..Self::of_lines(items, lines.collect(), message)
        }
    }

    /// A service did not answer.
    pub(super) fn away() -> Self {
        Self {
            messages: vec![
                "Your order could not be placed just now. Try again in a moment with the same button: it is never placed twice."
                    .to_owned(),
            ],
            is_away: true,
            ..Self::default()
        }
    }

    fn of_lines(items: &[WishedItem], lines: Vec<(usize, String)>, message: &str) -> Self {
        let notices = lines.into_iter().filter_map(|(index, text)| {
            let mut text = format!("{}.", text.trim_end_matches('.'));
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            Some((items.get(index)?.variant_id, text))
        });
        Self {
            messages: vec![message.to_owned()],
            notices: notices.collect(),
            ..Self::default()
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self { is_away: true, .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self { messages, .. } if !messages.is_empty() => StatusCode::CONFLICT,
            Self { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

#[derive(Debug, Serialize)]
struct CheckoutPage {
    crumbs: Vec<Link>,
    form: FormView,
    messages: Vec<String>,
    lines: Vec<OrderedLine>,
    left_out: Vec<LineView>,
    total: String,
    addresses: Vec<AddressChoice>,
    is_new_address: bool,
    countries: Vec<address::Choice>,
    methods: Vec<MethodChoice>,
}

#[derive(Debug, Serialize)]
struct OrderedLine {
    #[serde(flatten)]
    line: LineView,
    /// For the form to carry.
    hidden: String,
}

#[derive(Debug, Serialize)]
struct AddressChoice {
    id: String,
    label: String,
    lines: Vec<String>,
    is_chosen: bool,
}

#[derive(Debug, Serialize)]
struct MethodChoice {
    id: String,
    name: String,
    description: String,
    is_chosen: bool,
}

pub(super) async fn show(
    storefront: &Storefront,
    visit: &Visit,
    status: StatusCode,
    form: &Form,
    (cart, addresses): (&Cart, &[Address]),
    mut news: News,
) -> Result<Response, Failure> {
    let methods = storefront.services().payments.methods(visit).await;
    let methods = methods.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "the payment methods cannot be listed");
        news.messages.push("The ways to pay cannot be listed just now. An order is paid with the shop's usual test card.".to_owned());
        Vec::new()
    });
    let (lines, total) = ordered(cart, &news);
    let chosen = form.text("address");
    let is_new_address = !addresses.iter().any(|address| address.id == chosen);
    let view = CheckoutPage {
        crumbs: vec![
            Link::home(),
            Link::new("Cart", links::CART),
            Link::here("Check out"),
        ],
        form: form.view(),
        messages: news.messages,
        lines,
        left_out: cart
            .lines
            .iter()
            .filter(|line| !line.can_be_ordered())
            .map(LineView::from)
            .collect(),
        total: price::text(total),
        addresses: addresses
            .iter()
            .map(|address| AddressChoice {
                id: address.id.clone(),
                label: address.label.clone(),
                lines: address::lines(&address::chosen(address)),
                is_chosen: address.id == chosen,
            })
            .collect(),
        is_new_address,
        countries: address::countries(form.text("country")),
        methods: choices(&methods, form.text("paymentMethod")),
    };
    let head = Head::own("Check out", links::CHECKOUT);
    storefront
        .refused_page(status, "checkout.html", head, view)
        .await
}

/// What can be ordered, and what it costs together.
fn ordered(cart: &Cart, news: &News) -> (Vec<OrderedLine>, Money) {
    let currency = cart
        .subtotal
        .map_or_else(Default::default, |sum| sum.currency);
    let mut total = Money::from_minor(0, currency);
    let lines = cart.lines.iter().filter(|line| line.can_be_ordered());
    let lines = lines.map(|line| {
        let price = news.prices.get(&line.variant_id).copied();
        let price = price.unwrap_or(line.unit_price);
        let sum = price.minor.saturating_mul(i64::from(line.quantity));
        total.minor = total.minor.saturating_add(sum);
        let mut shown = LineView::from(line);
        shown.unit_price = price::text(price);
        shown.total = price::text(Money::from_minor(sum, price.currency));
        if let Some(notice) = news.notices.get(&line.variant_id) {
            shown.notices = vec![notice.clone()];
        }
        OrderedLine {
            line: shown,
            hidden: wish::text(line, price),
        }
    });
    (lines.collect(), total)
}

/// The first one is chosen unless another was.
fn choices(methods: &[PaymentMethod], chosen: &str) -> Vec<MethodChoice> {
    let known = methods.iter().any(|method| method.id == chosen);
    let choice = |(index, method): (usize, &PaymentMethod)| MethodChoice {
        id: method.id.clone(),
        name: method.name.clone(),
        description: method.description.clone(),
        is_chosen: if known {
            method.id == chosen
        } else {
            index == 0
        },
    };
    methods.iter().enumerate().map(choice).collect()
}
