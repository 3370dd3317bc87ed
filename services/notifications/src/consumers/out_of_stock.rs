//! `out_of_stock`: a vendor is told that nothing is left to sell.

use contracts::{VendorId, inventory::OutOfStock};

use super::{quoted, stock_warning::StockWarning};
use crate::domain::letter::Letter;

impl StockWarning for OutOfStock {
    const CONSUMER: &'static str = "notifications_out_of_stock";

    fn vendor(&self) -> VendorId {
        self.vendor_id
    }

    fn letter(&self) -> Letter {
        Letter::OutOfStock {
            product: self.product_id,
            name: quoted(&self.product_name),
            sku: quoted(&self.sku),
            warehouse: quoted(&self.warehouse_location),
        }
    }
}
