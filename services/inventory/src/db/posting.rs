//! The one statement that changes shelves, together with their ledger.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::shelf::{Posting, Shelf};

/// How many rows [`post`] wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) shelves: i64,
    pub(crate) movements: i64,
}

/// Stores locked shelves as they are now, and in the same statement how they came to be so: their locks are held for one
/// round trip less.
pub(crate) async fn post(connection: &mut PgConnection, posting: &Posting) -> sqlx::Result<Posted> {
    let shelf = Columns::of(&posting.shelves);
    let movements = &posting.movements;
    let moved: Vec<Uuid> = movements.iter().map(|movement| movement.shelf.0).collect();
    let on_hand: Vec<i64> = movements.iter().map(|movement| movement.on_hand).collect();
    let reserved: Vec<i64> = movements.iter().map(|movement| movement.reserved).collect();
    let reasons: Vec<String> = movements
        .iter()
        .map(|movement| movement.reason.name().to_owned())
        .collect();
    let references: Vec<Uuid> = movements
        .iter()
        .map(|movement| movement.reference)
        .collect();
    let notes: Vec<Option<String>> = movements
        .iter()
        .map(|movement| movement.note.clone())
        .collect();
    sqlx::query_as!(
        Posted,
        r#"
        with moved as (
          update stock
          set on_hand = now_is.on_hand, reserved = now_is.reserved, low_stock_threshold = now_is.threshold,
              alert_level = now_is.level, version = now_is.version
          from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
            as now_is (stock_id, on_hand, reserved, threshold, level, version)
          where stock.stock_id = now_is.stock_id and stock.version = now_is.version - 1
          returning 1
        ),
        written as (
          insert into stock_ledger (stock_id, d_on_hand, d_reserved, reason, ref, note)
          select stock_id, d_on_hand, d_reserved, reason, ref, note
          from unnest($7::uuid[], $8::bigint[], $9::bigint[], $10::text[], $11::uuid[], $12::text[])
            as movement (stock_id, d_on_hand, d_reserved, reason, ref, note)
          returning 1
        )
        select (select count(*) from moved) as "shelves!", (select count(*) from written) as "movements!"
        "#,
        &shelf.ids,
        &shelf.on_hand,
        &shelf.reserved,
        &shelf.thresholds,
        &shelf.levels,
        &shelf.versions,
        &moved,
        &on_hand,
        &reserved,
        &reasons,
        &references,
        &notes as &[Option<String>],
    )
    .fetch_one(connection)
    .await
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    on_hand: Vec<i64>,
    reserved: Vec<i64>,
    thresholds: Vec<i64>,
    levels: Vec<String>,
    versions: Vec<i64>,
}

impl Columns {
    fn of(shelves: &[Shelf]) -> Self {
        let mut columns = Self::default();
        for shelf in shelves {
            columns.ids.push(shelf.id.0);
            columns.on_hand.push(shelf.on_hand);
            columns.reserved.push(shelf.reserved);
            columns.thresholds.push(shelf.threshold);
            columns.levels.push(shelf.level.name().to_owned());
            columns.versions.push(shelf.version);
        }
        columns
    }
}
