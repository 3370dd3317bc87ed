//! What other services tell the inventory: what orders want done with their goods, and what the catalogue sells.

pub(crate) mod commit_stock;
mod note_products;
pub(crate) mod product_archived;
pub(crate) mod product_created;
pub(crate) mod product_updated;
pub(crate) mod release_stock;
