//! Statements of the demo loader: rows are written only where they differ, or by the thousand.

use chrono::{DateTime, Utc};
use contracts::{CategoryId, ProductId, VariantId, VendorId};
use sqlx::{PgConnection, types::Json};

use super::categories::AttributeKind;
use crate::domain::product::{Attributes, Facets};

/// What marks a generated product, in `keywords`.
pub(crate) const GENERATED: &str = "generated";

/// A category to be as given.
#[derive(Debug)]
pub(crate) struct SeedCategory<'a> {
    pub(crate) id: CategoryId,
    pub(crate) slug: &'a str,
    pub(crate) name: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) position: i32,
    pub(crate) attributes: &'a [AttributeKind],
    pub(crate) cover: String,
}

/// A product to be as given.
#[derive(Debug)]
pub(crate) struct SeedProduct<'a> {
    pub(crate) id: ProductId,
    pub(crate) slug: &'a str,
    pub(crate) category: CategoryId,
    pub(crate) vendor: VendorId,
    pub(crate) name: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) description: &'a str,
    pub(crate) keywords: String,
    pub(crate) price_minor: i64,
    pub(crate) currency: &'a str,
    pub(crate) attributes: &'a Attributes,
    pub(crate) facets: &'a Facets,
    pub(crate) rank: i32,
    /// How many hours before now it is said to have come, so that "newest" is an order.
    pub(crate) age_h: i32,
}

/// A variant to be as given.
#[derive(Debug)]
pub(crate) struct SeedVariant<'a> {
    pub(crate) id: VariantId,
    pub(crate) product: ProductId,
    pub(crate) position: i32,
    pub(crate) sku: &'a str,
    pub(crate) name: &'a str,
    pub(crate) price_minor: Option<i64>,
    pub(crate) options: &'a Attributes,
    pub(crate) picture: Option<String>,
}

/// What writing a product came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Inserted,
    Updated,
    /// It was like that.
    Unchanged,
}

/// Makes a second seeder wait for the first, until the transaction ends.
pub(crate) async fn only_one_seeder(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtext('catalog seed')) as "lock!: ()""#)
        .execute(connection)
        .await
        .map(drop)
}

pub(crate) async fn upsert_category(
    connection: &mut PgConnection,
    row: &SeedCategory<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into categories (id, slug, name, summary, position, attributes, cover)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (id) do update
        set slug = excluded.slug, name = excluded.name, summary = excluded.summary, position = excluded.position,
            attributes = excluded.attributes, cover = excluded.cover
        ",
        row.id.0,
        row.slug,
        row.name,
        row.summary,
        row.position,
        Json(row.attributes) as _,
        row.cover,
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn upsert_vendor(
    connection: &mut PgConnection,
    id: VendorId,
    slug: &str,
    name: &str,
    place: &str,
    about: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into vendors (id, slug, name, place, about)
        values ($1, $2, $3, $4, $5)
        on conflict (id) do update
        set slug = excluded.slug, name = excluded.name, place = excluded.place, about = excluded.about
        ",
        id.0,
        slug,
        name,
        place,
        about,
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn upsert_product(
    connection: &mut PgConnection,
    row: &SeedProduct<'_>,
) -> sqlx::Result<Written> {
    let inserted = sqlx::query_scalar!(
        r#"
        insert into products as p
          (id, slug, vendor_id, category_id, name, summary, description, keywords, price_minor, currency, attributes,
           facets, rank, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now() - make_interval(hours => $14))
        on conflict (id) do update
        set vendor_id = excluded.vendor_id, category_id = excluded.category_id, name = excluded.name,
            summary = excluded.summary, description = excluded.description, keywords = excluded.keywords,
            price_minor = excluded.price_minor, currency = excluded.currency, attributes = excluded.attributes,
            facets = excluded.facets, rank = excluded.rank, version = p.version + 1, updated_at = now()
        where (p.vendor_id, p.category_id, p.name, p.summary, p.description, p.keywords, p.price_minor, p.currency,
               p.attributes, p.facets, p.rank)
          is distinct from
              (excluded.vendor_id, excluded.category_id, excluded.name, excluded.summary, excluded.description,
               excluded.keywords, excluded.price_minor, excluded.currency, excluded.attributes, excluded.facets,
               excluded.rank)
        returning (version = 1) as "inserted!"
        "#,
        row.id.0,
        row.slug,
        row.vendor.0,
        row.category.0,
        row.name,
        row.summary,
        row.description,
        row.keywords,
        row.price_minor,
        row.currency,
        Json(row.attributes) as _,
        Json(row.facets) as _,
        row.rank,
        row.age_h,
    )
    .fetch_optional(connection)
    .await?;
    Ok(match inserted {
        Some(true) => Written::Inserted,
        Some(false) => Written::Updated,
        None => Written::Unchanged,
    })
}

/// Says whether anything was different.
pub(crate) async fn upsert_variant(
    connection: &mut PgConnection,
    row: &SeedVariant<'_>,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "
        insert into variants as v (id, product_id, position, sku, name, price_minor, options, picture)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (id) do update
        set position = excluded.position, name = excluded.name, price_minor = excluded.price_minor,
            options = excluded.options, picture = excluded.picture
        where (v.position, v.name, v.price_minor, v.options, v.picture)
          is distinct from (excluded.position, excluded.name, excluded.price_minor, excluded.options, excluded.picture)
        ",
        row.id.0,
        row.product.0,
        row.position,
        row.sku,
        row.name,
        row.price_minor,
        Json(row.options) as _,
        row.picture,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// Makes this the first picture of the product; says whether it was not.
pub(crate) async fn show_first(
    connection: &mut PgConnection,
    product: ProductId,
    source_digest: &str,
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "
        insert into product_images as i (product_id, position, picture)
        values ($1, 0, $2)
        on conflict (product_id, position) do update
        set picture = excluded.picture
        where i.picture <> excluded.picture
        ",
        product.0,
        source_digest,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// The time of the transaction.
pub(crate) async fn now(connection: &mut PgConnection) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select now() as "now!""#)
        .fetch_one(connection)
        .await
}

/// Products, whether in the shop or archived.
pub(crate) async fn count_products(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from products"#)
        .fetch_one(connection)
        .await
}

/// Those that the loader generated.
pub(crate) async fn count_generated(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from products where keywords = $1"#,
        GENERATED
    )
    .fetch_one(connection)
    .await
}

/// Lets the text indexes collect what is new, until the end of the transaction, instead of sorting it in row by row: that
/// nearly halves the time of a bulk load.
pub(crate) async fn collect_index_entries(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set local gin_pending_list_limit = '512MB'")
        .execute(connection)
        .await
        .map(drop)
}

/// Sorts in what has been collected, before a search has to read through it.
pub(crate) async fn sort_in_index_entries(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        select
          gin_clean_pending_list('products_by_word') as "word!",
          gin_clean_pending_list('products_by_trigram') as "trigram!",
          gin_clean_pending_list('products_by_facet') as "facet!"
        "#
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Tells the planner what is in the tables now: after a bulk load it would otherwise guess for a minute.
pub(crate) async fn analyze(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("analyze products, variants, product_images, pictures, categories, outbox")
        .execute(connection)
        .await
        .map(drop)
}

/// What can be copied into.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    Products,
    Variants,
    Images,
    Outbox,
}

/// Sends lines of PostgreSQL's text format.
pub(crate) async fn copy(
    connection: &mut PgConnection,
    table: Table,
    rows: String,
) -> sqlx::Result<u64> {
    let statement = match table {
        Table::Products => {
            "copy products (id, slug, vendor_id, category_id, name, summary, description, keywords, price_minor, currency,
                            attributes, facets, rank, created_at) from stdin"
        }
        Table::Variants => "copy variants (id, product_id, position, sku, name) from stdin",
        Table::Images => "copy product_images (product_id, position, picture) from stdin",
        Table::Outbox => "copy outbox (event_id, subject, aggregate_id, aggregate_version, payload) from stdin",
    };
    let mut copy = connection.copy_in_raw(statement).await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await
}
