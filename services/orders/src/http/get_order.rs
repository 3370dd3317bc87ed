//! `GET /api/orders/{order}`: an order with its timeline, at once or when it has changed.

use std::time::{Duration, Instant};

use axum::extract::{Path, RawQuery, State as FromState};
use chassis::{Json, Problem, auth::Principal, query::ListQuery};

use super::{
    access::{self, Relation, no_such_order},
    body::ProblemBody,
    order_body::OrderBody,
};
use crate::{
    assembly::State,
    db::{self, views::View},
};

/// How long somebody may wait for a change; less than any proxy gives a request.
const LONGEST: Duration = Duration::from_secs(25);

/// Show an order.
///
/// For who ordered, and admins; vendors see what they sell of it. With `after_version=n` the answer waits until the order has a
/// version above n, for at most 25 s, and is then the order as it is.
#[utoipa::path(
    get,
    path = "/api/orders/{order}",
    tag = "orders",
    extensions(("x-roles" = json!(access::PARTIES))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("order" = String, Path, description = "The order's id."),
        ("after_version" = Option<i64>, Query, minimum = 0, description = "Wait for a version above this one."),
    ),
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_order(
    FromState(state): FromState<State>,
    principal: Principal,
    Path(order): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<OrderBody>, Problem> {
    let id = access::order_id(&order)?;
    let after = parse(query.as_deref())?;
    let began = Instant::now();
    let mut waiter = after.map(|_| state.saga.changes.watch(id));
    loop {
        let view = load(&state, id).await?;
        let relation = Relation::of(principal, view.head.user, &view.lines)?;
        let left = LONGEST.saturating_sub(began.elapsed());
        let is_news = after.is_none_or(|after| view.head.version > after);
        if is_news || left.is_zero() || state.end.is_cancelled() {
            return Ok(Json(if relation.sees_everything() {
                OrderBody::whole(view)
            } else {
                OrderBody::for_seller(view, principal.user.into())
            }));
        }
        if let (Some(waiter), Some(after)) = (&mut waiter, after) {
            waiter.wait(after, left, &state.end).await;
        }
    }
}

/// The connection is given back before anybody waits.
async fn load(state: &State, id: contracts::OrderId) -> Result<View, Problem> {
    let mut connection = state.database.acquire().await?;
    let view = db::views::get(&mut connection, id).await?;
    view.ok_or_else(no_such_order)
}

fn parse(query: Option<&str>) -> Result<Option<i64>, Problem> {
    let mut parameters = ListQuery::read(query)?;
    let after = parameters.take("after_version", |text| {
        let version = text.parse().ok().filter(|version| *version >= 0);
        version.ok_or("must be a whole number from 0")
    });
    parameters.finish()?;
    Ok(after)
}
