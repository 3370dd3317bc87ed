//! The rendered Caddyfile in a real Caddy, between a client and tiny upstreams that say what they were asked.

mod upstream;

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request, StatusCode, body::Bytes};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Stage, free_port, program, write};
use upstream::Upstream;

/// A running Caddy; it ends with the value.
struct Edge {
    caddy: Child,
    port: u16,
    gateway: u16,
    storefront: Upstream,
    catalog: Upstream,
    object_store: Upstream,
    prometheus: Upstream,
    mailbox: Upstream,
    stage: Stage,
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.caddy.kill();
        let _ = self.caddy.wait();
    }
}

impl Edge {
    async fn start() -> Self {
        let [port, gateway, https, admin] = [(); 4].map(|()| free_port());
        let [storefront, catalog, object_store, prometheus, mailbox] = [
            Upstream::start().await,
            Upstream::start().await,
            Upstream::start().await,
            Upstream::start().await,
            Upstream::start().await,
        ];
        let overlay = format!(
            "settings: {{ mail_at_edge: true }}\ncomponents:\n  caddy: {{ ports: {{ http: {port}, gateway: {gateway}, https: {https}, admin: {admin} }} }}\n  \
             storefront: {{ ports: {{ http: {} }} }}\n  catalog: {{ ports: {{ http: {} }} }}\n  object-store: {{ ports: {{ s3: {} }} }}\n  \
             prometheus: {{ ports: {{ http: {} }} }}\n  mailbox: {{ ports: {{ http: {} }} }}\n",
            storefront.port, catalog.port, object_store.port, prometheus.port, mailbox.port
        );
        let stage = Stage::with_overlay(&overlay);
        let caddy = run_caddy(&stage);
        let edge = Self {
            caddy,
            port,
            gateway,
            storefront,
            catalog,
            object_store,
            prometheus,
            mailbox,
            stage,
        };
        edge.wait_until_listening().await;
        edge
    }

    async fn wait_until_listening(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(Instant::now() < deadline, "caddy does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path)).await
    }

    async fn ask(&self, request: hyper::http::request::Builder) -> Answer {
        self.send(self.port, request.body(Full::default()).unwrap())
            .await
    }

    async fn send(&self, port: u16, mut request: Request<Full<Bytes>>) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let mut connection =
            tokio::task::JoinSet::from_iter([async move { drop(connection.await) }]);
        request
            .headers_mut()
            .entry("host")
            .or_insert(format!("localhost:{port}").parse().unwrap());
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        connection.abort_all();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Edge {
    /// Sends so many bytes whose number the head does not say, and gives the whole answer.
    async fn send_without_length(&self, path: &str, bytes: usize) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        );
        let body = "x".repeat(bytes);
        let request = format!("{head}{bytes:x}\r\n{body}\r\n0\r\n\r\n");
        // The server may answer and hang up before it has heard everything.
        let write = async { drop(writer.write_all(request.as_bytes()).await) };
        let mut answer = Vec::new();
        let read = async { drop(reader.read_to_end(&mut answer).await) };
        tokio::join!(write, read);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn run_caddy(stage: &Stage) -> Child {
    let rendered = stage.render();
    let unit = &rendered.units["caddy"];
    write::unit(unit, &stage.places.paths.config("caddy")).unwrap();
    let data = stage.places.paths.data("caddy");
    fs::create_dir_all(&data).unwrap();
    let log = fs::File::create(data.join("log")).unwrap();
    let mut command = Command::new(program("caddy"));
    command
        .args(&unit.args)
        .env_clear()
        .envs(&unit.env)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command.spawn().unwrap()
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The header's only value; empty when it is not there.
    fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert_eq!(values.next(), None, "{name} is there twice");
        value
    }

    fn assert_secure(&self, what: &str) {
        assert_eq!(
            self.header("strict-transport-security"),
            "max-age=31536000",
            "{what}"
        );
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(
            self.header("referrer-policy"),
            "strict-origin-when-cross-origin",
            "{what}"
        );
        assert_eq!(
            self.header("cross-origin-opener-policy"),
            "same-origin",
            "{what}"
        );
        assert_eq!(
            self.header("cross-origin-resource-policy"),
            "same-origin",
            "{what}"
        );
        assert!(
            self.header("permissions-policy").contains("camera=()"),
            "{what}"
        );
        assert!(
            self.header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{what}"
        );
        assert_eq!(self.header("x-request-id").len(), 36, "{what}");
        assert_eq!(self.header("server"), "", "{what}");
    }
}

#[tokio::test]
async fn every_path_leads_to_its_service() {
    let edge = Edge::start().await;
    let cases = [
        ("/", &edge.storefront, "/"),
        (
            "/products/lamp?color=red",
            &edge.storefront,
            "/products/lamp?color=red",
        ),
        ("/apidocs", &edge.storefront, "/apidocs"),
        ("/api/products", &edge.catalog, "/api/products"),
        (
            "/api/products/1/variants?limit=5",
            &edge.catalog,
            "/api/products/1/variants?limit=5",
        ),
        (
            "/api/vendor/products?q=lamp",
            &edge.catalog,
            "/api/vendor/products?q=lamp",
        ),
        (
            "/api/admin/catalog/audit",
            &edge.catalog,
            "/api/admin/catalog/audit",
        ),
        ("/office/products", &edge.storefront, "/office/products"),
        ("/api/categories", &edge.catalog, "/api/categories"),
        ("/api/search?q=a%20b", &edge.catalog, "/api/search?q=a%20b"),
        ("/openapi.json", &edge.storefront, "/openapi.json"),
        ("/docs", &edge.storefront, "/docs"),
        ("/health", &edge.storefront, "/health"),
        ("/prometheus/graph", &edge.prometheus, "/prometheus/graph"),
        ("/mail/messages/1", &edge.mailbox, "/messages/1"),
        ("/mail/", &edge.mailbox, "/"),
    ];
    for (path, upstream, asked) in cases {
        for port in [edge.port, edge.gateway] {
            let answer = edge
                .send(port, Request::get(path).body(Full::default()).unwrap())
                .await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_eq!(
                answer.header("x-upstream-port"),
                upstream.port.to_string(),
                "{path}"
            );
            assert_eq!(answer.json()["target"], asked, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_internal_is_not_found_outside() {
    let edge = Edge::start().await;
    let paths = [
        "/internal",
        "/internal/jobs",
        "/metrics",
        "/METRICS",
        "//metrics",
        "/%6Detrics",
        "/x/../metrics",
        "/livez",
        "/readyz",
        "/api/unknown",
        "/api/admin",
        "/api/admin/unknown/audit",
        "/api",
        "/prometheus/-/quit",
        "/prometheus/-/reload",
        "/prometheus/api/v1/admin/tsdb/snapshot",
        "/alertmanager/-/reload",
        "/alertmanager/api/v1/alerts",
    ];
    for path in paths {
        let answer = edge.ask(Request::post(path)).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        answer.assert_secure(path);
    }
    let problem = edge.get("/api/unknown").await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let json = problem.json();
    assert_eq!(
        (json["type"].as_str(), json["status"].as_u64()),
        (Some("/problems/not-found"), Some(404))
    );
    assert_eq!(json["requestId"], problem.header("x-request-id"));
    assert!(edge.storefront.asked().is_empty() && edge.prometheus.asked().is_empty());
}

#[tokio::test]
async fn every_kind_of_answer_has_the_security_headers_once() {
    let mut edge = Edge::start().await;
    edge.storefront.answer(
        "/missing",
        StatusCode::NOT_FOUND,
        &[("server", "storefront/1"), ("x-powered-by", "axum")],
        "no",
    );
    edge.storefront.answer(
        "/doubled",
        StatusCode::OK,
        &[
            ("strict-transport-security", "max-age=1"),
            ("x-content-type-options", "nosniff"),
        ],
        "",
    );
    edge.catalog
        .answer("/api/products", StatusCode::INTERNAL_SERVER_ERROR, &[], "");
    for path in [
        "/",
        "/missing",
        "/doubled",
        "/health",
        "/api/products",
        "/api/none",
        "/metrics",
        "/mail",
        "/images/nothing",
    ] {
        edge.get(path).await.assert_secure(path);
    }
    edge.ask(Request::post("/images/a.webp"))
        .await
        .assert_secure("405");
    edge.ask(Request::head("/")).await.assert_secure("HEAD");
    edge.storefront.stop().await;
    edge.catalog.stop().await;
    for path in ["/", "/health", "/api/products", "/docs"] {
        edge.get(path).await.assert_secure(path);
    }
}

#[tokio::test]
async fn a_services_own_policy_stands_alone() {
    let edge = Edge::start().await;
    let policy =
        "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; frame-ancestors 'none'";
    edge.storefront.answer(
        "/",
        StatusCode::OK,
        &[
            ("content-security-policy", policy),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ],
        "",
    );
    let answer = edge.get("/").await;
    assert_eq!(answer.header("content-security-policy"), policy);
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let console = edge.get("/prometheus/graph").await;
    assert!(
        console
            .header("content-security-policy")
            .contains("script-src 'self' 'unsafe-inline'")
    );
    let default = edge.get("/other").await;
    assert!(
        default
            .header("content-security-policy")
            .starts_with("default-src 'none'")
            && !default.header("content-security-policy").contains("unsafe")
    );
}

#[tokio::test]
async fn the_code_of_a_link_reaches_the_shop_and_no_log() {
    let mut edge = Edge::start().await;
    let link = "/reset-password?code=the-secret-of-a-mail&x=1";
    edge.get(link).await;
    assert!(format!("{:?}", edge.storefront.asked()).contains("the-secret-of-a-mail"));
    let style = Request::get("/style.css").header("referer", format!("http://localhost{link}"));
    edge.ask(style).await;
    edge.storefront.stop().await;
    edge.get(&format!("{link}&again=2")).await;
    let file = edge.stage.places.paths.data("caddy").join("log");
    let deadline = Instant::now() + Duration::from_secs(20);
    let log = loop {
        let log = fs::read_to_string(&file).unwrap();
        if log.contains("again=2") && log.contains("style.css") {
            break log;
        }
        assert!(Instant::now() < deadline, "requests are not logged: {log}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(log.contains("code=REDACTED"), "{log}");
    assert!(!log.contains("the-secret-of-a-mail"), "{log}");
}

#[tokio::test]
async fn identity_headers_from_outside_do_not_reach_a_service() {
    let edge = Edge::start().await;
    let forged = [
        "x-user-id",
        "x-user-roles",
        "x-auth-request-email",
        "x-internal-call",
        "x-remote-user",
        "remote-user",
        "x-forwarded-user",
        "x-forwarded-prefix",
        "x-original-url",
        "x-rewrite-url",
        "x-real-ip",
        "true-client-ip",
        "forwarded",
        "proxy",
    ];
    let mut request = Request::get("/api/products")
        .header("authorization", "Bearer kept")
        .header("accept-language", "de");
    for name in forged {
        request = request.header(name, "forged");
    }
    let request = request
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-host", "evil")
        .header("x-forwarded-proto", "https");
    let answer = edge.ask(request.header("x-request-id", "mine")).await;
    let headers = answer.json()["headers"].clone();
    for name in forged {
        assert_eq!(headers[name], Value::Null, "{name}");
    }
    assert_eq!(headers["authorization"], "Bearer kept");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(
        headers["x-forwarded-host"],
        format!("localhost:{}", edge.port)
    );
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-request-id"], answer.header("x-request-id"));
    assert_ne!(answer.header("x-request-id"), "mine");
    // Nor can anybody have it dropped on the way: without it they would seem to come from inside, where nobody is counted.
    let request = Request::get("/api/products").header("connection", "x-forwarded-for");
    let answer = edge.ask(request).await;
    assert_eq!(answer.json()["headers"]["x-forwarded-for"], "127.0.0.1");
}

#[tokio::test]
async fn a_service_that_is_down_gives_a_problem_or_a_page() {
    let mut edge = Edge::start().await;
    edge.storefront.stop().await;
    edge.catalog.stop().await;
    let problem = edge.get("/api/products?limit=5").await;
    assert_eq!(
        (problem.status.as_u16(), problem.header("content-type")),
        (502, "application/problem+json")
    );
    assert_eq!(problem.json()["type"], "/problems/upstream-unavailable");
    assert_eq!(problem.json()["status"], 502);
    assert_eq!(problem.header("retry-after"), "5");
    let page = edge.get("/products/lamp").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (502, "text/html; charset=utf-8")
    );
    assert!(
        page.text().contains("<h1>We will be right back</h1>")
            && page.text().contains(page.header("x-request-id")),
        "{}",
        page.text()
    );
    let style = page.text();
    let style = style
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    assert!(
        page.header("content-security-policy")
            .contains(&crate::render::context::csp_hash(style)),
        "the page may use its own style"
    );
}

#[tokio::test]
async fn health_always_answers_and_names_the_aggregator_when_it_is_gone() {
    let mut edge = Edge::start().await;
    edge.storefront.answer(
        "/health",
        StatusCode::OK,
        &[("content-type", "application/json")],
        r#"{"status":"healthy","components":{}}"#,
    );
    assert_eq!(edge.get("/health").await.json()["status"], "healthy");
    edge.storefront.answer(
        "/health",
        StatusCode::INTERNAL_SERVER_ERROR,
        &[],
        "panicked",
    );
    let broken = edge.get("/health").await;
    assert_eq!(
        (broken.status.as_u16(), broken.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(
        broken.json()["components"]["storefront"]["reason"],
        "it answered 500 instead of a report"
    );
    edge.storefront.stop().await;
    let start = Instant::now();
    let gone = edge.get("/health").await;
    assert_eq!(gone.status, 200);
    assert_eq!(gone.json()["status"], "unhealthy");
    assert_eq!(
        gone.json()["components"]["storefront"]["reason"],
        "the edge cannot reach it: 502 Bad Gateway"
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "who asks for health does not wait"
    );
}

#[tokio::test]
async fn a_picture_comes_from_its_bucket_and_may_be_kept() {
    let edge = Edge::start().await;
    let said = [
        ("content-type", "image/webp"),
        ("x-amz-request-id", "1"),
        ("set-cookie", "a=b"),
        ("etag", "\"e\""),
        ("cache-control", "no-store"),
    ];
    let object = "/product-images/lamp/640.webp";
    edge.object_store
        .answer(object, StatusCode::OK, &said, "RIFF");
    let request = Request::get("/images/lamp/640.webp?list-type=2")
        .header("cookie", "session=1")
        .header("authorization", "Bearer a");
    let picture = edge.ask(request).await;
    assert_eq!(
        (picture.status, picture.text().as_str()),
        (StatusCode::OK, "RIFF")
    );
    assert_eq!(picture.header("content-type"), "image/webp");
    assert_eq!(
        picture.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(picture.header("etag"), "\"e\"");
    assert_eq!(picture.header("x-amz-request-id"), "");
    assert_eq!(picture.header("set-cookie"), "");
    picture.assert_secure("picture");
    let asked = &edge.object_store.asked()[0];
    assert_eq!(asked["target"], object, "no query reaches the store");
    for secret in ["cookie", "authorization"] {
        assert_eq!(asked["headers"][secret], Value::Null, "{secret}");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_not_found_among_them() {
    let edge = Edge::start().await;
    for (object, status, kind) in [
        ("/product-images/page.html", StatusCode::OK, "text/html"),
        ("/product-images/", StatusCode::OK, "application/xml"),
        (
            "/product-images/gone.webp",
            StatusCode::FORBIDDEN,
            "application/xml",
        ),
    ] {
        let said = [("content-type", kind)];
        edge.object_store
            .answer(object, status, &said, "<ListBucketResult>");
    }
    for path in [
        "/images/page.html",
        "/images/",
        "/images/gone.webp",
        "/images/unknown",
    ] {
        let answer = edge.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
        assert!(!answer.text().contains('<'), "{path}");
    }
}

#[tokio::test]
async fn the_way_to_the_pictures_leads_nowhere_else() {
    let edge = Edge::start().await;
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS] {
        let request = Request::builder().method(&method).uri("/images/lamp.webp");
        let answer = edge.ask(request).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{method}");
    }
    let storefront = edge.storefront.port.to_string();
    for path in [
        "/images/../images/a",
        "/images/a/../b",
        "/images/%2e%2e/images/a",
        "/images/..%2fimages/a",
        "/images/a/%2e%2e%2f%2e%2e/images/a",
        "/images/%252e%252e/images/a",
        "/images/../documents/a",
    ] {
        let answer = edge.get(path).await;
        let is_kept_out = answer.status == 404 || answer.header("x-upstream-port") == storefront;
        assert!(is_kept_out, "{path}");
    }
    for asked in edge.object_store.asked() {
        let target = asked["target"].as_str().unwrap();
        assert!(
            target.starts_with("/product-images/") && !target.contains(".."),
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let edge = Edge::start().await;
    let body = Full::from(vec![b'x'; 12_000_000]);
    let answer = edge
        .send(
            edge.port,
            Request::post("/api/products").body(body).unwrap(),
        )
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(answer.json()["type"], "/problems/payload-too-large");
    answer.assert_secure("413");
    assert!(edge.catalog.asked().is_empty());
    let cut_off = edge.send_without_length("/api/products", 13_000_000).await;
    assert!(cut_off.starts_with("HTTP/1.1 413 "), "{cut_off}");
    assert!(cut_off.contains("/problems/payload-too-large"), "{cut_off}");
    let picture = Request::post("/api/products/1/images").body(Full::from(vec![b'x'; 10 << 20]));
    let answer = edge.send(edge.port, picture.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn texts_are_compressed_and_consoles_have_their_slash() {
    let edge = Edge::start().await;
    edge.storefront.answer(
        "/long",
        StatusCode::OK,
        &[("content-type", "text/html")],
        &"argosy ".repeat(1000),
    );
    let answer = edge
        .ask(Request::get("/long").header("accept-encoding", "gzip"))
        .await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < 1000);
    for console in ["/prometheus", "/alertmanager", "/mail"] {
        let answer = edge.get(console).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (308, format!("{console}/").as_str())
        );
    }
}
