//! Ids of demo data, derived from its names: the same on every machine and in every run.

use contracts::{CategoryId, ProductId, VariantId, VendorId};
use uuid::Uuid;

/// Made once, at random; every demo id depends on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2d_9c41_7a3e_4b58_9d06_1c5e_8f7a_2b34);

fn derive(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}:{name}").as_bytes())
}

pub(super) fn category(slug: &str) -> CategoryId {
    CategoryId(derive("category", slug))
}

pub(super) fn vendor(slug: &str) -> VendorId {
    VendorId(derive("vendor", slug))
}

pub(super) fn product(slug: &str) -> ProductId {
    ProductId(derive("product", slug))
}

pub(super) fn variant(sku: &str) -> VariantId {
    VariantId(derive("variant", sku))
}

/// The event that tells of a generated product.
pub(super) fn event(product: ProductId) -> Uuid {
    derive("event", &product.to_string())
}
