//! Conventions of the members' `Cargo.toml`: shared lints and versions, and who may depend on whom.

use toml::{Table, Value};

use super::{Violation, services};
use crate::quality::{source::line_of, tree::Tree};

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What the services may share, and in which tables a dependency on it may stand.
const SHARED: [(&str, &[&str]); 4] = [
    ("artwork", &["dependencies", "dev-dependencies"]),
    ("chassis", &["dependencies", "dev-dependencies"]),
    ("contracts", &["dependencies", "dev-dependencies"]),
    ("testkit", &["dev-dependencies"]),
];

/// Our members that are no services, with the members that each may depend on.
const FOUNDATIONS: [(&str, &[&str]); 7] = [
    ("browser", &[]),
    ("minio-init", &[]),
    ("services/artwork", &[]),
    ("services/chassis", &["contracts", "testkit"]),
    ("services/contracts", &[]),
    ("services/testkit", &["chassis", "contracts"]),
    ("xtask", &[]),
];

/// Crates that talk to the world.
const IO_CRATES: [&str; 14] = [
    "async-nats",
    "aws-sdk-s3",
    "axum",
    "chassis",
    "hyper",
    "hyper-util",
    "lettre",
    "moka",
    "reqwest",
    "rustix",
    "sqlx",
    "tokio",
    "tower",
    "tower-http",
];

pub(super) fn shared_lints(tree: &Tree) -> Vec<Violation> {
    let members = members(tree);
    members
        .iter()
        .filter(|member| {
            member
                .manifest
                .get("lints")
                .and_then(|lints| lints.get("workspace"))
                != Some(&Value::Boolean(true))
        })
        .map(|member| {
            member.violation(
                "[lints]",
                "does not take over the shared lints",
                "add `[lints]` with `workspace = true`",
            )
        })
        .collect()
}

pub(super) fn shared_versions(tree: &Tree) -> Vec<Violation> {
    let members = members(tree);
    let mut violations = Vec::new();
    for member in &members {
        for (table, name, value) in member.dependencies() {
            if value.get("workspace") != Some(&Value::Boolean(true)) {
                violations.push(member.violation(
                    name,
                    format!("`{name}` under [{table}] does not come from the workspace"),
                    format!("write `{name}.workspace = true` and name the version in the root's [workspace.dependencies]"),
                ));
            }
        }
        for own in ["profile", "patch", "replace"] {
            if member.manifest.contains_key(own) {
                let what = format!("has a [{own}] of its own, which cargo ignores");
                violations.push(member.violation(own, what, "move it to the root's Cargo.toml"));
            }
        }
    }
    violations
}

pub(super) fn independent_crates(tree: &Tree) -> Vec<Violation> {
    let members = members(tree);
    let ours: Vec<&str> = members
        .iter()
        .map(|member| member.folder.rsplit('/').next().unwrap_or(member.folder))
        .collect();
    let services = services(tree);
    let mut violations = Vec::new();
    for member in &members {
        // A stand-in is built like a service, and as independent as one.
        let is_service = member.folder.starts_with("services/standins/")
            || member
                .folder
                .strip_prefix("services/")
                .is_some_and(|name| services.contains(&name));
        for (table, name, _) in member
            .dependencies()
            .filter(|(_, name, _)| ours.contains(name))
        {
            let allowed = if is_service {
                // Tests talk to the real other service, never to a picture of it.
                (table == "dev-dependencies" && name != "xtask")
                    || SHARED
                        .iter()
                        .any(|(shared, tables)| *shared == name && tables.contains(&table))
            } else {
                FOUNDATIONS
                    .iter()
                    .any(|(folder, members)| *folder == member.folder && members.contains(&name))
            };
            if !allowed {
                violations.push(member.violation(
                    name,
                    format!("depends on `{name}` under [{table}]"),
                    "services share chassis, contracts and artwork; only their tests may start each other: ask the other service over HTTP or its events",
                ));
            }
        }
    }
    violations
}

pub(super) fn data_only_contracts(tree: &Tree) -> Vec<Violation> {
    let members = members(tree);
    let contracts = members
        .iter()
        .filter(|member| member.folder == "services/contracts");
    contracts
        .flat_map(|member| {
            let io = member.dependencies().filter(|(table, name, _)| {
                *table != "dev-dependencies" && IO_CRATES.contains(name)
            });
            // Behind a feature it brings derives to those services that want them, and nothing to the others.
            let always =
                io.filter(|(_, _, value)| value.get("optional") != Some(&Value::Boolean(true)));
            always.map(|(table, name, _)| {
                let what = format!("contracts depend on `{name}` under [{table}]");
                member.violation(
                    name,
                    what,
                    "keep what needs it in chassis or in the service",
                )
            })
        })
        .collect()
}

/// A member of the workspace.
struct Member<'a> {
    /// From the project's root.
    folder: &'a str,
    text: &'a str,
    manifest: Table,
}

fn members(tree: &Tree) -> Vec<Member<'_>> {
    tree.files()
        .filter_map(|(path, text)| Some((path.strip_suffix("/Cargo.toml")?, text)))
        // Not a package: a folder of templates, or a test's own manifest.
        .filter(|(folder, _)| !folder.contains("/tests/"))
        .map(|(folder, text)| Member {
            folder,
            text,
            manifest: text.parse().unwrap_or_default(),
        })
        .collect()
}

impl Member<'_> {
    /// Table, name and value of each dependency, those for one platform included.
    fn dependencies(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let platforms = self
            .manifest
            .get("target")
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(Table::values);
        let tables = std::iter::once(&self.manifest).chain(platforms.filter_map(Value::as_table));
        tables.flat_map(|table| {
            DEPENDENCY_TABLES.into_iter().flat_map(move |kind| {
                let entries = table
                    .get(kind)
                    .and_then(Value::as_table)
                    .into_iter()
                    .flatten();
                entries.map(move |(name, value)| (kind, name.as_str(), value))
            })
        })
    }

    /// A violation on the line on which `word` first begins a line.
    fn violation(
        &self,
        word: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Violation {
        let at = self
            .text
            .match_indices(word)
            .map(|(at, _)| at)
            .find(|at| *at == 0 || self.text[..*at].ends_with('\n'));
        Violation::new(
            format!("{}/Cargo.toml", self.folder),
            line_of(self.text, at.unwrap_or(0)),
            what,
            remedy,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"cart\"\n[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\nchassis.workspace = true\n[dev-dependencies]\ntestkit.workspace = true\n";

    fn project() -> Tree {
        Tree::of([
            ("services/cart/Cargo.toml", GOOD),
            (
                "services/chassis/Cargo.toml",
                "[lints]\nworkspace = true\n[dependencies]\ncontracts.workspace = true\n",
            ),
            (
                "services/contracts/Cargo.toml",
                "[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n",
            ),
            ("services/orders/Cargo.toml", GOOD),
            ("services/testkit/Cargo.toml", "[lints]\nworkspace = true\n"),
        ])
    }

    fn lines(violations: Vec<Violation>) -> Vec<String> {
        violations
            .into_iter()
            .map(|found| format!("{}:{}: {}", found.file, found.line, found.what))
            .collect()
    }

    #[test]
    fn good_manifests_pass() {
        let tree = project();
        for check in [
            shared_lints,
            shared_versions,
            independent_crates,
            data_only_contracts,
        ] {
            assert_eq!(lines(check(&tree)), [""; 0]);
        }
    }

    #[test]
    fn a_member_without_the_shared_lints_is_found() {
        let tree = project().with("services/cart/Cargo.toml", "[package]\nname = \"cart\"\n");
        assert_eq!(
            lines(shared_lints(&tree)),
            ["services/cart/Cargo.toml:1: does not take over the shared lints"]
        );
    }

    #[test]
    fn a_version_in_a_member_is_found_wherever_it_stands() {
        let tree = project().with(
            "services/cart/Cargo.toml",
            &format!("{GOOD}rand = \"0.9\"\n[target.'cfg(unix)'.dependencies]\nlibc = {{ version = \"0.2\" }}\n[profile.dev]\ndebug = 0\n"),
        );
        assert_eq!(
            lines(shared_versions(&tree)),
            [
                "services/cart/Cargo.toml:10: `rand` under [dev-dependencies] does not come from the workspace",
                "services/cart/Cargo.toml:12: `libc` under [dependencies] does not come from the workspace",
                "services/cart/Cargo.toml:1: has a [profile] of its own, which cargo ignores",
            ]
        );
    }

    #[test]
    fn a_service_that_depends_on_a_service_is_found() {
        let tree = project().with(
            "services/cart/Cargo.toml",
            &GOOD.replace(
                "chassis.workspace = true\n",
                "chassis.workspace = true\norders.workspace = true\n",
            ),
        );
        assert_eq!(
            lines(independent_crates(&tree)),
            ["services/cart/Cargo.toml:8: depends on `orders` under [dependencies]"]
        );
        let in_tests = project().with(
            "services/cart/Cargo.toml",
            &format!("{GOOD}orders.workspace = true\n"),
        );
        assert!(lines(independent_crates(&in_tests)).is_empty());
    }

    #[test]
    fn testkit_outside_tests_is_found() {
        let tree = project().with(
            "services/cart/Cargo.toml",
            "[dependencies]\ntestkit.workspace = true\n",
        );
        assert_eq!(
            lines(independent_crates(&tree)),
            ["services/cart/Cargo.toml:2: depends on `testkit` under [dependencies]"]
        );
    }

    #[test]
    fn io_in_contracts_is_found() {
        let tree = project().with("services/contracts/Cargo.toml", "[dependencies]\ntokio.workspace = true\nsqlx = { workspace = true, optional = true }\n");
        assert_eq!(
            lines(data_only_contracts(&tree)),
            ["services/contracts/Cargo.toml:2: contracts depend on `tokio` under [dependencies]"]
        );
    }
}
