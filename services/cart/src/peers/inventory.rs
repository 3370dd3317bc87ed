//! What inventory says is left.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use chassis::{
    Process,
    auth::InternalToken,
    peer::{Error, Peer},
};
use contracts::VariantId;
use serde::Deserialize;

use super::{TIMEOUT, with_query};
use crate::memory::{Memory, Recalled};

/// How far what a cart shows may be behind.
const TTL: Duration = Duration::from_secs(2);

/// Inventory. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Inventory {
    peer: Peer,
    memory: Memory<VariantId, i64>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Availability>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Availability {
    variant_id: VariantId,
    available: i64,
}

impl Inventory {
    pub(crate) fn new(url: &str, token: InternalToken, process: &Process) -> Self {
        Self {
            peer: Peer::new("inventory", url, token, TIMEOUT, &process.metrics),
            memory: Memory::new(TTL),
        }
    }

    /// How many of each can be bought, as of a moment ago.
    pub(crate) async fn available(
        &self,
        variants: BTreeSet<VariantId>,
    ) -> Recalled<VariantId, i64> {
        let ask = async |variants: Vec<VariantId>| self.ask(&variants).await;
        self.memory.recall(variants, ask).await
    }

    /// What nobody ever put on a shelf is not in the answer: there is none of it.
    async fn ask(&self, variants: &[VariantId]) -> Result<HashMap<VariantId, i64>, Error> {
        let path = with_query("/internal/availability", "variantId", variants);
        let answer: Answer = self.peer.get(&path).await?;
        let mut available: HashMap<_, _> = variants.iter().map(|variant| (*variant, 0)).collect();
        for item in answer.items {
            available.insert(item.variant_id, item.available);
        }
        Ok(available)
    }
}
