//! Pictures, and which product shows which.

use contracts::ProductId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::product::Picture;

/// A picture with the product that shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    product_id: ProductId,
    small: String,
    medium: String,
    large: String,
    width: i32,
    height: i32,
    alt: String,
}

impl Shown {
    pub(crate) fn split(self) -> (ProductId, Picture) {
        let Self {
            product_id,
            small,
            medium,
            large,
            width,
            height,
            alt,
        } = self;
        (
            product_id,
            Picture {
                small,
                medium,
                large,
                width,
                height,
                alt,
            },
        )
    }
}

/// The pictures of these products, in their order.
pub(crate) async fn of_products(
    connection: &mut PgConnection,
    products: &[Uuid],
) -> sqlx::Result<Vec<Shown>> {
    sqlx::query_as!(
        Shown,
        r#"
        select i.product_id as "product_id: ProductId", p.small, p.medium, p.large, p.width, p.height, i.alt
        from product_images i
        join pictures p on p.source_digest = i.picture
        where i.product_id = any($1)
        order by i.product_id, i.position
        "#,
        products,
    )
    .fetch_all(connection)
    .await
}

/// The picture that was made from this source.
pub(crate) async fn get(
    connection: &mut PgConnection,
    source_digest: &str,
) -> sqlx::Result<Option<Picture>> {
    sqlx::query_as!(
        Picture,
        r#"
        select small, medium, large, width, height, '' as "alt!"
        from pictures
        where source_digest = $1
        "#,
        source_digest,
    )
    .fetch_optional(connection)
    .await
}

/// Records a stored picture; the same one again changes nothing but its keys.
pub(crate) async fn upsert(
    connection: &mut PgConnection,
    source_digest: &str,
    picture: &Picture,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into pictures (source_digest, small, medium, large, width, height)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (source_digest) do update
        set small = excluded.small, medium = excluded.medium, large = excluded.large,
            width = excluded.width, height = excluded.height
        ",
        source_digest,
        picture.small,
        picture.medium,
        picture.large,
        picture.width,
        picture.height,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// How many pictures a product has.
pub(crate) async fn count(connection: &mut PgConnection, product: ProductId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from product_images where product_id = $1"#,
        product.0
    )
    .fetch_one(connection)
    .await
}

/// Shows a picture with a product, behind those that it has. Says whether it did not show it already.
pub(crate) async fn attach(
    connection: &mut PgConnection,
    product: ProductId,
    source_digest: &str,
    alt: &str,
) -> sqlx::Result<bool> {
    let attached = sqlx::query!(
        "
        insert into product_images (product_id, position, picture, alt)
        select $1, coalesce(max(position) + 1, 0), $2, $3
        from product_images
        where product_id = $1
        on conflict on constraint product_images_picture_key do nothing
        ",
        product.0,
        source_digest,
        alt,
    )
    .execute(connection)
    .await?;
    Ok(attached.rows_affected() == 1)
}
