//! A browser without scripts: it keeps cookies, follows what it is sent to, and fills in the forms that are on a page.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::header::{LOCATION, REFERRER_POLICY, SET_COOKIE};
use scraper::ElementRef;

use crate::app::{App, Page, page_of};

/// One browser of one person.
pub(crate) struct Browser<'a> {
    app: &'a App,
    pub(crate) cookies: Mutex<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self {
            app,
            cookies: Mutex::default(),
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Opens a page, with what it leads on to.
    pub(crate) async fn open(&self, path: &str) -> Page {
        let mut page = self.send(self.app.request("GET", path)).await;
        for _ in 0..5 {
            let Some(next) = page.headers.get(LOCATION) else {
                return page;
            };
            let next = next.to_str().unwrap().to_owned();
            page = self.send(self.app.request("GET", &next)).await;
        }
        panic!("{path} leads in a circle");
    }

    /// Sends the form of `page` that goes to `action`, with these fields filled in, and shows what comes of it.
    pub(crate) async fn submit(&self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let fields = filled(page, action, typed);
        let request = self
            .form(action, &fields)
            .header("origin", self.origin(page));
        let answer = self.send(request).await;
        match answer.headers.get(LOCATION) {
            Some(next) => {
                assert_eq!(answer.status, 303, "{action}");
                self.open(next.to_str().unwrap()).await
            }
            None => answer,
        }
    }

    /// The answer to a form, from a page of the shop.
    pub(crate) async fn post(&self, action: &str, fields: &[(String, String)]) -> Page {
        self.send(self.form(action, fields)).await
    }

    fn form(&self, action: &str, fields: &[(String, String)]) -> reqwest::RequestBuilder {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.app
            .request("POST", action)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body)
    }

    /// What a form says of its page: nothing where the page wants nobody told where somebody came from.
    fn origin(&self, page: &Page) -> String {
        match page.headers.get(REFERRER_POLICY) {
            Some(policy) if policy == "no-referrer" => "null".to_owned(),
            _ => self.app.origin(),
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = request
            .header("cookie", cookies.join("; "))
            .send()
            .await
            .unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, rest) = set.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() || set.contains("Max-Age=0;") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page_of(answer).await
    }

    /// Makes an account and signs in to it.
    pub(crate) async fn register(&self, email: &str) -> Page {
        let page = self.open("/register").await;
        let typed = [
            ("firstName", "Ada"),
            ("lastName", "Lovelace"),
            ("email", email),
            ("password", "correct horse"),
            ("gdprConsent", "yes"),
        ];
        self.submit(&page, "/register", &typed).await
    }

    /// Puts something in the cart.
    pub(crate) async fn buy(&self, path: &str, quantity: &str) -> Page {
        let page = self.open(path).await;
        self.submit(&page, "/cart/items", &[("quantity", quantity)])
            .await
    }
}

/// The fields of a form as a browser would send them.
pub(crate) fn filled(page: &Page, action: &str, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let forms = page.all(&format!("form[method=post][action='{action}']"));
    let form = forms
        .first()
        .unwrap_or_else(|| panic!("no form to {action} in {}", page.source));
    let selector = scraper::Selector::parse("input, select, textarea").unwrap();
    let mut fields: Vec<(String, String)> = Vec::new();
    for field in form.select(&selector) {
        let name = field.attr("name").unwrap();
        let given = typed.iter().find(|(key, _)| *key == name);
        let is_box = matches!(field.attr("type"), Some("radio" | "checkbox"));
        match given {
            Some((_, value)) if is_box && field.attr("value") != Some(*value) => {}
            Some((_, value)) => fields.push((name.to_owned(), (*value).to_owned())),
            None if is_box && field.attr("checked").is_none() => {}
            None => fields.push((name.to_owned(), value_of(field))),
        }
    }
    for (name, value) in typed {
        if fields.iter().all(|(key, _)| key != name) {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    fields
}

fn value_of(field: ElementRef<'_>) -> String {
    let chosen = scraper::Selector::parse("option[selected]").unwrap();
    match field.value().name() {
        "textarea" => field.text().collect(),
        "select" => field
            .select(&chosen)
            .next()
            .map(|option| {
                option
                    .attr("value")
                    .map_or_else(|| option.text().collect(), str::to_owned)
            })
            .unwrap_or_default(),
        _ => field.attr("value").unwrap_or_default().to_owned(),
    }
}
