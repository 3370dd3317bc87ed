//! One name for one thing: directory = package = binary = component = database.

use serde_yaml::Value;
use toml::Table;

use super::{Violation, services};
use crate::quality::{source::line_of, tree::Tree};

const STACK: &str = "infra/stack.yaml";

pub(super) fn one_name(tree: &Tree) -> Vec<Violation> {
    let mut violations = packages_named_otherwise(tree);
    let Some(text) = tree.text(STACK) else {
        return violations;
    };
    let stack: Value = serde_yaml::from_str(text).unwrap_or_default();
    let mut components = Vec::new();
    for kind in ["components", "jobs"] {
        for (name, unit) in stack
            .get(kind)
            .and_then(Value::as_mapping)
            .into_iter()
            .flatten()
        {
            let Some(name) = name.as_str() else { continue };
            components.push(name);
            violations.extend(ours_named_otherwise(tree, text, name, unit));
        }
    }
    let absent = services(tree)
        .into_iter()
        .filter(|service| !components.contains(service) && has_binary(tree, service));
    violations.extend(absent.map(|service| {
        let what = format!("the service `{service}` is no component of the stack");
        Violation::new(
            STACK,
            1,
            what,
            format!("add `{service}:` under `components`"),
        )
    }));
    violations
}

fn has_binary(tree: &Tree, service: &str) -> bool {
    tree.has(&format!("services/{service}/src/main.rs"))
}

fn packages_named_otherwise(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files() {
        let Some(folder) = path
            .strip_suffix("/Cargo.toml")
            .filter(|folder| !folder.contains("/tests/"))
        else {
            continue;
        };
        let directory = folder.rsplit('/').next().unwrap_or(folder);
        let manifest: Table = text.parse().unwrap_or_default();
        let package = manifest
            .get("package")
            .and_then(|package| package.get("name"));
        let binaries = manifest
            .get("bin")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|bin| bin.get("name"));
        for name in package
            .into_iter()
            .chain(binaries)
            .filter_map(toml::Value::as_str)
            .filter(|name| *name != directory)
        {
            let line = text
                .find(&format!("\"{name}\""))
                .map_or(1, |at| line_of(text, at));
            let what = format!("`{name}` in the directory `{directory}`");
            violations.push(Violation::new(
                path,
                line,
                what,
                format!("call it `{directory}`, or rename the directory"),
            ));
        }
    }
    violations
}

fn ours_named_otherwise(tree: &Tree, text: &str, name: &str, unit: &Value) -> Vec<Violation> {
    let line = line_of_key(text, name);
    let mut violations = Vec::new();
    for field in ["binary", "database"] {
        let Some(value) = unit
            .get(field)
            .and_then(Value::as_str)
            .filter(|value| *value != name)
        else {
            continue;
        };
        let what = format!("the {field} of `{name}` is `{value}`");
        violations.push(Violation::new(
            STACK,
            line,
            what,
            format!("give the component and its {field} one name"),
        ));
    }
    if unit.get("binary").is_some() && !tree.files().any(|(path, _)| is_manifest_of(path, name)) {
        let what = format!("`{name}` has a binary, but no package of that name exists");
        violations.push(Violation::new(
            STACK,
            line,
            what,
            format!("make the package in a directory called `{name}`"),
        ));
    }
    violations
}

fn is_manifest_of(path: &str, name: &str) -> bool {
    path.strip_suffix("/Cargo.toml")
        .is_some_and(|folder| folder.rsplit('/').next() == Some(name))
}

fn line_of_key(text: &str, key: &str) -> usize {
    text.find(&format!("\n  {key}:"))
        .map_or(1, |at| line_of(text, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK_TEXT: &str = "name: x\ncomponents:\n  cart:\n    binary: cart\n    database: cart\njobs:\n  cart-migrate:\n    of: cart\n";

    fn project() -> Tree {
        Tree::of([
            (STACK, STACK_TEXT),
            ("services/cart/Cargo.toml", "[package]\nname = \"cart\"\n"),
            ("services/cart/src/main.rs", ""),
        ])
    }

    fn lines(tree: &Tree) -> Vec<String> {
        one_name(tree)
            .into_iter()
            .map(|found| format!("{}:{}: {}", found.file, found.line, found.what))
            .collect()
    }

    #[test]
    fn one_name_for_everything_passes() {
        assert_eq!(lines(&project()), [""; 0]);
    }

    #[test]
    fn another_package_or_binary_name_is_found() {
        let tree = project().with(
            "services/cart/Cargo.toml",
            "[package]\nname = \"basket\"\n[[bin]]\nname = \"cartd\"\n",
        );
        assert_eq!(
            lines(&tree),
            [
                "services/cart/Cargo.toml:2: `basket` in the directory `cart`",
                "services/cart/Cargo.toml:4: `cartd` in the directory `cart`",
            ]
        );
    }

    #[test]
    fn another_database_or_a_missing_package_is_found() {
        let stack = "name: x\ncomponents:\n  cart:\n    binary: cart\n    database: carts\n  orders:\n    binary: orders\n";
        assert_eq!(
            lines(&project().with(STACK, stack)),
            [
                "infra/stack.yaml:3: the database of `cart` is `carts`",
                "infra/stack.yaml:6: `orders` has a binary, but no package of that name exists",
            ]
        );
    }

    #[test]
    fn a_service_that_no_component_runs_is_found() {
        let tree = project()
            .with(
                "services/orders/Cargo.toml",
                "[package]\nname = \"orders\"\n",
            )
            .with("services/orders/src/main.rs", "");
        assert_eq!(
            lines(&tree),
            ["infra/stack.yaml:1: the service `orders` is no component of the stack"]
        );
    }
}
