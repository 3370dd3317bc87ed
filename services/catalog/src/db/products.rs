//! Products: one by one, and by the page.

use chrono::{DateTime, Utc};
use contracts::{CategoryId, Money, ProductId, VendorId};
use sqlx::{PgConnection, types::Json};

use crate::domain::{
    cursor::Parts,
    draft::Draft,
    filter::Sort,
    product::{Attributes, CategoryRef, Facets, Product, Revision, Status},
};

/// A filter whose names have been looked up: what the function `matching_products` takes.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    pub(crate) category: Option<CategoryId>,
    pub(crate) vendor: Option<VendorId>,
    pub(crate) currency: &'static str,
    pub(crate) min_minor: Option<i64>,
    pub(crate) max_minor: Option<i64>,
    pub(crate) attributes: Option<String>,
    pub(crate) words: Option<String>,
    pub(crate) fuzzy: bool,
}

/// A product in a list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: ProductId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) price_minor: i64,
    pub(crate) currency: String,
    pub(crate) vendor_id: VendorId,
    pub(crate) category_slug: String,
    pub(crate) category_name: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) rank: i32,
    pub(crate) sort_name: String,
    pub(crate) score: i64,
}

/// The `limit` products behind `after` in this order.
///
/// The order is a parameter, and so is which page. It is planned as though it were neither: the planner sees the values
/// (`plan_cache_mode`), folds each `case` into the one arm that is meant, and walks the index of that order.
pub(crate) async fn page(
    connection: &mut PgConnection,
    matching: &Matching,
    sort: Sort,
    after: &Parts,
    limit: i64,
) -> sqlx::Result<Vec<Item>> {
    sqlx::query_as!(
        Item,
        r#"
        select
          p.id as "id!: ProductId",
          p.slug as "slug!",
          p.name as "name!",
          p.summary as "summary!",
          p.price_minor as "price_minor!",
          p.currency as "currency!",
          p.vendor_id as "vendor_id!: VendorId",
          c.slug as "category_slug!",
          c.name as "category_name!",
          p.created_at as "created_at!",
          p.rank as "rank!",
          p.sort_name as "sort_name!",
          s.score as "score!"
        from matching_products($1, $2, $3, $4, $5, $6::text::jsonpath, $7, $8) p
        join categories c on c.id = p.category_id
        cross join lateral (
          select case
            when $9 = 'relevance' and $8 then (1e6 * word_similarity($7, p.name))::bigint
            when $9 = 'relevance' then (1e6 * ts_rank(
              p.search,
              websearch_to_tsquery('english', $7) || websearch_to_tsquery('simple', $7)
            ))::bigint
            else 0
          end as score
        ) s
        where case
          when $10::uuid is null then true
          when $9 = 'rank' then (p.rank, p.id) < ($11::bigint, $10)
          when $9 = 'newest' then (p.created_at, p.id) < ($13::timestamptz, $10)
          when $9 = 'price' then (p.price_minor, p.id) > ($11, $10)
          when $9 = '-price' then (p.price_minor, p.id) < ($11, $10)
          when $9 = 'name' then (p.sort_name, p.id) > ($12::text, $10)
          when $9 = 'relevance' then (s.score, p.id) < ($11, $10)
        end
        order by
          case when $9 = 'rank' then p.rank end desc,
          case when $9 = 'newest' then p.created_at end desc,
          case when $9 = 'price' then p.price_minor end,
          case when $9 = '-price' then p.price_minor end desc,
          case when $9 = 'name' then p.sort_name end,
          case when $9 = 'relevance' then s.score end desc,
          case when $9 in ('price', 'name') then p.id end,
          case when $9 not in ('price', 'name') then p.id end desc
        limit $14
        "#,
        matching.category.map(|id| id.0),
        matching.vendor.map(|id| id.0),
        matching.currency,
        matching.min_minor,
        matching.max_minor,
        matching.attributes,
        matching.words,
        matching.fuzzy,
        sort.name(),
        after.id,
        after.number,
        after.text,
        after.time,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// How many products match.
pub(crate) async fn count(connection: &mut PgConnection, matching: &Matching) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from matching_products($1, $2, $3, $4, $5, $6::text::jsonpath, $7, $8)
        "#,
        matching.category.map(|id| id.0),
        matching.vendor.map(|id| id.0),
        matching.currency,
        matching.min_minor,
        matching.max_minor,
        matching.attributes,
        matching.words,
        matching.fuzzy,
    )
    .fetch_one(connection)
    .await
}

/// Names of products that are something like `words`, the most alike first.
pub(crate) async fn similar_names(
    connection: &mut PgConnection,
    words: &str,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        select name as "name!"
        from (
          select distinct on (p.sort_name) p.name, similarity(p.name, $1) as likeness
          from products p
          where p.status = 'active' and p.name % $1
          order by p.sort_name, p.id
        ) alike
        order by likeness desc, name
        limit 5
        "#,
        words,
    )
    .fetch_all(connection)
    .await
}

struct Row {
    id: ProductId,
    slug: String,
    vendor_id: VendorId,
    vendor_name: Option<String>,
    category_id: CategoryId,
    category_slug: String,
    category_name: String,
    name: String,
    summary: String,
    description: String,
    archived: bool,
    price_minor: i64,
    currency: String,
    attributes: Json<Attributes>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for Product {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let currency = row
            .currency
            .parse()
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            id: row.id,
            slug: row.slug,
            vendor_id: row.vendor_id,
            vendor_name: row.vendor_name,
            category: CategoryRef {
                id: row.category_id,
                slug: row.category_slug,
                name: row.category_name,
            },
            name: row.name,
            summary: row.summary,
            description: row.description,
            status: if row.archived {
                Status::Archived
            } else {
                Status::Active
            },
            price: Money::from_minor(row.price_minor, currency),
            attributes: row.attributes.0,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            variants: Vec::new(),
            pictures: Vec::new(),
        })
    }
}

/// A product without its variants and pictures, by its id or by its slug.
pub(crate) async fn get(
    connection: &mut PgConnection,
    id: Option<ProductId>,
    slug: Option<&str>,
) -> sqlx::Result<Option<Product>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
          p.id as "id: ProductId",
          p.slug,
          p.vendor_id as "vendor_id: VendorId",
          v.name as "vendor_name?",
          c.id as "category_id: CategoryId",
          c.slug as category_slug,
          c.name as category_name,
          p.name,
          p.summary,
          p.description,
          p.status = 'archived' as "archived!",
          p.price_minor,
          p.currency,
          p.attributes as "attributes: Json<Attributes>",
          p.version,
          p.created_at,
          p.updated_at
        from products p
        join categories c on c.id = p.category_id
        left join vendors v on v.id = p.vendor_id
        where p.id = $1 or p.slug = $2
        "#,
        id.map(|id| id.0),
        slug,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Product::try_from).transpose()
}

/// Keeps others from changing the product until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, id: ProductId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select 1 as one from products where id = $1 for no key update",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Puts a new product in. Says so when the slug belongs to another product.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    id: ProductId,
    slug: &str,
    vendor: VendorId,
    category: CategoryId,
    draft: &Draft,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "
        insert into products
          (id, slug, vendor_id, category_id, name, summary, description, price_minor, currency, attributes, facets)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict on constraint products_slug_key do nothing
        ",
        id.0,
        slug,
        vendor.0,
        category.0,
        draft.name,
        draft.summary,
        draft.description,
        draft.price.minor,
        draft.price.currency.code(),
        Json(&draft.attributes) as _,
        Json(draft.facets()) as _,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores a changed product as its next version.
pub(crate) async fn update(
    connection: &mut PgConnection,
    product: &Product,
    facets: &Facets,
) -> sqlx::Result<Option<Revision>> {
    sqlx::query_as!(
        Revision,
        "
        update products
        set category_id = $2, name = $3, summary = $4, description = $5, price_minor = $6, attributes = $7, facets = $8,
            version = version + 1, updated_at = now()
        where id = $1 and version = $9 and status = 'active'
        returning version, updated_at
        ",
        product.id.0,
        product.category.id.0,
        product.name,
        product.summary,
        product.description,
        product.price.minor,
        Json(&product.attributes) as _,
        Json(facets) as _,
        product.version,
    )
    .fetch_optional(connection)
    .await
}

/// Counts a change that is stored elsewhere, such as another picture.
pub(crate) async fn touch(connection: &mut PgConnection, id: ProductId) -> sqlx::Result<Revision> {
    sqlx::query_as!(
        Revision,
        "update products set version = version + 1, updated_at = now() where id = $1 returning version, updated_at",
        id.0,
    )
    .fetch_one(connection)
    .await
}

/// Takes a product out of the shop; nothing when it is out already.
pub(crate) async fn archive(
    connection: &mut PgConnection,
    id: ProductId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "
        update products
        set status = 'archived', version = version + 1, updated_at = now()
        where id = $1 and status = 'active'
        returning version
        ",
        id.0,
    )
    .fetch_optional(connection)
    .await
}
