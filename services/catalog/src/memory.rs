//! Remembers for a moment what was found out, until this process changes something: counting costs more than a page of the
//! list itself, and many ask for the same page at the same time.

use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;

/// What was found out, by what was asked. Cheap to clone.
pub(crate) struct Memory<K, V> {
    cache: Cache<(u64, K), Arc<V>>,
    /// Part of every key. What is still being found out when something changes is remembered under a number that
    /// nobody asks for any more.
    generation: Arc<AtomicU64>,
}

impl<K, V> Clone for Memory<K, V> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            generation: Arc::clone(&self.generation),
        }
    }
}

impl<K, V> Memory<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Remembers at most `entries` of them, each for at most `ttl`: so long it may be behind what other replicas write.
    pub(crate) fn new(entries: u64, ttl: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(entries)
            .time_to_live(ttl)
            .build();
        Self {
            cache,
            generation: Arc::default(),
        }
    }

    /// What is remembered of `asked`, else what `find` finds out, which is remembered if it is `dear`: what is not is found
    /// out anew each time, and is never behind.
    pub(crate) async fn recall<E>(
        &self,
        asked: &K,
        find: impl Future<Output = Result<V, E>>,
        dear: impl FnOnce(&V) -> bool,
    ) -> Result<Arc<V>, E> {
        let key = (self.generation.load(Ordering::Acquire), asked.clone());
        if let Some(known) = self.cache.get(&key).await {
            return Ok(known);
        }
        let found = Arc::new(find.await?);
        if dear(&found) {
            self.cache.insert(key, Arc::clone(&found)).await;
        }
        Ok(found)
    }

    /// To be called after the commit of a change.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}
