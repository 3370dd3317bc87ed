//! `GET /robots.txt`: crawlers may read the goods, not every combination of filters.

/// `GET /robots.txt`
pub(crate) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /search\nDisallow: /api/\nDisallow: /*?\n"
}
