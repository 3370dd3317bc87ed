//! How much one client may look at.

use crate::app::App;

const SOMEBODY: &str = "203.0.113.7";

async fn look(app: &App, client: &str, path: &str) -> reqwest::Response {
    let request = app.request("GET", path).header("x-forwarded-for", client);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_page_counts_once_whatever_it_needs_and_one_too_many_is_a_page_that_says_so() {
    let app = App::start().await;
    let stylesheet = app.page("/").await;
    let stylesheet = stylesheet
        .one("link[rel=stylesheet]")
        .attr("href")
        .unwrap()
        .to_owned();
    for _ in 0..50 {
        assert_eq!(look(&app, SOMEBODY, "/").await.status(), 200);
        assert_eq!(look(&app, SOMEBODY, &stylesheet).await.status(), 200);
    }
    // The fifty of production, and what has come back meanwhile: on a slow machine as much as one asks for one by one.
    let refused = testkit::eventually("the client has had its share", || async {
        let looks = (0..60).map(|_| look(&app, SOMEBODY, "/"));
        let answers = futures::future::join_all(looks).await;
        answers.into_iter().find(|answer| answer.status() == 429)
    })
    .await;
    let headers = refused.headers().clone();
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["ratelimit-policy"], "\"default\";q=50;w=5");
    assert!(headers.contains_key("content-security-policy"));
    let text = refused.text().await.unwrap();
    assert!(text.contains("That was a little fast"), "{text}");
    assert_eq!(look(&app, SOMEBODY, &stylesheet).await.status(), 200);
    assert_eq!(look(&app, "203.0.113.8", "/").await.status(), 200);
    assert_eq!(app.get("/").await.status(), 200, "from inside");
    testkit::eventually("the shop is open again", || async {
        (look(&app, SOMEBODY, "/").await.status() == 200).then_some(())
    })
    .await;
}
