//! `GET /ws/notifications`: a user's live updates over a WebSocket, from now on or from where the page left off.

use axum::{
    extract::{
        RawQuery, State as FromState,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, Method},
    response::Response,
};
use chassis::{FieldError, Problem, problem::UNAVAILABLE, query::ListQuery};
use contracts::UserId;

use super::body::ProblemBody;
use crate::{
    assembly::State,
    db::live_updates,
    domain::frame::MAX_BYTES,
    live::{Full, Seat, Session},
    problems::TOO_MANY_SOCKETS,
};

/// Bytes that wait for a page in our memory, at most; more wait in the table.
const OUTGOING_BYTES: usize = 64 * 1024;

/// Open a WebSocket for live updates.
///
/// Sends what happens to the caller's own orders as `{"id": 7, "type": "order.paid", "orderId": …, "number": …, "state": "PAID",
/// "version": 3, "at": …}`: from now on, or everything after `after`, as far as it is kept. Ids count up per user without
/// gaps. `{"type":"ping"}` is answered with `{"type":"pong"}`; anything else closes the socket with 1008. Other close codes: 1001 the
/// server restarts, 1009 too large, 1013 too slow, 4401 the token has expired, 4403 the session has ended, 4408 no sign of life.
/// A browser's cookie counts only from a page of this address (`Origin`); a token in the URL never counts.
#[utoipa::path(
    get,
    path = "/ws/notifications",
    tag = "live updates",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("after" = Option<i64>, Query, minimum = 0, description = "The id of the last update that the page has.")),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 400, description = "Not a WebSocket handshake, or a parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A cookie came from another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The caller has too many sockets open", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached, or too many sockets are open", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open_socket(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    // Not as a GET: what a socket says is not protected by the browser's rules for reading from another site.
    let caller = state.verifier.verify(&Method::POST, &headers).await?;
    let after = parse(query.as_deref())?;
    let upgrade = upgrade.map_err(|rejection| {
        let message = format!(
            "open this address as a WebSocket: {}",
            rejection.body_text()
        );
        Problem::invalid(vec![FieldError::new("Upgrade", message)])
    })?;
    let user = caller.principal.user;
    let seat = state.hub.take_seat(user, caller.session).map_err(full)?;
    // Behind the seat: what happens from here on is announced to it.
    let end = end_of(&state, &seat).await?;
    let session = Session {
        seat,
        database: state.database.clone(),
        // Beyond the end: of a history that a restored database does not have.
        after: after.map_or(end, |after| after.min(end)),
        expires_at: caller.expires_at,
        times: state.times,
    };
    let running = state.hub.tasks().token();
    Ok(upgrade
        .max_message_size(MAX_BYTES)
        .max_frame_size(MAX_BYTES)
        .max_write_buffer_size(OUTGOING_BYTES)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            session.run(socket).await;
            drop(running);
        }))
}

async fn end_of(state: &State, seat: &Seat) -> Result<i64, Problem> {
    let mut connection = state.database.acquire().await?;
    let users: [UserId; 1] = [seat.user];
    let positions = live_updates::positions(&mut connection, &users).await?;
    Ok(positions.first().map_or(0, |position| position.last_id))
}

fn full(full: Full) -> Problem {
    match full {
        Full::User => Problem::new(
            &TOO_MANY_SOCKETS,
            "You have too many pages open: close one of them.",
        ),
        Full::Replica => Problem::new(
            &UNAVAILABLE,
            "Too many sockets are open right now: try again in a moment.",
        ),
    }
}

fn parse(query: Option<&str>) -> Result<Option<i64>, Problem> {
    let mut parameters = ListQuery::read(query)?;
    let after = parameters.take("after", |text| {
        let id = text.parse().ok().filter(|after| *after >= 0);
        id.ok_or("must be the id of the last update that you have, 0 or more")
    });
    parameters.finish()?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_to_read_on_from_is_asked_for_strictly() {
        assert_eq!(parse(None).ok(), Some(None));
        assert_eq!(parse(Some("after=7")).ok(), Some(Some(7)));
        for query in [
            "after=",
            "after=-1",
            "after=x",
            "after=1.5",
            "after=99999999999999999999",
            "token=x",
            "access_token=x",
        ] {
            assert!(parse(Some(query)).is_err(), "{query}");
        }
    }
}
