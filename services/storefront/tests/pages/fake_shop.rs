//! The other services behind one address, each of which can be told to fail: carts, accounts, orders, stock, payment methods
//! and messages, as far as pages use them, with the real ones' protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

/// The two forms of each pot, and the rake's only one.
pub(crate) const RED: &str = "0199b3a0-0000-7000-8000-0000000000a1";
pub(crate) const BLUE: &str = "0199b3a0-0000-7000-8000-0000000000a2";
pub(crate) const RAKE: &str = "0199b3a0-0000-7000-8000-0000000000a3";

/// Who has tried to log in too often.
pub(crate) const HASTY: &str = "hasty@example.com";

/// Codes of two mails about a forgotten password.
pub(crate) const RESET_CODE: &str = "01934c1e7b2a70008000000000000007.fresh";
pub(crate) const USED_CODE: &str = "01934c1e7b2a70008000000000000008.used";

/// What everybody knows, and what becomes of it.
pub(crate) struct World {
    away: BTreeSet<&'static str>,
    /// By variant: what it costs, and how many are left.
    pub(crate) prices: BTreeMap<String, i64>,
    pub(crate) stock: BTreeMap<String, i64>,
    /// By owner: variant, quantity and the price when it was put in.
    carts: BTreeMap<String, Vec<(String, i64, i64)>>,
    pub(crate) accounts: BTreeMap<String, Account>,
    /// By token: whose it is. Removing one ends the session.
    pub(crate) sessions: BTreeMap<String, String>,
    pub(crate) orders: Vec<Value>,
    keys: BTreeMap<String, (String, usize)>,
    pub(crate) messages: Vec<Value>,
    pub(crate) asked: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Account {
    password: String,
    first_name: String,
    last_name: String,
    pub(crate) addresses: Vec<Value>,
}

type Shared = Arc<Mutex<World>>;

/// Ends with its last handle.
pub(crate) struct FakeShop {
    pub(crate) address: SocketAddr,
    world: Shared,
    _server: JoinSet<()>,
}

impl FakeShop {
    pub(crate) async fn start() -> Self {
        let prices = [(RED, 1000), (BLUE, 1250), (RAKE, 129_900)];
        let world = Arc::new(Mutex::new(World {
            away: BTreeSet::new(),
            stock: prices
                .iter()
                .map(|(id, _)| ((*id).to_owned(), 50))
                .collect(),
            prices: prices.map(|(id, minor)| (id.to_owned(), minor)).into(),
            carts: BTreeMap::new(),
            accounts: BTreeMap::new(),
            sessions: BTreeMap::new(),
            orders: Vec::new(),
            keys: BTreeMap::new(),
            messages: Vec::new(),
            asked: Vec::new(),
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            world,
            _server: server,
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// From now on this service answers nothing but failures.
    pub(crate) fn loses(&self, service: &'static str) {
        self.world().away.insert(service);
    }

    pub(crate) fn finds(&self, service: &'static str) {
        self.world().away.remove(service);
    }
}

fn service_of(path: &str) -> &'static str {
    let starts = |beginning: &str| path.starts_with(beginning);
    match path {
        _ if starts("/api/cart") => "cart",
        _ if starts("/api/orders") => "orders",
        _ if starts("/api/users") || starts("/api/auth") => "identity",
        _ if starts("/api/inventory") => "inventory",
        _ if starts("/api/payment-methods") => "payments",
        _ if starts("/api/messages") => "notifications",
        _ => "nobody",
    }
}

async fn answer(
    State(world): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = world.lock().unwrap();
    let path = uri.path();
    world.asked.push(format!("{method} {path}"));
    if path == "/livez" {
        return StatusCode::OK.into_response();
    }
    let service = service_of(path);
    if world.away.contains(service) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if !method.is_safe()
        && headers
            .get("sec-fetch-site")
            .is_none_or(|site| site != "same-origin")
    {
        return problem(403, "cross-origin", "not from a page of ours", &[]);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let asked = Asked {
        method: method.as_str(),
        path: path.trim_matches('/').split('/').skip(1).collect(),
        headers: &headers,
        body,
    };
    match service {
        "cart" => world.cart(&asked),
        "orders" => world.order(&asked),
        "identity" => world.account(&asked),
        "inventory" => world.inventory(),
        "payments" => Json(json!({"items": [
            {"id": "pm_card_visa", "type": "card", "name": "Visa", "description": "Succeeds."},
            {"id": "pm_klarna", "type": "klarna", "name": "Klarna", "description": "Sometimes declined."},
        ]}))
        .into_response(),
        "notifications" => world.message(&asked),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

struct Asked<'a> {
    method: &'a str,
    path: Vec<&'a str>,
    headers: &'a HeaderMap,
    body: Value,
}

impl Asked<'_> {
    fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get(header::COOKIE)?.to_str().ok()?;
        let mut pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

fn problem(status: u16, slug: &str, detail: &str, errors: &[(&str, &str)]) -> Response {
    let errors: Vec<_> = errors
        .iter()
        .map(|(field, message)| json!({"field": field, "message": message}))
        .collect();
    let body = json!({"type": format!("/problems/{slug}"), "status": status, "title": slug, "detail": detail, "errors": errors});
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// Who has which code is not looked at here.
fn reset(code: &str, password: &str) -> Response {
    let invalid =
        |field, message| problem(400, "invalid-request", "not valid", &[(field, message)]);
    match code {
        USED_CODE => problem(
            410,
            "reset-ended",
            "A link counts once. Ask for another one.",
            &[],
        ),
        RESET_CODE if password == "12345678" => invalid(
            "newPassword",
            "is one of the passwords that are tried first",
        ),
        RESET_CODE => StatusCode::NO_CONTENT.into_response(),
        _ => invalid("code", "is not as it stood in the mail"),
    }
}

fn money(minor: i64) -> Value {
    json!({"amount": format!("{}.{:02}", minor / 100, minor % 100), "currency": "EUR"})
}

fn set_cookie(response: &mut Response, name: &str, value: &str) {
    let age = if value.is_empty() { 0 } else { 600 };
    let text = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax");
    response
        .headers_mut()
        .append(header::SET_COOKIE, HeaderValue::try_from(text).unwrap());
}

/// As long-lived as one wants; nobody checks the signature here.
pub(crate) fn access_token(email: &str, lives_s: i64) -> String {
    let user = Uuid::new_v5(&Uuid::NAMESPACE_DNS, email.as_bytes());
    let claims = json!({"sub": user, "email": email, "role": "customer", "exp": chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp() + lives_s,
        "jti": Uuid::new_v4()});
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

impl World {
    /// Whose token it is; a token that does not count is an error.
    fn user(&self, asked: &Asked<'_>) -> Result<Option<String>, Response> {
        match asked.cookie("argosy_access") {
            None => Ok(None),
            Some(token) => match self.sessions.get(&token) {
                Some(email) => Ok(Some(email.clone())),
                None => Err(problem(401, "unauthenticated", "no valid token", &[])),
            },
        }
    }

    fn require_user(&self, asked: &Asked<'_>) -> Result<String, Response> {
        self.user(asked)?
            .ok_or_else(|| problem(401, "unauthenticated", "no token", &[]))
    }

    fn cart(&mut self, asked: &Asked<'_>) -> Response {
        let user = match self.user(asked) {
            Ok(user) => user,
            Err(refusal) => return refusal,
        };
        let guest = asked
            .cookie("argosy_cart")
            .map(|cookie| format!("guest {cookie}"));
        let mut new_cookie = None;
        let owner = user.clone().or_else(|| guest.clone()).unwrap_or_else(|| {
            let cookie = Uuid::new_v4().simple().to_string();
            new_cookie = (asked.method == "POST").then(|| cookie.clone());
            format!("guest {cookie}")
        });
        match (asked.method, asked.path.as_slice()) {
            ("POST", ["cart", "merge"]) if user.is_none() => {
                return problem(401, "unauthenticated", "no token", &[]);
            }
            ("POST", ["cart", "merge"]) => {
                for (variant, quantity, _) in guest
                    .and_then(|guest| self.carts.remove(&guest))
                    .unwrap_or_default()
                {
                    self.put(&owner, &variant, quantity);
                }
                let mut response = self.show(&owner);
                set_cookie(&mut response, "argosy_cart", "");
                return response;
            }
            ("POST", ["cart", "items"]) => {
                let variant = asked.body["variantId"].as_str().unwrap().to_owned();
                if !self.prices.contains_key(&variant) {
                    return problem(
                        400,
                        "invalid-request",
                        "not valid",
                        &[("variantId", "the product has no such variant")],
                    );
                }
                self.put(&owner, &variant, asked.body["quantity"].as_i64().unwrap());
            }
            (method @ ("PUT" | "DELETE"), ["cart", "items", variant]) => {
                let lines = self.carts.entry(owner.clone()).or_default();
                let Some(place) = lines.iter().position(|line| line.0 == *variant) else {
                    return problem(404, "not-found", "not in the cart", &[]);
                };
                if method == "PUT" {
                    lines[place].1 = asked.body["quantity"].as_i64().unwrap();
                } else {
                    lines.remove(place);
                }
            }
            _ => {}
        }
        let mut response = self.show(&owner);
        if let Some(cookie) = new_cookie {
            set_cookie(&mut response, "argosy_cart", &cookie);
        }
        response
    }

    fn put(&mut self, owner: &str, variant: &str, quantity: i64) {
        let price = self.prices[variant];
        let lines = self.carts.entry(owner.to_owned()).or_default();
        match lines.iter_mut().find(|line| line.0 == variant) {
            Some(line) => line.1 += quantity,
            None => lines.push((variant.to_owned(), quantity, price)),
        }
    }

    fn show(&self, owner: &str) -> Response {
        let lines = self.carts.get(owner).cloned().unwrap_or_default();
        let shown = lines.iter().map(|(variant, quantity, added)| {
            let (price, left) = (self.prices[variant], self.stock[variant]);
            let mut notices = Vec::new();
            if left == 0 {
                notices.push(json!({"kind": "out_of_stock", "message": "This is sold out at present."}));
            } else if left < *quantity {
                notices.push(json!({"kind": "only_n_left", "message": format!("Only {left} left.")}));
            }
            if price != *added {
                notices.push(json!({"kind": "price_changed", "message": "The price has changed."}));
            }
            json!({"productId": RED, "variantId": variant, "slug": "pot-3", "name": "Pot <№3>", "variant": "Matt red", "picture": null,
                "quantity": quantity, "unitPrice": money(price), "unitPriceWhenAdded": money(*added), "total": money(price * quantity),
                "available": left, "notices": notices, "addedAt": "2026-11-21T12:00:00Z"})
        });
        let shown: Vec<_> = shown.collect();
        let sum: i64 = lines.iter().map(|line| self.prices[&line.0] * line.1).sum();
        let degraded: Vec<_> = ["catalog", "inventory"]
            .into_iter()
            .filter(|name| self.away.contains(name))
            .collect();
        Json(json!({"version": 1, "itemCount": lines.iter().map(|line| line.1).sum::<i64>(), "subtotal": money(sum), "lines": shown,
            "degraded": degraded, "capped": []}))
        .into_response()
    }

    fn order(&mut self, asked: &Asked<'_>) -> Response {
        let user = match self.require_user(asked) {
            Ok(user) => user,
            Err(refusal) => return refusal,
        };
        match (asked.method, asked.path.as_slice()) {
            ("POST", ["orders"]) => self.place(asked, &user),
            ("GET", ["orders"]) => {
                let own: Vec<_> = self
                    .orders
                    .iter()
                    .rev()
                    .filter(|order| order["user"] == user.as_str())
                    .collect();
                Json(json!({"items": own, "totalCount": own.len(), "next": null})).into_response()
            }
            (method, ["orders", id, rest @ ..]) => {
                let found = self
                    .orders
                    .iter_mut()
                    .find(|order| order["id"] == *id && order["user"] == user.as_str());
                let Some(order) = found else {
                    return problem(404, "not-found", "no such order", &[]);
                };
                if (method, rest) == ("POST", &["cancel"]) {
                    if order["state"] != "PENDING" {
                        return problem(409, "order-state", "it is too late", &[]);
                    }
                    order["state"] = json!("CANCELLING");
                }
                Json(order.clone()).into_response()
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn place(&mut self, asked: &Asked<'_>, user: &str) -> Response {
        let key = asked.headers["idempotency-key"]
            .to_str()
            .unwrap()
            .to_owned();
        let wish = asked.body.to_string();
        if let Some((before, index)) = self.keys.get(&key) {
            return if *before == wish {
                (StatusCode::CREATED, Json(self.orders[*index].clone())).into_response()
            } else {
                problem(422, "idempotency-key-reused", "the key was used", &[])
            };
        }
        let items = asked.body["items"].as_array().unwrap().clone();
        for (index, item) in items.iter().enumerate() {
            let variant = item["variantId"].as_str().unwrap();
            let (price, left) = (self.prices[variant], self.stock[variant]);
            if item["price"] != money(price)["amount"] {
                let mut answer = json!({"type": "/problems/price-changed", "status": 409, "detail": "A price has changed.", "errors": []});
                answer["currentPrices"] =
                    json!([{"item": index, "variantId": variant, "price": money(price)}]);
                return (StatusCode::CONFLICT, Json(answer)).into_response();
            }
            if item["quantity"].as_i64().unwrap() > left {
                let field = format!("items[{index}].quantity");
                return problem(
                    409,
                    "out-of-stock",
                    "too little",
                    &[(&field, &format!("only {left} are left"))],
                );
            }
        }
        let line = |item: &Value| {
            let price = self.prices[item["variantId"].as_str().unwrap()];
            json!({"productId": item["productId"], "variantId": item["variantId"], "sku": "POT-R", "slug": "pot-3", "name": "Pot <№3>",
                "picture": null, "quantity": item["quantity"], "unitPrice": money(price), "total": money(price * item["quantity"].as_i64().unwrap())})
        };
        let lines: Vec<_> = items.iter().map(line).collect();
        let total: i64 = items
            .iter()
            .map(|item| {
                self.prices[item["variantId"].as_str().unwrap()]
                    * item["quantity"].as_i64().unwrap()
            })
            .sum();
        let number = format!("ARG-2026-{:06}", self.orders.len() + 1);
        let order = json!({"id": Uuid::now_v7(), "user": user, "userId": Uuid::new_v5(&Uuid::NAMESPACE_DNS, user.as_bytes()), "number": number, "state": "PENDING", "version": 1, "total": money(total),
            "items": lines, "shippingAddress": asked.body["shippingAddress"], "paymentMethod": asked.body["paymentMethod"],
            "refunded": money(0), "timeline": [{"version": 1, "state": "PENDING", "cause": "placed", "at": "2026-11-21T12:00:00Z"}],
            "createdAt": "2026-11-21T12:00:00Z", "updatedAt": "2026-11-21T12:00:00Z"});
        self.carts.remove(user);
        self.orders.push(order.clone());
        self.keys.insert(key, (wish, self.orders.len() - 1));
        (StatusCode::CREATED, Json(order)).into_response()
    }

    fn session(&mut self, email: &str, status: u16) -> Response {
        let (access, refresh) = (
            access_token(email, 600),
            Uuid::new_v4().simple().to_string(),
        );
        self.sessions.insert(access.clone(), email.to_owned());
        self.sessions.insert(refresh.clone(), email.to_owned());
        let mut response = (
            StatusCode::from_u16(status).unwrap(),
            Json(json!({"expiresIn": 600})),
        )
            .into_response();
        set_cookie(&mut response, "argosy_access", &access);
        set_cookie(&mut response, "argosy_refresh", &refresh);
        response
    }

    fn account(&mut self, asked: &Asked<'_>) -> Response {
        let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
        match (asked.method, asked.path.as_slice()) {
            ("POST", ["users", "login"] | ["auth", "forgotten-password"])
                if text("email") == HASTY =>
            {
                problem(429, "too-many-attempts", "Try again in 30 s.", &[])
            }
            ("POST", ["users", "login"]) => match self.accounts.get(&text("email")) {
                Some(account) if account.password == text("password") => {
                    self.session(&text("email"), 200)
                }
                _ => problem(
                    401,
                    "wrong-credentials",
                    "There is no account with this e-mail address and this password.",
                    &[],
                ),
            },
            ("POST", ["users", "register"]) => {
                if self.accounts.contains_key(&text("email")) {
                    return problem(
                        409,
                        "email-taken",
                        "There is an account with this e-mail address.",
                        &[("email", "is already in use")],
                    );
                }
                if text("password").len() < 8 {
                    return problem(
                        400,
                        "invalid-request",
                        "not valid",
                        &[("password", "must have at least 8 characters")],
                    );
                }
                let account = Account {
                    password: text("password"),
                    first_name: text("firstName"),
                    last_name: text("lastName"),
                    addresses: Vec::new(),
                };
                self.accounts.insert(text("email"), account);
                self.session(&text("email"), 201)
            }
            ("POST", ["auth", "forgotten-password"]) => StatusCode::ACCEPTED.into_response(),
            ("POST", ["auth", "reset-password"]) => reset(&text("code"), &text("newPassword")),
            ("POST", ["auth", "refresh"]) => {
                let token = asked.cookie("argosy_refresh").unwrap_or_default();
                match self.sessions.remove(&token) {
                    Some(email) => self.session(&email, 200),
                    None => problem(401, "session-ended", "The session has ended.", &[]),
                }
            }
            _ => match self.require_user(asked) {
                Ok(user) => self.own_account(asked, &user),
                Err(refusal) => refusal,
            },
        }
    }

    fn own_account(&mut self, asked: &Asked<'_>, user: &str) -> Response {
        let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
        if asked.path[0] == "auth" {
            self.sessions.retain(|_, email| email != user);
            return StatusCode::NO_CONTENT.into_response();
        }
        let account = self.accounts.get_mut(user).unwrap();
        match (asked.method, &asked.path[2..]) {
            ("GET", []) => {}
            ("PATCH", []) => {
                account.first_name = text("firstName");
                account.last_name = text("lastName");
            }
            ("POST", ["password"]) if account.password != text("currentPassword") => {
                return problem(
                    400,
                    "invalid-request",
                    "not valid",
                    &[("currentPassword", "is not the account's password")],
                );
            }
            ("POST", ["password"]) => {
                account.password = text("newPassword");
                return StatusCode::NO_CONTENT.into_response();
            }
            ("GET", ["addresses"]) => {
                return Json(json!({"items": account.addresses})).into_response();
            }
            ("POST", ["addresses"]) => {
                let mut address = asked.body.clone();
                address["id"] = json!(Uuid::now_v7());
                address["default"] = json!(account.addresses.is_empty());
                account.addresses.push(address);
                return StatusCode::CREATED.into_response();
            }
            (method, ["addresses", id]) => {
                let place = account
                    .addresses
                    .iter()
                    .position(|address| address["id"] == *id)
                    .unwrap();
                if method == "DELETE" {
                    account.addresses.remove(place);
                } else {
                    for (name, value) in asked.body.as_object().unwrap() {
                        account.addresses[place][name] = value.clone();
                    }
                }
            }
            _ => return StatusCode::NOT_FOUND.into_response(),
        }
        Json(json!({"id": Uuid::nil(), "email": user, "firstName": account.first_name, "lastName": account.last_name, "role": "customer"})).into_response()
    }

    fn inventory(&self) -> Response {
        let variants = self.stock.iter().map(|(variant, left)| {
            let state = match left {
                0 => "out",
                1..=5 => "low",
                _ => "inStock",
            };
            json!({"variantId": variant, "state": state, "available": left.min(&10), "hasMore": *left > 10})
        });
        Json(json!({"productId": RED, "variants": variants.collect::<Vec<_>>()})).into_response()
    }

    fn message(&mut self, asked: &Asked<'_>) -> Response {
        if asked.body["document"]["name"] == "virus.exe" {
            return problem(
                400,
                "invalid-request",
                "not valid",
                &[(
                    "document.content",
                    "must be a PDF, PNG, JPEG or plain text file",
                )],
            );
        }
        self.messages.push(asked.body.clone());
        (StatusCode::CREATED, Json(json!({"id": Uuid::now_v7()}))).into_response()
    }
}
