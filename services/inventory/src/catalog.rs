//! The catalogue, asked over HTTP for products that no event has told of yet.

use std::time::Duration;

use chassis::{
    auth::InternalToken,
    metrics::Metrics,
    peer::{Error, Peer},
};
use contracts::{ProductId, VariantId, VendorId};
use serde::Deserialize;

use crate::db::facts::VariantFacts;

/// How long it gets to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Products that it is asked for in one call.
pub(crate) const MAX_PRODUCTS: usize = 200;

/// The other service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalog(Peer);

#[derive(Deserialize)]
struct VariantList {
    items: Vec<Told>,
}

/// What is needed of the catalogue's answer; it says more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    product_id: ProductId,
    variant_id: VariantId,
    vendor_id: VendorId,
    sku: String,
    product_name: String,
    position: i32,
    is_archived: bool,
}

impl From<Told> for VariantFacts {
    fn from(variant: Told) -> Self {
        Self {
            product_id: variant.product_id,
            variant_id: variant.variant_id,
            vendor_id: variant.vendor_id,
            sku: variant.sku,
            product_name: variant.product_name,
            position: variant.position,
            is_archived: variant.is_archived,
        }
    }
}

/// A page of the public list, as far as it is needed.
#[derive(Deserialize)]
struct ProductPage {
    items: Vec<ListedProduct>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct ListedProduct {
    id: ProductId,
}

impl Catalog {
    pub(crate) fn new(url: &str, token: InternalToken, metrics: &Metrics) -> Self {
        Self(Peer::new("catalog", url, token, TIMEOUT, metrics))
    }

    /// The variants of these products, at most [`MAX_PRODUCTS`]; those that do not exist are left out.
    pub(crate) async fn variants(
        &self,
        products: &[ProductId],
    ) -> Result<Vec<VariantFacts>, Error> {
        let query: Vec<String> = products
            .iter()
            .map(|product| format!("productId={product}"))
            .collect();
        let path = format!("/internal/variants?{}", query.join("&"));
        let list: VariantList = self.0.get(&path).await?;
        Ok(list.items.into_iter().map(VariantFacts::from).collect())
    }

    /// The next page of everything that is sold, and where the one after it begins.
    pub(crate) async fn products(
        &self,
        after: Option<&str>,
    ) -> Result<(Vec<ProductId>, Option<String>), Error> {
        let mut path = "/api/products?sort=name&limit=100".to_owned();
        if let Some(after) = after {
            path.push_str("&after=");
            path.push_str(after);
        }
        let page: ProductPage = self.0.get(&path).await?;
        let ids = page.items.into_iter().map(|product| product.id);
        Ok((ids.collect(), page.next))
    }
}
