//! Shoppers who do not give up: whoever gets no answer asks again under the same key.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::{Method, StatusCode};
use rand::{Rng as _, rngs::StdRng};
use serde_json::json;

use crate::journeys::customer::Customer;

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
    /// None when it was sold out.
    pub(super) order: Option<String>,
    pub(super) tries: usize,
}

pub(super) struct Shopper {
    pub(super) customer: Arc<Customer>,
    pub(super) shelves: Vec<Shelf>,
    pub(super) dice: StdRng,
    /// Orders that shoppers have begun, all together.
    pub(super) taken: Arc<AtomicUsize>,
    pub(super) orders: usize,
}

impl Shopper {
    pub(super) async fn shop(mut self) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        while self.taken.fetch_add(1, Ordering::AcqRel) < self.orders {
            receipts.push(self.order().await);
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
            order: None,
            tries: 0,
        };
        while receipt.tries < MAX_TRIES {
            receipt.tries += 1;
            let headers = [("idempotency-key", receipt.key.as_str())];
            let answer = self
                .customer
                .send(Method::POST, "/api/orders", Some(&body), &headers)
                .await;
            match answer {
                Ok(answer) if answer.status == StatusCode::CREATED => {
                    receipt.order = answer
                        .json()
                        .ok()
                        .and_then(|order| order["id"].as_str().map(ToOwned::to_owned));
                    break;
                }
                Ok(answer) if answer.status == StatusCode::CONFLICT => break,
                _ => {
                    let pause = self.dice.random_range(50..250);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        }
        if let Some(order) = &receipt.order
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
