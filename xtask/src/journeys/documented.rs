//! Whether everything that the API's document describes is there: each operation is called as nobody and without what it
//! needs, and some service must have something to say to that.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::Value;

use super::{World, trip::Found};
use crate::http::{self, Answer};

/// In the place of every id: nothing has it.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";
/// What the edge and the services say of an address that nobody has.
const NOWHERE: [&str; 2] = [
    "There is nothing at this address.",
    "No resource has this address.",
];

struct Operation {
    method: Method,
    path: String,
    has_body: bool,
}

/// Calls what belongs to components that this environment has.
pub(super) async fn answer(world: &World, document: &Value) -> Found<()> {
    let operations = operations(document, &|service| world.has(service))?;
    let mut connection = http::Connection::open(&world.address("caddy", "http")?).await?;
    let mut faults = Vec::new();
    for operation in &operations {
        if !connection.is_usable() {
            connection = http::Connection::open(&world.address("caddy", "http")?).await?;
        }
        let body = operation.has_body.then(String::new);
        let method = operation.method.clone();
        let answer = connection
            .request(method, &operation.path, body, &[])
            .await?;
        if let Some(fault) = fault(&answer) {
            faults.push(format!("{} {} {fault}", operation.method, operation.path));
        }
    }
    if faults.is_empty() {
        return Ok(((), format!("{} operations", operations.len())));
    }
    Err(faults.join(", "))
}

/// The services that the document describes and that this environment has.
pub(super) fn services<'d>(document: &'d Value, world: &World) -> BTreeSet<&'d str> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| tag["name"].as_str())
        .filter(|service| world.has(service))
        .collect()
}

fn operations(document: &Value, has: &dyn Fn(&str) -> bool) -> Result<Vec<Operation>, String> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, definition) in methods.as_object().into_iter().flatten() {
            if !definition["tags"][0].as_str().is_some_and(has) {
                continue;
            }
            operations.push(Operation {
                method: method
                    .to_uppercase()
                    .parse()
                    .map_err(|_| format!("{path}: `{method}` is not a method"))?,
                path: concrete(path),
                has_body: definition["requestBody"].is_object(),
            });
        }
    }
    if operations.is_empty() {
        return Err(
            "the document describes no operation of this environment's services".to_owned(),
        );
    }
    Ok(operations)
}

/// `/api/orders/{order}` with an id in it.
fn concrete(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { NOTHING } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn fault(answer: &Answer) -> Option<String> {
    let status = answer.status.as_u16();
    if status >= 500 {
        return Some(format!("answers with {status}: {}", answer.excerpt()));
    }
    if status == 405 {
        return Some("is not taken".to_owned());
    }
    if status == 404 {
        let problem = answer.json().unwrap_or_default();
        let detail = problem["detail"].as_str();
        return detail
            .is_none_or(|detail| NOWHERE.contains(&detail))
            .then(|| "leads nowhere".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode, body::Bytes};
    use serde_json::json;

    use super::*;

    fn of(status: u16, body: &Value) -> Option<String> {
        fault(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            begun: std::time::Instant::now(),
        })
    }

    #[test]
    fn an_address_that_nobody_has_is_told_from_a_thing_that_is_not_there() {
        assert_eq!(
            of(404, &json!({ "detail": "There is no such product." })),
            None
        );
        for detail in NOWHERE {
            assert!(of(404, &json!({ "detail": detail })).is_some());
        }
        assert!(of(404, &json!("a page")).is_some());
        assert!(of(405, &json!({})).is_some() && of(502, &json!({})).is_some());
        assert_eq!(of(401, &json!({})), None);
    }

    #[test]
    fn only_what_this_environment_has_is_asked_for() {
        let operation = |service: &str| json!({ "tags": [service], "requestBody": {} });
        let document = json!({ "paths": {
            "/a/{x}/b": { "post": operation("cart") }, "/c": { "get": operation("orders") }
        } });
        let found = operations(&document, &|service| service == "cart").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, format!("/a/{NOTHING}/b"));
        assert!(found[0].method == Method::POST && found[0].has_body);
        assert!(operations(&document, &|_| false).is_err());
    }
}
