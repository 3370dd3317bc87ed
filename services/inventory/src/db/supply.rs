//! What can be had, by variant and in all.

use contracts::{ProductId, VariantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::shelf::Level;

/// What can be had of a variant.
#[derive(Debug)]
pub(crate) struct Supply {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) available: i64,
    /// Of its shelves, the least grave one.
    pub(crate) level: Level,
}

struct SupplyRow {
    product_id: ProductId,
    variant_id: VariantId,
    available: i64,
    has_enough: bool,
}

impl From<SupplyRow> for Supply {
    fn from(row: SupplyRow) -> Self {
        let level = match row.available {
            0 => Level::Out,
            _ if row.has_enough => Level::Enough,
            _ => Level::Low,
        };
        Self {
            product_id: row.product_id,
            variant_id: row.variant_id,
            available: row.available,
            level,
        }
    }
}

/// What can be had of these variants and of all variants of this product; nothing of archived ones. In page order.
pub(crate) async fn supplies(
    connection: &mut PgConnection,
    variants: &[VariantId],
    product: Option<ProductId>,
) -> sqlx::Result<Vec<Supply>> {
    let ids: Vec<Uuid> = variants.iter().map(|variant| variant.0).collect();
    let rows = sqlx::query_as!(
        SupplyRow,
        r#"
        select v.product_id as "product_id: ProductId", v.variant_id as "variant_id: VariantId",
               coalesce(sum(s.on_hand - s.reserved) filter (where not v.is_archived), 0)::bigint as "available!",
               coalesce(bool_or(s.alert_level = 'ok'), false) as "has_enough!"
        from variant v
        left join stock s using (variant_id)
        where v.variant_id = any($1) or v.product_id = $2
        group by v.variant_id
        order by v.product_id, v.position, v.variant_id
        "#,
        &ids,
        product.map(|product| product.0),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Supply::from).collect())
}

/// What there is in all.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) available: i64,
    pub(crate) reserved: i64,
    pub(crate) enough: i64,
    pub(crate) low: i64,
    pub(crate) out: i64,
}

pub(crate) async fn totals(connection: &mut PgConnection) -> sqlx::Result<Totals> {
    sqlx::query_as!(
        Totals,
        r#"
        select coalesce(sum(on_hand - reserved), 0)::bigint as "available!", coalesce(sum(reserved), 0)::bigint as "reserved!",
               count(*) filter (where alert_level = 'ok') as "enough!",
               count(*) filter (where alert_level = 'low') as "low!",
               count(*) filter (where alert_level = 'out') as "out!"
        from stock
        "#
    )
    .fetch_one(connection)
    .await
}
