//! Remembers for a moment what was counted for a filter: counting costs more than a page of the list itself.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;

use crate::domain::filter::Filter;

/// What was found out about filters. Cheap to clone.
pub(crate) struct Memory<V> {
    cache: Cache<(u64, Filter), Arc<V>>,
    /// Part of every key. What is still being counted when something changes is remembered under a number that
    /// nobody asks for any more.
    generation: Arc<AtomicU64>,
}

impl<V> Clone for Memory<V> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            generation: Arc::clone(&self.generation),
        }
    }
}

impl<V: Send + Sync + 'static> Memory<V> {
    /// Remembers at most `filters` of them, each for at most `ttl`: so long it may be behind what other replicas write.
    pub(crate) fn new(filters: u64, ttl: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(filters)
            .time_to_live(ttl)
            .build();
        Self {
            cache,
            generation: Arc::default(),
        }
    }

    /// What is remembered of `filter`, else what `count` finds out, which is remembered if it is `dear`: what is cheap to
    /// count is counted anew each time, and is never behind.
    pub(crate) async fn recall<E>(
        &self,
        filter: &Filter,
        count: impl Future<Output = Result<V, E>>,
        dear: impl FnOnce(&V) -> bool,
    ) -> Result<Arc<V>, E> {
        let key = (self.generation.load(Ordering::Acquire), filter.clone());
        if let Some(known) = self.cache.get(&key).await {
            return Ok(known);
        }
        let counted = Arc::new(count.await?);
        if dear(&counted) {
            self.cache.insert(key, Arc::clone(&counted)).await;
        }
        Ok(counted)
    }

    /// To be called after the commit of a change.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}
