//! The real program, ended between any two of its effects, suspended, and started again.

use futures::{StreamExt as _, stream};
use serde_json::json;
use testkit::eventually;

use crate::{
    app::{Shop, order},
    program::Program,
};

/// Every place at which the program is ended, its own and those of the chassis.
const FAIL_POINTS: [&str; 18] = [
    "payments.after_lease",
    "payments.before_send",
    "payments.after_send_before_response",
    "payments.after_response_before_commit",
    "payments.after_commit",
    "payments.refund.after_lease",
    "payments.refund.before_send",
    "payments.refund.after_send_before_response",
    "payments.refund.after_response_before_commit",
    "payments.refund.after_commit",
    "payments.webhook.after_insert_before_commit",
    "payments.reconcile.mid_batch",
    "consumer.after_fetch",
    "consumer.before_commit",
    "consumer.after_commit",
    "consumer.after_ack",
    "relay.before_publish",
    "relay.after_publish",
];

#[tokio::test]
async fn a_crash_between_mark_and_charge_still_charges_once() {
    let shop = Shop::closed().await;
    shop.psp.knobs(json!({})).await;
    let mut program = Program::start(&shop, &[("FAILPOINT", "payments.before_send:1")]);
    let order = order();
    shop.request(&order).await;
    assert_eq!(program.wait().await.code(), Some(137));
    assert_eq!(
        shop.state(&order).await.as_deref(),
        Some("IN_DOUBT"),
        "the mark comes first"
    );
    assert!(shop.psp.ledger().await.is_empty());
    let _program = Program::start(&shop, &[]);
    shop.until(&order, "CAPTURED").await;
    assert_eq!(shop.psp.charges(&order).await, 1);
    assert_eq!(shop.said(&order).await, ["started", "captured"]);
    shop.books_agree().await;
}

#[tokio::test]
async fn a_crash_at_each_fail_point_loses_nothing_and_repeats_nothing() {
    // Several at once: most of the time they wait, above all for the broker to deliver again what was not acknowledged.
    let sweep =
        stream::iter(FAIL_POINTS).for_each_concurrent(3, |failpoint| die_once(failpoint, "1"));
    sweep.await;
}

#[tokio::test]
async fn a_crash_at_the_second_hit_of_the_most_travelled_fail_points_does_neither() {
    let failpoints = [
        "payments.after_commit",
        "payments.after_send_before_response",
        "payments.reconcile.mid_batch",
        "payments.webhook.after_insert_before_commit",
        "consumer.after_commit",
    ];
    let sweep =
        stream::iter(failpoints).for_each_concurrent(2, |failpoint| die_once(failpoint, "2"));
    sweep.await;
}

/// A payment and its refund, with the program dying once on the way.
async fn die_once(failpoint: &str, hit: &str) {
    let shop = Shop::closed().await;
    // Webhooks only where they are needed to get there: they would do what the other ways are to be seen doing.
    let is_webhook = failpoint.starts_with("payments.webhook");
    let knobs = json!({ "webhooks": { "enabled": is_webhook, "retryMs": 50 } });
    shop.psp.knobs(knobs).await;
    let armed = format!("{failpoint}:{hit}");
    let every = if failpoint.contains("reconcile") {
        "50"
    } else {
        "3600000"
    };
    let mut program = Program::start(
        &shop,
        &[
            ("FAILPOINT", &armed),
            ("PAYMENTS_RECONCILE_EVERY_MS", every),
        ],
    );
    let mut deaths = 0;
    let orders = [order(), order()];
    for order in &orders {
        shop.request(order).await;
        through(&shop, &mut program, &mut deaths, failpoint, async || {
            shop.state(order).await.as_deref() == Some("CAPTURED")
        })
        .await;
        shop.refund(order, 1_000).await;
        through(&shop, &mut program, &mut deaths, failpoint, async || {
            shop.state(order).await.as_deref() == Some("REFUNDED")
        })
        .await;
    }
    through(&shop, &mut program, &mut deaths, failpoint, async || {
        shop.count("select count(*) from outbox where stream_seq is null")
            .await
            == 0
    })
    .await;
    if deaths == 0 {
        // It may be reached only after the last effect.
        assert_eq!(
            program.wait().await.code(),
            Some(137),
            "{armed} was not reached"
        );
        deaths += 1;
        program = Program::start(&shop, &[]);
        program.until_ready(&shop).await;
    }
    assert_eq!(deaths, 1, "{armed} was not reached");
    for order in &orders {
        assert_eq!(shop.psp.charges(order).await, 1, "{armed}");
        assert_eq!(shop.psp.refunds(order).await, (1, 1_000), "{armed}");
        assert_eq!(
            shop.said(order).await,
            ["started", "captured", "refunded"],
            "{armed}"
        );
    }
    shop.books_agree().await;
}

/// Waits for something, and starts the program again if it dies meanwhile.
async fn through(
    shop: &Shop,
    program: &mut Program,
    deaths: &mut u32,
    failpoint: &str,
    is_so: impl AsyncFn() -> bool,
) {
    let started = std::time::Instant::now();
    while !is_so().await {
        if let Some(status) = program.ended() {
            assert_eq!(status.code(), Some(137), "{failpoint}: {}", program.log());
            *deaths += 1;
            *program = Program::start(shop, &[]);
        }
        assert!(
            started.elapsed().as_secs() < 75,
            "{failpoint}: it got stuck; deaths: {deaths}\n{}",
            program.log()
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Two workers, of which one is suspended while its request is under way and comes back when its lease has long run out.
#[tokio::test]
async fn a_worker_that_wakes_up_beyond_its_lease_changes_nothing() {
    let mut shop = Shop::closed().await;
    shop.psp.knobs(json!({ "latencyMs": 400 })).await;
    let mut program = Program::start(
        &shop,
        &[
            ("PAYMENTS_LEASE_MS", "600"),
            ("PAYMENTS_PSP_TIMEOUT_MS", "30000"),
        ],
    );
    program.until_ready(&shop).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    program.signal("STOP");
    shop.start_with(|config| {
        config.listen.set_port(0);
        config.timing.lease_ms = 600;
    })
    .await;
    shop.until(&order, "CAPTURED").await;
    program.signal("CONT");
    let answered = "payments_provider_call_duration_seconds_count{operation=\"charge\"";
    eventually("the sleeper has had its answer", || async {
        let scrape = shop.client().get("/metrics").await.expect(200);
        String::from_utf8_lossy(&scrape.body)
            .contains(answered)
            .then_some(())
    })
    .await;
    let later = shop.paid().await;
    for order in [&order, &later] {
        assert_eq!(shop.psp.charges(order).await, 1);
        assert_eq!(shop.said(order).await, ["started", "captured"]);
    }
    shop.books_agree().await;
}

#[tokio::test]
async fn a_program_that_is_asked_to_end_finishes_the_calls_that_are_under_way() {
    let shop = Shop::closed().await;
    shop.psp.knobs(json!({ "latencyMs": 700 })).await;
    let mut program = Program::start(&shop, &[]);
    program.until_ready(&shop).await;
    let order = order();
    shop.request(&order).await;
    shop.until(&order, "IN_DOUBT").await;
    program.signal("TERM");
    assert!(program.wait().await.success());
    assert_eq!(shop.state(&order).await.as_deref(), Some("CAPTURED"));
    shop.books_agree().await;
}

#[tokio::test]
async fn killed_again_and_again_under_load_each_payment_is_charged_once() {
    let shop = Shop::closed().await;
    let knobs = json!({ "latencyJitterMs": 60, "dropAnswerRate": 0.2, "errorRateAfterApply": 0.1, "seed": 2,
        "webhooks": { "retryMs": 50 } });
    shop.psp.knobs(knobs).await;
    let mut orders = Vec::new();
    let variables = [("PAYMENTS_RECONCILE_EVERY_MS", "300")];
    for round in 1..=6 {
        let mut program = Program::start(&shop, &variables);
        orders.extend((0..20).map(|_| (uuid::Uuid::now_v7(), order())));
        // Those of earlier rounds are asked for again, as orders does when it gets no answer.
        for (event, order) in &orders {
            shop.nats.tell("ORDERS", *event, &order.requested()).await;
        }
        eventually("some are charged", || async {
            (shop.psp.ledger().await.len() >= (round - 1) * 20 + 5).then_some(())
        })
        .await;
        program.signal("KILL");
        // Its port is free only when it is gone.
        program.wait().await;
    }
    let _program = Program::start(&shop, &variables);
    for (event, order) in &orders {
        shop.nats.tell("ORDERS", *event, &order.requested()).await;
    }
    for (_, order) in &orders {
        shop.until(order, "CAPTURED").await;
        assert_eq!(shop.said(order).await, ["started", "captured"]);
    }
    assert_eq!(shop.psp.ledger().await.len(), orders.len());
    shop.books_agree().await;
}
