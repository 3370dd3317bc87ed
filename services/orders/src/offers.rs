//! Prices and names from the catalogue, remembered for a few seconds: placing an order asks nobody about what was ordered a
//! moment ago.
//!
//! An event of the catalogue makes this replica forget at once; other replicas, and a lost event, are behind for the time that
//! an entry lives. A client that sends its price is told when it counted on another one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chassis::{
    Problem,
    peer::{self, Peer},
};
use contracts::ProductId;
use moka::future::Cache;
use serde::Deserialize;

use crate::domain::offer::{Offer, Offers};

/// Products that are remembered.
const MOST: u64 = 20_000;
/// Products in one question.
const MOST_ASKED: usize = 200;

/// What the catalogue offers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalogue {
    peer: Peer,
    known: Cache<ProductId, Arc<[Offer]>>,
}

/// The catalogue does not answer; said to everybody who wanted the same at once.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Error(Arc<peer::Error>);

impl From<Error> for Problem {
    fn from(Error(error): Error) -> Self {
        match error.as_ref() {
            peer::Error::Unavailable { retry_after, .. } => Self {
                retry_after: Some((*retry_after).max(Duration::from_secs(1))),
                ..Self::unavailable("The catalogue cannot be asked right now.", error)
            },
            peer::Error::Refused { .. } => Self::internal(error),
        }
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Offer>,
}

impl Catalogue {
    pub(crate) fn new(peer: Peer, remembered: Duration) -> Self {
        let known = Cache::builder()
            .max_capacity(MOST)
            .time_to_live(remembered)
            .build();
        Self { peer, known }
    }

    /// The buyable forms of these products; those that do not exist are absent.
    pub(crate) async fn offers(&self, products: &[ProductId]) -> Result<Offers, Error> {
        let mut offers = Offers::with_capacity(products.len());
        let mut missing = Vec::new();
        for product in products {
            if offers.contains_key(product) || missing.contains(product) {
                continue;
            }
            match self.known.get(product).await {
                Some(known) => {
                    offers.insert(*product, known);
                }
                None => missing.push(*product),
            }
        }
        if let [only] = missing[..] {
            // Of many who want it at once, one asks.
            let asked = self.known.try_get_with(only, self.ask_for_one(only)).await;
            offers.insert(only, asked.map_err(Error)?);
            return Ok(offers);
        }
        for products in missing.chunks(MOST_ASKED) {
            let found = self.ask(products).await.map_err(Arc::new).map_err(Error)?;
            for (product, found) in found {
                let found: Arc<[Offer]> = found.into();
                self.known.insert(product, Arc::clone(&found)).await;
                offers.insert(product, found);
            }
        }
        Ok(offers)
    }

    async fn ask_for_one(&self, product: ProductId) -> Result<Arc<[Offer]>, peer::Error> {
        let mut found = self.ask(&[product]).await?;
        Ok(found.remove(&product).unwrap_or_default().into())
    }

    /// To be called when a product has changed.
    pub(crate) async fn forget(&self, product: ProductId) {
        self.known.invalidate(&product).await;
    }

    /// To be called when a product has come into being: that there was none is not true any more.
    pub(crate) async fn forget_absence(&self, product: ProductId) {
        let known = self.known.get(&product).await;
        if known.is_some_and(|offers| offers.is_empty()) {
            self.forget(product).await;
        }
    }

    async fn ask(
        &self,
        products: &[ProductId],
    ) -> Result<HashMap<ProductId, Vec<Offer>>, peer::Error> {
        let query: Vec<String> = products
            .iter()
            .map(|product| format!("productId={product}"))
            .collect();
        let page: Page = self
            .peer
            .get(&format!("/internal/variants?{}", query.join("&")))
            .await?;
        let mut found: HashMap<ProductId, Vec<Offer>> = HashMap::new();
        for offer in page.items {
            found.entry(offer.product_id).or_default().push(offer);
        }
        Ok(found)
    }
}
