//! Background jobs of the inventory.

pub(crate) mod decide_holds;
pub(crate) mod expire_holds;
pub(crate) mod measure_stock;
