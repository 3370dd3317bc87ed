//! The others: a vendor who changes a price, a shopper who is quicker, an administrator who sends a parcel. They act through
//! the public API, so that a test's own browser is the only one that it waits for.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{browser::Browser, platform::Platform};

/// A payment that never fails at the simulator.
const GOOD_CARD: &str = "pm_card_visa";
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Somebody with an account.
#[derive(Debug)]
pub(crate) struct Person {
    platform: Platform,
    pub(crate) email: String,
    pub(crate) password: String,
    token: String,
}

/// Something that a vendor sells.
#[derive(Debug, Clone)]
pub(crate) struct Goods {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    variant: String,
    price: String,
    version: i64,
}

impl Goods {
    /// Its page in the shop.
    pub(crate) fn path(&self) -> String {
        format!("/products/{}", self.slug)
    }
}

impl Person {
    /// Makes an account; `role` is `customer` or `vendor`.
    pub(crate) async fn register(platform: &Platform, role: &str) -> Result<Self> {
        let email = format!("{role}-{}@argosy.example", Uuid::new_v4());
        let password = format!("Pass-{}", Uuid::new_v4());
        let wish = json!({
            "email": email, "password": password, "firstName": "Ada", "lastName": "Brook",
            "role": role, "gdprConsent": true,
        });
        let answer = platform
            .http
            .post(platform.url("/api/users/register"))
            .json(&wish)
            .send()
            .await?;
        read(answer, StatusCode::CREATED).await?;
        Self::log_in(platform, email, password).await
    }

    /// The administrator whom the toolkit has made.
    pub(crate) async fn administrator(platform: &Platform) -> Result<Self> {
        let password = platform.admin_password()?;
        Self::log_in(platform, platform.place.admin_email.clone(), password).await
    }

    async fn log_in(platform: &Platform, email: String, password: String) -> Result<Self> {
        let wish = json!({ "email": email, "password": password });
        let answer = platform
            .http
            .post(platform.url("/api/users/login"))
            .json(&wish)
            .send()
            .await?;
        let session = read(answer, StatusCode::OK).await?;
        Ok(Self {
            platform: platform.clone(),
            token: text(&session, "token")?,
            email,
            password,
        })
    }

    /// Gives a browser this person's session, without going through the page for it.
    pub(crate) async fn sign_in(&self, browser: &Browser) -> Result<()> {
        let shop = &self.platform.place.shop_url;
        let wish = json!({ "email": self.email, "password": self.password, "session": "cookie" });
        let answer = self
            .platform
            .http
            .post(self.platform.url("/api/users/login"))
            .header(header::ORIGIN, shop.origin().ascii_serialization())
            .json(&wish)
            .send()
            .await?;
        ensure!(
            answer.status().is_success(),
            "the log-in answers {}",
            answer.status()
        );
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str()?;
            let (name, rest) = cookie.split_once('=').context("a cookie has a name")?;
            let value = rest.split(';').next().unwrap_or_default();
            let path = rest
                .split(';')
                .find_map(|part| part.trim().strip_prefix("Path="))
                .unwrap_or("/");
            let cookie = json!({
                "name": name, "value": value, "path": path, "httpOnly": true, "sameSite": "Lax",
                "url": shop.as_str(),
            });
            browser.devtools("Network.setCookie", cookie).await?;
        }
        Ok(())
    }

    /// Brings something into the shop, and so many of it onto the shelf.
    pub(crate) async fn sell(&self, name: &str, price: &str, quantity: u32) -> Result<Goods> {
        let name = format!("{name} {}", &Uuid::new_v4().simple().to_string()[..6]);
        let wish = json!({
            "name": name, "description": "Made for one test, and sold in it.", "price": price,
            "category": "kitchen",
        });
        let made = self
            .send(
                Method::POST,
                "/api/products",
                Some(&wish),
                StatusCode::CREATED,
            )
            .await?;
        let goods = Goods {
            id: text(&made, "id")?,
            slug: text(&made, "slug")?,
            variant: text(&made["variants"][0], "id")?,
            version: made["version"].as_i64().unwrap_or(1),
            price: price.to_owned(),
            name,
        };
        let stock = json!({
            "productId": goods.id, "quantity": quantity, "warehouseLocation": "Quay 4",
        });
        self.send(
            Method::POST,
            "/api/inventory",
            Some(&stock),
            StatusCode::CREATED,
        )
        .await?;
        Ok(goods)
    }

    /// Takes it out of the shop.
    pub(crate) async fn archive(&self, goods: &Goods) -> Result<()> {
        let path = format!("/api/products/{}", goods.id);
        self.send(Method::DELETE, &path, None, StatusCode::NO_CONTENT)
            .await
            .map(drop)
    }

    /// Asks another price from now on.
    pub(crate) async fn ask_for(&self, goods: &mut Goods, price: &str) -> Result<()> {
        let path = format!("/api/products/{}", goods.id);
        let wish = json!({ "version": goods.version, "price": price });
        let changed = self
            .send(Method::PATCH, &path, Some(&wish), StatusCode::OK)
            .await?;
        goods.version = changed["version"].as_i64().unwrap_or_default();
        price.clone_into(&mut goods.price);
        Ok(())
    }

    /// Orders at once; the order's id.
    pub(crate) async fn buy(&self, goods: &Goods, quantity: u32) -> Result<String> {
        let wish = json!({
            "items": [{
                "productId": goods.id, "variantId": goods.variant, "quantity": quantity, "price": goods.price,
            }],
            "shippingAddress": {
                "street": "1 Quay Street", "city": "Bristol", "zipCode": "BS1 4RN", "country": "UK",
            },
            "paymentMethod": GOOD_CARD,
        });
        let order = self
            .send(
                Method::POST,
                "/api/orders",
                Some(&wish),
                StatusCode::CREATED,
            )
            .await?;
        text(&order, "id")
    }

    /// Waits until an order is in this state, and shows it.
    pub(crate) async fn order_that_is(&self, order: &str, state: &str) -> Result<Value> {
        let started = Instant::now();
        loop {
            let found = self
                .send(
                    Method::GET,
                    &format!("/api/orders/{order}"),
                    None,
                    StatusCode::OK,
                )
                .await?;
            if found["state"] == state {
                return Ok(found);
            }
            if started.elapsed() > PATIENCE {
                bail!("the order is {} and not {state}", found["state"]);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What somebody has ordered, newest first.
    pub(crate) async fn orders(&self) -> Result<Vec<Value>> {
        let page = self
            .send(Method::GET, "/api/orders", None, StatusCode::OK)
            .await?;
        Ok(page["items"].as_array().cloned().unwrap_or_default())
    }

    /// Sends a paid order on its way, as soon as the warehouse has handed it over.
    pub(crate) async fn ship(&self, order: &str) -> Result<()> {
        let path = format!("/api/orders/{order}/ship");
        let wish = json!({ "carrier": "Tidewater Parcels", "trackingNumber": "TW-4711" });
        let started = Instant::now();
        loop {
            let (status, answer) = self.try_to(Method::POST, &path, Some(&wish)).await?;
            match status {
                StatusCode::OK => return Ok(()),
                StatusCode::CONFLICT if started.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                _ => bail!("POST {path} answers {status}: {answer}"),
            }
        }
    }

    /// Waits until this person has a mail with this subject, and shows its text.
    pub(crate) async fn mail(&self, subject: &str) -> Result<String> {
        let list = format!("/mail/api/v1/messages?to={}", self.email);
        let started = Instant::now();
        loop {
            let mails = self.in_the_mailbox(&list).await?;
            let mails = mails["messages"].as_array();
            let found =
                mails.and_then(|mails| mails.iter().find(|mail| mail["subject"] == subject));
            if let Some(mail) = found {
                let mail = format!("/mail/api/v1/message/{}", text(mail, "id")?);
                return text(&self.in_the_mailbox(&mail).await?, "text");
            }
            if started.elapsed() > PATIENCE {
                bail!("{} has no mail \"{subject}\"", self.email);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn in_the_mailbox(&self, path: &str) -> Result<Value> {
        let answer = self
            .platform
            .http
            .get(self.platform.url(path))
            .send()
            .await?;
        read(answer, StatusCode::OK).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> Result<Value> {
        let (status, answer) = self.try_to(method.clone(), path, body).await?;
        ensure!(
            status == expected,
            "{method} {path} answers {status}: {answer}"
        );
        Ok(answer)
    }

    async fn try_to(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self
            .platform
            .http
            .request(method, self.platform.url(path))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        let value = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        Ok((status, value))
    }
}

async fn read(answer: reqwest::Response, expected: StatusCode) -> Result<Value> {
    let (status, url) = (answer.status(), answer.url().clone());
    let body = answer.text().await?;
    ensure!(status == expected, "{url} answers {status}: {body}");
    serde_json::from_str(&body).with_context(|| format!("{url} answers no JSON"))
}

fn text(value: &Value, field: &str) -> Result<String> {
    value[field]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("there is no `{field}` in {value}"))
}
