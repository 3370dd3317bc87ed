//! What must be true of the database at any time, and everything that it says of stock, to compare before and after.

use serde_json::Value;
use testkit::TestDatabase;

/// Fails unless shelves, holds and ledger agree.
pub(crate) async fn check(database: &TestDatabase) {
    let mut connection = database.connect().await;
    let wrong: Vec<String> = sqlx::query_scalar(
        "
        with held as (
          select l.stock_id, sum(l.quantity) as units from hold_line l join hold h using (order_id)
          where h.state = 'HELD' group by l.stock_id
        ),
        sold as (
          select l.stock_id, sum(l.quantity) as units from hold_line l join hold h using (order_id)
          where h.state = 'COMMITTED' group by l.stock_id
        ),
        folded as (
          select stock_id, sum(d_on_hand) as on_hand, sum(d_reserved) as reserved,
                 coalesce(sum(d_on_hand) filter (where reason in ('restock', 'adjustment')), 0) as came
          from stock_ledger group by stock_id
        )
        select format('%s: on hand %s, reserved %s, held %s, sold %s, ledger %s and %s', s.stock_id, s.on_hand, s.reserved,
                      h.units, c.units, f.on_hand, f.reserved)
        from stock s left join held h using (stock_id) left join sold c using (stock_id) left join folded f using (stock_id)
        where s.reserved <> coalesce(h.units, 0)
           or s.on_hand <> coalesce(f.came, 0) - coalesce(c.units, 0)
           or s.on_hand <> coalesce(f.on_hand, 0) or s.reserved <> coalesce(f.reserved, 0)
           or s.reserved not between 0 and s.on_hand
        ",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

/// All business tables.
pub(crate) async fn stored(database: &TestDatabase) -> Value {
    let mut connection = database.connect().await;
    sqlx::query_scalar(
        "select json_build_object(
           'products', (select json_agg(p order by p.product_id) from product p),
           'variants', (select json_agg(v order by v.variant_id) from variant v),
           'stock', (select json_agg(s order by s.stock_id) from stock s),
           'holds', (select json_agg(h order by h.order_id) from hold h),
           'lines', (select json_agg(l order by l.order_id, l.stock_id) from hold_line l),
           'ledger', (select json_agg(l order by l.id) from stock_ledger l),
           'requests', (select json_agg(r order by r.request_id) from stock_request r),
           'events', (select json_agg(o.event_id order by o.id) from outbox o)
         )",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

/// What orders were told, with the reason, in the order of the outbox.
pub(crate) async fn told(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connect().await;
    sqlx::query_scalar(
        "select split_part(subject, '.', 3) || ' ' || coalesce(payload->>'reason', '') from outbox
         where payload ? 'orderId' order by id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

/// How many sessions wait for a lock in this database.
pub(crate) async fn blocked(database: &TestDatabase) -> i64 {
    let mut connection = database.connect().await;
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

/// Waits until so many sessions wait for a lock.
pub(crate) async fn until_blocked(database: &TestDatabase, sessions: i64) {
    let what = format!("{sessions} sessions wait for a lock");
    testkit::eventually(&what, || async {
        (blocked(database).await >= sessions).then_some(())
    })
    .await;
}
