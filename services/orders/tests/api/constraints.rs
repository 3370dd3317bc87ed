//! The table itself: it holds exactly the combinations that make sense.

use sqlx::{Connection as _, PgConnection};
use testkit::TestDatabase;

const STATES: [&str; 9] = [
    "PENDING",
    "PAYMENT_PENDING",
    "PAID",
    "SHIPPED",
    "DELIVERED",
    "CANCELLING",
    "CANCELLED",
    "FAILED",
    "REFUNDED",
];

/// What may stand together, said without looking at the migration.
fn makes_sense(state: &str, stock: &str, pay: &str, refunded: i64, waits: bool) -> bool {
    let money = matches!(
        (pay, refunded),
        ("NONE" | "FAILED", 0) | ("CAPTURED", 0 | 1) | ("REFUNDED", 2)
    );
    let fits = match state {
        "PENDING" | "PAYMENT_PENDING" => stock == "HELD" && pay == "NONE" && waits,
        "PAID" => stock != "GONE" && pay == "CAPTURED" && waits == (stock == "HELD"),
        "SHIPPED" | "DELIVERED" => stock == "COMMITTED" && pay == "CAPTURED" && !waits,
        "CANCELLING" => waits && !(stock == "GONE" && ["FAILED", "REFUNDED"].contains(&pay)),
        "CANCELLED" | "FAILED" => stock == "GONE" && pay == "FAILED" && !waits,
        "REFUNDED" => stock == "GONE" && pay == "REFUNDED" && !waits,
        _ => false,
    };
    money && fits
}

async fn is_stored(
    connection: &mut PgConnection,
    state: &str,
    stock: &str,
    pay: &str,
    refunded: i64,
    waits: bool,
) -> bool {
    let ending = match state {
        "CANCELLING" | "CANCELLED" => Some("CANCELLED"),
        "FAILED" => Some("DECLINED"),
        "REFUNDED" => Some("REFUNDED"),
        _ => None,
    };
    let is_sent = ["SHIPPED", "DELIVERED"].contains(&state);
    let mut tx = connection.begin().await.unwrap();
    let inserted = sqlx::query(
        "insert into orders (
           id, number, user_id, email, idempotency_key, fingerprint, state, version, stock, pay, ending, currency, total_minor,
           refunded_minor, payment_method, shipping_address, placed_at, shipped_at, state_since, updated_at, deadline
         ) values (
           gen_random_uuid(), 'ARG', gen_random_uuid(), 'a@example.com', 'k', sha256('x'), $1, 1, $2, $3, $4, 'EUR', 2,
           $5, 'pm_card', '{}', now(), case when $6 then now() end, now(), now(), case when $7 then now() end
         )",
    )
    .bind(state)
    .bind(stock)
    .bind(pay)
    .bind(ending)
    .bind(refunded)
    .bind(is_sent)
    .bind(waits)
    .execute(&mut *tx)
    .await;
    tx.rollback().await.unwrap();
    match inserted {
        Ok(_) => true,
        Err(error) => {
            let error = error.as_database_error().unwrap();
            assert_eq!(
                error.kind(),
                sqlx::error::ErrorKind::CheckViolation,
                "{error}"
            );
            false
        }
    }
}

#[tokio::test]
async fn no_wrong_combination_can_be_stored_and_every_right_one_can() {
    let database = TestDatabase::new(&orders::MIGRATOR).await;
    let mut connection = database.connect().await;
    let (mut right, mut all) = (0, 0);
    for state in STATES {
        for stock in ["HELD", "COMMITTED", "GONE"] {
            for pay in ["NONE", "CAPTURED", "FAILED", "REFUNDED"] {
                for refunded in 0..=3 {
                    for waits in [true, false] {
                        let expected = makes_sense(state, stock, pay, refunded, waits);
                        let stored =
                            is_stored(&mut connection, state, stock, pay, refunded, waits).await;
                        assert_eq!(stored, expected, "{state} {stock} {pay} {refunded} {waits}");
                        all += 1;
                        right += i32::from(stored);
                    }
                }
            }
        }
    }
    assert_eq!((right, all), (26, 864));
}

#[tokio::test]
async fn history_cannot_be_rewritten() {
    let database = TestDatabase::new(&orders::MIGRATOR).await;
    let mut connection = database.connect().await;
    sqlx::query(
        "insert into orders (
           id, number, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method, shipping_address,
           placed_at, state_since, updated_at, deadline
         ) values (
           gen_random_uuid(), 'ARG', gen_random_uuid(), 'a@example.com', 'k', sha256('x'), 'EUR', 2, 'pm_card', '{}', now(),
           now(), now(), now()
         )",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let history = "insert into order_history (order_id, version, from_state, to_state, cause) select id, 1, null, 'PENDING', 'placed' from orders";
    sqlx::query(history).execute(&mut connection).await.unwrap();
    for statement in [
        "update order_history set to_state = 'PAID'",
        "delete from order_history",
        history,
        "insert into order_history (order_id, version, from_state, to_state, cause) select id, 2, 'PENDING', 'SHIPPED', 'x' from orders",
        "insert into order_history (order_id, version, from_state, to_state, cause) select id, 2, 'REFUNDED', 'PAID', 'x' from orders",
        "delete from orders",
    ] {
        assert!(
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .is_err(),
            "{statement}"
        );
    }
}
