//! Shoppers who do not give up: whoever gets no answer asks again under the same key.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::{Method, StatusCode};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::{http::Answer, journeys::customer::Customer};

/// After so many tries without an answer the platform counts as gone.
const MAX_TRIES: usize = 400;
/// Share of orders that are cancelled at once.
const CANCELLED: f64 = 0.1;

#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub(super) product: String,
}

/// What a shopper knows at the end.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) key: String,
    pub(super) outcome: Outcome,
    pub(super) tries: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The order's id.
    Accepted(String),
    SoldOut,
    /// The last answer.
    GaveUp(String),
}

pub(super) struct Shopper {
    pub(super) customer: Arc<Customer>,
    pub(super) shelves: Vec<Shelf>,
    pub(super) dice: StdRng,
    /// Orders that shoppers have begun, all together.
    pub(super) taken: Arc<AtomicUsize>,
    pub(super) orders: usize,
    /// Nobody begins another order afterwards.
    pub(super) until: Option<Instant>,
    /// Between two orders.
    pub(super) thought: Duration,
}

impl Shopper {
    pub(super) async fn shop(mut self) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        while self.until.is_none_or(|end| Instant::now() < end)
            && self.taken.fetch_add(1, Ordering::AcqRel) < self.orders
        {
            receipts.push(self.order().await);
            tokio::time::sleep(self.thought).await;
        }
        receipts
    }

    async fn order(&mut self) -> Receipt {
        let key = uuid::Uuid::new_v4().to_string();
        let chosen = &self.shelves[self.dice.random_range(0..self.shelves.len())];
        let body = json!({
            "items": [{ "productId": chosen.product, "quantity": self.dice.random_range(1..=3) }],
            "shippingAddress": { "street": "1 Crash Lane", "city": "London", "zipCode": "SW1A", "country": "UK" },
        });
        let mut receipt = Receipt {
            key,
            outcome: Outcome::GaveUp(String::new()),
            tries: 0,
        };
        while receipt.tries < MAX_TRIES {
            receipt.tries += 1;
            let headers = [("idempotency-key", receipt.key.as_str())];
            let answer = self
                .customer
                .send(Method::POST, "/api/orders", Some(&body), &headers)
                .await;
            receipt.outcome = outcome(answer);
            if !matches!(receipt.outcome, Outcome::GaveUp(_)) {
                break;
            }
            let pause = self.dice.random_range(50..250);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        if let Outcome::Accepted(order) = &receipt.outcome
            && self.dice.random_bool(CANCELLED)
        {
            // Whether it is too late for that is not the shopper's to know.
            let path = format!("/api/orders/{order}/cancel");
            let _ = self
                .customer
                .send(Method::POST, &path, Some(&json!({})), &[])
                .await;
        }
        receipt
    }
}

/// What this one answer says, should it be the last.
fn outcome(answer: Result<Answer, String>) -> Outcome {
    match answer {
        Ok(answer) if answer.status == StatusCode::CREATED => {
            let order = answer.json().map(|order| order["id"].clone());
            match order {
                Ok(Value::String(id)) => Outcome::Accepted(id),
                _ => Outcome::GaveUp(format!("201 without an id: {}", answer.excerpt())),
            }
        }
        Ok(answer) if answer.status == StatusCode::CONFLICT => Outcome::SoldOut,
        Ok(answer) => Outcome::GaveUp(format!("{}: {}", answer.status, answer.excerpt())),
        Err(error) => Outcome::GaveUp(error),
    }
}
