//! `GET /api/vendor/orders`: orders of what a vendor sells, newest first, a page at a time.

use axum::extract::{RawQuery, State as FromState};
use chassis::{Json, Problem, auth::Vendor};
use contracts::VendorId;

use super::{
    body::ProblemBody,
    list_query::{ListQuery, OrderPage},
};
use crate::{assembly::State, db::lists::Scope};

/// List orders of what I sell.
///
/// For vendors: orders with at least one line of their own, and of each only those lines.
#[utoipa::path(
    get,
    path = "/api/vendor/orders",
    tag = "vendors",
    extensions(("x-roles" = json!(chassis::auth::VENDORS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Orders per page, 20 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("number" = Option<String>, Query, description = "Only the one with this number, such as `ARG-2026-000123`."),
        ("sort" = Option<String>, Query, description = "newest (default), or oldest, for those who work on them."),
        ("state" = Option<String>, Query, description = "Only those in this state, such as `PAID`."),
    ),
    responses(
        (status = 200, description = "A page of orders", body = OrderPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not a vendor", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_vendor_orders(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    RawQuery(query): RawQuery,
) -> Result<Json<OrderPage>, Problem> {
    let query = ListQuery::parse(query.as_deref(), false)?;
    let vendor = VendorId::from(principal.user);
    let mut connection = state.database.acquire().await?;
    let page = query
        .page(&mut connection, Scope::With(vendor), Some(vendor))
        .await?;
    Ok(Json(page))
}
