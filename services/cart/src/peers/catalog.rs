//! What the catalogue says of products.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chassis::{
    Process,
    auth::InternalToken,
    peer::{Error, Peer},
};
use contracts::ProductId;
use serde::Deserialize;

use super::{TIMEOUT, with_query};
use crate::{
    domain::facts::Facts,
    memory::{Memory, Recalled},
};

/// How far what a cart shows may be behind.
const TTL: Duration = Duration::from_secs(3);

/// The buyable forms of one product in the order of its page; none for a product that does not exist.
pub(crate) type Variants = Arc<[Facts]>;

/// The catalogue. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalog {
    peer: Peer,
    memory: Memory<ProductId, Variants>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Facts>,
}

impl Catalog {
    pub(crate) fn new(url: &str, token: InternalToken, process: &Process) -> Self {
        Self {
            peer: Peer::new("catalog", url, token, TIMEOUT, &process.metrics),
            memory: Memory::new(TTL),
        }
    }

    /// One product, as it was a moment ago.
    pub(crate) async fn product(&self, product: ProductId) -> Result<Variants, Error> {
        let recalled = self.products(BTreeSet::from([product])).await;
        match recalled.failure {
            Some(failure) => Err(failure),
            None => Ok(recalled.known.into_values().next().unwrap_or_default()),
        }
    }

    /// Many products, as they were a moment ago.
    pub(crate) async fn products(
        &self,
        products: BTreeSet<ProductId>,
    ) -> Recalled<ProductId, Variants> {
        let ask = async |products: Vec<ProductId>| self.ask(&products).await;
        self.memory.recall(products, ask).await
    }

    async fn ask(&self, products: &[ProductId]) -> Result<HashMap<ProductId, Variants>, Error> {
        let path = with_query("/internal/variants", "productId", products);
        let answer: Answer = self.peer.get(&path).await?;
        let mut forms: HashMap<ProductId, Vec<Facts>> = HashMap::new();
        for facts in answer.items {
            forms.entry(facts.product_id).or_default().push(facts);
        }
        let each = products.iter().map(|product| {
            let forms = forms.remove(product).unwrap_or_default();
            (*product, forms.into())
        });
        Ok(each.collect())
    }
}
