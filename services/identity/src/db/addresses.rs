//! Address books. Whoever changes one holds the lock of its owner, which keeps "one default" true between statements.

use chrono::{DateTime, Utc};
use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::address::{Address, Place};

struct Row {
    id: Uuid,
    label: String,
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    is_default: bool,
    created_at: DateTime<Utc>,
}

impl From<Row> for Address {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            place: Place {
                label: row.label,
                recipient: row.recipient,
                street: row.street,
                city: row.city,
                state: row.state,
                zip_code: row.zip_code,
                country: row.country,
            },
            is_default: row.is_default,
            created_at: row.created_at,
        }
    }
}

/// Somebody's addresses, the default one first, then the oldest.
pub(crate) async fn of_user(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<Address>> {
    let rows = sqlx::query_as!(
        Row,
        "
        select id, label, recipient, street, city, state, zip_code, country, is_default, created_at
        from addresses
        where user_id = $1
        order by is_default desc, created_at, id
        ",
        user.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Address::from).collect())
}

/// One of somebody's addresses.
pub(crate) async fn get(
    connection: &mut PgConnection,
    user: UserId,
    id: Uuid,
) -> sqlx::Result<Option<Address>> {
    let row = sqlx::query_as!(
        Row,
        "
        select id, label, recipient, street, city, state, zip_code, country, is_default, created_at
        from addresses
        where user_id = $1 and id = $2
        ",
        user.0,
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Address::from))
}

/// How many addresses somebody keeps.
pub(crate) async fn count(connection: &mut PgConnection, user: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from addresses where user_id = $1"#,
        user.0
    )
    .fetch_one(connection)
    .await
}

/// Puts a new address in; not as the default one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    user: UserId,
    place: &Place,
) -> sqlx::Result<Address> {
    let row = sqlx::query_as!(
        Row,
        "
        insert into addresses (id, user_id, label, recipient, street, city, state, zip_code, country)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        returning id, label, recipient, street, city, state, zip_code, country, is_default, created_at
        ",
        Uuid::now_v7(),
        user.0,
        place.label,
        place.recipient,
        place.street,
        place.city,
        place.state,
        place.zip_code,
        place.country,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.into())
}

/// Changes what an address says.
pub(crate) async fn update(
    connection: &mut PgConnection,
    id: Uuid,
    place: &Place,
) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        "
        update addresses
        set label = $2, recipient = $3, street = $4, city = $5, state = $6, zip_code = $7, country = $8
        where id = $1
        returning id
        ",
        id,
        place.label,
        place.recipient,
        place.street,
        place.city,
        place.state,
        place.zip_code,
        place.country,
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Makes no address of somebody's the default one.
pub(crate) async fn clear_default(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update addresses set is_default = false where user_id = $1 and is_default",
        user.0
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Makes this one the default one; there is none at this moment.
pub(crate) async fn set_default(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        "update addresses set is_default = true where id = $1 returning id",
        id
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Takes an address out; says whether it was the default one, or nothing if there is none such.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    user: UserId,
    id: Uuid,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        "delete from addresses where user_id = $1 and id = $2 returning is_default",
        user.0,
        id
    )
    .fetch_optional(connection)
    .await
}
