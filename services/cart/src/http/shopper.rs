//! Whose cart a request is about: an account's by its access token, else a guest's by the cookie.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use chassis::{
    Problem,
    auth::{ACCESS_COOKIE, Origin, Principal, cookie},
    problem::CROSS_ORIGIN,
};
use contracts::UserId;

use super::guest_cookie::{self, GuestCookie};
use crate::{assembly::State, domain::owner::Owner, guest_token::GuestToken};

/// Who is asking. An account's cart and a guest's never become one unless that is asked for, so whoever is signed in is not
/// a guest, whatever cookie comes along.
enum Visitor {
    /// Signed in.
    User(UserId),
    /// With a cookie; there may be no cart to it.
    Guest(GuestToken),
    /// Not seen before.
    Stranger,
}

/// A visitor, and how to give them a cookie.
pub(super) struct Shopper {
    visitor: Visitor,
    cookie: GuestCookie,
}

/// Somebody who is signed in, and perhaps was a guest before.
pub(super) struct FormerGuest {
    pub(super) user: UserId,
    pub(super) guest: Option<GuestToken>,
    pub(super) cookie: GuestCookie,
}

impl Shopper {
    /// Whose cart it is that they have, if they have one.
    pub(super) fn owner(&self) -> Option<Owner> {
        match &self.visitor {
            Visitor::User(user) => Some(Owner::User(*user)),
            Visitor::Guest(token) => Some(Owner::Guest(token.digest())),
            Visitor::Stranger => None,
        }
    }

    /// The header that lets a guest's cookie last as long as their cart, which has been used now.
    pub(super) fn renewed_cookie(&self) -> Option<HeaderValue> {
        match &self.visitor {
            Visitor::Guest(token) => Some(self.cookie.set(token)),
            Visitor::User(_) | Visitor::Stranger => None,
        }
    }

    /// Who has a cart from now on, for somebody without one, and the header of the cookie that leads to it. A guest gets a
    /// new token: never one that somebody else may have chosen.
    pub(super) fn new_owner(&self) -> (Owner, Option<HeaderValue>) {
        match &self.visitor {
            Visitor::User(user) => (Owner::User(*user), None),
            Visitor::Guest(_) | Visitor::Stranger => {
                let token = GuestToken::generate();
                (Owner::Guest(token.digest()), Some(self.cookie.set(&token)))
            }
        }
    }
}

impl FromRequestParts<State> for Shopper {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let cookie = GuestCookie::for_request(&parts.headers);
        let visitor = if is_signed_in(&parts.headers) {
            Visitor::User(Principal::from_request_parts(parts, state).await?.user)
        } else {
            guest(&parts.method, &parts.headers)?
        };
        Ok(Self { visitor, cookie })
    }
}

impl FromRequestParts<State> for FormerGuest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        Ok(Self {
            user: principal.user,
            guest: guest_cookie::read(&parts.headers),
            cookie: GuestCookie::for_request(&parts.headers),
        })
    }
}

/// Whether they say that they have an account; a token that does not count is then an error, and never another cart.
fn is_signed_in(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || cookie(headers, ACCESS_COOKIE).is_some()
}

/// A guest's cookie counts for a change only when a page of ours made the request; and a page of somebody else's cannot
/// begin a cart, whose cookie would take the place of the one that the browser has.
fn guest(method: &Method, headers: &HeaderMap) -> Result<Visitor, Problem> {
    let visitor = guest_cookie::read(headers).map_or(Visitor::Stranger, Visitor::Guest);
    let is_allowed = match (Origin::of(headers), &visitor) {
        (Origin::Own, _) | (Origin::Unsaid, Visitor::Stranger) => true,
        (Origin::Foreign | Origin::Unsaid, _) => method.is_safe(),
    };
    if !is_allowed {
        let detail = "A change of a guest's cart must come from a page of this address (Origin).";
        return Err(Problem::new(&CROSS_ORIGIN, detail));
    }
    Ok(visitor)
}
