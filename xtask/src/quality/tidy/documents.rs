//! Pages that the code promises: READMEs of services, problems, runbooks and rule tests of alerts, decisions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde_yaml::Value;

use super::{Violation, services};
use crate::quality::{
    source::{Keep, code, is_test_file, line_of, without_tests},
    tree::{Tree, has_extension},
};

const README_HEADINGS: [&str; 5] = ["Owns", "Publishes", "Consumes", "Invariants", "Runbook"];

/// A kind that is declared, or a whole `type` written out.
static PROBLEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:\bKind::new\(\s*"|/problems/)([a-z0-9]+(?:-[a-z0-9]+)*)"#));
/// A problem that the edge answers with by itself.
static EDGE_PROBLEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bimport problem ([a-z0-9]+(?:-[a-z0-9]+)*)"));
static ALERT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*-\s+alert:\s*(\w+)\s*$"));
static RUNBOOK: LazyLock<Regex> = LazyLock::new(|| pattern(r"docs/runbooks/([a-z0-9-]+)\.md"));
static DECISION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\A([0-9]{4})-[a-z0-9]+(-[a-z0-9]+)*\.md\z"));

pub(super) fn service_readme(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for service in services(tree) {
        let path = format!("services/{service}/README.md");
        let Some(text) = tree.text(&path) else {
            let remedy = format!("write it with the headings {}", README_HEADINGS.join(", "));
            violations.push(Violation::new(path, 1, "is missing", remedy));
            continue;
        };
        for heading in README_HEADINGS.iter().filter(|heading| {
            !text
                .lines()
                .any(|line| line.trim_end() == format!("## {heading}"))
        }) {
            violations.push(Violation::new(
                &path,
                1,
                format!("has no heading `## {heading}`"),
                "add it; say \"nothing\" where it is nothing",
            ));
        }
    }
    violations
}

pub(super) fn documented_problems(tree: &Tree) -> Vec<Violation> {
    let mut used: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (path, text) in tree.rust().filter(|(path, _)| {
        path.starts_with("services/") && path.contains("/src/") && !is_test_file(path)
    }) {
        let text = code(without_tests(text), Keep::CodeAndStrings);
        for (slug, at) in first_groups(&PROBLEM, &text) {
            used.entry(slug.to_owned())
                .or_insert_with(|| (path.to_owned(), line_of(&text, at)));
        }
    }
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with("caddy/")) {
        for (slug, at) in first_groups(&EDGE_PROBLEM, text) {
            used.entry(slug.to_owned())
                .or_insert_with(|| (path.to_owned(), line_of(text, at)));
        }
    }
    let page = |slug: &str| format!("docs/problems/{slug}.md");
    let undocumented =
        used.iter()
            .filter(|(slug, _)| !tree.has(&page(slug)))
            .map(|(slug, (path, line))| {
                let remedy = format!("write {}: what it means, what to do", page(slug));
                Violation::new(
                    path,
                    *line,
                    format!("the problem `{slug}` has no page"),
                    remedy,
                )
            });
    let unused = tree
        .under("docs/problems")
        .filter_map(|(file, _)| file.strip_suffix(".md"))
        .filter(|slug| *slug != "README");
    let unused = unused.filter(|slug| !used.contains_key(*slug)).map(|slug| {
        Violation::new(
            page(slug),
            1,
            "no code answers with this problem",
            "remove the page, or use the problem",
        )
    });
    undocumented.chain(unused).collect()
}

fn first_groups<'t>(
    pattern: &'static Regex,
    text: &'t str,
) -> impl Iterator<Item = (&'t str, usize)> {
    let groups = pattern
        .captures_iter(text)
        .filter_map(|captures| captures.get(1));
    groups.map(|group| (group.as_str(), group.start()))
}

/// An alert and where it is defined.
struct Alert<'a> {
    name: &'a str,
    path: &'a str,
    line: usize,
    /// The runbook that its annotations link to.
    runbook: Option<&'a str>,
}

fn alerts(tree: &Tree) -> Vec<Alert<'_>> {
    let rules = tree
        .files()
        .filter(|(path, _)| path.starts_with("observability/prometheus/rules/"));
    rules
        .flat_map(|(path, text)| {
            let begins: Vec<_> = ALERT
                .captures_iter(text)
                .filter_map(|captures| captures.get(1))
                .collect();
            let ends: Vec<usize> = begins
                .iter()
                .skip(1)
                .map(regex::Match::start)
                .chain([text.len()])
                .collect();
            begins.into_iter().zip(ends).map(move |(name, end)| {
                let runbook = RUNBOOK
                    .captures(&text[name.start()..end])
                    .and_then(|captures| captures.get(1));
                Alert {
                    name: name.as_str(),
                    path,
                    line: line_of(text, name.start()),
                    runbook: runbook.map(|slug| slug.as_str()),
                }
            })
        })
        .collect()
}

pub(super) fn documented_alerts(tree: &Tree) -> Vec<Violation> {
    let alerts = alerts(tree);
    let mut violations = Vec::new();
    for alert in &alerts {
        let slug = kebab_case(alert.name);
        let page = format!("docs/runbooks/{slug}.md");
        if !tree.has(&page) {
            let what = format!("the alert `{}` has no runbook", alert.name);
            violations.push(Violation::new(
                alert.path,
                alert.line,
                what,
                format!("write {page}: what it means, how to look, how to mend"),
            ));
        }
        if let Some(other) = alert.runbook.filter(|other| *other != slug) {
            let what = format!("the alert `{}` links to the runbook `{other}`", alert.name);
            violations.push(Violation::new(
                alert.path,
                alert.line,
                what,
                format!("link to {page}"),
            ));
        }
    }
    let known: BTreeSet<String> = alerts.iter().map(|alert| kebab_case(alert.name)).collect();
    let pages = tree
        .under("docs/runbooks")
        .filter_map(|(file, _)| file.strip_suffix(".md"))
        .filter(|slug| *slug != "README");
    let orphans = pages.filter(|slug| !known.contains(*slug));
    violations.extend(orphans.map(|slug| {
        Violation::new(
            format!("docs/runbooks/{slug}.md"),
            1,
            "no alert has this runbook",
            "remove the page, or name it after its alert",
        )
    }));
    violations
}

pub(super) fn tested_alerts(tree: &Tree) -> Vec<Violation> {
    let alerts = alerts(tree);
    let mut fires = BTreeSet::new();
    let mut is_silent = BTreeSet::new();
    let mut violations = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_rule_test(path)) {
        let tests: Value = serde_yaml::from_str(text).unwrap_or_default();
        for (name, expects_alerts) in tested(&tests) {
            if !alerts.iter().any(|alert| alert.name == name) {
                let line = text.find(&name).map_or(1, |at| line_of(text, at));
                let what = format!("tests the alert `{name}`, which does not exist");
                violations.push(Violation::new(
                    path,
                    line,
                    what,
                    "correct the name: promtool takes a mistyped one for a silent alert",
                ));
            }
            if expects_alerts {
                fires.insert(name)
            } else {
                is_silent.insert(name)
            };
        }
    }
    for alert in &alerts {
        for (tests, missing) in [
            (&fires, "in which it fires"),
            (&is_silent, "in which it stays silent"),
        ] {
            if !tests.contains(alert.name) {
                let what = format!("the alert `{}` has no test {missing}", alert.name);
                violations.push(Violation::new(
                    alert.path,
                    alert.line,
                    what,
                    "add one under observability/prometheus/tests/",
                ));
            }
        }
    }
    violations
}

fn is_rule_test(path: &str) -> bool {
    path.starts_with("observability/prometheus/tests/")
        && (has_extension(path, "yml") || has_extension(path, "yaml"))
}

/// The alerts that a file of promtool tests names, and whether each is expected to fire.
fn tested(tests: &Value) -> Vec<(String, bool)> {
    let groups = tests
        .get("tests")
        .and_then(Value::as_sequence)
        .into_iter()
        .flatten();
    let cases = groups
        .filter_map(|group| group.get("alert_rule_test").and_then(Value::as_sequence))
        .flatten();
    cases
        .filter_map(|case| {
            let name = case.get("alertname")?.as_str()?.to_owned();
            let expected = case
                .get("exp_alerts")
                .and_then(Value::as_sequence)
                .is_some_and(|alerts| !alerts.is_empty());
            Some((name, expected))
        })
        .collect()
}

pub(super) fn numbered_decisions(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut expected = 1;
    for (file, _) in tree
        .under("docs/adr")
        .filter(|(file, _)| *file != "README.md")
    {
        let path = format!("docs/adr/{file}");
        let Some(number) = DECISION
            .captures(file)
            .and_then(|captures| captures[1].parse::<u32>().ok())
        else {
            violations.push(Violation::new(
                path,
                1,
                "is not named `0001-some-words.md`",
                "rename it",
            ));
            continue;
        };
        if number != expected {
            violations.push(Violation::new(
                path,
                1,
                format!("is number {number:04}, after {:04}", expected - 1),
                format!("make it {expected:04}"),
            ));
        }
        expected = number + 1;
    }
    violations
}

/// `EdgeProbeFailing` → `edge-probe-failing`.
fn kebab_case(name: &str) -> String {
    let mut kebab = String::new();
    let mut previous_is_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && previous_is_lower {
            kebab.push('-');
        }
        previous_is_lower = !character.is_ascii_uppercase();
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("BUG: a fixed pattern compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "observability/prometheus/rules/platform.yml.j2";
    const TESTS: &str = "observability/prometheus/tests/platform.yml";
    const TESTED: &str = "tests:\n- alert_rule_test:\n  - alertname: NatsDown\n    exp_alerts: [{}]\n- alert_rule_test:\n  - alertname: NatsDown\n    exp_alerts: []\n";

    fn platform() -> Tree {
        Tree::of([
            (
                RULES,
                "groups:\n- rules:\n  - alert: NatsDown\n    annotations:\n      runbook_url: x/docs/runbooks/nats-down.md\n",
            ),
            (TESTS, TESTED),
            ("docs/runbooks/nats-down.md", "# x"),
        ])
    }

    fn lines(violations: Vec<Violation>) -> Vec<String> {
        violations
            .into_iter()
            .map(|found| format!("{}:{}: {}", found.file, found.line, found.what))
            .collect()
    }

    #[test]
    fn a_service_without_readme_or_heading_is_found() {
        let tree = Tree::of([
            ("services/cart/Cargo.toml", ""),
            ("services/orders/Cargo.toml", ""),
            (
                "services/orders/README.md",
                "## Owns\n## Publishes\n## Consumes\n## Invariants\n",
            ),
        ]);
        assert_eq!(
            lines(service_readme(&tree)),
            [
                "services/cart/README.md:1: is missing",
                "services/orders/README.md:1: has no heading `## Runbook`"
            ]
        );
    }

    #[test]
    fn a_problem_without_page_and_a_page_without_problem_are_found() {
        let tree = Tree::of([
            (
                "services/cart/src/http.rs",
                "//! x\nconst A: &str = \"/problems/too-many\";\n// \"/problems/in-a-comment\"\n",
            ),
            (
                "services/cart/src/problems.rs",
                "//! x\npub const EMPTY: Kind = Kind::new(\"cart-empty\", 409, \"x\");\n",
            ),
            (
                "caddy/Caddyfile.j2",
                "{\n import problem edge-error \"x\"\n}",
            ),
            ("docs/problems/README.md", ""),
            ("docs/problems/forgotten.md", ""),
        ]);
        assert_eq!(
            lines(documented_problems(&tree)),
            [
                "services/cart/src/problems.rs:2: the problem `cart-empty` has no page",
                "caddy/Caddyfile.j2:2: the problem `edge-error` has no page",
                "services/cart/src/http.rs:2: the problem `too-many` has no page",
                "docs/problems/forgotten.md:1: no code answers with this problem",
            ]
        );
    }

    #[test]
    fn a_documented_and_tested_alert_passes() {
        assert_eq!(lines(documented_alerts(&platform())), [""; 0]);
        assert_eq!(lines(tested_alerts(&platform())), [""; 0]);
    }

    #[test]
    fn an_alert_without_runbook_and_a_runbook_without_alert_are_found() {
        let rules = "- alert: EdgeDown\n  runbook_url: docs/runbooks/nats-down.md\n";
        assert_eq!(
            lines(documented_alerts(&platform().with(RULES, rules))),
            [
                format!("{RULES}:1: the alert `EdgeDown` has no runbook"),
                format!("{RULES}:1: the alert `EdgeDown` links to the runbook `nats-down`"),
                "docs/runbooks/nats-down.md:1: no alert has this runbook".to_owned(),
            ]
        );
    }

    #[test]
    fn an_alert_that_is_never_silent_and_a_mistyped_one_are_found() {
        let tests = "tests:\n- alert_rule_test:\n  - alertname: NatsDown\n    exp_alerts: [{}]\n  - alertname: NatDown\n    exp_alerts: []\n";
        assert_eq!(
            lines(tested_alerts(&platform().with(TESTS, tests))),
            [
                format!("{TESTS}:5: tests the alert `NatDown`, which does not exist"),
                format!("{RULES}:3: the alert `NatsDown` has no test in which it stays silent"),
            ]
        );
    }

    #[test]
    fn a_gap_in_the_decisions_is_found() {
        let tree = Tree::of([
            ("docs/adr/0001-a.md", ""),
            ("docs/adr/0003-b.md", ""),
            ("docs/adr/README.md", ""),
            ("docs/adr/x.md", ""),
        ]);
        assert_eq!(
            lines(numbered_decisions(&tree)),
            [
                "docs/adr/0003-b.md:1: is number 0003, after 0001",
                "docs/adr/x.md:1: is not named `0001-some-words.md`"
            ]
        );
    }

    #[test]
    fn names_of_alerts_become_names_of_pages() {
        assert_eq!(kebab_case("EdgeProbeFailing"), "edge-probe-failing");
        assert_eq!(kebab_case("PostgresDown"), "postgres-down");
        assert_eq!(kebab_case("SLOBurn"), "sloburn");
    }
}
