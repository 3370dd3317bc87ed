//! A browser without scripts: it keeps the fields of a form as the page has them, and sends what somebody fills in.

use std::time::Duration;

use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION},
};
use scraper::{ElementRef, Html, Selector};

/// Stands nowhere in a file of these tests.
const BOUNDARY: &str = "office-tests-boundary";

#[derive(Clone)]
pub(crate) struct Browser {
    address: String,
    cookie: Option<String>,
    http: reqwest::Client,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    html: Html,
    pub(crate) source: String,
}

impl Browser {
    pub(crate) fn new(address: &str, token: Option<&str>) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self {
            address: address.to_owned(),
            cookie: token.map(|token| format!("argosy_access={token}")),
            http,
        }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.address);
        let request = self.http.request(method.parse().unwrap(), url);
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        page(self.request("GET", path).send().await.unwrap()).await
    }

    /// Sends fields as a form on a page of ours does.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = encoded(self.request("POST", path), fields);
        page(
            request
                .header("sec-fetch-site", "same-origin")
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// The same from somebody else's page.
    pub(crate) async fn post_from_elsewhere(&self, path: &str) -> Page {
        let request = encoded(self.request("POST", path), &[("confirmed", "yes")]);
        page(
            request
                .header("origin", "https://evil.example")
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Chooses a file on the form of a page.
    pub(crate) async fn upload(&self, path: &str, field: &str, file: Vec<u8>) -> Page {
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.png\"\r\n\
             Content-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        let request = self
            .request("POST", path)
            .header(
                CONTENT_TYPE,
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .body(body);
        page(
            request
                .header("sec-fetch-site", "same-origin")
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Opens the page with the form, fills these fields in, and sends it.
    pub(crate) async fn fill(&self, path: &str, filled: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.source);
        self.send(&page, filled).await
    }

    /// Sends the form of this page with these fields filled in.
    pub(crate) async fn send(&self, page: &Page, filled: &[(&str, &str)]) -> Page {
        let form = page.one("form.form");
        let mut fields = fields(form);
        for (name, value) in filled {
            let field = fields.iter_mut().find(|(known, _)| known == name);
            let field = field.unwrap_or_else(|| panic!("no field {name} in {}", page.source));
            (*value).clone_into(&mut field.1);
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let action = form.attr("action").unwrap().to_owned();
        self.post(&action, &fields).await
    }

    /// Goes where a change has sent it.
    pub(crate) async fn follow(&self, answer: &Page) -> Page {
        self.get(answer.leads_to()).await
    }
}

/// As browsers encode a form.
fn encoded(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = serde_urlencoded::to_string(fields).unwrap();
    request
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body)
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}

/// Names and values of a form, as they stand in the page.
fn fields(form: ElementRef<'_>) -> Vec<(String, String)> {
    let (named, chosen) = (
        selector("input[name], textarea[name], select[name]"),
        selector("option[selected]"),
    );
    let mut fields = Vec::new();
    for field in form.select(&named) {
        let value = match field.value().name() {
            "textarea" => {
                let text = field.text().collect::<String>();
                text.trim_start_matches('\n').to_owned()
            }
            "select" => {
                let option = field.select(&chosen).next();
                let value = option.and_then(|option| option.attr("value"));
                value.unwrap_or_default().to_owned()
            }
            _ => field.attr("value").unwrap_or_default().to_owned(),
        };
        fields.push((field.attr("name").unwrap().to_owned(), value));
    }
    fields
}

async fn page(answer: Response) -> Page {
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
    pub(crate) fn all(&self, css: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&selector(css)).collect()
    }

    pub(crate) fn one(&self, css: &str) -> ElementRef<'_> {
        let all = self.all(css);
        assert_eq!(all.len(), 1, "{css} in {}", self.source);
        all[0]
    }

    /// The texts of all elements like this, with single blanks.
    pub(crate) fn texts(&self, css: &str) -> Vec<String> {
        let text = |element: ElementRef<'_>| {
            let words: Vec<&str> = element.text().flat_map(str::split_whitespace).collect();
            words.join(" ")
        };
        self.all(css).into_iter().map(text).collect()
    }

    /// What names the rows of its first table.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.texts("tbody th[scope=row]")
    }

    /// Where a link with this text leads.
    pub(crate) fn link(&self, text: &str) -> String {
        let links = self.all("main a");
        let found = links
            .iter()
            .find(|link| link.text().collect::<String>().trim().starts_with(text));
        let found = found.unwrap_or_else(|| panic!("no link {text} in {}", self.source));
        found.attr("href").unwrap().to_owned()
    }

    /// Where a change has sent the browser.
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.source);
        self.headers[LOCATION].to_str().unwrap()
    }

    /// What is said beside the fields and above them.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.texts(".field-error, .form-summary strong")
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        let all: Vec<&str> = self
            .html
            .root_element()
            .text()
            .flat_map(str::split_whitespace)
            .collect();
        all.join(" ").contains(text)
    }
}
