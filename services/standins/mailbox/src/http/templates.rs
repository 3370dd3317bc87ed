//! The templates of the pages, their style and their icon, built into the program.

use std::{sync::Arc, time::SystemTime};

use axum::{
    http::header,
    response::{Html, IntoResponse},
};
use chrono::{DateTime, Utc};
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::problem::Problem;

#[derive(Clone)]
pub(super) struct Templates(Arc<Environment<'static>>);

impl Templates {
    pub(super) fn load() -> anyhow::Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()?,
        );
        environment.add_filter("moment", moment);
        environment.add_filter("ago", ago);
        environment.add_filter("size", size);
        environment.add_template("layout.html", include_str!("../../templates/layout.html"))?;
        environment.add_template("list.html", include_str!("../../templates/list.html"))?;
        environment.add_template("message.html", include_str!("../../templates/message.html"))?;
        environment.add_template("clip.html", include_str!("../../templates/clip.html"))?;
        environment.add_template("missing.html", include_str!("../../templates/missing.html"))?;
        Ok(Self(Arc::new(environment)))
    }

    pub(super) fn render(&self, name: &str, page: impl Serialize) -> Result<Html<String>, Problem> {
        Ok(Html(self.0.get_template(name)?.render(Serde(page))?))
    }
}

pub(super) async fn stylesheet() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, include_str!("../../assets/mailbox.css"))
}

pub(super) async fn icon() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, include_str!("../../assets/mailbox.svg"))
}

/// `21 Nov 2026, 05:58:12 UTC`.
fn moment(rfc3339: &str) -> String {
    match DateTime::parse_from_rfc3339(rfc3339) {
        Ok(time) => time
            .with_timezone(&Utc)
            .format("%-d %b %Y, %H:%M:%S UTC")
            .to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// How long ago that was, as people say it.
fn ago(rfc3339: &str) -> String {
    let Ok(time) = DateTime::parse_from_rfc3339(rfc3339) else {
        return String::new();
    };
    let seconds = (DateTime::<Utc>::from(SystemTime::now()) - time.with_timezone(&Utc))
        .num_seconds()
        .max(0);
    match seconds {
        0..10 => "just now".to_owned(),
        10..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => time.with_timezone(&Utc).format("%-d %b %Y").to_string(),
    }
}

/// `12.3 kB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
