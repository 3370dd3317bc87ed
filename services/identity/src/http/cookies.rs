//! The cookies of a browser's session: what a page's scripts cannot read and other sites' pages cannot use.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chassis::auth::ACCESS_COOKIE;

/// Holds the refresh token.
pub(super) const REFRESH_COOKIE: &str = "argosy_refresh";
/// By which a browser is known again when its owner mistypes the password (`crate::throttle`).
pub(crate) const DEVICE_COOKIE: &str = "argosy_device";
/// Set by the edge, which removes what came from outside.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Makes cookies that fit the way a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    secure: bool,
}

impl Cookies {
    /// Over TLS, the cookies are for TLS only.
    pub(super) fn for_request(headers: &HeaderMap) -> Self {
        let secure = headers
            .get(FORWARDED_PROTO)
            .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
        Self { secure }
    }

    /// The `Set-Cookie` header of one cookie. `SameSite=Lax`, so that a link in an e-mail leads to a page that knows who
    /// follows it.
    pub(super) fn set(self, name: &str, value: &str, age: Duration) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = age.as_secs();
        let text = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).expect("BUG: tokens are plain ASCII");
        header.set_sensitive(true);
        header
    }

    /// The headers that end a browser's session; it stays known as a device.
    pub(super) fn clear(self) -> [HeaderValue; 2] {
        [ACCESS_COOKIE, REFRESH_COOKIE].map(|name| self.set(name, "", Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_over_tls_of_plain_connections() {
        let https = HeaderMap::from_iter([(FORWARDED_PROTO, HeaderValue::from_static("https"))]);
        let minute = Duration::from_mins(1);
        assert_eq!(
            Cookies::for_request(&https).set("a", "b", minute),
            "a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookies::for_request(&HeaderMap::new()).set("a", "b", minute),
            "a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
    }
}
