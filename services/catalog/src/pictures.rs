//! Pictures on their way from a vendor to the shop: checked, scaled, stored, and addressed.

mod scale;
mod store;

use std::sync::Arc;

pub(crate) use scale::{Refusal, Rendition, Scaled, scale};
pub(crate) use store::Store;

use crate::config::PictureStoreConfig;

/// The store, and how its contents are addressed from outside. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pictures {
    pub(crate) store: Store,
    public_prefix: Arc<str>,
    /// Decoding a large picture takes a core and tens of megabytes: one at a time.
    pub(crate) decoding: Arc<tokio::sync::Semaphore>,
}

impl Pictures {
    pub(crate) fn new(config: &PictureStoreConfig, public_prefix: &str) -> Self {
        Self {
            store: Store::new(config),
            public_prefix: public_prefix.into(),
            decoding: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// The address of the object with this key.
    pub(crate) fn address(&self, key: &str) -> String {
        format!("{}{key}", self.public_prefix)
    }
}
