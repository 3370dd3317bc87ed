//! The shelves of the shop.

use contracts::CategoryId;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};

use crate::domain::product::CategoryRef;

/// What the products of a category are described by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttributeKind {
    pub(crate) key: String,
    pub(crate) label: String,
    /// Whether it is offered as a filter.
    pub(crate) facet: bool,
}

/// A category with what its card shows.
#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) id: CategoryId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) attributes: Json<Vec<AttributeKind>>,
    pub(crate) product_count: i64,
    pub(crate) small: Option<String>,
    pub(crate) medium: Option<String>,
    pub(crate) large: Option<String>,
    pub(crate) width: Option<i32>,
    pub(crate) height: Option<i32>,
}

/// All of them in the order of the navigation.
pub(crate) async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        r#"
        select
          c.id as "id: CategoryId",
          c.slug,
          c.name,
          c.summary,
          c.attributes as "attributes: Json<Vec<AttributeKind>>",
          (select count(*) from products p where p.category_id = c.id and p.status = 'active') as "product_count!",
          cover.small as "small?",
          cover.medium as "medium?",
          cover.large as "large?",
          cover.width as "width?",
          cover.height as "height?"
        from categories c
        left join pictures cover on cover.source_digest = c.cover
        order by c.position, c.slug
        "#,
    )
    .fetch_all(connection)
    .await
}

/// The category with this name in URLs.
pub(crate) async fn find(
    connection: &mut PgConnection,
    slug: &str,
) -> sqlx::Result<Option<CategoryRef>> {
    sqlx::query_as!(
        CategoryRef,
        r#"select id as "id: CategoryId", slug, name from categories where slug = $1"#,
        slug,
    )
    .fetch_optional(connection)
    .await
}
