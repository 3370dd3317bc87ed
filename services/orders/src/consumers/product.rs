//! What the catalogue says of products: reason to forget what is remembered of their prices.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::{
    ProductId,
    catalog::{ProductArchived, ProductCreated, ProductUpdated},
};
use sqlx::{Postgres, Transaction};

use crate::offers::Catalogue;

async fn forget(
    catalogue: &Catalogue,
    products: impl Iterator<Item = ProductId>,
) -> anyhow::Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for product in products {
        catalogue.forget(product).await;
        verdicts.push(Verdict::Done);
    }
    Ok(verdicts)
}

/// A consumer that forgets the product.
macro_rules! forgetful {
    ($(#[$documentation:meta])* $name:ident hears $event:ty as $consumer:literal) => {
        $(#[$documentation])*
        pub(crate) struct $name(pub(crate) Catalogue);

        impl Consumer for $name {
            type Event = $event;

            const NAME: &'static str = $consumer;

            async fn handle(
                &self,
                _: &mut Transaction<'static, Postgres>,
                deliveries: &[Delivery<$event>],
            ) -> anyhow::Result<Vec<Verdict>> {
                forget(&self.0, deliveries.iter().map(|delivery| delivery.event.product_id)).await
            }
        }
    };
}

forgetful!(
    /// There is a new one.
    Created hears ProductCreated as "orders_product_created"
);
forgetful!(
    /// One has changed.
    Updated hears ProductUpdated as "orders_product_updated"
);
forgetful!(
    /// One is not for sale any more.
    Archived hears ProductArchived as "orders_product_archived"
);
