//! The ledger, for whoever wants to know how a shelf came to be as it is.

use chrono::{DateTime, Utc};
use contracts::StockId;
use sqlx::PgConnection;
use uuid::Uuid;

/// One change of a shelf.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) d_on_hand: i64,
    pub(crate) d_reserved: i64,
    pub(crate) reason: String,
    pub(crate) reference: Uuid,
    pub(crate) note: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// The latest changes of a shelf, or those before one.
pub(crate) async fn page(
    connection: &mut PgConnection,
    stock: StockId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"
        select id, d_on_hand, d_reserved, reason, ref as reference, note, at
        from stock_ledger
        where stock_id = $1 and ($2::bigint is null or id < $2)
        order by id desc
        limit $3
        "#,
        stock.0,
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}
