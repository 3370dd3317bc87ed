//! `GET /api/user-dashboard/{user}`: account, recent orders and their products in one answer. A part that fails is left out,
//! and says why; the others are there.

use axum::{
    extract::{Path, State as FromState},
    http::{HeaderMap, header},
};
use chassis::{
    Json, Problem,
    auth::{self, Principal},
};
use contracts::{Money, ProductId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    access::forbidden,
    body::ProblemBody,
    list_query::{ListQuery, OrderPage},
};
use crate::{assembly::State, db::lists::Scope};

/// Products that are shown.
const PRODUCTS: usize = 12;

/// Account, orders and products of somebody.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dashboard {
    /// The account, as `GET /api/users/me` shows it; null when identity does not answer.
    #[schema(value_type = Option<Object>)]
    user: Option<Value>,
    /// The newest orders; null when they cannot be read.
    orders: Option<OrderPage>,
    /// Products of these orders as they are now; null when the catalogue does not answer.
    products: Option<Vec<ProductBody>>,
    /// The parts that are missing.
    degraded: Vec<DegradedPart>,
}

/// A part of the dashboard that is missing.
#[derive(Debug, Serialize, ToSchema)]
struct DegradedPart {
    /// `user`, `orders` or `products`.
    part: &'static str,
    reason: &'static str,
}

/// A product that somebody has ordered, as it is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProductBody {
    product_id: ProductId,
    slug: String,
    name: String,
    price: Money,
    picture: Option<String>,
    /// Not for sale any more.
    is_archived: bool,
}

/// Show account, orders and products in one answer.
///
/// One's own, or anybody's for admins. `degraded` names the parts that could not be had.
#[utoipa::path(
    get,
    path = "/api/user-dashboard/{user}",
    tag = "dashboard",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("user" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The dashboard", body = Dashboard),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn user_dashboard(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(user): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Dashboard>, Problem> {
    let user = user.parse::<UserId>().ok();
    let user = user
        .filter(|user| principal.owns(user.0))
        .ok_or_else(|| forbidden("This is somebody else's dashboard."))?;
    let path = if user == principal.user {
        "/api/users/me".to_owned()
    } else {
        format!("/api/users/{user}")
    };
    let (account, (orders, products)) = tokio::join!(
        account(&state, access_token(&headers), &path),
        orders_with_products(&state, user)
    );
    let parts = [
        (
            "user",
            account.is_none(),
            "The identity service does not answer.",
        ),
        ("orders", orders.is_none(), "The orders cannot be read."),
        (
            "products",
            products.is_none(),
            "The catalogue does not answer.",
        ),
    ];
    let degraded = parts
        .into_iter()
        .filter(|(_, is_missing, _)| *is_missing)
        .map(|(part, _, reason)| DegradedPart { part, reason });
    Ok(Json(Dashboard {
        user: account,
        degraded: degraded.collect(),
        orders,
        products,
    }))
}

/// The caller's own: identity shall see who is really asking.
fn access_token(headers: &HeaderMap) -> &str {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .map(|(_, token)| token);
    bearer
        .or_else(|| auth::cookie(headers, auth::ACCESS_COOKIE))
        .unwrap_or_default()
}

async fn account(state: &State, token: &str, path: &str) -> Option<Value> {
    let account = state.identity.get_as(token, path).await;
    account
        .inspect_err(|error| tracing::warn!(%error, "the dashboard lacks the account"))
        .ok()
}

async fn orders_with_products(
    state: &State,
    user: UserId,
) -> (Option<OrderPage>, Option<Vec<ProductBody>>) {
    let orders = orders(state, user)
        .await
        .inspect_err(|problem| {
            tracing::warn!(problem = problem.detail, "the dashboard lacks the orders");
        })
        .ok();
    let Some(page) = &orders else {
        return (None, None);
    };
    let mut wanted: Vec<ProductId> = Vec::new();
    for product in page
        .items
        .iter()
        .flat_map(super::order_body::ListedOrder::products)
    {
        if !wanted.contains(&product) && wanted.len() < PRODUCTS {
            wanted.push(product);
        }
    }
    let products = products(state, &wanted).await;
    (orders, products)
}

async fn orders(state: &State, user: UserId) -> Result<OrderPage, Problem> {
    let query = ListQuery::parse(Some("limit=10"), false)?;
    let mut connection = state.database.acquire().await?;
    Ok(query.page(&mut connection, Scope::Of(user), None).await?)
}

async fn products(state: &State, wanted: &[ProductId]) -> Option<Vec<ProductBody>> {
    if wanted.is_empty() {
        return Some(Vec::new());
    }
    let offers = state
        .catalogue
        .offers(wanted)
        .await
        .inspect_err(|error| tracing::warn!(%error, "the dashboard lacks the products"))
        .ok()?;
    let first = wanted
        .iter()
        .filter_map(|product| offers.get(product)?.first());
    let products = first.map(|offer| ProductBody {
        product_id: offer.product_id,
        slug: offer.slug.clone(),
        name: offer.product_name.clone(),
        price: offer.price,
        picture: offer.picture.clone(),
        is_archived: offer.is_archived,
    });
    Some(products.collect())
}
