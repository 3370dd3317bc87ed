//! Who is visiting: the cookies that came along, what the edge says of the connection, and what the answer will set.
//!
//! It behaves like the browser whose request is answered: what a service sets, the next service is sent, and the browser
//! gets it with the page. So a log-in, the joining of two carts and the page after it are one request.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chassis::auth::ACCESS_COOKIE;
use serde::Deserialize;
use uuid::Uuid;

use crate::{flash::Flash, links, pages::failure::Failure, security::Nonce};

/// Holds the refresh token; set by identity.
pub(crate) const REFRESH_COOKIE: &str = "argosy_refresh";
/// By which identity knows a browser again.
pub(crate) const DEVICE_COOKIE: &str = "argosy_device";
/// Leads to a guest's cart; set by the cart service.
pub(crate) const CART_COOKIE: &str = "argosy_cart";
/// How many things were in the cart when it was last seen: for the number in the header, which costs no call.
const COUNT_COOKIE: &str = "argosy_count";
/// What is to be said on the next page.
const FLASH_COOKIE: &str = "argosy_flash";

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

tokio::task_local! {
    /// The visit that this task answers.
    static CURRENT: Visit;
}

/// One request of somebody's. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Visit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cookies: Mutex<BTreeMap<String, String>>,
    set: Mutex<Vec<HeaderValue>>,
    /// Whether identity did not answer when the session had to be renewed.
    is_unrenewed: AtomicBool,
    /// What the edge says of the connection, for services that ask.
    forwarded: HeaderMap,
    is_secure: bool,
    page: String,
    nonce: String,
}

/// What an access token says of its owner. Nobody has checked it here: it decides what is offered, never what is allowed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Account {
    #[serde(rename = "sub")]
    pub(crate) user: Uuid,
    pub(crate) email: String,
    pub(crate) role: String,
    #[serde(default, rename = "exp")]
    expires: f64,
}

impl Visit {
    /// Reads it from a request.
    pub(crate) fn of(request: &Request) -> Self {
        let (headers, address) = (request.headers(), request.uri().path_and_query());
        let address = address.map_or("/", |address| address.as_str());
        let is_change = !request.method().is_safe();
        let forwarded = [FORWARDED_PROTO, FORWARDED_FOR]
            .into_iter()
            .filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
        let is_secure = headers
            .get(FORWARDED_PROTO)
            .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
        Self(Arc::new(Inner {
            cookies: Mutex::new(cookies(headers)),
            set: Mutex::default(),
            is_unrenewed: AtomicBool::new(false),
            forwarded: forwarded.collect(),
            is_secure,
            page: if is_change {
                links::page_of(address)
            } else {
                address
            }
            .to_owned(),
            nonce: request
                .extensions()
                .get::<Nonce>()
                .map_or_else(String::new, |nonce| nonce.0.clone()),
        }))
    }

    /// The visit that is being answered, if one is.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Makes this visit known to everything that is done for it.
    pub(crate) async fn scope<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    /// The address of the page that is asked for, or that the form of this change is on.
    pub(crate) fn page(&self) -> &str {
        &self.0.page
    }

    /// By which the page's own scripts are known.
    pub(crate) fn nonce(&self) -> &str {
        &self.0.nonce
    }

    /// Whether somebody says that they have an account.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.has(ACCESS_COOKIE) || self.has(REFRESH_COOKIE)
    }

    /// Notes that the session may go on, but that nobody could be asked.
    pub(crate) fn stays_unrenewed(&self) {
        self.0.is_unrenewed.store(true, Ordering::Relaxed);
    }

    /// Whether it is unknown if the session goes on: asking to sign in would be wrong then.
    pub(crate) fn is_unrenewed(&self) -> bool {
        self.0.is_unrenewed.load(Ordering::Relaxed)
    }

    pub(crate) fn has(&self, cookie: &str) -> bool {
        self.cookies().contains_key(cookie)
    }

    /// What the access token says of its owner.
    pub(crate) fn account(&self) -> Option<Account> {
        let cookies = self.cookies();
        let claims = cookies.get(ACCESS_COOKIE)?.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// Whether the access token is missing or about to run out, and there is something to get another one with.
    pub(crate) fn needs_renewal(&self, now: chrono::DateTime<chrono::Utc>) -> bool {
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 are far below what a float holds exactly"
        )]
        let soon = now.timestamp() as f64 + 20.0;
        self.has(REFRESH_COOKIE) && self.account().is_none_or(|account| account.expires < soon)
    }

    /// The `Cookie` header for a service that may see these.
    pub(crate) fn cookie_header(&self, names: &[&str]) -> Option<HeaderValue> {
        let cookies = self.cookies();
        let pairs: Vec<String> = names
            .iter()
            .filter_map(|name| Some(format!("{name}={}", cookies.get(*name)?)))
            .collect();
        let mut header = HeaderValue::try_from(pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        (!header.is_empty()).then_some(header)
    }

    /// What the edge says of the connection, but not whose it is: a page counts once, here, whatever it needs (ADR 0007).
    pub(crate) fn forwarded(&self) -> HeaderMap {
        let mut headers = self.forwarded_with_address();
        headers.remove(FORWARDED_FOR);
        headers
    }

    /// The same with the address, for identity: it slows down who guesses, and needs to know who that is.
    pub(crate) fn forwarded_with_address(&self) -> HeaderMap {
        self.0.forwarded.clone()
    }

    /// Takes over what a service sets, for the services that are asked next and for the browser.
    pub(crate) fn absorb(&self, answer: &HeaderMap) {
        for value in answer.get_all(header::SET_COOKIE) {
            let Some((name, content)) = value.to_str().ok().and_then(|text| text.split_once('='))
            else {
                continue;
            };
            let content = content.split(';').next().unwrap_or_default().trim();
            if content.is_empty() {
                self.cookies().remove(name);
            } else {
                self.cookies().insert(name.to_owned(), content.to_owned());
            }
            self.set().push(value.clone());
        }
    }

    /// Forgets an account that does not count any more. The guest's cart stays.
    pub(crate) fn sign_out(&self) {
        for name in [ACCESS_COOKIE, REFRESH_COOKIE] {
            if self.cookies().remove(name).is_some() {
                self.put(name, "", 0);
            }
        }
    }

    /// How many things are in the cart, as far as this browser has seen.
    pub(crate) fn items(&self) -> u32 {
        self.cookies()
            .get(COUNT_COOKIE)
            .and_then(|text| text.parse().ok())
            .filter(|items| *items < 10_000)
            .unwrap_or(0)
    }

    /// Remembers how many things are in the cart.
    pub(crate) fn set_items(&self, items: u32) {
        if items != self.items() {
            let age = if items == 0 { 0 } else { 30 * 24 * 3600 };
            self.put(COUNT_COOKIE, &items.to_string(), age);
            self.cookies()
                .insert(COUNT_COOKIE.to_owned(), items.to_string());
        }
    }

    /// Has something said on the next page.
    pub(crate) fn say(&self, flash: Flash) {
        self.put(FLASH_COOKIE, flash.name(), 60);
    }

    /// What is to be said on this page; it is said once.
    pub(crate) fn take_flash(&self) -> Option<Flash> {
        let name = self.cookies().remove(FLASH_COOKIE)?;
        self.put(FLASH_COOKIE, "", 0);
        Flash::named(&name)
    }

    /// Gives the answer what is to be set.
    pub(crate) fn give(&self, answer: &mut HeaderMap) {
        for value in self.set().drain(..) {
            answer.append(header::SET_COOKIE, value);
        }
    }

    fn put(&self, name: &str, value: &str, age_s: u32) {
        let secure = if self.0.is_secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
        let header = HeaderValue::try_from(text).expect("BUG: our cookies are plain ASCII");
        self.set().push(header);
    }

    fn cookies(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        let cookies = self.0.cookies.lock();
        cookies.expect("BUG: nothing panics while holding the cookies")
    }

    fn set(&self) -> MutexGuard<'_, Vec<HeaderValue>> {
        let set = self.0.set.lock();
        set.expect("BUG: nothing panics while holding the cookies to set")
    }
}

/// Our own cookies of a request.
fn cookies(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, value)| name.starts_with("argosy_") && !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| Failure::Broken(anyhow::anyhow!("BUG: nobody is visiting this route")))
    }
}

/// A visit of somebody who is signed in; who is not is asked to, and comes back.
pub(crate) struct Member(pub(crate) Visit);

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, state).await?;
        if visit.is_signed_in() {
            return Ok(Self(visit));
        }
        Err(Failure::SignIn(visit.page().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(cookie: &'static str) -> Visit {
        let request = axum::http::Request::get("/cart").header(header::COOKIE, cookie);
        Visit::of(&request.body(axum::body::Body::empty()).unwrap())
    }

    #[test]
    fn a_service_sees_only_the_cookies_that_are_its_own() {
        let visit = visit("argosy_access=a; other=o; argosy_cart=c; argosy_refresh=r");
        let header = visit.cookie_header(&[ACCESS_COOKIE, CART_COOKIE]).unwrap();
        assert_eq!(header, "argosy_access=a; argosy_cart=c");
        assert_eq!(visit.cookie_header(&["other"]), None);
    }

    #[test]
    fn what_a_service_sets_is_sent_to_the_next_one_and_to_the_browser() {
        let visit = visit("argosy_cart=c");
        let set = [
            "argosy_access=new; Path=/; HttpOnly",
            "argosy_cart=; Max-Age=0",
        ];
        let answer = set.map(|text| (header::SET_COOKIE, HeaderValue::from_static(text)));
        visit.absorb(&HeaderMap::from_iter(answer));
        assert_eq!(
            visit.cookie_header(&[ACCESS_COOKIE, CART_COOKIE]).unwrap(),
            "argosy_access=new"
        );
        let mut given = HeaderMap::new();
        visit.give(&mut given);
        assert_eq!(given.get_all(header::SET_COOKIE).iter().count(), 1 + 1);
    }

    #[test]
    fn a_token_that_is_none_says_nothing() {
        for cookie in ["argosy_access=x", "argosy_access=a.b.c", "argosy_access=.."] {
            assert!(visit(cookie).account().is_none(), "{cookie}");
        }
        assert!(visit("argosy_refresh=r").needs_renewal(chrono::DateTime::UNIX_EPOCH));
        assert!(!visit("argosy_access=x").needs_renewal(chrono::DateTime::UNIX_EPOCH));
    }

    #[test]
    fn something_is_said_once() {
        let visit = visit("argosy_flash=added");
        assert_eq!(visit.take_flash(), Some(Flash::ADDED));
        assert_eq!(visit.take_flash(), None);
    }
}
