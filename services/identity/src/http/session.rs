//! What somebody gets who has proved who they are: tokens, in the body or as cookies.

use std::time::Duration;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chassis::{
    Json, Problem,
    auth::{ACCESS_COOKIE, Origin, cookie},
    problem::CROSS_ORIGIN,
};
use contracts::UserId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::UserBody,
    cookies::{Cookies, DEVICE_COOKIE, REFRESH_COOKIE},
};
use crate::{
    assembly::State,
    db,
    domain::account::User,
    signing::{DEVICE_LIFETIME, Issue, RefreshToken},
};

/// Where the tokens go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    /// Into the body, for a program that sends `Authorization: Bearer`.
    #[default]
    Token,
    /// Into cookies that scripts cannot read, for a browser.
    Cookie,
}

/// Somebody who is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionBody {
    /// The access token, a JWT: send it as `Authorization: Bearer`. Missing where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Seconds that the access token lives.
    expires_in: u64,
    /// Exchanges for the next pair of tokens, once. Missing where cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    user: UserBody,
}

/// A session to hand out.
pub(super) struct Granted {
    pub(super) user: User,
    pub(super) session: Uuid,
    pub(super) refresh: RefreshToken,
    /// How long it can be refreshed.
    pub(super) lasts: Duration,
}

/// Begins a session of this user.
pub(super) async fn begin(
    state: &State,
    connection: &mut PgConnection,
    user: User,
) -> sqlx::Result<Granted> {
    let (session, refresh) = (Uuid::now_v7(), RefreshToken::generate());
    let lasts = state.config.tokens.session_lifetime();
    db::sessions::begin(
        connection,
        session,
        user.id,
        &refresh.digest(),
        lasts.as_secs_f64(),
    )
    .await?;
    Ok(Granted {
        user,
        session,
        refresh,
        lasts,
    })
}

/// A page of another site must not sign a browser in, not even to an account that exists: its owner would see what the
/// visitor does.
pub(super) fn require_own_page(headers: &HeaderMap, delivery: Delivery) -> Result<(), Problem> {
    if delivery == Delivery::Cookie && Origin::of(headers) == Origin::Foreign {
        let detail = "Cookies are only given to pages of this address (Origin).";
        return Err(Problem::new(&CROSS_ORIGIN, detail));
    }
    Ok(())
}

impl Granted {
    /// The answer.
    pub(super) fn answer(
        self,
        state: &State,
        status: StatusCode,
        headers: &HeaderMap,
        delivery: Delivery,
    ) -> Result<Response, Problem> {
        let tokens = &state.config.tokens;
        let lifetime = tokens.access_lifetime();
        let issue = Issue {
            issuer: &tokens.token_issuer,
            audience: &tokens.token_audience,
            now: State::now(),
            lifetime,
        };
        let access = state.keys.access_token(&self.user, self.session, &issue);
        let access = access.map_err(Problem::internal)?;
        let refresh = self.refresh.text();
        let owner = self.user.id;
        let body = |token, refresh_token| SessionBody {
            token,
            expires_in: lifetime.as_secs(),
            refresh_token,
            user: self.user.into(),
        };
        let mut response = match delivery {
            Delivery::Token => Json(body(Some(access), Some(refresh))).into_response(),
            Delivery::Cookie => {
                let cookies = Cookies::for_request(headers);
                let mut response = Json(body(None, None)).into_response();
                let mut set = |name, value: &str, age| {
                    response
                        .headers_mut()
                        .append(header::SET_COOKIE, cookies.set(name, value, age));
                };
                set(ACCESS_COOKIE, &access, lifetime);
                set(REFRESH_COOKIE, &refresh, self.lasts);
                if !is_known(state, headers, owner) {
                    let device = state.keys.device_token(owner, State::now());
                    let device = device.map_err(Problem::internal)?;
                    set(DEVICE_COOKIE, &device, DEVICE_LIFETIME);
                }
                response
            }
        };
        *response.status_mut() = status;
        let no_store = header::HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        Ok(response)
    }
}

fn is_known(state: &State, headers: &HeaderMap, owner: UserId) -> bool {
    cookie(headers, DEVICE_COOKIE)
        .and_then(|token| state.keys.known_device(token))
        .is_some_and(|(of, _)| of == owner)
}
