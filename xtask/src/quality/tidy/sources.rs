//! Conventions of single files: their size, their first line, and what must not stand in them.

use std::sync::LazyLock;

use regex::Regex;

use super::Violation;
use crate::quality::{
    source::{Keep, code, is_test_file, line_of, without_tests},
    tree::{Tree, has_extension},
};

const MAX_LINES: usize = 400;

/// What CI calls, which only calls the toolkit; and what Compose runs, which the toolkit has rendered for where there is no toolkit.
const SHELL_BY_RIGHT: [&str; 2] = [".ci/run", "compose/prepare.sh"];

// Written in two halves, so that this file does not find itself.
static POSTPONED: LazyLock<Regex> =
    LazyLock::new(|| pattern(concat!(r"\b(TO", r"DO|FIX", r"ME)\b")));
static SWITCHED_OFF: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"#!?\[\s*(ignore\b|allow\s*\()[^\]]*\]?"));
static FLOAT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bf(32|64)\b"));
static MONEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)price|amount|money|total|minor|cents|fee|discount"));
static SHELL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\A#!\s*\S*/(env\s+)?(ba|da|z|k)?sh\b"));

pub(super) fn file_size(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|(path, _)| path.contains("/src/") && !is_test_file(path))
        .filter_map(|(path, text)| {
            let lines = without_tests(text).lines().count();
            (lines > MAX_LINES).then(|| {
                let what = format!(
                    "has {lines} lines without its tests, {} more than allowed",
                    lines - MAX_LINES
                );
                Violation::new(
                    path,
                    MAX_LINES + 1,
                    what,
                    "split it by subject: one file per operation, aggregate or concern",
                )
            })
        })
        .collect()
}

pub(super) fn file_purpose(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|(_, text)| !says_its_purpose(text))
        .map(|(path, _)| {
            Violation::new(
                path,
                1,
                "does not begin with `//!`",
                "begin it with a `//!` sentence that says what it is for",
            )
        })
        .collect()
}

/// In words, or by taking over the page that says it.
fn says_its_purpose(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("//!")
        .is_some_and(|words| !words.trim().is_empty())
        || first.starts_with("#![doc = include_str!(")
}

pub(super) fn nothing_postponed(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_written_by_hand(path)) {
        for found in POSTPONED.find_iter(text) {
            let what = format!("`{}`", found.as_str());
            violations.push(Violation::new(
                path,
                line_of(text, found.start()),
                what,
                "do it now, or open an issue and delete this",
            ));
        }
    }
    for (path, text) in tree.rust() {
        let text = code(text, Keep::Code);
        for found in SWITCHED_OFF.find_iter(&text) {
            let remedy =
                "mend the cause, delete the test, or say why with `#[expect(…, reason = \"…\")]`";
            violations.push(Violation::new(
                path,
                line_of(&text, found.start()),
                format!("`{}`", found.as_str()),
                remedy,
            ));
        }
    }
    violations
}

pub(super) fn no_shell_scripts(tree: &Tree) -> Vec<Violation> {
    tree.files()
        .filter(|(path, text)| {
            !SHELL_BY_RIGHT.contains(path) && (has_extension(path, "sh") || SHELL.is_match(text))
        })
        .map(|(path, _)| Violation::new(path, 1, "is a shell script", "make it a command of xtask"))
        .collect()
}

/// In contracts any float is suspect; in a domain, one on a line that speaks of money.
pub(super) fn exact_money(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.rust() {
        let is_contract = path.starts_with("services/contracts/src/");
        if !is_contract && !path.contains("/src/domain/") {
            continue;
        }
        for (number, line) in code(without_tests(text), Keep::Code).lines().enumerate() {
            let about_money = is_contract || MONEY.is_match(line);
            if let Some(float) = FLOAT.find(line).filter(|_| about_money) {
                let what = format!("`{}`", float.as_str());
                violations.push(Violation::new(
                    path,
                    number + 1,
                    what,
                    "use `Money` or whole minor units",
                ));
            }
        }
    }
    violations
}

/// Texts whose wording is ours: not artwork, lock files or recorded data.
fn is_written_by_hand(path: &str) -> bool {
    [
        "rs", "toml", "md", "yaml", "yml", "j2", "sql", "html", "css", "js",
    ]
    .iter()
    .any(|extension| has_extension(path, extension))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("BUG: a fixed pattern compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(violations: Vec<Violation>) -> Vec<String> {
        violations
            .into_iter()
            .map(|found| format!("{}:{}: {}", found.file, found.line, found.what))
            .collect()
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "//! x\n".repeat(401);
        let with_tests = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            "//! x\n".repeat(400),
            "\n".repeat(200)
        );
        let tree = Tree::of([
            ("services/cart/src/long.rs", long.as_str()),
            ("services/cart/src/tested.rs", with_tests.as_str()),
            ("services/cart/tests/api/main.rs", long.as_str()),
        ]);
        assert_eq!(
            lines(file_size(&tree)),
            ["services/cart/src/long.rs:401: has 401 lines without its tests, 1 more than allowed"]
        );
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_found() {
        let tree = Tree::of([
            ("a/src/good.rs", "//! Good.\n"),
            ("a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n"),
            ("a/src/bare.rs", "use x;\n"),
            ("a/tests/empty.rs", "//!\nuse x;\n"),
        ]);
        assert_eq!(
            lines(file_purpose(&tree)),
            [
                "a/src/bare.rs:1: does not begin with `//!`",
                "a/tests/empty.rs:1: does not begin with `//!`"
            ]
        );
    }

    #[test]
    fn postponed_work_and_switched_off_checks_are_found() {
        let text = concat!(
            "//! x\n// TO",
            "DO later\n#[ignore = \"slow\"]\nfn a() {}\n#![allow(dead_code)]\nlet s = \"#[ignore]\";\n"
        );
        let tree = Tree::of([
            ("a/src/lib.rs", text),
            ("a/picture.svg", concat!("TO", "DO")),
        ]);
        assert_eq!(
            lines(nothing_postponed(&tree)),
            [
                format!("a/src/lib.rs:2: `{}`", concat!("TO", "DO")),
                "a/src/lib.rs:3: `#[ignore =       ]`".to_owned(),
                "a/src/lib.rs:5: `#![allow(dead_code)]`".to_owned(),
            ]
        );
    }

    #[test]
    fn scripts_beside_the_entry_point_of_ci_are_found() {
        let script = "#!/usr/bin/env bash\n";
        let tree = Tree::of([
            (".ci/run", script),
            ("tools/build", "#!/bin/sh\n"),
            ("x.sh", ""),
            ("b.py", "#!/usr/bin/env python3\n"),
        ]);
        assert_eq!(
            lines(no_shell_scripts(&tree)),
            [
                "tools/build:1: is a shell script",
                "x.sh:1: is a shell script"
            ]
        );
    }

    #[test]
    fn a_float_for_money_is_found_but_not_in_a_comment_nor_for_a_share() {
        let tree = Tree::of([
            (
                "services/contracts/src/money.rs",
                "//! never f64\nstruct M(f64);\n",
            ),
            (
                "services/a/src/domain/x.rs",
                "//! x\nlet unit_price: f32 = 1.0;\nlet decline_rate: f64 = 0.3;\n",
            ),
            ("services/a/src/x.rs", "let price: f64;"),
        ]);
        assert_eq!(
            lines(exact_money(&tree)),
            [
                "services/a/src/domain/x.rs:2: `f32`",
                "services/contracts/src/money.rs:2: `f64`"
            ]
        );
    }
}
