//! How many of the products that match have what: the numbers beside the filters.

use sqlx::PgConnection;

use super::products::Matching;

/// A category and how many matching products it has.
#[derive(Debug)]
pub(crate) struct CategoryCount {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// Per category, in the order of the navigation, without the empty ones.
pub(crate) async fn by_category(
    connection: &mut PgConnection,
    matching: &Matching,
) -> sqlx::Result<Vec<CategoryCount>> {
    sqlx::query_as!(
        CategoryCount,
        r#"
        select c.slug, c.name, matched.count as "count!"
        from (
          select p.category_id, count(*) as count
          from matching_products($1, $2, $3, $4, $5, $6::text::jsonpath, $7, $8) p
          group by p.category_id
        ) matched
        join categories c on c.id = matched.category_id
        order by c.position, c.slug
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
    .fetch_all(connection)
    .await
}

/// The lowest and the highest price, in minor units of one currency.
#[derive(Debug)]
pub(crate) struct PriceRange {
    pub(crate) min_minor: Option<i64>,
    pub(crate) max_minor: Option<i64>,
}

/// Of the matching products that are priced in the filter's currency.
pub(crate) async fn price_range(
    connection: &mut PgConnection,
    matching: &Matching,
) -> sqlx::Result<PriceRange> {
    sqlx::query_as!(
        PriceRange,
        r#"
        select min(p.price_minor) as min_minor, max(p.price_minor) as max_minor
        from matching_products($1, $2, $3, $4, $5, $6::text::jsonpath, $7, $8) p
        where p.currency = $3
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

/// A value of an attribute and how many matching products have it.
#[derive(Debug)]
pub(crate) struct ValueCount {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) count: i64,
}

/// For each of `keys`, the twenty most frequent values.
pub(crate) async fn by_value(
    connection: &mut PgConnection,
    matching: &Matching,
    keys: &[String],
) -> sqlx::Result<Vec<ValueCount>> {
    sqlx::query_as!(
        ValueCount,
        r#"
        select key as "key!", value as "value!", count as "count!"
        from (
          select wanted.key, held.value, count(*) as count,
                 row_number() over (partition by wanted.key order by count(*) desc, held.value) as place
          from matching_products($1, $2, $3, $4, $5, $6::text::jsonpath, $7, $8) p
          cross join unnest($9::text[]) as wanted (key)
          cross join lateral jsonb_array_elements_text(p.facets -> wanted.key) as held (value)
          group by wanted.key, held.value
        ) counted
        where place <= 20
        order by key, count desc, value
        "#,
        matching.category.map(|id| id.0),
        matching.vendor.map(|id| id.0),
        matching.currency,
        matching.min_minor,
        matching.max_minor,
        matching.attributes,
        matching.words,
        matching.fuzzy,
        keys,
    )
    .fetch_all(connection)
    .await
}
