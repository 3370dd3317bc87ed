//! Every SQL statement of the catalogue: one function each, on a connection that the caller has, inside or outside a
//! transaction that the caller began. Nothing here begins or commits.

pub(crate) mod assortment;
pub(crate) mod bulk;
pub(crate) mod categories;
pub(crate) mod facets;
pub(crate) mod pictures;
pub(crate) mod products;
pub(crate) mod variants;
