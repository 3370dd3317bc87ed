//! The public API in one OpenAPI document, and `docs/routes.md`: who may call what. Both are put together from the documents
//! that the services keep checked in beside their code (`services/*/openapi.json`), each compared with the running service by
//! its own tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

/// Where the storefront has it compiled in from.
pub(super) const FILE: &str = "services/storefront/assets/openapi.json";
const SCHEMAS: &str = "#/components/schemas/";
/// Paths that the edge passes to nobody.
const INTERNAL: &str = "/internal";

/// A service's name and its document.
type Part = (String, Value);

/// The services' documents, by name. Fails where there are none.
pub(super) fn read(project: &Path) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(project.join("services"))? {
        let folder = entry?.path();
        let file = folder.join("openapi.json");
        let (Some(name), true) = (folder.file_name(), file.is_file()) else {
            continue;
        };
        let text = fs::read_to_string(&file)?;
        let document = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        parts.push((name.to_string_lossy().into_owned(), document));
    }
    ensure!(!parts.is_empty(), "no service has an openapi.json");
    parts.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(parts)
}

/// One document. Schemas that differ under one name are named after their service too, and so are operations.
pub(super) fn merge(parts: &[Part]) -> Result<Value> {
    let ambiguous = ambiguous_schemas(parts);
    let repeated = repeated_operations(parts);
    let (mut paths, mut schemas, mut security) = (Map::new(), Map::new(), Map::new());
    let mut tags = Vec::new();
    for (service, document) in parts {
        let mut document = document.clone();
        rename_references(&mut document, service, &ambiguous);
        tags.push(json!({ "name": service, "description": document["info"]["description"] }));
        for (path, operations) in members(&document["paths"]) {
            if path == INTERNAL || path.starts_with("/internal/") {
                continue;
            }
            let operations = tagged(operations, service, &repeated);
            ensure!(
                paths.insert(path.to_owned(), operations).is_none(),
                "{path} is described by {service} and by another service"
            );
        }
        for (name, schema) in members(&document["components"]["schemas"]) {
            schemas.insert(renamed(name, service, &ambiguous), schema.clone());
        }
        for (name, scheme) in members(&document["components"]["securitySchemes"]) {
            match security.insert(name.to_owned(), scheme.clone()) {
                Some(other) if other != *scheme => {
                    bail!("{service} means something else by the security scheme {name}");
                }
                _ => {}
            }
        }
    }
    schemas.sort_keys();
    Ok(json!({
        "openapi": parts[0].1["openapi"],
        "info": {
            "title": "Argosy",
            "description": "The shop's API, each service with its own part of it. Errors are RFC 9457 problems; each kind has a page \
                under /problems/. `x-roles` says who may call an operation: roles, `owner` for whose the thing is, `seller` for who sells \
                of it, permissions. A body may have 64 KiB, unless its operation says otherwise; one that is longer is a 413, one of \
                another type a 415.",
            "license": parts[0].1["info"]["license"],
            "version": parts[0].1["info"]["version"],
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security },
    }))
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.as_str(), member))
}

/// Names that stand for different schemas in different services, directly or by what they refer to.
fn ambiguous_schemas(parts: &[Part]) -> BTreeSet<String> {
    let mut by_name: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (_, document) in parts {
        for (name, schema) in members(&document["components"]["schemas"]) {
            by_name.entry(name).or_default().push(schema);
        }
    }
    by_name.retain(|_, schemas| schemas.len() > 1);
    let mut ambiguous = BTreeSet::new();
    loop {
        let before = ambiguous.len();
        for (name, schemas) in &by_name {
            let differs = schemas.iter().any(|schema| *schema != schemas[0]);
            let refers = || references(schemas[0]).any(|target| ambiguous.contains(&target));
            if differs || refers() {
                ambiguous.insert((*name).to_owned());
            }
        }
        if ambiguous.len() == before {
            return ambiguous;
        }
    }
}

fn references(schema: &Value) -> impl Iterator<Item = String> {
    let text = schema.to_string();
    let targets: Vec<String> = text
        .split(SCHEMAS)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(ToOwned::to_owned)
        .collect();
    targets.into_iter()
}

fn renamed(name: &str, service: &str, ambiguous: &BTreeSet<String>) -> String {
    if !ambiguous.contains(name) {
        return name.to_owned();
    }
    let (first, rest) = service.split_at(1);
    format!("{}{rest}{name}", first.to_uppercase())
}

fn rename_references(value: &mut Value, service: &str, ambiguous: &BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let target = member.as_str().and_then(|text| text.strip_prefix(SCHEMAS));
                match target {
                    Some(target) if name == "$ref" => {
                        *member =
                            format!("{SCHEMAS}{}", renamed(target, service, ambiguous)).into();
                    }
                    _ => rename_references(member, service, ambiguous),
                }
            }
        }
        Value::Array(elements) => {
            for element in elements {
                rename_references(element, service, ambiguous);
            }
        }
        _ => {}
    }
}

fn repeated_operations(parts: &[Part]) -> BTreeSet<String> {
    let (mut known, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for operation in parts.iter().flat_map(|(_, document)| operations(document)) {
        if !known.insert(operation.id.to_owned()) {
            repeated.insert(operation.id.to_owned());
        }
    }
    repeated
}

/// The operations of a path with their service as their only tag.
fn tagged(operations: &Value, service: &str, repeated: &BTreeSet<String>) -> Value {
    let mut operations = operations.clone();
    for (_, operation) in operations.as_object_mut().into_iter().flatten() {
        operation["tags"] = json!([service]);
        if let Some(id) = operation["operationId"]
            .as_str()
            .filter(|id| repeated.contains(*id))
        {
            operation["operationId"] = format!("{service}_{id}").into();
        }
    }
    operations
}

struct Operation<'d> {
    id: &'d str,
    method: &'d str,
    path: &'d str,
    definition: &'d Value,
}

fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    members(&document["paths"]).flat_map(|(path, methods)| {
        members(methods).map(move |(method, definition)| Operation {
            id: definition["operationId"].as_str().unwrap_or_default(),
            method,
            path,
            definition,
        })
    })
}

/// The columns of the table of routes: what `x-roles` names, and how the table calls it.
const COLUMNS: [(&str, &str); 6] = [
    ("anonymous", "nobody in particular"),
    ("customer", "a customer"),
    ("vendor", "a vendor"),
    ("owner", "whose it is"),
    ("seller", "who sells of it"),
    ("admin", "an admin"),
];

/// `docs/routes.md`.
pub(super) fn routes(parts: &[Part]) -> String {
    let mut text = String::from(
        "# Routes\n\n\
         Every operation of the public API and who may call it. Made from the services' documents (`services/*/openapi.json`) by \
         `cargo xtask render --target schema`.\n\n\
         The tests of each service call each of its operations as nobody, as the customer and the vendor whose things they ask \
         for, as another customer and another vendor, and as an admin: whoever is not named here is answered with a 401 if they showed \
         no token, otherwise with a 403 or a 404, and nothing has changed.\n",
    );
    for (service, document) in parts {
        let _ = write!(text, "\n## {service}\n\n| operation | address |");
        for (_, title) in COLUMNS {
            let _ = write!(text, " {title} |");
        }
        text.push_str(" also |\n|---|---|---|---|---|---|---|---|---|\n");
        for operation in operations(document) {
            let _ = writeln!(text, "{}", row(&operation));
        }
    }
    text
}

fn row(operation: &Operation<'_>) -> String {
    let roles = operation.definition["x-roles"].as_array();
    let roles: Vec<&str> = roles
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut row = format!(
        "| {} | `{} {}` |",
        operation.id,
        operation.method.to_uppercase(),
        operation.path
    );
    for (role, _) in COLUMNS {
        row.push_str(if roles.contains(&role) {
            " yes |"
        } else {
            " |"
        });
    }
    let others: Vec<String> = roles
        .iter()
        .filter(|role| COLUMNS.iter().all(|(known, _)| known != *role))
        .map(|role| {
            if role.contains(':') {
                format!("permission `{role}`")
            } else {
                format!("the {role}, by signature")
            }
        })
        .collect();
    if others.is_empty() {
        return row + " |";
    }
    format!("{row} {} |", others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(service: &str, path: &str, schemas: &Value) -> Part {
        let document = json!({
            "openapi": "3.1.0", "info": { "version": "1", "description": "About." },
            "paths": {
                path: { "get": { "operationId": "list", "tags": ["x"], "x-roles": ["admin", "a:b"],
                    "responses": { "200": { "$ref": "#/components/schemas/Page" } } } },
                "/internal/x": { "get": { "operationId": "secret" } },
            },
            "components": { "schemas": schemas },
        });
        (service.to_owned(), document)
    }

    #[test]
    fn what_differs_under_one_name_is_named_after_its_service() {
        let item = |kind: &str| {
            json!({
                "Page": { "items": { "$ref": "#/components/schemas/Item" } },
                "Item": { "type": kind }, "Same": { "type": "object" },
            })
        };
        let parts = [
            part("cart", "/a", &item("string")),
            part("orders", "/b", &item("integer")),
        ];
        let document = merge(&parts).unwrap();
        let names: Vec<&str> = members(&document["components"]["schemas"])
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names,
            ["CartItem", "CartPage", "OrdersItem", "OrdersPage", "Same"]
        );
        let page = &document["components"]["schemas"]["OrdersPage"];
        assert_eq!(page["items"]["$ref"], "#/components/schemas/OrdersItem");
        let list = &document["paths"]["/b"]["get"];
        assert_eq!(list["operationId"], "orders_list");
        assert_eq!(list["tags"], json!(["orders"]));
        assert_eq!(
            list["responses"]["200"]["$ref"],
            "#/components/schemas/OrdersPage"
        );
        assert_eq!(
            members(&document["paths"]).count(),
            2,
            "internal routes are left out"
        );
    }

    #[test]
    fn a_path_belongs_to_one_service() {
        let parts = [
            part("cart", "/a", &json!({})),
            part("orders", "/a", &json!({})),
        ];
        let message = merge(&parts).unwrap_err().to_string();
        assert_eq!(message, "/a is described by orders and by another service");
    }

    #[test]
    fn the_table_says_who_may() {
        let table = routes(&[part("cart", "/a", &json!({}))]);
        let row = table
            .lines()
            .find(|line| line.starts_with("| list"))
            .unwrap();
        assert_eq!(
            row,
            "| list | `GET /a` | | | | | | yes | permission `a:b` |"
        );
    }
}
