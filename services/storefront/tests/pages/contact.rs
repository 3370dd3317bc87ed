//! `GET` and `POST /contact`.

use reqwest::RequestBuilder;

use crate::{app::App, browser::Browser, markup::check};

/// The form as a browser sends it with a file.
fn multipart(app: &App, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let (name, content) = file.unwrap_or(("", b""));
    let head = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"document\"; filename=\"{name}\"\r\ncontent-type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    app.request("POST", "/contact")
        .header("content-type", "multipart/form-data; boundary=edge")
        .header("sec-fetch-site", "same-origin")
        .body(body)
}

const MESSAGE: [(&str, &str); 4] = [
    ("topic", "order"),
    ("name", "Ada"),
    ("email", "ada@example.com"),
    ("message", "Where is <my> parcel?"),
];

#[tokio::test]
async fn a_message_is_handed_over_with_its_document() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let answer = browser
        .send(multipart(
            &app,
            &MESSAGE,
            Some(("photo.png", b"\x89PNG\r\n")),
        ))
        .await;
    assert_eq!(answer.status, 303);
    assert!(
        browser
            .open("/contact")
            .await
            .text(".flash")
            .contains("We have your message")
    );
    let message = app.shop.world().messages[0].clone();
    assert_eq!(message["topic"], "order");
    assert_eq!(message["document"]["name"], "photo.png");
    assert_eq!(message["document"]["content"], "iVBORw0K");
}

#[tokio::test]
async fn a_file_that_was_not_chosen_is_none() {
    let app = App::start().await;
    Browser::new(&app)
        .send(multipart(&app, &MESSAGE, None))
        .await;
    assert!(app.shop.world().messages[0].get("document").is_none());
}

#[tokio::test]
async fn what_is_missing_or_refused_is_said_and_what_was_typed_is_kept() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser
        .send(multipart(
            &app,
            &[("message", "</textarea><script>x"), ("topic", "selling")],
            None,
        ))
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.text("#name-error"), "Your name must not be empty.");
    assert!(page.text("#message").contains("</textarea><script>x"));
    assert_eq!(page.one("option[selected]").attr("value"), Some("selling"));
    check("/contact", &page);
    let page = browser
        .send(multipart(&app, &MESSAGE, Some(("virus.exe", b"MZ"))))
        .await;
    assert!(page.text("#document-error").contains("must be a PDF"));
}

#[tokio::test]
async fn a_document_that_is_too_large_is_refused() {
    let app = App::start().await;
    let large = vec![b'x'; 4 * 1024 * 1024 + 1];
    let page = Browser::new(&app)
        .send(multipart(&app, &MESSAGE, Some(("large.txt", &large))))
        .await;
    assert_eq!(page.status, 422);
    assert!(page.text("#document-error").contains("at most 4 MiB"));
    let huge = vec![b'x'; 6 * 1024 * 1024];
    let page = Browser::new(&app)
        .send(multipart(&app, &MESSAGE, Some(("huge.txt", &huge))))
        .await;
    assert_eq!(page.status, 400);
    assert!(app.shop.world().messages.is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_taken_now_is_kept_in_the_form() {
    let app = App::start().await;
    app.shop.loses("notifications");
    let page = Browser::new(&app)
        .send(multipart(&app, &MESSAGE, None))
        .await;
    assert_eq!(page.status, 503);
    assert!(page.text("#message").contains("Where is <my> parcel?"));
    assert!(page.text("#form-summary").contains("It is still here"));
}
