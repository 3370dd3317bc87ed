//! What the catalogue says of products: reason to forget what is remembered of their prices.

use chassis::consumer::{Consumer, Delivery, Verdict};
use contracts::catalog::{ProductArchived, ProductCreated, ProductUpdated};
use sqlx::{Postgres, Transaction};

use crate::offers::Catalogue;

/// A consumer that forgets what it is told to of the product.
macro_rules! forgetful {
    ($(#[$documentation:meta])* $name:ident hears $event:ty as $consumer:literal, and $forgets:ident) => {
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
                for delivery in deliveries {
                    self.0.$forgets(delivery.event.product_id).await;
                }
                Ok(deliveries.iter().map(|_| Verdict::Done).collect())
            }
        }
    };
}

forgetful!(
    /// There is a new one. Whoever was quicker than this news has remembered it rightly.
    Created hears ProductCreated as "orders_product_created", and forget_absence
);
forgetful!(
    /// One has changed.
    Updated hears ProductUpdated as "orders_product_updated", and forget
);
forgetful!(
    /// One is not for sale any more.
    Archived hears ProductArchived as "orders_product_archived", and forget
);
