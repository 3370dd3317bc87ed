//! The cookies of a browser's request, read without a jar: one name, one value.

use axum::http::{HeaderMap, header};

/// Holds a browser's access token. Set by the issuer, `HttpOnly` and `SameSite=Lax`.
pub const ACCESS_COOKIE: &str = "argosy_access";

/// The value of the cookie with this name, if the request has one.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("theme=dark; xargosy_access=no;argosy_access=yes"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("later=1; empty="));
        assert_eq!(cookie(&headers, ACCESS_COOKIE), Some("yes"));
        assert_eq!(cookie(&headers, "later"), Some("1"));
        assert_eq!(cookie(&headers, "empty"), None);
        assert_eq!(cookie(&headers, "access"), None);
    }
}
