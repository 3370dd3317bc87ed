//! One page of HTML from an OpenAPI document: every operation with its parameters, body and answers.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

/// The page's style sheet, a file of its own because inline styles are forbidden.
pub(super) const STYLE: &str = include_str!("style.css");

pub(super) fn render(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).expect("BUG: the document is plain data");
    let title = escape(text(&document["info"]["title"]));
    let mut body = format!(
        "<h1>{title} <small>{}</small></h1>",
        escape(text(&document["info"]["version"]))
    );
    paragraph(&mut body, text(&document["info"]["description"]));
    body.push_str("<p>For machines: <a href=\"/openapi.json\">openapi.json</a></p>");
    for (path, operations) in entries(&document["paths"]) {
        for (method, operation) in entries(operations) {
            render_operation(&mut body, path, method, operation);
        }
    }
    body.push_str("<h2>Schemas</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let json = serde_json::to_string_pretty(schema).unwrap_or_default();
        let name = escape(name);
        let _ = write!(
            body,
            "<details id=\"schema-{name}\"><summary>{name}</summary><pre>{}</pre></details>",
            escape(&json)
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><main>{body}</main></body></html>"
    )
}

fn render_operation(body: &mut String, path: &str, method: &str, operation: &Value) {
    let id = escape(text(&operation["operationId"]));
    let _ = write!(
        body,
        "<section id=\"{id}\"><h2><span class=\"method {method}\">{}</span> <code>{}</code></h2>",
        escape(&method.to_uppercase()),
        escape(path)
    );
    paragraph(body, text(&operation["summary"]));
    paragraph(body, text(&operation["description"]));
    if operation["security"].is_array() {
        body.push_str("<p class=\"secured\">Needs an access token.</p>");
    }
    render_parameters(body, &operation["parameters"]);
    for (media_type, content) in entries(&operation["requestBody"]["content"]) {
        let _ = write!(
            body,
            "<h3>Body</h3><p><code>{}</code>{}</p>",
            escape(media_type),
            schema_link(&content["schema"])
        );
    }
    render_responses(body, &operation["responses"]);
    body.push_str("</section>");
}

fn render_parameters(body: &mut String, parameters: &Value) {
    let Some(parameters) = parameters
        .as_array()
        .filter(|parameters| !parameters.is_empty())
    else {
        return;
    };
    body.push_str("<h3>Parameters</h3><table><thead><tr><th>Name</th><th>In</th><th>What</th></tr></thead><tbody>");
    for parameter in parameters {
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(text(&parameter["name"])),
            escape(text(&parameter["in"])),
            escape(text(&parameter["description"]))
        );
    }
    body.push_str("</tbody></table>");
}

fn render_responses(body: &mut String, responses: &Value) {
    body.push_str(
        "<h3>Answers</h3><table><thead><tr><th>Status</th><th>What</th></tr></thead><tbody>",
    );
    for (status, response) in entries(responses) {
        let schemas: String = entries(&response["content"])
            .map(|(_, content)| schema_link(&content["schema"]))
            .collect();
        let description = escape(text(&response["description"]));
        let _ = write!(
            body,
            "<tr><td>{}</td><td>{description}{schemas}</td></tr>",
            escape(status)
        );
    }
    body.push_str("</tbody></table>");
}

fn schema_link(schema: &Value) -> String {
    let Some(name) = text(&schema["$ref"])
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
    else {
        return String::new();
    };
    let name = escape(name);
    format!(" <a href=\"#schema-{name}\">{name}</a>")
}

fn paragraph(body: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = write!(body, "<p>{}</p>", escape(text));
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
        .map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
