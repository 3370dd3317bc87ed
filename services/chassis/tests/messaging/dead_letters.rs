//! What cannot be handled waits for an operator.

use crate::app::TestApp;

#[tokio::test]
async fn what_is_refused_is_put_aside_at_once() {
    let app = TestApp::start().await;
    let id = app.register("refused").await;
    let (event, reason, deliveries) = app.dead_letter().await;
    assert_eq!((event, deliveries), (Some(id), 1));
    assert_eq!(reason, "nobody is called that");
    assert!(app.greeted().await.is_empty());
}

#[tokio::test]
async fn a_dead_letter_that_is_replayed_has_its_effect_once() {
    let app = TestApp::start().await;
    app.register("breaks the transaction").await;
    app.run(
        "insert into dead_letter (consumer, event_id, subject, payload, reason, deliveries)
         select 'test_user_registered', gen_random_uuid(), 's', json_build_object(
           'specversion', '1.0', 'id', gen_random_uuid(), 'type', 's', 'source', 'identity', 'subject', gen_random_uuid(),
           'time', now(), 'datacontenttype', 'application/json', 'aggregateversion', 1,
           'data', json_build_object('userId', gen_random_uuid(), 'version', 1, 'email', 'a@b.c', 'firstName', 'Late',
             'lastName', 'L', 'role', 'customer'))::text, 'delivered 7 times in vain', 8",
    )
    .await;
    for _ in 0..2 {
        app.run("update dead_letter set replay_requested_at = now(), replayed_at = null")
            .await;
        testkit::eventually("it has been replayed", || async {
            app.dead_letters().await.is_empty().then_some(())
        })
        .await;
    }
    assert_eq!(app.greeted().await, ["Late"]);
}

#[tokio::test]
async fn one_that_is_still_refused_stays_with_its_reason() {
    let app = TestApp::start().await;
    app.register("refused").await;
    app.dead_letter().await;
    app.run("update dead_letter set replay_requested_at = now(), reason = ''")
        .await;
    testkit::eventually("it has been tried again", || async {
        let (_, reason, _) = app.dead_letter().await;
        (reason == "nobody is called that").then_some(())
    })
    .await;
    assert!(app.greeted().await.is_empty());
}
