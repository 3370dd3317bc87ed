//! `cargo xtask tidy`: the project's conventions, each as a check over its files.
//!
//! A check is a function from the tree to findings, so that its test is a tree with one planted violation. A finding says
//! where, what, why it is a rule and what to do: somebody who has never read the rules can mend it.

mod documents;
mod layering;
mod manifests;
mod names;
mod sources;

use std::fmt;

use super::tree::Tree;
pub(crate) use crate::events::Finding;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} · {} · {}",
            self.file, self.line, self.what, self.why, self.remedy
        )
    }
}

/// A convention: its name, the reason that its findings give, and the check.
pub(crate) struct Convention {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
    check: fn(&Tree) -> Vec<Violation>,
}

/// What a check reports; its convention adds the reason.
#[derive(Debug)]
struct Violation {
    file: String,
    line: usize,
    what: String,
    remedy: String,
}

impl Violation {
    fn new(
        file: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// Every convention, in the order in which they are checked.
pub(crate) const CONVENTIONS: &[Convention] = &[
    Convention {
        name: "shared-lints",
        why: "one set of lints holds for everybody",
        check: manifests::shared_lints,
    },
    Convention {
        name: "shared-versions",
        why: "a version stands in one place, so that it is raised in one place",
        check: manifests::shared_versions,
    },
    Convention {
        name: "independent-crates",
        why: "a service that depends on another one cannot be deployed, scaled or understood alone",
        check: manifests::independent_crates,
    },
    Convention {
        name: "data-only-contracts",
        why: "contracts are shared by all services and must not pull I/O into each of them",
        check: manifests::data_only_contracts,
    },
    Convention {
        name: "one-name",
        why: "directory = package = binary = component = database: who knows one name knows them all",
        check: names::one_name,
    },
    Convention {
        name: "file-size",
        why: "a file of more than 400 lines has more than one subject",
        check: sources::file_size,
    },
    Convention {
        name: "file-purpose",
        why: "a reader must learn from the first line what a file is for",
        check: sources::file_purpose,
    },
    Convention {
        name: "nothing-postponed",
        why: "what is postponed in a comment or switched off is forgotten there",
        check: sources::nothing_postponed,
    },
    Convention {
        name: "no-shell-scripts",
        why: "the toolkit is the one place for automation: typed, tested, with errors that say what to do",
        check: sources::no_shell_scripts,
    },
    Convention {
        name: "exact-money",
        why: "a float cannot hold a price",
        check: sources::exact_money,
    },
    Convention {
        name: "technical-chassis",
        why: "the chassis is technical: a commerce noun in it means that a service's work is done in the wrong place",
        check: layering::technical_chassis,
    },
    Convention {
        name: "pure-domain",
        why: "decisions without I/O can be tested in microseconds and read without knowing the servers",
        check: layering::pure_domain,
    },
    Convention {
        name: "pure-toolkit-core",
        why: "model, plan and render are pure functions: that is why a plan cannot lie",
        check: layering::pure_toolkit_core,
    },
    Convention {
        name: "sql-in-db",
        why: "whoever changes a table must find every statement in one folder",
        check: layering::sql_in_db,
    },
    Convention {
        name: "service-readme",
        why: "five headings answer the first five questions about a service",
        check: documents::service_readme,
    },
    Convention {
        name: "documented-problems",
        why: "the `type` of a problem is a link that people follow",
        check: documents::documented_problems,
    },
    Convention {
        name: "documented-alerts",
        why: "somebody is woken by it and needs the page that says what to do",
        check: documents::documented_alerts,
    },
    Convention {
        name: "tested-alerts",
        why: "an alert that has never been seen to fire, or to stay silent, is a guess",
        check: documents::tested_alerts,
    },
    Convention {
        name: "numbered-decisions",
        why: "decisions are cited by number; a gap or a double looks like a lost page",
        check: documents::numbered_decisions,
    },
];

/// Everything that breaks a convention, by file and line.
pub(crate) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CONVENTIONS
        .iter()
        .flat_map(|convention| {
            (convention.check)(tree).into_iter().map(
                |Violation {
                     file,
                     line,
                     what,
                     remedy,
                 }| Finding {
                    file,
                    line,
                    convention: convention.name.to_owned(),
                    what,
                    why: convention.why.to_owned(),
                    remedy,
                },
            )
        })
        .collect();
    findings.sort();
    findings
}

/// The services: what shoppers use. The other folders under `services/` are shared crates and stand-ins.
fn services(tree: &Tree) -> Vec<&str> {
    const SHARED: [&str; 5] = ["artwork", "chassis", "contracts", "standins", "testkit"];
    tree.under("services")
        .filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"))
        .filter(|folder| !folder.contains('/') && !SHARED.contains(folder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_keeps_its_own_conventions() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap();
        let findings = findings(&Tree::read(root).unwrap());
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn a_finding_says_where_what_why_and_what_to_do() {
        let tree = Tree::of([("services/cart/src/main.rs", "fn main() {}\n")]);
        let all: Vec<String> = findings(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            [
                "services/cart/src/main.rs:1: does not begin with `//!` · a reader must learn from the first line what a file is \
              for · begin it with a `//!` sentence that says what it is for"
            ]
        );
    }

    #[test]
    fn names_of_conventions_are_unique() {
        let mut names: Vec<_> = CONVENTIONS
            .iter()
            .map(|convention| convention.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CONVENTIONS.len());
    }

    #[test]
    fn shared_crates_are_not_services() {
        let tree = Tree::of([
            ("services/cart/Cargo.toml", ""),
            ("services/chassis/Cargo.toml", ""),
            ("services/standins/mailbox/Cargo.toml", ""),
        ]);
        assert_eq!(services(&tree), ["cart"]);
    }
}
