//! The keys of the requests that are being executed now: a second one with the same key is refused, not queued.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<HashSet<String>>>);

/// Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Claims,
    key: String,
}

impl Claims {
    /// None while somebody else has it.
    pub(crate) fn take(&self, key: &str) -> Option<Claim> {
        let taken = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned());
        taken.then(|| Claim {
            claims: self.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}
