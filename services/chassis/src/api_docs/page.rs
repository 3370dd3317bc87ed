//! One page of HTML from an OpenAPI document: every operation with its parameters, body and answers.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The page's style sheet, a file of its own because inline styles are forbidden.
pub(super) const STYLE: &str = include_str!("style.css");

pub(super) fn render(document: &Value) -> String {
    let title = escape(text(&document["info"]["title"]));
    let mut body = format!(
        "<h1>{title} <small>{}</small></h1>",
        escape(text(&document["info"]["version"]))
    );
    paragraph(&mut body, text(&document["info"]["description"]));
    body.push_str("<p>For machines: <a href=\"/openapi.json\">openapi.json</a></p>");
    let groups = by_tag(document);
    render_contents(&mut body, &groups);
    for (tag, operations) in &groups {
        let name = escape(tag);
        let _ = write!(body, "<h2 id=\"tag-{name}\">{name}</h2>");
        paragraph(&mut body, about_tag(document, tag));
        for (path, method, operation) in operations {
            render_operation(&mut body, path, method, operation);
        }
    }
    render_schemas(&mut body, &document["components"]["schemas"]);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}: API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><main>{body}</main></body></html>"
    )
}

/// Path, method, and what the document says of it.
type Operation<'d> = (&'d str, &'d str, &'d Value);

/// The operations by their first tag; tags in the order in which they first come.
fn by_tag(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let mut groups: Vec<(&str, Vec<Operation<'_>>)> = Vec::new();
    for (path, operations) in entries(&document["paths"]) {
        for (method, operation) in entries(operations) {
            let tag = text(&operation["tags"][0]);
            let found = groups.iter().position(|(name, _)| *name == tag);
            let index = found.unwrap_or_else(|| {
                groups.push((tag, Vec::new()));
                groups.len() - 1
            });
            groups[index].1.push((path, method, operation));
        }
    }
    groups
}

fn about_tag<'d>(document: &'d Value, tag: &str) -> &'d str {
    let tags = document["tags"].as_array();
    let found = tags.and_then(|tags| tags.iter().find(|known| known["name"] == tag));
    found.map_or("", |found| text(&found["description"]))
}

fn render_contents(body: &mut String, groups: &[(&str, Vec<Operation<'_>>)]) {
    body.push_str("<nav aria-label=\"Operations\">");
    for (tag, operations) in groups {
        let name = escape(tag);
        let _ = write!(body, "<h2><a href=\"#tag-{name}\">{name}</a></h2><ul>");
        for (path, method, operation) in operations {
            let _ = write!(
                body,
                "<li><a href=\"#{}\"><span class=\"method {method}\">{}</span> <code>{}</code></a> {}</li>",
                escape(text(&operation["operationId"])),
                escape(&method.to_uppercase()),
                escape(path),
                escape(text(&operation["summary"])),
            );
        }
        body.push_str("</ul>");
    }
    body.push_str("</nav>");
}

fn render_schemas(body: &mut String, schemas: &Value) {
    body.push_str("<h2>Schemas</h2>");
    for (name, schema) in entries(schemas) {
        let json = serde_json::to_string_pretty(schema).unwrap_or_default();
        let name = escape(name);
        let _ = write!(
            body,
            "<details id=\"schema-{name}\"><summary>{name}</summary><pre>{}</pre></details>",
            escape(&json)
        );
    }
}

fn render_operation(body: &mut String, path: &str, method: &str, operation: &Value) {
    let id = escape(text(&operation["operationId"]));
    let _ = write!(
        body,
        "<section id=\"{id}\"><h3><span class=\"method {method}\">{}</span> <code>{}</code></h3>",
        escape(&method.to_uppercase()),
        escape(path)
    );
    paragraph(body, text(&operation["summary"]));
    paragraph(body, text(&operation["description"]));
    render_roles(body, &operation["x-roles"]);
    render_parameters(body, &operation["parameters"]);
    for (media_type, content) in entries(&operation["requestBody"]["content"]) {
        let _ = write!(
            body,
            "<h4>Body</h4><p><code>{}</code>{}</p>",
            escape(media_type),
            schema_link(&content["schema"])
        );
    }
    render_responses(body, &operation["responses"]);
    body.push_str("</section>");
}

fn render_roles(body: &mut String, roles: &Value) {
    let roles: Vec<&str> = roles.as_array().into_iter().flatten().map(text).collect();
    if roles.contains(&"anonymous") {
        body.push_str("<p class=\"open\">Open to everybody.</p>");
    } else if !roles.is_empty() {
        let _ = write!(
            body,
            "<p class=\"secured\">For: {}.</p>",
            escape(&roles.join(", "))
        );
    }
}

fn render_parameters(body: &mut String, parameters: &Value) {
    let Some(parameters) = parameters
        .as_array()
        .filter(|parameters| !parameters.is_empty())
    else {
        return;
    };
    body.push_str("<h4>Parameters</h4><table><thead><tr><th>Name</th><th>In</th><th>What</th></tr></thead><tbody>");
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
        "<h4>Answers</h4><table><thead><tr><th>Status</th><th>What</th></tr></thead><tbody>",
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
