//! Remembers for a few seconds what another service said: a cart that is looked at often does not ask each time, and one
//! call asks for everything that is not known.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    hash::Hash,
    time::Duration,
};

use chassis::peer::Error;
use moka::future::Cache;

/// Entries at most; each is some kilobytes at worst.
const CAPACITY: u64 = 2_000;

/// What was said of each thing. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Memory<K, V>(Cache<K, V>);

/// What is known of the things that were asked for.
pub(crate) struct Recalled<K, V> {
    pub(crate) known: HashMap<K, V>,
    /// Why it is not known of all of them.
    pub(crate) failure: Option<Error>,
}

impl<K, V> Memory<K, V>
where
    K: Copy + Ord + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Remembers each entry for `ttl`: so long it may be behind.
    pub(crate) fn new(ttl: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(ttl)
            .build();
        Self(cache)
    }

    /// What is known of `keys`; `ask` is called for those that are not remembered, and answers for each of them.
    pub(crate) async fn recall<Asked: Future<Output = Result<HashMap<K, V>, Error>>>(
        &self,
        keys: BTreeSet<K>,
        ask: impl FnOnce(Vec<K>) -> Asked,
    ) -> Recalled<K, V> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.0.get(&key).await {
                Some(value) => drop(known.insert(key, value)),
                None => unknown.push(key),
            }
        }
        if unknown.is_empty() {
            return Recalled {
                known,
                failure: None,
            };
        }
        let failure = match ask(unknown).await {
            Ok(answer) => {
                for (key, value) in answer {
                    self.0.insert(key, value.clone()).await;
                    known.insert(key, value);
                }
                None
            }
            Err(error) => Some(error),
        };
        Recalled { known, failure }
    }
}
