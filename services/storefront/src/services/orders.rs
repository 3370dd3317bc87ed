//! Orders of whoever visits: placing one, looking at them, and not wanting one any more.

use axum::http::{HeaderName, HeaderValue, Method};
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, ProductId, UserId, VariantId, orders::ShippingAddress};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, Problem, Question, Service};
use crate::visit::Visit;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What somebody orders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wish {
    pub(crate) items: Vec<WishedItem>,
    pub(crate) shipping_address: ShippingAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_method: Option<String>,
}

/// One position, at the price that the shopper has seen.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WishedItem {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: u32,
    /// A decimal amount.
    pub(crate) price: String,
}

/// An order. A list says less of each: what may be missing is missing there.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    /// Who ordered.
    pub(crate) user_id: UserId,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) version: i64,
    pub(crate) total: Money,
    pub(crate) items: Vec<Item>,
    #[serde(default)]
    pub(crate) shipping_address: Option<ShippingAddress>,
    #[serde(default)]
    pub(crate) carrier: Option<String>,
    #[serde(default)]
    pub(crate) tracking_number: Option<String>,
    #[serde(default)]
    pub(crate) refunded: Option<Money>,
    #[serde(default)]
    pub(crate) timeline: Vec<Turn>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A position, as the product was when it was ordered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) sku: String,
    #[serde(default)]
    pub(crate) picture: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) total: Money,
}

/// A turn that an order took.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Turn {
    pub(crate) state: String,
    pub(crate) at: DateTime<Utc>,
}

/// A page of orders, newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderPage {
    pub(crate) items: Vec<Order>,
    pub(crate) total_count: u64,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// What came of placing an order.
#[derive(Debug)]
pub(crate) enum Placed {
    /// It is placed, now or by an earlier request with the same key.
    Order(Box<Order>),
    /// Nothing is ordered: prices are others than the shopper has seen.
    PriceChanged(Vec<NewPrice>),
    /// Nothing is ordered: of these positions there is too little.
    SoldOut(Vec<(usize, String)>),
    /// Nothing is ordered: these positions are not sold any more.
    NotForSale(Vec<usize>),
    /// The key belongs to another order, which was placed from the same page.
    KeyUsed,
    /// Nothing is ordered: something was not filled in right.
    Refused(Box<Problem>),
}

/// What a position costs now.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPrice {
    pub(crate) item: usize,
    pub(crate) price: Money,
}

/// Asks the orders service.
#[derive(Debug, Clone)]
pub(crate) struct Orders(pub(crate) Service);

impl Orders {
    /// Places an order. With the same key it may be asked for again, and is done once.
    pub(crate) async fn place(
        &self,
        visit: &Visit,
        key: &str,
        wish: &Wish,
    ) -> Result<Placed, Error> {
        let key = HeaderValue::try_from(key).map_err(|_| Error::NotFound("orders"))?;
        let question = Question::new(Method::POST, "/api/orders")
            .with(wish)
            .header(IDEMPOTENCY_KEY, key);
        match self.0.ask(visit, question).await {
            Ok(order) => Ok(Placed::Order(Box::new(order))),
            Err(Error::Refused { problem, .. }) => Ok(Placed::refused(problem)),
            Err(error) => Err(error),
        }
    }

    /// An order of the visitor's own.
    pub(crate) async fn get(&self, visit: &Visit, id: &str) -> Result<Order, Error> {
        self.0.get(visit, &path(id)?).await
    }

    /// A page of the visitor's orders.
    pub(crate) async fn page(
        &self,
        visit: &Visit,
        after: Option<&str>,
    ) -> Result<OrderPage, Error> {
        let after: Vec<_> = after.map(|after| ("after", after)).into_iter().collect();
        let query = serde_urlencoded::to_string(&after).expect("BUG: a string always encodes");
        let path = format!("/api/orders?limit=10&{query}");
        self.0.get(visit, path.trim_end_matches('&')).await
    }

    /// Asks for the end of an order.
    pub(crate) async fn cancel(&self, visit: &Visit, id: &str) -> Result<Order, Error> {
        let path = format!("{}/cancel", path(id)?);
        let body = json!({ "reason": "The shopper asked for it." });
        self.0.change(visit, Method::POST, &path, &body).await
    }
}

/// What is no order's id is nobody's order.
fn path(id: &str) -> Result<String, Error> {
    let id: OrderId = id.parse().map_err(|_| Error::NotFound("orders"))?;
    Ok(format!("/api/orders/{id}"))
}

impl Placed {
    fn refused(problem: Box<Problem>) -> Self {
        let lines = || {
            problem.errors.iter().filter_map(|error| {
                let index = error.field.split(['[', ']']).nth(1)?.parse().ok()?;
                Some((index, error.message.clone()))
            })
        };
        match problem.slug() {
            "price-changed" => {
                let prices = problem.members.get("currentPrices").cloned();
                Self::PriceChanged(
                    serde_json::from_value(prices.unwrap_or_default()).unwrap_or_default(),
                )
            }
            "out-of-stock" => Self::SoldOut(lines().collect()),
            "not-for-sale" => Self::NotForSale(lines().map(|(index, _)| index).collect()),
            "idempotency-key-reused" => Self::KeyUsed,
            _ => Self::Refused(problem),
        }
    }
}
