//! What a browser on another origin may do with a bucket, by the bucket's CORS configuration.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use s3s::dto::{CORSConfiguration, CORSRule};

use crate::policy::matches_pattern;

/// The headers of an answer to a request from this origin; none when the bucket says nothing of it.
pub(crate) fn response_headers(
    cors: &CORSConfiguration,
    origin: &HeaderValue,
    method: &Method,
) -> Option<HeaderMap> {
    let rule = cors
        .cors_rules
        .iter()
        .find(|rule| rule.allows(origin, method.as_str()))?;
    let mut headers = rule.origin_headers(origin);
    if let Some(exposed) = rule
        .expose_headers
        .as_ref()
        .filter(|exposed| !exposed.is_empty())
    {
        insert(
            &mut headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &exposed.join(", "),
        );
    }
    Some(headers)
}

/// The answer to a browser that asks before it sends a request; none when it may not.
pub(crate) fn preflight_headers(cors: &CORSConfiguration, asked: &HeaderMap) -> Option<HeaderMap> {
    let origin = asked.get(header::ORIGIN)?;
    let method = asked
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)?
        .to_str()
        .ok()?;
    let wanted = asked
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .map_or(Ok(""), HeaderValue::to_str)
        .ok()?;
    let rule = cors
        .cors_rules
        .iter()
        .find(|rule| rule.allows(origin, method) && rule.allows_headers(wanted))?;
    let mut headers = rule.origin_headers(origin);
    insert(
        &mut headers,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        &rule.allowed_methods.join(", "),
    );
    if !wanted.is_empty() {
        insert(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    if let Some(seconds) = rule.max_age_seconds {
        insert(
            &mut headers,
            header::ACCESS_CONTROL_MAX_AGE,
            &seconds.to_string(),
        );
    }
    Some(headers)
}

trait Rule {
    fn allows(&self, origin: &HeaderValue, method: &str) -> bool;
    fn allows_headers(&self, wanted: &str) -> bool;
    fn origin_headers(&self, origin: &HeaderValue) -> HeaderMap;
}

impl Rule for CORSRule {
    fn allows(&self, origin: &HeaderValue, method: &str) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.allowed_methods.iter().any(|allowed| allowed == method)
            && self
                .allowed_origins
                .iter()
                .any(|allowed| matches_pattern(allowed, origin))
    }

    fn allows_headers(&self, wanted: &str) -> bool {
        let allowed: Vec<String> = self
            .allowed_headers
            .iter()
            .flatten()
            .map(|header| header.to_ascii_lowercase())
            .collect();
        let mut wanted = wanted
            .split(',')
            .map(|header| header.trim().to_ascii_lowercase())
            .filter(|header| !header.is_empty());
        wanted.all(|header| {
            allowed
                .iter()
                .any(|pattern| matches_pattern(pattern, &header))
        })
    }

    fn origin_headers(&self, origin: &HeaderValue) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.allowed_origins.iter().any(|allowed| allowed == "*") {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
        } else {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        headers.insert(
            header::VARY,
            HeaderValue::from_static(
                "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
            ),
        );
        headers
    }
}

/// A value from a configuration that no header can carry is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
