//! `GET /api/orders`: one's own orders, newest first, a page at a time; everybody's for admins.

use axum::extract::{RawQuery, State as FromState};
use chassis::{
    FieldError, Json, Problem,
    auth::{Principal, Role},
};

use super::{
    access::forbidden,
    body::ProblemBody,
    list_query::{ListQuery, OrderPage},
};
use crate::{assembly::State, db::lists::Scope};

/// List orders.
///
/// One's own; everybody's with `all=true`, for admins. Pages follow one another by `after`, which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/orders",
    tag = "orders",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Orders per page, 20 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("number" = Option<String>, Query, description = "Only the one with this number, such as `ARG-2026-000123`."),
        ("sort" = Option<String>, Query, description = "newest (default), or oldest, for those who work on them."),
        ("state" = Option<String>, Query, description = "Only those in this state, such as `PAID`."),
        ("all" = Option<bool>, Query, description = "Everybody's. For admins."),
    ),
    responses(
        (status = 200, description = "A page of orders", body = OrderPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Everybody's orders are for admins", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_orders(
    FromState(state): FromState<State>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Json<OrderPage>, Problem> {
    let query = ListQuery::parse(query.as_deref(), true)?;
    if query.oldest_first && !query.all {
        let message = "oldest is an order of lists of everybody's orders (all=true)";
        return Err(Problem::invalid(vec![FieldError::new("sort", message)]));
    }
    let scope = match (query.all, principal.role) {
        (false, _) => Scope::Of(principal.user),
        (true, Role::Admin) => Scope::All,
        (true, _) => return Err(forbidden("Only an admin sees everybody's orders.")),
    };
    let mut connection = state.database.acquire().await?;
    Ok(Json(query.page(&mut connection, scope, None).await?))
}
