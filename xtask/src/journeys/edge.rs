//! What every client meets first: the listeners, the health report, the security headers, the documents, the consoles.

use super::{
    documented,
    page::{Page, load_asset},
    trip::{Found, Trip},
};
use crate::http::{self, Answer};

/// The components behind the health report.
const HEALTH: [&str; 2] = ["caddy", "storefront"];

/// Pages of each kind that must all carry the headers: good, missing, and a problem.
const HEADER_PAGES: [(&str, u16, &[&str]); 3] = [
    ("/", 200, &["caddy", "storefront"]),
    ("/no-such-page", 404, &["caddy", "storefront"]),
    ("/api/products?sort=nonsense", 400, &["caddy", "catalog"]),
];

/// The components behind the API's documents.
const DOCUMENTS: [&str; 2] = ["caddy", "storefront"];

const CONSOLES: [(&str, &str); 3] = [
    ("/prometheus/", "prometheus"),
    ("/alertmanager/", "alertmanager"),
    ("/mail/", "mailbox"),
];

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    for port in ["http", "gateway"] {
        let name = format!(
            "health on :{}",
            world
                .address("caddy", port)
                .unwrap_or_default()
                .rsplit(':')
                .next()
                .unwrap_or_default()
        );
        trip.hop(&name, &HEALTH, async {
            health(&http::get(&format!("http://{}/health", world.address("caddy", port)?)).await?)
        })
        .await;
    }
    for (path, status, through) in HEADER_PAGES {
        trip.hop(&format!("security headers of {path}"), through, async {
            headers(&world.get(path).await?, status)
        })
        .await;
    }
    let described = trip
        .hop("API description", &DOCUMENTS, async {
            description(&world.get_ok("/openapi.json").await?)
        })
        .await;
    trip.hop("API documents", &DOCUMENTS, whole_page(world, "/docs"))
        .await;
    if let Some(document) = described {
        let mut through = vec!["caddy"];
        through.extend(documented::services(&document, world));
        let calling = documented::answer(world, &document);
        trip.hop("every described operation", &through, calling)
            .await;
    }
    for (path, component) in CONSOLES
        .iter()
        .filter(|(_, component)| world.has(component))
        .filter(|(_, component)| *component != "mailbox" || world.shows_mail())
    {
        trip.hop(
            &format!("console {path}"),
            &["caddy", component],
            whole_page(world, path),
        )
        .await;
    }
}

/// The report always answers with 200; what it says counts.
fn health(answer: &Answer) -> Found<()> {
    if answer.status != hyper::StatusCode::OK {
        return Err(format!(
            "/health answers with {}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    let report = answer.json()?;
    let components = report
        .get("components")
        .and_then(serde_json::Value::as_object)
        .ok_or("the report names no components")?;
    let status = |value: &serde_json::Value| {
        value
            .get("status")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let ill: Vec<String> = components
        .iter()
        .filter(|(_, component)| status(component) != "healthy")
        .map(|(name, component)| {
            let reason = component
                .get("reason")
                .and_then(serde_json::Value::as_str)
                .unwrap_or("no reason given");
            format!("{name} is {} ({reason})", status(component))
        })
        .collect();
    if status(&report) == "healthy" && ill.is_empty() {
        return Ok(((), format!("healthy, {} components", components.len())));
    }
    Err(format!(
        "the platform is {}: {}",
        status(&report),
        ill.join(", ")
    ))
}

fn headers(answer: &Answer, status: u16) -> Found<()> {
    if answer.status != status {
        return Err(format!(
            "answers with {}, expected {status}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    let mut faults = Vec::new();
    let mut expect = |name: &str, good: &dyn Fn(&str) -> bool| {
        let values: Vec<&str> = answer
            .headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        match values.as_slice() {
            [] => faults.push(format!("{name} is missing")),
            [value] if good(&value.to_lowercase()) => {}
            [value] => faults.push(format!("{name} is `{value}`")),
            several => faults.push(format!("{name} is there {} times", several.len())),
        }
    };
    expect("content-security-policy", &|policy| {
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors")
            && !policy.contains("unsafe-inline")
    });
    expect("strict-transport-security", &|value| {
        value.contains("max-age=")
    });
    expect("x-content-type-options", &|value| value == "nosniff");
    expect("referrer-policy", &|value| !value.contains("unsafe-url"));
    expect("permissions-policy", &|value| !value.is_empty());
    if faults.is_empty() {
        Ok(((), "five headers, each once".to_owned()))
    } else {
        Err(faults.join(", "))
    }
}

/// The document that describes the API.
fn description(answer: &Answer) -> Found<serde_json::Value> {
    let document = answer.json()?;
    let version = document
        .get("openapi")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("none");
    let paths = document
        .get("paths")
        .and_then(serde_json::Value::as_object)
        .map_or(0, serde_json::Map::len);
    if version.starts_with("3.1") && paths > 0 {
        let found = format!("OpenAPI {version}, {paths} paths");
        return Ok((document, found));
    }
    Err(format!(
        "OpenAPI {version} with {paths} paths, expected 3.1 and some"
    ))
}

/// A page with everything that a browser loads for it, each with its right type.
async fn whole_page(world: &super::World, path: &str) -> Found<()> {
    let page = Page::open(world, path).await?;
    let assets = page.assets();
    let mut faults = Vec::new();
    for asset in &assets {
        if let Err(fault) = load_asset(world, asset).await {
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        Ok((
            (),
            format!("{} bytes, {} assets", page.answer.body.len(), assets.len()),
        ))
    } else {
        Err(faults.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode, body::Bytes, header::HeaderName};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        Answer {
            begun: std::time::Instant::now(),
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    const GOOD: [(&str, &str); 5] = [
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=()"),
    ];

    #[test]
    fn good_headers_pass_and_each_fault_is_named() {
        assert!(headers(&answer(200, &GOOD, ""), 200).is_ok());
        let mut bad = GOOD.to_vec();
        bad[0].1 = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        bad[2] = ("referrer-policy", "same-origin");
        let fault = headers(&answer(200, &bad, ""), 200).unwrap_err();
        assert!(fault.contains("content-security-policy is `"), "{fault}");
        assert!(
            fault.contains("x-content-type-options is missing, referrer-policy is there 2 times"),
            "{fault}"
        );
        assert!(
            headers(&answer(200, &GOOD, ""), 404)
                .unwrap_err()
                .contains("expected 404")
        );
    }

    #[test]
    fn a_report_that_is_not_healthy_names_what_is_not_and_why() {
        let body = r#"{"status":"degraded","components":{"nats":{"status":"unhealthy","reason":"refused"},"caddy":{"status":"healthy"}}}"#;
        assert_eq!(
            health(&answer(200, &[], body)).unwrap_err(),
            "the platform is degraded: nats is unhealthy (refused)"
        );
        let body = r#"{"status":"healthy","components":{"caddy":{"status":"healthy"}}}"#;
        assert_eq!(
            health(&answer(200, &[], body)).unwrap().1,
            "healthy, 1 components"
        );
    }

    #[test]
    fn a_description_without_paths_is_refused() {
        assert!(description(&answer(200, &[], r#"{"openapi":"3.1.0","paths":{}}"#)).is_err());
        assert!(
            description(&answer(
                200,
                &[],
                r#"{"openapi":"3.1.0","paths":{"/api/products":{}}}"#
            ))
            .is_ok()
        );
    }
}
