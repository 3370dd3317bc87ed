//! Whether a browser sent a request from one of our own pages. Cookies travel with every request to us, whoever's page
//! made it; so a cookie counts for a change only together with an `Origin` of ours, and so should it for a WebSocket.
//!
//! The edge passes the `Host` on as it came, and a page cannot choose either header.

use axum::http::{HeaderMap, HeaderName, header};

/// Browsers say in it how the page relates to us, also where they leave `Origin` out.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On a page of the address that it is sent to.
    Own,
    /// On somebody else's page.
    Foreign,
    /// Nothing is said: no browser of this decade, or no browser.
    Unsaid,
}

impl Origin {
    /// Reads it from the headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        if let Some(origin) = text(header::ORIGIN) {
            let own = text(header::HOST).is_some_and(|host| is_same(origin, host));
            return if own { Self::Own } else { Self::Foreign };
        }
        match text(SEC_FETCH_SITE) {
            Some("same-origin") => Self::Own,
            Some(_) => Self::Foreign,
            None => Self::Unsaid,
        }
    }
}

/// The scheme is not compared: TLS ends at the edge.
fn is_same(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let bare = |text: &str| {
        text.strip_suffix(default_port)
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn origin(pairs: &[(HeaderName, &'static str)]) -> Origin {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        Origin::of(&headers.collect())
    }

    #[test]
    fn a_page_of_the_same_host_and_port_is_our_own() {
        for (page, host) in [
            ("http://localhost:8080", "localhost:8080"),
            ("https://Shop.example", "shop.example"),
            ("https://shop.example", "shop.example:443"),
        ] {
            let pairs = [(header::ORIGIN, page), (header::HOST, host)];
            assert_eq!(origin(&pairs), Origin::Own, "{page} {host}");
        }
    }

    #[test]
    fn every_other_page_is_foreign_whatever_it_is_called() {
        for page in [
            "null",
            "",
            "http://localhost:9999",
            "http://localhost:8080.evil.example",
            "http://evil.example/localhost:8080",
            "file://localhost:8080",
            "localhost:8080",
        ] {
            let pairs = [(header::ORIGIN, page), (header::HOST, "localhost:8080")];
            assert_eq!(origin(&pairs), Origin::Foreign, "{page}");
        }
    }

    #[test]
    fn without_an_origin_the_browsers_own_word_counts() {
        assert_eq!(origin(&[(SEC_FETCH_SITE, "same-origin")]), Origin::Own);
        assert_eq!(origin(&[(SEC_FETCH_SITE, "same-site")]), Origin::Foreign);
        assert_eq!(origin(&[(SEC_FETCH_SITE, "cross-site")]), Origin::Foreign);
        assert_eq!(origin(&[]), Origin::Unsaid);
    }
}
