//! Shelves: read, locked, changed.

use contracts::{ProductId, StockId, VariantId, VendorId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::unreadable;
use crate::domain::shelf::{Facts, Level, Shelf};

struct Row {
    stock_id: StockId,
    variant_id: VariantId,
    warehouse_location: String,
    on_hand: i64,
    reserved: i64,
    low_stock_threshold: i64,
    alert_level: String,
    version: i64,
    product_id: ProductId,
    vendor_id: VendorId,
    sku: String,
    product_name: String,
    is_archived: bool,
}

impl TryFrom<Row> for Shelf {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let level = Level::from_name(&row.alert_level);
        Ok(Self {
            id: row.stock_id,
            variant_id: row.variant_id,
            warehouse: row.warehouse_location,
            on_hand: row.on_hand,
            reserved: row.reserved,
            threshold: row.low_stock_threshold,
            level: level.ok_or_else(|| unreadable("alert_level", &row.alert_level))?,
            version: row.version,
            facts: Facts {
                product_id: row.product_id,
                vendor_id: row.vendor_id,
                sku: row.sku,
                product_name: row.product_name,
                is_archived: row.is_archived,
            },
        })
    }
}

fn shelves(rows: Vec<Row>) -> sqlx::Result<Vec<Shelf>> {
    rows.into_iter().map(Shelf::try_from).collect()
}

fn uuids(variants: &[VariantId]) -> Vec<Uuid> {
    variants.iter().map(|variant| variant.0).collect()
}

/// Every shelf of these variants, locked in the one order that all transactions keep.
pub(crate) async fn lock_of_variants(
    connection: &mut PgConnection,
    variants: &[VariantId],
) -> sqlx::Result<Vec<Shelf>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where s.variant_id = any($1)
        order by s.stock_id
        for no key update of s
        "#,
        &uuids(variants),
    )
    .fetch_all(connection)
    .await?;
    shelves(rows)
}

/// A deliberate defect (`unordered_stock_locks`): two orders that name the same variants the other way round wait for each
/// other.
pub(crate) async fn lock_of_variants_as_named(
    connection: &mut PgConnection,
    variants: &[VariantId],
) -> sqlx::Result<Vec<Shelf>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where s.variant_id = any($1)
        order by array_position($1, s.variant_id)
        for no key update of s
        "#,
        &uuids(variants),
    )
    .fetch_all(connection)
    .await?;
    shelves(rows)
}

/// These shelves and every shelf of these variants, locked in the one order that all transactions keep.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    stock: &[StockId],
    variants: &[VariantId],
) -> sqlx::Result<Vec<Shelf>> {
    let ids: Vec<Uuid> = stock.iter().map(|stock| stock.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where s.stock_id = any($1) or s.variant_id = any($2)
        order by s.stock_id
        for no key update of s
        "#,
        &ids,
        &uuids(variants),
    )
    .fetch_all(connection)
    .await?;
    shelves(rows)
}

/// The shelf of a variant in a warehouse, locked.
pub(crate) async fn lock_one(
    connection: &mut PgConnection,
    variant: VariantId,
    warehouse: &str,
) -> sqlx::Result<Option<Shelf>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where s.variant_id = $1 and s.warehouse_location = $2
        for no key update of s
        "#,
        variant.0,
        warehouse,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Shelf::try_from).transpose()
}

pub(crate) async fn find(
    connection: &mut PgConnection,
    stock: StockId,
) -> sqlx::Result<Option<Shelf>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where s.stock_id = $1
        "#,
        stock.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Shelf::try_from).transpose()
}

/// Which shelves a list shows.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) vendor: Option<VendorId>,
    pub(crate) product: Option<ProductId>,
    pub(crate) level: Option<Level>,
    /// A part of the product's name, or the beginning of a SKU, whatever their case.
    pub(crate) words: Option<String>,
    pub(crate) warehouse: Option<String>,
    /// By name of product and SKU instead of by id.
    pub(crate) by_name: bool,
    pub(crate) after: Option<StockId>,
}

/// The next shelves in the order of their ids, or of their products' names.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Shelf>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select s.stock_id as "stock_id: StockId", s.variant_id as "variant_id: VariantId", s.warehouse_location, s.on_hand,
               s.reserved, s.low_stock_threshold, s.alert_level, s.version, v.product_id as "product_id: ProductId",
               v.vendor_id as "vendor_id: VendorId", v.sku, v.product_name, v.is_archived
        from stock s
        join variant v using (variant_id)
        where ($1::uuid is null or v.vendor_id = $1)
          and ($2::uuid is null or v.product_id = $2)
          and ($3::text is null or s.alert_level = $3)
          and ($4::uuid is null or case
            when $5 then (lower(v.product_name), v.sku, s.stock_id) > (
              select lower(v.product_name), v.sku, s.stock_id from stock s join variant v using (variant_id)
              where s.stock_id = $4
            )
            else s.stock_id > $4
          end)
          and ($6::text is null or strpos(lower(v.product_name), lower($6)) > 0 or starts_with(lower(v.sku), lower($6)))
          and ($7::text is null or s.warehouse_location = $7)
        order by case when $5 then lower(v.product_name) end, case when $5 then v.sku end, s.stock_id
        limit $8
        "#,
        filter.vendor.map(|vendor| vendor.0),
        filter.product.map(|product| product.0),
        filter.level.map(Level::name),
        filter.after.map(|after| after.0),
        filter.by_name,
        filter.words,
        filter.warehouse,
        limit,
    )
    .fetch_all(connection)
    .await?;
    shelves(rows)
}

/// An empty shelf of this variant in this warehouse, unless there is one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    variant: VariantId,
    warehouse: &str,
    threshold: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into stock (stock_id, variant_id, warehouse_location, low_stock_threshold)
        values ($1, $2, $3, $4)
        on conflict on constraint stock_once_per_warehouse do nothing
        ",
        StockId::generate().0,
        variant.0,
        warehouse,
        threshold,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A shelf of the demo shop.
#[derive(Debug)]
pub(crate) struct NewShelf {
    pub(crate) id: StockId,
    pub(crate) variant_id: VariantId,
    pub(crate) warehouse: &'static str,
    pub(crate) threshold: i64,
}

/// Empty shelves of variants that have none anywhere; says which were made.
pub(crate) async fn insert_first(
    connection: &mut PgConnection,
    shelves: &[&NewShelf],
) -> sqlx::Result<Vec<StockId>> {
    let ids: Vec<Uuid> = shelves.iter().map(|shelf| shelf.id.0).collect();
    let variants: Vec<Uuid> = shelves.iter().map(|shelf| shelf.variant_id.0).collect();
    let warehouses: Vec<String> = shelves
        .iter()
        .map(|shelf| shelf.warehouse.to_owned())
        .collect();
    let thresholds: Vec<i64> = shelves.iter().map(|shelf| shelf.threshold).collect();
    let rows = sqlx::query!(
        r#"
        insert into stock (stock_id, variant_id, warehouse_location, low_stock_threshold)
        select shelf.stock_id, shelf.variant_id, shelf.warehouse_location, shelf.threshold
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])
          as shelf (stock_id, variant_id, warehouse_location, threshold)
        where not exists (select from stock where stock.variant_id = shelf.variant_id)
        order by shelf.stock_id
        on conflict do nothing
        returning stock_id as "stock_id: StockId"
        "#,
        &ids,
        &variants,
        &warehouses,
        &thresholds,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.stock_id).collect())
}
