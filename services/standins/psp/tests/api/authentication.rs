//! Who may call the provider.

use http::Method;

use crate::app::{API_KEY, TestApp, error};

#[tokio::test]
async fn without_the_key_nothing_is_answered() {
    let app = TestApp::start().await;
    let refusal = error(
        &app.anybody.get("/v1/payment_intents").await,
        401,
        "invalid_request_error",
    );
    assert!(
        refusal["message"]
            .as_str()
            .unwrap()
            .starts_with("You did not provide an API key.")
    );
    let wrong = app.anybody.with_token("sk_test_somebody-elses-key");
    let answer = wrong.post("/v1/refunds", &()).await;
    let refusal = error(&answer, 401, "invalid_request_error");
    assert_eq!(refusal["message"], "Invalid API Key provided: ****-key");
    assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Stripe\"");
}

#[tokio::test]
async fn the_key_may_be_the_user_of_basic_authentication() {
    let app = TestApp::start().await;
    let as_user = |user: &'static str| {
        app.anybody.send(Method::GET, "/v1/events", move |request| {
            request.basic_auth(user, None::<&str>)
        })
    };
    as_user(API_KEY).await.expect(200);
    error(&as_user("somebody").await, 401, "invalid_request_error");
}
