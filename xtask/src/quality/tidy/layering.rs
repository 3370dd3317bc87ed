//! Conventions of layers: what the chassis may name, where SQL may stand, which modules stay pure.

use std::sync::LazyLock;

use regex::Regex;

use super::Violation;
use crate::quality::{
    source::{Keep, code, is_test_file, line_of, without_tests},
    tree::{Tree, has_extension},
};

/// Whole parts of names: `order_id`, `OrderPlaced` and `"orders"` are found, `border` and `recorder` are not.
const COMMERCE_NOUNS: [&str; 25] = [
    "basket", "baskets", "cart", "carts", "catalog", "checkout", "coupon", "coupons", "discount",
    "invoice", "invoices", "order", "orders", "payment", "payments", "price", "prices", "product",
    "products", "refund", "refunds", "shipping", "sku", "skus", "stock",
];

/// Where chassis keeps SQL of its own.
const CHASSIS_TABLES: [&str; 5] = ["audit", "consumer", "database", "outbox", "retention"];

/// Files of the toolkit's pure modules that read or write for them: they hand texts to the pure functions.
const TOOLKIT_IO_FILES: [&str; 5] = ["check.rs", "load.rs", "observe.rs", "read.rs", "write.rs"];

static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Z]?[a-z]+|[A-Z]+"));
static SQL_MACRO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bquery(_as|_scalar|_file|_file_as|_file_scalar)?(_unchecked)?!|\bsqlx::(query|query_as|query_scalar|raw_sql)\b",
    )
});
static IO_IN_DOMAIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(async_nats|aws_[a-z0-9_]+|axum|chassis|hyper|hyper_util|moka|reqwest|rustix|sqlx|tokio|tower|tower_http)::|\bstd::(env|fs|net|process|thread)\b",
    )
});
static IO_IN_TOOLKIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(hyper|hyper_util|indicatif|rustix|tokio)::|\bstd::(env|net|process|thread)\b|\bfs::[a-z_]+\(|\bstd::fs\b|\bUtc::now\b|\bSystemTime::now\b|\bInstant::now\b",
    )
});

pub(super) fn technical_chassis(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree
        .rust()
        .filter(|(path, _)| path.starts_with("services/chassis/src/"))
    {
        let text = code(without_tests(text), Keep::CodeAndStrings);
        for found in WORD.find_iter(&text) {
            let noun = found.as_str().to_lowercase();
            if COMMERCE_NOUNS.contains(&noun.as_str())
                && !is_plain_order(&text, found.start(), found.end())
            {
                let what = format!("names `{noun}`");
                violations.push(Violation::new(
                    path,
                    line_of(&text, found.start()),
                    what,
                    "take it as a parameter, or move it to the service",
                ));
            }
        }
    }
    violations
}

/// `order` as in "in order" and `order by` is no purchase.
fn is_plain_order(text: &str, start: usize, end: usize) -> bool {
    text[start..end].eq_ignore_ascii_case("order")
        && (text[..start].ends_with("in ")
            || text[end..].trim_start().to_lowercase().starts_with("by "))
}

pub(super) fn pure_domain(tree: &Tree) -> Vec<Violation> {
    let domain = tree
        .rust()
        .filter(|(path, _)| path.contains("/src/domain/") || path.ends_with("/src/domain.rs"));
    let contracts = tree
        .rust()
        .filter(|(path, _)| path.starts_with("services/contracts/src/"));
    domain
        .chain(contracts)
        .flat_map(|(path, text)| {
            impure(
                path,
                text,
                &IO_IN_DOMAIN,
                "pass the value in, and do the I/O in `db/`, `http/` or a worker",
            )
        })
        .collect()
}

pub(super) fn pure_toolkit_core(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|(path, _)| is_toolkit_core(path))
        .flat_map(|(path, text)| impure(path, text, &IO_IN_TOOLKIT, "pass the value in; read and write in the runtime, the commands, or a `load.rs`, `check.rs` or `write.rs`"))
        .collect()
}

fn is_toolkit_core(path: &str) -> bool {
    let Some(module) = path.strip_prefix("xtask/src/") else {
        return false;
    };
    let first = module.split(['/', '.']).next().unwrap_or(module);
    let file = module.rsplit('/').next().unwrap_or(module);
    ["model", "plan", "render"].contains(&first)
        && !TOOLKIT_IO_FILES.contains(&file)
        && !is_test_file(path)
}

fn impure(path: &str, text: &str, forbidden: &Regex, remedy: &str) -> Vec<Violation> {
    let text = code(without_tests(text), Keep::Code);
    // A derive that a feature switches on names a crate without doing anything with it.
    let is_derive = |at: usize| {
        text[..at]
            .lines()
            .last()
            .is_some_and(|line| line.trim_start().starts_with("#[cfg_attr(feature"))
    };
    let found = forbidden
        .find_iter(&text)
        .filter(|found| !is_derive(found.start()));
    found
        .map(|found| {
            Violation::new(
                path,
                line_of(&text, found.start()),
                format!("uses `{}`", found.as_str().trim_end_matches(['(', ':'])),
                remedy,
            )
        })
        .collect()
}

pub(super) fn sql_in_db(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree
        .under("services")
        .filter(|(path, _)| path.contains("/src/") && !is_test_file(path))
    {
        let mut parts = path
            .strip_prefix("standins/")
            .unwrap_or(path)
            .split(['/', '.']);
        let (member, module) = (
            parts.next().unwrap_or_default(),
            parts.nth(1).unwrap_or_default(),
        );
        let allowed = match member {
            "testkit" => true,
            "chassis" => CHASSIS_TABLES.contains(&module),
            _ => module == "db",
        };
        if allowed || !has_extension(path, "rs") {
            continue;
        }
        let text = code(without_tests(text), Keep::Code);
        for found in SQL_MACRO.find_iter(&text) {
            let what = format!("`{}` outside `db/`", found.as_str());
            let remedy = "make it a function in `db/` that takes `&mut PgConnection`";
            violations.push(Violation::new(
                format!("services/{path}"),
                line_of(&text, found.start()),
                what,
                remedy,
            ));
        }
    }
    violations
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
    fn a_commerce_noun_in_the_chassis_is_found_as_a_part_of_any_name() {
        let text = "//! About orders.\nlet recorder = \"select 1 order by id, in order\";\nstruct OrderPlaced;\nlet unit_price = 1;\n";
        let tree = Tree::of([
            ("services/chassis/src/outbox.rs", text),
            ("services/cart/src/lib.rs", "struct Cart;"),
        ]);
        assert_eq!(
            lines(technical_chassis(&tree)),
            [
                "services/chassis/src/outbox.rs:3: names `order`",
                "services/chassis/src/outbox.rs:4: names `price`"
            ]
        );
    }

    #[test]
    fn io_in_a_domain_or_in_contracts_is_found() {
        let tree = Tree::of([
            (
                "services/cart/src/domain/price.rs",
                "//! No sqlx:: here.\nuse sqlx::PgConnection;\n",
            ),
            (
                "services/contracts/src/id.rs",
                "//! x\n#[cfg_attr(feature = \"sqlx\", derive(sqlx::Type))]\nstruct Id;\n",
            ),
            (
                "services/contracts/src/lib.rs",
                "//! x\n\nfn f() { std::fs::read(\"x\"); }\n",
            ),
            ("services/cart/src/http.rs", "use axum::Router;\n"),
        ]);
        assert_eq!(
            lines(pure_domain(&tree)),
            [
                "services/cart/src/domain/price.rs:2: uses `sqlx`",
                "services/contracts/src/lib.rs:3: uses `std::fs`"
            ]
        );
    }

    #[test]
    fn io_in_model_plan_or_render_is_found_but_not_beside_them() {
        let io = "//! x\nuse std::fs;\n";
        let tree = Tree::of([
            ("xtask/src/model.rs", io),
            ("xtask/src/model/load.rs", io),
            (
                "xtask/src/plan/graph.rs",
                "//! x\nlet now = Utc::now();\n#[cfg(test)]\nmod tests { use std::fs; }\n",
            ),
            ("xtask/src/render/check.rs", io),
            ("xtask/src/planetary.rs", io),
            ("xtask/src/runtime/host.rs", io),
        ]);
        assert_eq!(
            lines(pure_toolkit_core(&tree)),
            [
                "xtask/src/model.rs:2: uses `std::fs`",
                "xtask/src/plan/graph.rs:2: uses `Utc::now`"
            ]
        );
    }

    #[test]
    fn sql_outside_db_is_found() {
        let sql = "//! x\nfn f() { sqlx::query!(\"select 1\"); }\n";
        let tree = Tree::of([
            ("services/cart/Cargo.toml", ""),
            ("services/cart/src/db/lines.rs", sql),
            ("services/cart/src/db.rs", sql),
            ("services/cart/src/http/list.rs", sql),
            ("services/standins/psp/src/db/charges.rs", sql),
            ("services/standins/psp/src/ledger.rs", sql),
            ("services/cart/tests/api/main.rs", sql),
            ("services/chassis/src/outbox.rs", sql),
            ("services/chassis/src/telemetry.rs", sql),
            ("services/testkit/src/lib.rs", sql),
        ]);
        assert_eq!(
            lines(sql_in_db(&tree)),
            [
                "services/cart/src/http/list.rs:2: `sqlx::query` outside `db/`",
                "services/chassis/src/telemetry.rs:2: `sqlx::query` outside `db/`",
                "services/standins/psp/src/ledger.rs:2: `sqlx::query` outside `db/`",
            ]
        );
    }
}
