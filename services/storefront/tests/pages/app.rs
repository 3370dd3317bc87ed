//! A storefront on a port of its own, and what its answers are asked for.

use std::{io::Write as _, net::SocketAddr, time::Duration};

use chassis::{Process, RateLimitConfig};
use reqwest::{Response, StatusCode};
use scraper::{ElementRef, Html, Selector};
use storefront::{Config, router};
use tempfile::NamedTempFile;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{fake_catalog::FakeCatalog, fake_shop::FakeShop};

/// A running storefront with its catalogue.
pub(crate) struct App {
    pub(crate) catalog: FakeCatalog,
    pub(crate) shop: FakeShop,
    address: SocketAddr,
    http: reqwest::Client,
    _health_file: NamedTempFile,
    _server: JoinSet<()>,
}

/// A parsed answer.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) source: String,
    pub(crate) html: Html,
}

pub(crate) fn health_file(yaml: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(yaml.as_bytes()).unwrap();
    file
}

pub(crate) fn config(catalog_url: &str, others: &str, health_file: &NamedTempFile) -> Config {
    let others: reqwest::Url = others.parse().unwrap();
    Config {
        cart_url: others.clone(),
        orders_url: others.clone(),
        identity_url: others.clone(),
        inventory_url: others.clone(),
        payments_url: others.clone(),
        notifications_url: others,
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: RateLimitConfig::default(),
        catalog_url: catalog_url.parse().unwrap(),
        public_url: "https://shop.example".parse().unwrap(),
        health_file: health_file.path().to_owned(),
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with_health("timeout_ms: 500\nchecks: []\n").await
    }

    pub(crate) async fn start_with_health(yaml: &str) -> Self {
        let catalog = FakeCatalog::start().await;
        let health_file = health_file(yaml);
        let shop = FakeShop::start().await;
        let config = config(
            &format!("http://{}", catalog.address),
            &format!("http://{}", shop.address),
            &health_file,
        );
        let router = router(&config, &Process::new("storefront")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            catalog,
            shop,
            address,
            http,
            _health_file: health_file,
            _server: server,
        }
    }

    /// What browsers say of pages of ours.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(
            method.parse().unwrap(),
            format!("http://{}{path}", self.address),
        )
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    pub(crate) async fn page(&self, path: &str) -> Page {
        page_of(self.get(path).await).await
    }
}

/// An answer, parsed.
pub(crate) async fn page_of(answer: Response) -> Page {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let source = answer.text().await.unwrap();
    Page {
        status,
        headers,
        html: Html::parse_document(&source),
        source,
    }
}

impl Page {
    pub(crate) fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.html
            .select(&Selector::parse(selector).unwrap())
            .collect()
    }

    pub(crate) fn one(&self, selector: &str) -> ElementRef<'_> {
        let all = self.all(selector);
        assert_eq!(all.len(), 1, "{selector} in {}", self.source);
        all[0]
    }

    /// The text of the only element like this, with single blanks.
    pub(crate) fn text(&self, selector: &str) -> String {
        text_of(self.one(selector))
    }

    pub(crate) fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).into_iter().map(text_of).collect()
    }

    /// Where the link with this text leads.
    pub(crate) fn link(&self, text: &str) -> &str {
        let found = self
            .all("a")
            .into_iter()
            .find(|link| text_of(*link) == text);
        found
            .unwrap_or_else(|| panic!("no link {text:?} in {}", self.source))
            .attr("href")
            .unwrap()
    }
}

pub(crate) fn text_of(element: ElementRef<'_>) -> String {
    element
        .text()
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}
