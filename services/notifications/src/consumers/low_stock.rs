//! `low_stock`: a vendor is told that something is about to be sold out.

use contracts::{VendorId, inventory::LowStock};

use super::{quoted, stock_warning::StockWarning};
use crate::domain::letter::Letter;

impl StockWarning for LowStock {
    const CONSUMER: &'static str = "notifications_low_stock";

    fn vendor(&self) -> VendorId {
        self.vendor_id
    }

    fn letter(&self) -> Letter {
        Letter::LowStock {
            product: self.product_id,
            name: quoted(&self.product_name),
            sku: quoted(&self.sku),
            warehouse: quoted(&self.warehouse_location),
            available: self.available,
        }
    }
}
