//! Many people at once: bounded, and told to come back instead of waiting for ever.

use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn a_rush_of_log_ins_is_served_or_sent_away_and_never_piles_up() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let started = Instant::now();
    let rush = join_all((0..80).map(|_| app.login(&person.email, PASSWORD)));
    let answers = rush.await;
    let took = started.elapsed();
    let count = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!(
        count(200) + count(503),
        80,
        "{:?}",
        answers
            .iter()
            .map(|answer| answer.status)
            .collect::<Vec<_>>()
    );
    assert!(
        count(200) >= 34,
        "two are hashed and 32 wait: {}",
        count(200)
    );
    assert!(count(503) > 0, "the queue has an end");
    for answer in answers.iter().filter(|answer| answer.status == 503) {
        answer.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(took < Duration::from_secs(15), "{took:?}");
    // Nothing is left behind: the next one is served.
    app.login(&person.email, PASSWORD).await.expect(200);
}
