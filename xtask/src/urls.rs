//! Where people can go once the platform runs.

use crate::model::Environment;

/// Name and address of each page, the shop first.
pub(crate) fn urls(environment: &Environment) -> Vec<(&'static str, String)> {
    let public = environment.settings().public_url.trim_end_matches('/');
    let mut urls = vec![
        ("shop", format!("{public}/")),
        ("health", format!("{public}/health")),
        ("API documents", format!("{public}/docs")),
    ];
    if let Some(port) = port(environment, "caddy", "gateway") {
        urls.push((
            "API gateway",
            format!("http://localhost:{port}/api/products"),
        ));
    }
    if let Some(port) = port(environment, "caddy", "https") {
        urls.push(("shop over TLS", format!("https://localhost:{port}/")));
    }
    if environment.stack.components.contains_key("prometheus") {
        urls.push(("metrics", format!("{public}/prometheus/")));
    }
    if environment.stack.components.contains_key("alertmanager") {
        urls.push(("alerts", format!("{public}/alertmanager/")));
    }
    if let Some(port) = port(environment, "mailbox", "http") {
        urls.push(("mail", format!("http://localhost:{port}/")));
    }
    urls
}

fn port(environment: &Environment, component: &str, port: &str) -> Option<u16> {
    environment
        .stack
        .components
        .get(component)?
        .ports
        .get(port)
        .copied()
}
