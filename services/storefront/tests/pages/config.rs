//! Configuration that cannot work is refused before a port is bound, by the real binary.

use std::process::{Command, Output};

use crate::app::health_file;

const GOOD: [(&str, &str); 9] = [
    ("STOREFRONT_LISTEN", "127.0.0.1:0"),
    ("STOREFRONT_CATALOG_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_CART_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_ORDERS_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_IDENTITY_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_INVENTORY_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_PAYMENTS_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_NOTIFICATIONS_URL", "http://127.0.0.1:1"),
    ("STOREFRONT_PUBLIC_URL", "http://localhost:8080"),
];

/// Starts the binary with good values and this one, and waits for its end.
fn start_with(name: &str, value: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storefront"));
    command
        .arg("serve")
        .env_clear()
        .envs(GOOD)
        .env(name, value)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_missing_variable_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_storefront"))
        .arg("serve")
        .env_clear()
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("--catalog-url"), "{}", said(&output));
}

#[test]
fn a_wrong_address_says_what_was_expected() {
    for (name, value, expected) in [
        ("STOREFRONT_LISTEN", "7100", "invalid socket address"),
        (
            "STOREFRONT_CATALOG_URL",
            "localhost",
            "expected something like http://127.0.0.1:7101",
        ),
        (
            "STOREFRONT_PUBLIC_URL",
            "ftp://shop.example",
            "expected http:// or https://, not ftp:",
        ),
        (
            "STOREFRONT_PUBLIC_URL",
            "http://shop.example/?a",
            "without ? and #",
        ),
    ] {
        let output = start_with(name, value);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            said(&output).contains(expected),
            "{name}: {}",
            said(&output)
        );
    }
}

#[test]
fn a_health_file_that_cannot_be_used_says_where_and_why() {
    for (yaml, expected) in [
        (
            "timeout_ms: 0\nchecks: []",
            "timeout_ms is 0: expected 1 to 60000",
        ),
        (
            "timeout_ms: 5\nchecks: []\nextra: 1",
            "unknown field `extra`",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: ftp}]",
            "unknown variant `ftp`",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: http}]",
            "checks: a: kind http takes url",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: http, url: 'ftp://x'}]",
            "does not start with http://",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: tcp, address: x}]",
            "is not host:port",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: tcp, address: 'x:1', url: 'http://x'}]",
            "kind tcp takes address, and nothing else",
        ),
        (
            "timeout_ms: 5\nchecks: [{name: a, kind: tcp, address: 'x:1'}, {name: a, kind: tcp, address: 'x:2'}]",
            "a is listed twice",
        ),
    ] {
        let file = health_file(yaml);
        let path = file.path().to_str().unwrap();
        let output = start_with("STOREFRONT_HEALTH_FILE", path);
        assert_eq!(output.status.code(), Some(1), "{yaml}");
        let said = said(&output);
        assert!(
            said.contains(expected) && said.contains(path),
            "{yaml}: {said}"
        );
    }
    assert!(
        said(&start_with("STOREFRONT_HEALTH_FILE", "/nowhere"))
            .contains("cannot read the health file /nowhere")
    );
}
