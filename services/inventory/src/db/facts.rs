//! What the catalogue says of products and their variants.
//!
//! Every writer locks the product's row first, in the order of the ids, and then touches its variants.

use std::collections::BTreeSet;

use contracts::{ProductId, VariantId, VendorId};
use sqlx::PgConnection;
use uuid::Uuid;

/// A variant as the catalogue has it.
#[derive(Debug, Clone)]
pub(crate) struct VariantFacts {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) vendor_id: VendorId,
    pub(crate) sku: String,
    pub(crate) product_name: String,
    pub(crate) position: i32,
    pub(crate) is_archived: bool,
}

/// Those of a product, in page order.
pub(crate) async fn of_product(
    connection: &mut PgConnection,
    product: ProductId,
) -> sqlx::Result<Vec<VariantFacts>> {
    sqlx::query_as!(
        VariantFacts,
        r#"
        select product_id as "product_id: ProductId", variant_id as "variant_id: VariantId",
               vendor_id as "vendor_id: VendorId", sku, product_name, position, is_archived
        from variant
        where product_id = $1
        order by position, variant_id
        "#,
        product.0,
    )
    .fetch_all(connection)
    .await
}

/// Takes note of these versions of products; says of which nothing as recent was known.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    products: &[(ProductId, i64)],
) -> sqlx::Result<BTreeSet<ProductId>> {
    let ids: Vec<Uuid> = products.iter().map(|(product, _)| product.0).collect();
    let versions: Vec<i64> = products.iter().map(|(_, version)| *version).collect();
    let rows = sqlx::query!(
        r#"
        insert into product (product_id, version)
        select product_id, version
        from unnest($1::uuid[], $2::bigint[]) as fresh (product_id, version)
        order by product_id
        on conflict (product_id) do update set version = excluded.version
        where product.version < excluded.version
        returning product_id as "product_id: ProductId"
        "#,
        &ids,
        &versions,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.product_id).collect())
}

/// Makes the rows of products of which nothing is known.
pub(crate) async fn insert_products(
    connection: &mut PgConnection,
    products: &[ProductId],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.0).collect();
    sqlx::query!(
        "
        insert into product (product_id, version)
        select product_id, 0
        from unnest($1::uuid[]) as fresh (product_id)
        order by product_id
        on conflict (product_id) do nothing
        ",
        &ids,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Stores variants of products whose rows are there; those that are known with facts as recent stay as they are.
pub(crate) async fn upsert_variants(
    connection: &mut PgConnection,
    variants: &[(VariantFacts, i64)],
) -> sqlx::Result<()> {
    let mut columns = Columns::default();
    for (facts, version) in variants {
        columns.variants.push(facts.variant_id.0);
        columns.products.push(facts.product_id.0);
        columns.vendors.push(facts.vendor_id.0);
        columns.skus.push(facts.sku.clone());
        columns.names.push(facts.product_name.clone());
        columns.positions.push(facts.position);
        columns.archived.push(facts.is_archived);
        columns.versions.push(*version);
    }
    sqlx::query!(
        "
        insert into variant (variant_id, product_id, vendor_id, sku, product_name, position, is_archived, version)
        select fresh.variant_id, fresh.product_id, fresh.vendor_id, fresh.sku, fresh.product_name, fresh.position,
               fresh.is_archived or product.is_archived, fresh.version
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::bool[], $8::bigint[])
          as fresh (variant_id, product_id, vendor_id, sku, product_name, position, is_archived, version)
        join product on product.product_id = fresh.product_id
        order by fresh.variant_id
        on conflict (variant_id) do update
        set product_id = excluded.product_id, vendor_id = excluded.vendor_id, sku = excluded.sku,
            product_name = excluded.product_name, position = excluded.position, is_archived = excluded.is_archived,
            version = excluded.version
        where variant.version < excluded.version
        ",
        &columns.variants,
        &columns.products,
        &columns.vendors,
        &columns.skus,
        &columns.names,
        &columns.positions,
        &columns.archived,
        &columns.versions,
    )
    .execute(connection)
    .await
    .map(drop)
}

#[derive(Default)]
struct Columns {
    variants: Vec<Uuid>,
    products: Vec<Uuid>,
    vendors: Vec<Uuid>,
    skus: Vec<String>,
    names: Vec<String>,
    positions: Vec<i32>,
    archived: Vec<bool>,
    versions: Vec<i64>,
}

/// Archives what the newest facts of these products do not name any more.
pub(crate) async fn archive_missing(
    connection: &mut PgConnection,
    products: &[ProductId],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.0).collect();
    sqlx::query!(
        "
        update variant
        set is_archived = true, version = product.version
        from product
        where variant.product_id = product.product_id and product.product_id = any($1)
          and variant.version < product.version
        ",
        &ids,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Archives products, also those of which nothing else is known yet.
pub(crate) async fn archive_products(
    connection: &mut PgConnection,
    products: &[ProductId],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.0).collect();
    sqlx::query!(
        "
        insert into product (product_id, version, is_archived)
        select product_id, 0, true
        from unnest($1::uuid[]) as gone (product_id)
        order by product_id
        on conflict (product_id) do update set is_archived = true
        where not product.is_archived
        ",
        &ids,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Archives all variants of these products.
pub(crate) async fn archive_variants(
    connection: &mut PgConnection,
    products: &[ProductId],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = products.iter().map(|product| product.0).collect();
    sqlx::query!(
        "update variant set is_archived = true where product_id = any($1) and not is_archived",
        &ids,
    )
    .execute(connection)
    .await
    .map(drop)
}
