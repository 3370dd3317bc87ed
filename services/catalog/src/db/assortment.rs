//! Products as those see them who sell them: archived ones too, by the page.

use chrono::{DateTime, Utc};
use contracts::{CategoryId, ProductId, VendorId};
use sqlx::PgConnection;

use crate::domain::{cursor::Parts, filter::Sort, product::Status};

/// Which of them.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// None for everybody's.
    pub(crate) vendor: Option<VendorId>,
    pub(crate) category: Option<CategoryId>,
    pub(crate) status: Option<Status>,
    /// A part of the name, or the beginning of a variant's SKU.
    pub(crate) words: Option<String>,
}

/// A product in the list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: ProductId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) sort_name: String,
    pub(crate) is_archived: bool,
    pub(crate) price_minor: i64,
    pub(crate) currency: String,
    pub(crate) vendor_id: VendorId,
    pub(crate) vendor_name: Option<String>,
    pub(crate) category_slug: String,
    pub(crate) category_name: String,
    pub(crate) variants: i64,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The `limit` products behind `after` in this order: newest, by name, or by price.
pub(crate) async fn page(
    connection: &mut PgConnection,
    wanted: &Wanted,
    sort: Sort,
    after: &Parts,
    limit: i64,
) -> sqlx::Result<Vec<Item>> {
    let status = wanted.status.map(Status::name);
    sqlx::query_as!(
        Item,
        r#"
        select
          p.id as "id: ProductId",
          p.slug,
          p.name,
          p.sort_name,
          p.status = 'archived' as "is_archived!",
          p.price_minor,
          p.currency,
          p.vendor_id as "vendor_id: VendorId",
          v.name as "vendor_name?",
          c.slug as category_slug,
          c.name as category_name,
          (select count(*) from variants where product_id = p.id) as "variants!",
          p.version,
          p.created_at,
          p.updated_at
        from products p
        join categories c on c.id = p.category_id
        left join vendors v on v.id = p.vendor_id
        where ($1::uuid is null or p.vendor_id = $1)
          and ($2::uuid is null or p.category_id = $2)
          and ($3::text is null or p.status = $3)
          and ($4::text is null or p.name ilike '%' || $4 || '%'
               or exists (select from variants s where s.product_id = p.id and s.sku ilike $4 || '%'))
          and case
            when $6::uuid is null then true
            when $5 = 'name' then (p.sort_name, p.id) > ($8::text, $6)
            when $5 = 'price' then (p.price_minor, p.id) > ($7::bigint, $6)
            when $5 = '-price' then (p.price_minor, p.id) < ($7, $6)
            else (p.created_at, p.id) < ($9::timestamptz, $6)
          end
        order by
          case when $5 = 'name' then p.sort_name end,
          case when $5 = 'price' then p.price_minor end,
          case when $5 = '-price' then p.price_minor end desc,
          case when $5 = 'newest' then p.created_at end desc,
          case when $5 in ('name', 'price') then p.id end,
          p.id desc
        limit $10
        "#,
        wanted.vendor.map(|vendor| vendor.0),
        wanted.category.map(|category| category.0),
        status,
        wanted.words.as_deref().map(literal),
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

/// The words as `ilike` takes them for themselves.
fn literal(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        if matches!(character, '%' | '_' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}
