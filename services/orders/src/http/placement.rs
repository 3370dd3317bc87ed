//! An order on its way into the database: priced, held, written; and what is answered when one of these fails.

use chassis::{FieldError, Problem, clock, failpoint};
use chrono::SubsecRound as _;
use contracts::{Money, OrderId, ProductId, UserId};
use serde_json::json;

use super::body::field_errors;
use crate::{
    assembly::State,
    db::{
        placing::{NewLine, NewOrder},
        views::{Head, Line, Turn, View},
    },
    domain::{
        identifiers::{Fingerprint, IdempotencyKey},
        order::{self, Pay, Stock},
        pricing::{self, Changed, Priced, PricedLine},
        progress::Progress,
        wish::Wish,
    },
    events, holds,
    problems::{HOLD_ENDED, NOT_FOR_SALE, OUT_OF_STOCK, PRICE_CHANGED},
    saga,
};

/// A request to place an order, understood.
pub(super) struct Placement {
    pub(super) id: OrderId,
    pub(super) user: UserId,
    pub(super) email: String,
    pub(super) key: IdempotencyKey,
    pub(super) fingerprint: Fingerprint,
    pub(super) wish: Wish,
}

impl Placement {
    /// Places it. None when the key is taken.
    pub(super) async fn place(&self, state: &State) -> Result<Option<View>, Problem> {
        let products: Vec<ProductId> = self.wish.items.iter().map(|item| item.product).collect();
        let offers = state.catalogue.offers(&products).await?;
        let priced = pricing::price(&self.wish.items, &offers).map_err(unpriced)?;
        failpoint::hit("orders.before_hold");
        state
            .holds
            .hold(self.id, &priced.lines)
            .await
            .map_err(unheld)?;
        failpoint::hit("orders.after_hold");
        let order = self.order(&priced, state);
        let number = state.placing.place(&order).await?;
        Ok(number.map(|number| view(order, number)))
    }

    fn order(&self, priced: &Priced, state: &State) -> NewOrder {
        // As precise as the database keeps it: a repetition must say the same.
        let placed_at = clock::now().trunc_subsecs(6);
        let progress = Progress::placed(priced.total.minor);
        let deadline = saga::deadline(&progress, placed_at, &state.saga.settings, placed_at);
        let mut order = NewOrder {
            id: self.id,
            user: self.user,
            email: self.email.clone(),
            key: self.key.clone(),
            fingerprint: self.fingerprint,
            total: priced.total,
            payment_method: self.wish.payment_method.clone(),
            address: self.wish.address.clone(),
            lines: priced.lines.iter().map(line).collect(),
            placed_at,
            deadline: deadline.expect("BUG: a new order waits for its payment"),
            events: Vec::new(),
        };
        order.events = events::placed(&order, &priced.lines);
        order
    }
}

fn line(line: &PricedLine) -> NewLine {
    let offer = &line.offer;
    NewLine {
        product: offer.product_id.0,
        variant: offer.variant_id.0,
        vendor: offer.vendor_id,
        sku: offer.sku.clone(),
        slug: offer.slug.clone(),
        name: offer.name(),
        picture: offer.picture.clone(),
        quantity: line.quantity,
        unit_price: offer.price,
    }
}

/// What was just written, without reading it.
fn view(order: NewOrder, number: String) -> View {
    let lines = order.lines.into_iter().map(|line| Line {
        order: order.id,
        product: ProductId(line.product),
        variant: contracts::VariantId(line.variant),
        vendor: line.vendor,
        sku: line.sku,
        slug: line.slug,
        name: line.name,
        picture: line.picture,
        quantity: line.quantity,
        unit_price_minor: line.unit_price.minor,
    });
    View {
        lines: lines.collect(),
        turns: vec![Turn {
            version: 1,
            state: order::State::Pending,
            cause: "placed".to_owned(),
            at: order.placed_at,
        }],
        refunds: Vec::new(),
        head: Head {
            id: order.id,
            number,
            user: order.user,
            state: order::State::Pending,
            version: 1,
            stock: Stock::Held,
            pay: Pay::Open,
            reason: None,
            total: order.total,
            refunded: Money::from_minor(0, order.total.currency),
            payment_method: order.payment_method,
            address: order.address,
            carrier: None,
            tracking_number: None,
            placed_at: order.placed_at,
            updated_at: order.placed_at,
        },
    }
}

fn unpriced(refusal: pricing::Refusal) -> Problem {
    match refusal {
        pricing::Refusal::Invalid(violations) => Problem::invalid(field_errors(violations)),
        pricing::Refusal::NotForSale(violations) => Problem {
            errors: field_errors(violations),
            ..Problem::new(&NOT_FOR_SALE, "Something of it can no longer be bought.")
        },
        pricing::Refusal::PriceChanged(changed) => price_changed(&changed),
    }
}

fn price_changed(changed: &[Changed]) -> Problem {
    let errors = changed.iter().map(|changed| {
        FieldError::new(
            format!("items[{}].price", changed.index),
            format!("is {} now, not {}", changed.current, changed.expected),
        )
    });
    let current = changed.iter().map(|changed| {
        json!({ "item": changed.index, "variantId": changed.variant, "price": changed.current })
    });
    let current: Vec<_> = current.collect();
    let detail = "A price is not what the request counted on. Nothing has been ordered.";
    Problem {
        errors: errors.collect(),
        ..Problem::new(&PRICE_CHANGED, detail)
    }
    .with("currentPrices", current)
}

fn unheld(error: holds::Error) -> Problem {
    match error {
        holds::Error::OutOfStock { errors, available } => {
            let detail = "There is less in stock than was ordered. Nothing has been ordered.";
            let problem = Problem {
                errors,
                ..Problem::new(&OUT_OF_STOCK, detail)
            };
            match available {
                Some(available) => problem.with("available", available),
                None => problem,
            }
        }
        holds::Error::Ended => Problem::new(
            &HOLD_ENDED,
            "The goods were kept for this Idempotency-Key and have been set free since: order again with a new key.",
        ),
        holds::Error::Peer(error) => error.into(),
    }
}

/// What is counted when a request ends in this problem.
pub(super) fn outcome_of(problem: &Problem) -> &'static str {
    match problem.kind.status().as_u16() {
        _ if problem.kind == &PRICE_CHANGED => "price_changed",
        _ if problem.kind == &OUT_OF_STOCK => "out_of_stock",
        409 | 422 => "conflict",
        400..=499 => "invalid",
        _ => "unavailable",
    }
}
