//! Who may read and write: signatures, presigned addresses, bucket policies, CORS.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    presigning::PresigningConfig,
    types::{CorsConfiguration, CorsRule},
};
use reqwest::{Method, StatusCode};

use crate::server::{Objects, SECRET_KEY, Server, code};

const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::pictures/open/*"]}]}"#;

fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

async fn store(client: &Client, key: &str) {
    client
        .put("pictures", key)
        .body(b"hello".to_vec().into())
        .content_type("image/png")
        .send()
        .await
        .unwrap();
}

async fn open_to_all(client: &Client) {
    let put = client.put_bucket_policy().bucket("pictures").policy(OPEN);
    put.send().await.unwrap();
}

async fn allow_shop(client: &Client) {
    let rule = CorsRule::builder()
        .allowed_origins("https://*.shop.example")
        .allowed_methods("GET")
        .allowed_methods("PUT")
        .allowed_headers("x-amz-*")
        .expose_headers("ETag")
        .max_age_seconds(600)
        .build()
        .unwrap();
    client
        .put_bucket_cors()
        .bucket("pictures")
        .cors_configuration(
            CorsConfiguration::builder()
                .cors_rules(rule)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stranger_who_asks_for_nothing_is_refused_in_the_manner_of_s3() {
    let server = Server::start();
    let answer = http().get(server.url("/")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(answer.headers()["content-type"], "application/xml");
    assert!(answer.headers().contains_key("x-amz-request-id"));
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("<Code>AccessDenied</Code>")
    );
}

#[tokio::test]
async fn strangers_read_what_a_policy_opens() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    store(&client, "open/1.png").await;
    store(&client, "closed/1.png").await;
    let get = |path: &str| http().get(server.url(path)).send();
    assert_eq!(
        get("/pictures/open/1.png").await.unwrap().status(),
        StatusCode::FORBIDDEN
    );

    open_to_all(&client).await;
    let open = get("/pictures/open/1.png").await.unwrap();
    assert_eq!(
        (
            open.status(),
            open.headers()["content-type"].to_str().unwrap()
        ),
        (StatusCode::OK, "image/png")
    );
    assert_eq!(open.text().await.unwrap(), "hello");
    assert_eq!(
        http()
            .head(server.url("/pictures/open/1.png"))
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        get("/pictures/open/absent.png").await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn strangers_do_nothing_else() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    store(&client, "open/1.png").await;
    store(&client, "closed/1.png").await;
    open_to_all(&client).await;
    let get = |path: &str| http().get(server.url(path)).send();
    for path in [
        "/pictures/closed/1.png",
        "/pictures",
        "/pictures?list-type=2",
        "/pictures?policy",
        "/pictures/open/1.png?acl",
        "/absent/a",
    ] {
        assert_eq!(
            get(path).await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for method in [Method::PUT, Method::DELETE, Method::POST] {
        let answer = http()
            .request(method.clone(), server.url("/pictures/open/1.png"))
            .body("changed")
            .send()
            .await
            .unwrap();
        assert!(
            !answer.status().is_success(),
            "{method}: {}",
            answer.status()
        );
    }
    // Else a stranger could have an upload shown as a web page.
    let dressed = get("/pictures/open/1.png?response-content-type=text/html")
        .await
        .unwrap();
    assert_eq!(dressed.status(), StatusCode::BAD_REQUEST);

    client
        .delete_bucket_policy()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    assert_eq!(
        get("/pictures/open/1.png").await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_wrong_key_is_told_from_an_unknown_one() {
    let server = Server::start();
    let wrong = server
        .client_with("not-the-secret")
        .list_buckets()
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&wrong), "SignatureDoesNotMatch");
    let log = server.log();
    assert!(
        !log.contains("not-the-secret") && !log.contains(SECRET_KEY),
        "{log}"
    );
}

#[tokio::test]
async fn a_presigned_address_lets_its_holder_do_one_thing() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let minute = || PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let put = client
        .put("pictures", "up/ä 1.png")
        .content_type("image/png")
        .presigned(minute())
        .await
        .unwrap();
    let answer = http()
        .put(put.uri())
        .header("content-type", "image/png")
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let get = client
        .get("pictures", "up/ä 1.png")
        .response_content_disposition("attachment")
        .presigned(minute())
        .await
        .unwrap();
    let answer = http().get(get.uri()).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment");
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_presigned_address_lets_its_holder_do_nothing_else() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    store(&client, "up/1.png").await;
    let minute = || PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let get = client
        .get("pictures", "up/1.png")
        .presigned(minute())
        .await
        .unwrap();
    let put = client
        .put("pictures", "up/1.png")
        .content_type("image/png")
        .presigned(minute())
        .await
        .unwrap();
    assert_eq!(
        http().get(get.uri()).send().await.unwrap().status(),
        StatusCode::OK
    );
    // The same address for another method, another object, or with a changed signature.
    assert_eq!(
        http().delete(get.uri()).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        http()
            .get(get.uri().replace("up/", "down/"))
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        http()
            .get(get.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=600"))
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::FORBIDDEN
    );
    // Another content type than was signed.
    let other = http()
        .put(put.uri())
        .header("content-type", "text/html")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);

    let yesterday = std::time::SystemTime::now() - Duration::from_hours(24);
    let expired = PresigningConfig::builder()
        .start_time(yesterday)
        .expires_in(Duration::from_mins(1))
        .build()
        .unwrap();
    let expired = client
        .get("pictures", "up/1.png")
        .presigned(expired)
        .await
        .unwrap();
    let answer = http().get(expired.uri()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(
        !server.log().contains("X-Amz-Signature"),
        "signatures are logged"
    );
}

#[tokio::test]
async fn browsers_of_other_origins_are_told_what_the_bucket_allows() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    store(&client, "open/1.png").await;
    open_to_all(&client).await;
    allow_shop(&client).await;
    let get = |origin: &'static str| {
        http()
            .get(server.url("/pictures/open/1.png"))
            .header("origin", origin)
            .send()
    };
    let allowed = get("https://www.shop.example").await.unwrap();
    assert_eq!(
        allowed.headers()["access-control-allow-origin"],
        "https://www.shop.example"
    );
    assert_eq!(allowed.headers()["access-control-expose-headers"], "ETag");
    assert!(
        !get("https://evil.example")
            .await
            .unwrap()
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn a_browser_that_asks_first_is_answered_by_the_buckets_rules() {
    let server = Server::start();
    allow_shop(&server.bucket("pictures").await).await;
    let ask = |method: &'static str, headers: &'static str| {
        http()
            .request(Method::OPTIONS, server.url("/pictures/open/1.png"))
            .header("origin", "https://www.shop.example")
            .header("access-control-request-method", method)
            .header("access-control-request-headers", headers)
            .send()
    };
    let granted = ask("PUT", "x-amz-date, X-Amz-Content-Sha256")
        .await
        .unwrap();
    assert_eq!(granted.status(), StatusCode::OK);
    assert_eq!(
        granted.headers()["access-control-allow-methods"],
        "GET, PUT"
    );
    assert_eq!(granted.headers()["access-control-max-age"], "600");
    assert_eq!(
        ask("DELETE", "").await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask("PUT", "x-other").await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
}
