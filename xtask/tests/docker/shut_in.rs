//! What runs is shut in, and its secrets are where nobody else can read them.

use crate::{
    engine::{inspect, must, ready},
    project::word,
    stack::{Small, one},
};

const SECRET: &str = "\nsecrets:\n  canary: { bytes: 24 }\n";

fn with_secret() -> Small {
    let small = one(SECRET);
    small.project.edit(
        "infra/stack.yaml",
        "    resources:",
        "    secrets: [canary]\n    resources:",
    );
    small
}

#[test]
fn the_audit_of_running_containers_is_clean_and_sees_what_is_not() {
    if !ready() {
        return;
    }
    let small = with_secret();
    let project = &small.project;
    assert_eq!(small.up().exit, 0);
    let audit = project.run(&["audit", "--live"]);
    assert_eq!(audit.exit, 0, "{audit:#?}");
    assert!(audit.all("live-check").len() >= 10, "{audit:#?}");
    must(&["network", "connect", "bridge", &small.container("one")]);
    let audit = project.run(&["audit", "--live"]);
    assert_eq!(audit.exit, 10);
    let wrong: Vec<_> = audit
        .all("live-check")
        .into_iter()
        .filter(|check| check["ok"] == false)
        .collect();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert_eq!(word(&wrong[0]["rule"]), "networks");
    assert_eq!(project.run(&["plan"]).steps(), ["connect one"]);
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(project.run(&["audit", "--live"]).exit, 0);
}

#[test]
fn a_secret_is_a_file_of_the_containers_user_and_nowhere_else() {
    if !ready() {
        return;
    }
    let small = with_secret();
    assert_eq!(small.up().exit, 0);
    let secret = std::fs::read_to_string(small.home().join("secrets/canary")).unwrap();
    let container = small.container("one");
    let listed = must(&[
        "exec",
        &container,
        "stat",
        "-c",
        "%a %u",
        "/argosy/files/secrets/canary",
    ]);
    assert_eq!(listed, "400 10001");
    let read = must(&["exec", &container, "cat", "/argosy/files/secrets/canary"]);
    assert_eq!(read, secret.trim());
    assert!(!inspect(&container).to_string().contains(secret.trim()));
    let image = inspect(&container)["Image"].as_str().unwrap().to_owned();
    assert!(!must(&["history", "--no-trunc", &image]).contains(secret.trim()));
}
