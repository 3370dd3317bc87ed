//! The cookie that a guest's cart is bound to: what a page's scripts cannot read and other sites' pages cannot use.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chassis::auth::cookie;
use chrono::Duration;

use crate::{domain::owner::GUEST_LIFETIME, guest_token::GuestToken};

/// What it is called.
pub(super) const NAME: &str = "argosy_cart";
/// Set by the edge, which removes what came from outside.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The token that a request shows, if it can be one of ours.
pub(super) fn read(headers: &HeaderMap) -> Option<GuestToken> {
    GuestToken::parse(cookie(headers, NAME)?)
}

/// Makes cookies that fit the way a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuestCookie {
    secure: bool,
}

impl GuestCookie {
    /// Over TLS, the cookie is for TLS only.
    pub(super) fn for_request(headers: &HeaderMap) -> Self {
        let secure = headers
            .get(FORWARDED_PROTO)
            .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
        Self { secure }
    }

    /// The `Set-Cookie` header that binds a browser to its cart.
    pub(super) fn set(self, token: &GuestToken) -> HeaderValue {
        self.header(&token.text(), GUEST_LIFETIME)
    }

    /// The `Set-Cookie` header that ends it.
    pub(super) fn clear(self) -> HeaderValue {
        self.header("", Duration::zero())
    }

    /// `SameSite=Lax`, so that a link in an e-mail leads to a page with the cart in it.
    fn header(self, value: &str, age: Duration) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = age.num_seconds();
        let text = format!("{NAME}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).expect("BUG: tokens are plain ASCII");
        header.set_sensitive(true);
        header
    }
}
