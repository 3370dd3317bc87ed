//! The web page, read as HTML.

use crate::server::Server;

const HTML_MAIL: &str = "From: Shop <shop@argosy.example>\r\nTo: ada@example.com\r\nSubject: <b>Bold</b> & \"quoted\"\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <html><head><title>t</title></head><body><img src=\"cid:logo@shop\"><script>alert(1)</script></body></html>\r\n\
    --x\r\nContent-Type: image/png\r\nContent-ID: <logo@shop>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
    --x\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"evil.html\"\r\n\r\n<script>alert(2)</script>\r\n--x--\r\n";

/// Every address in a page.
fn links(page: &str) -> Vec<&str> {
    let after = |name: &'static str| {
        page.split(name)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
    };
    after(" href=\"")
        .chain(after(" src=\""))
        .chain(after(" action=\""))
        .collect()
}

#[tokio::test]
async fn every_link_is_relative_and_leads_somewhere() {
    let server = Server::start();
    for number in 0..60 {
        server.send("ada@example.com", &format!("Mail {number}"));
    }
    let id = server.dial().deliver("ada@example.com", HTML_MAIL);
    for path in [
        "/".to_owned(),
        "/?query=ada".to_owned(),
        format!("/messages/{id}"),
        format!("/messages/{id}?show=headers"),
        "/messages/unknown".to_owned(),
    ] {
        let page = server.get(&path).await.text().await.unwrap();
        for link in links(&page) {
            let link = link.replace("&#x2f;", "/").replace("&amp;", "&");
            assert!(
                !link.starts_with('/') && !link.contains("://"),
                "{path}: {link} leaves the prefix"
            );
            let base = reqwest::Url::parse(&format!("http://{}/mail{path}", server.http)).unwrap();
            let target = base.join(&link).unwrap();
            // At the edge the prefix is cut off.
            let beyond_edge = target
                .path()
                .strip_prefix("/mail/")
                .unwrap_or_else(|| panic!("{path}: {link} leaves the prefix"));
            if link.contains("delete") || link.starts_with('#') {
                continue;
            }
            let query = target
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default();
            let answer = server.get(&format!("/{beyond_edge}{query}")).await;
            assert_eq!(answer.status(), 200, "{path}: {link}");
        }
    }
}

#[tokio::test]
async fn what_a_mail_says_is_shown_and_not_obeyed() {
    let server = Server::start();
    let id = server.dial().deliver("ada@example.com", HTML_MAIL);
    let list = server.get("/").await;
    let policy = list.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
    let list = list.text().await.unwrap();
    assert!(
        list.contains("&lt;b&gt;Bold&lt;&#x2f;b&gt; &amp; &quot;quoted&quot;"),
        "{list}"
    );
    let page = server
        .get(&format!("/messages/{id}"))
        .await
        .text()
        .await
        .unwrap();
    assert!(!page.contains("<b>Bold") && !page.contains("alert(1)"));
    assert!(
        page.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""),
        "{page}"
    );
}

#[tokio::test]
async fn the_parts_of_a_mail_are_served_as_what_nobody_trusts() {
    let server = Server::start();
    let id = server.dial().deliver("ada@example.com", HTML_MAIL);
    let html = server.get(&format!("/messages/{id}/html")).await;
    let policy = html.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("sandbox allow-popups")
            && policy.contains("default-src 'none'")
            && !policy.contains("allow-scripts"),
        "{policy}"
    );
    assert_eq!(html.headers()["x-content-type-options"], "nosniff");
    let html = html.text().await.unwrap();
    assert!(
        html.contains("<img src=\"data:image/png;base64,iVBORw0KGgo=\">")
            && html.contains("<head><base target=\"_blank\">"),
        "{html}"
    );
    let picture = server.get(&format!("/messages/{id}/attachments/0")).await;
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(
        picture.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("inline")
    );
    let evil = server.get(&format!("/messages/{id}/attachments/1")).await;
    assert_eq!(
        evil.headers()["content-disposition"],
        "attachment; filename*=UTF-8''evil.html"
    );
    assert!(
        evil.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("sandbox")
    );
    assert_eq!(
        server
            .get(&format!("/messages/{id}/attachments/2"))
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn a_mail_can_be_looked_at_in_every_way_and_deleted() {
    let server = Server::start();
    let id = server.send("ada@example.com", "Welcome");
    let page = async |view: &str| {
        server
            .get(&format!("/messages/{id}?show={view}"))
            .await
            .text()
            .await
            .unwrap()
    };
    assert!(
        page("text")
            .await
            .contains("<pre class=\"body text\" tabindex=\"0\">Hello")
    );
    assert!(
        page("headers")
            .await
            .contains("<th scope=\"row\">Subject</th><td>Welcome</td>")
    );
    assert!(
        page("source")
            .await
            .contains("Subject: Welcome\r\n\r\nHello")
    );
    // It has no HTML: the text is shown instead.
    assert!(page("html").await.contains("<pre class=\"body text\""));
    assert_eq!(
        server.get(&format!("/messages/{id}/html")).await.status(),
        404
    );

    let deleted = server
        .request(reqwest::Method::POST, &format!("/messages/{id}/delete"))
        .await;
    assert_eq!(
        (
            deleted.status().as_u16(),
            deleted.headers()["location"].to_str().unwrap()
        ),
        (303, "../../")
    );
    assert_eq!(server.get(&format!("/messages/{id}")).await.status(), 404);
    server.send("ada@example.com", "Another");
    let deleted = server
        .request(reqwest::Method::POST, "/messages/delete")
        .await;
    assert_eq!(
        (
            deleted.status().as_u16(),
            deleted.headers()["location"].to_str().unwrap()
        ),
        (303, "../")
    );
    assert!(
        server
            .get("/")
            .await
            .text()
            .await
            .unwrap()
            .contains("No mail yet")
    );
}

#[tokio::test]
async fn style_and_icon_have_their_types() {
    let server = Server::start();
    assert_eq!(
        server.get("/assets/mailbox.css").await.headers()["content-type"],
        "text/css; charset=utf-8"
    );
    assert_eq!(
        server.get("/assets/mailbox.svg").await.headers()["content-type"],
        "image/svg+xml"
    );
}
