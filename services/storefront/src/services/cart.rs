//! The cart of whoever visits: an account's or a guest's.

use axum::http::Method;
use chassis::auth::ACCESS_COOKIE;
use contracts::{Money, ProductId, VariantId};
use serde::Deserialize;
use serde_json::json;

use super::{Error, Service};
use crate::visit::{CART_COOKIE, Visit};

/// What somebody means to buy.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cart {
    pub(crate) item_count: u32,
    /// Nothing where the lines are in several currencies.
    #[serde(default)]
    pub(crate) subtotal: Option<Money>,
    pub(crate) lines: Vec<Line>,
    /// Who could not be asked.
    #[serde(default)]
    pub(crate) degraded: Vec<String>,
}

/// One kind of thing in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) slug: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) variant: String,
    #[serde(default)]
    pub(crate) picture: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) unit_price_when_added: Money,
    pub(crate) total: Money,
    #[serde(default)]
    pub(crate) notices: Vec<Notice>,
}

/// Something that should be noticed about a line.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Notice {
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) message: String,
}

impl Line {
    /// Whether it can be ordered as it stands.
    pub(crate) fn can_be_ordered(&self) -> bool {
        let stops =
            |notice: &Notice| matches!(notice.kind.as_str(), "no_longer_sold" | "out_of_stock");
        !self.notices.iter().any(stops)
    }
}

/// The answer to joining two carts: the cart, and what was lowered.
#[derive(Debug, Deserialize)]
struct Joined {
    #[serde(flatten)]
    cart: Cart,
    #[serde(default)]
    capped: Vec<serde_json::Value>,
}

/// Asks the cart service.
#[derive(Debug, Clone)]
pub(crate) struct Carts(pub(crate) Service);

impl Carts {
    /// The cart. What somebody put in before they signed in comes along, whichever page they signed in on.
    pub(crate) async fn current(&self, visit: &Visit) -> Result<Cart, Error> {
        if visit.is_signed_in() && !visit.has(ACCESS_COOKIE) {
            // Whose session could not be renewed: a guest's cart, which is empty, would look as though theirs were.
            return Err(Error::SignIn("cart"));
        }
        if visit.is_signed_in() && visit.has(CART_COOKIE) {
            match self.join(visit).await {
                Err(Error::SignIn(_)) => {}
                other => return other.map(|(cart, _)| cart),
            }
        }
        let cart = self.0.get(visit, "/api/cart").await?;
        Ok(seen(visit, cart))
    }

    /// Puts something in.
    pub(crate) async fn add(
        &self,
        visit: &Visit,
        product: ProductId,
        variant: Option<VariantId>,
        quantity: u32,
    ) -> Result<Cart, Error> {
        let mut body = json!({ "productId": product, "quantity": quantity });
        if let Some(variant) = variant {
            body["variantId"] = json!(variant);
        }
        let added = self.0.change(visit, Method::POST, "/api/cart/items", &body);
        Ok(seen(visit, added.await?))
    }

    /// From now on so many.
    pub(crate) async fn set_quantity(
        &self,
        visit: &Visit,
        variant: VariantId,
        quantity: u32,
    ) -> Result<Cart, Error> {
        let path = format!("/api/cart/items/{variant}");
        let body = json!({ "quantity": quantity });
        let changed = self.0.change(visit, Method::PUT, &path, &body);
        Ok(seen(visit, changed.await?))
    }

    /// Takes a line out.
    pub(crate) async fn remove(&self, visit: &Visit, variant: VariantId) -> Result<Cart, Error> {
        let path = format!("/api/cart/items/{variant}");
        let left = self
            .0
            .ask(visit, super::Question::new(Method::DELETE, &path));
        Ok(seen(visit, left.await?))
    }

    /// Makes the guest's cart part of the account's, and says whether something had to be lowered.
    pub(crate) async fn join(&self, visit: &Visit) -> Result<(Cart, bool), Error> {
        let question = super::Question::new(Method::POST, "/api/cart/merge");
        let joined: Joined = self.0.ask(visit, question).await?;
        let was_lowered = !joined.capped.is_empty();
        Ok((seen(visit, joined.cart), was_lowered))
    }
}

/// The header's number is what was last seen.
fn seen(visit: &Visit, cart: Cart) -> Cart {
    visit.set_items(cart.item_count);
    cart
}
