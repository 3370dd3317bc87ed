//! What a browser would take from a page: its links and the files that it loads.

use std::sync::LazyLock;

use regex::Regex;

use super::World;
use crate::http::{self, Answer};

static ASSET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?is)<(?:script|img|source)\b[^>]*?\bsrc\s*=\s*["']?([^"'\s>]+)|<link\b([^>]*)>"#)
});
static LINK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?is)<a\b[^>]*?\bhref\s*=\s*["']([^"']+)["']"#));
static HREF: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?is)\bhref\s*=\s*["']?([^"'\s>]+)"#));
static LOADED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?is)\brel\s*=\s*["']?[^"'>]*\b(stylesheet|icon|preload|modulepreload|manifest)\b"#)
});

const MAX_REDIRECTS: usize = 3;

/// A page at the edge, after its redirects, with the path that it has in the end.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) answer: Answer,
}

impl Page {
    /// Opens a page as a browser does; anything but HTML with 200 is an error.
    pub(super) async fn open(world: &World, path: &str) -> Result<Self, String> {
        let mut path = path.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let answer = world.get(&path).await?;
            if answer.status.is_redirection() {
                let target = answer
                    .header("location")
                    .ok_or_else(|| format!("{path} redirects to nowhere"))?;
                path = resolve(&path, target)
                    .ok_or_else(|| format!("{path} redirects away from the edge, to {target}"))?;
                continue;
            }
            if answer.status != hyper::StatusCode::OK {
                return Err(format!(
                    "{path} answers with {}: {}",
                    answer.status,
                    answer.excerpt()
                ));
            }
            if answer.media_type() != "text/html" {
                return Err(format!(
                    "{path} is `{}`, not text/html",
                    answer.media_type()
                ));
            }
            return Ok(Self { path, answer });
        }
        Err(format!("{path} redirects more than {MAX_REDIRECTS} times"))
    }

    /// Paths at the edge that the page links to, in the page's order.
    pub(super) fn links(&self) -> Vec<String> {
        let text = self.answer.text();
        let targets = LINK
            .captures_iter(&text)
            .filter_map(|captures| captures.get(1))
            .map(|target| unescape(target.as_str()));
        targets
            .filter_map(|target| resolve(&self.path, &target))
            .collect()
    }

    /// Paths at the edge of the scripts, styles, icons and pictures that a browser would load for it.
    pub(super) fn assets(&self) -> Vec<String> {
        let text = self.answer.text();
        let targets = ASSET.captures_iter(&text).filter_map(|captures| {
            match (captures.get(1), captures.get(2)) {
                (Some(source), _) => Some(source.as_str().to_owned()),
                (None, Some(link)) if LOADED.is_match(link.as_str()) => {
                    Some(HREF.captures(link.as_str())?[1].to_owned())
                }
                _ => None,
            }
        });
        let mut paths: Vec<String> = targets
            .filter_map(|target| resolve(&self.path, &unescape(&target)))
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

/// Loads a page's asset and checks that it is what its name says: a style sheet that arrives as a page is the classic
/// fault of a console under a sub-path.
pub(super) async fn load_asset(world: &World, path: &str) -> Result<(), String> {
    let answer = world.get_ok(path).await?;
    let extension = path
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    let expected: &[&str] = match extension {
        "css" => &["text/css"],
        "js" | "mjs" => &["text/javascript", "application/javascript"],
        "svg" => &["image/svg+xml"],
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "ico" => &["image/"],
        "woff" | "woff2" | "ttf" => &["font/", "application/font"],
        "json" | "webmanifest" => &["application/json", "application/manifest+json"],
        _ => return Ok(()),
    };
    let found = answer.media_type();
    if expected.iter().any(|expected| found.starts_with(expected)) && !answer.body.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{path} is `{found}` with {} bytes, expected {}",
        answer.body.len(),
        expected[0]
    ))
}

/// A link on the page `base` as a path at the edge; nothing when it leads elsewhere.
fn resolve(base: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    if let Some(rest) = target
        .strip_prefix("http://")
        .or_else(|| target.strip_prefix("https://"))
    {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let is_ours = host.starts_with("localhost:") || host.starts_with("127.0.0.1:");
        let (_, path) = http::split(&target.replacen("https://", "http://", 1)).ok()?;
        return is_ours.then_some(path);
    }
    if target.is_empty()
        || target.starts_with("//")
        || target
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
    {
        return None;
    }
    if target.starts_with('/') {
        return Some(target.to_owned());
    }
    let folder = base
        .split('?')
        .next()
        .unwrap_or(base)
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x3d;", "=")
        .replace("&amp;", "&")
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("BUG: a fixed pattern compiles")
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode, body::Bytes};

    use super::*;

    fn page(path: &str, html: &'static str) -> Page {
        let answer = Answer {
            begun: std::time::Instant::now(),
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(html.as_bytes()),
        };
        Page {
            path: path.to_owned(),
            answer,
        }
    }

    #[test]
    fn assets_are_what_a_browser_would_load() {
        let html = "<link rel=\"stylesheet\" href=\"./static/a.css\"><link rel=canonical href=/x><LINK href='/i.ico' rel='shortcut icon'>\
                    <script defer src=static/b.js></script><img alt=\"\" src=\"data:image/png;base64,x\"><img src=\"https://elsewhere/x.png\">";
        assert_eq!(
            page("/prometheus/graph", html).assets(),
            [
                "/i.ico",
                "/prometheus/static/a.css",
                "/prometheus/static/b.js"
            ]
        );
    }

    #[test]
    fn links_are_resolved_against_the_page() {
        let html = "<a href=\"/categories/tea\">x</a><a class=y href='../b?c=d&amp;e=f#g'>x</a><a href=\"mailto:a@b\">x</a><a href=\"http://localhost:8080/z\">";
        assert_eq!(
            page("/a/page", html).links(),
            ["/categories/tea", "/b?c=d&e=f", "/z"]
        );
    }
}
