//! The buyable forms of products.

use contracts::{ProductId, VariantId, VendorId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    draft::VariantDraft,
    product::{Attributes, Picture, Variant},
};

struct Row {
    id: VariantId,
    sku: String,
    name: String,
    price_minor: Option<i64>,
    options: Json<Attributes>,
    small: Option<String>,
    medium: Option<String>,
    large: Option<String>,
    width: Option<i32>,
    height: Option<i32>,
}

impl From<Row> for Variant {
    fn from(row: Row) -> Self {
        let keys = row.small.zip(row.medium).zip(row.large);
        let picture = keys.zip(row.width.zip(row.height)).map(
            |(((small, medium), large), (width, height))| Picture {
                small,
                medium,
                large,
                width,
                height,
                alt: row.name.clone(),
            },
        );
        Self {
            id: row.id,
            sku: row.sku,
            name: row.name,
            price_minor: row.price_minor,
            options: row.options.0,
            picture,
        }
    }
}

/// Those of one product, in their order.
pub(crate) async fn list(
    connection: &mut PgConnection,
    product: ProductId,
) -> sqlx::Result<Vec<Variant>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
          v.id as "id: VariantId",
          v.sku,
          v.name,
          v.price_minor,
          v.options as "options: Json<Attributes>",
          p.small as "small?",
          p.medium as "medium?",
          p.large as "large?",
          p.width as "width?",
          p.height as "height?"
        from variants v
        left join pictures p on p.source_digest = v.picture
        where v.product_id = $1
        order by v.position
        "#,
        product.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Variant::from).collect())
}

/// A buyable form with what other services need to know of it.
pub(crate) struct Facts {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) vendor_id: VendorId,
    pub(crate) sku: String,
    pub(crate) slug: String,
    pub(crate) product_name: String,
    pub(crate) variant_name: String,
    pub(crate) position: i32,
    pub(crate) price_minor: i64,
    pub(crate) currency: String,
    /// Key of the small picture in the bucket.
    pub(crate) picture: Option<String>,
    pub(crate) is_archived: bool,
}

/// Those of many products, in page order.
pub(crate) async fn facts(
    connection: &mut PgConnection,
    products: &[Uuid],
) -> sqlx::Result<Vec<Facts>> {
    sqlx::query_as!(
        Facts,
        r#"
        select
          p.id as "product_id: ProductId",
          v.id as "variant_id: VariantId",
          p.vendor_id as "vendor_id: VendorId",
          v.sku,
          p.slug,
          p.name as product_name,
          v.name as variant_name,
          v.position,
          coalesce(v.price_minor, p.price_minor) as "price_minor!",
          p.currency,
          coalesce(own.small, shown.small) as picture,
          p.status = 'archived' as "is_archived!"
        from products p
        join variants v on v.product_id = p.id
        left join pictures own on own.source_digest = v.picture
        left join lateral (
          select pictures.small
          from product_images i
          join pictures on pictures.source_digest = i.picture
          where i.product_id = p.id
          order by i.position
          limit 1
        ) shown on true
        where p.id = any($1)
        order by p.id, v.position
        "#,
        products,
    )
    .fetch_all(connection)
    .await
}

/// Adds one. Violates `variants_sku_key` when the SKU is in use.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    product: ProductId,
    position: i32,
    variant: &VariantDraft,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into variants (id, product_id, position, sku, name, price_minor, options)
        values ($1, $2, $3, $4, $5, $6, $7)
        ",
        variant.id.0,
        product.0,
        position,
        variant.sku,
        variant.name,
        variant.price_minor,
        Json(&variant.options) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Gives one another name, price and options; false when the product has no such variant.
pub(crate) async fn update(
    connection: &mut PgConnection,
    product: ProductId,
    id: VariantId,
    variant: &VariantDraft,
) -> sqlx::Result<bool> {
    let updated = sqlx::query!(
        "update variants set name = $3, price_minor = $4, options = $5 where id = $1 and product_id = $2",
        id.0,
        product.0,
        variant.name,
        variant.price_minor,
        Json(&variant.options) as _,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}
