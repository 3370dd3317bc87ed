//! The platform on the host and on the engine, each from nothing: every probe and every invariant says the same of both.

use crate::{engine::ready, stack::whole_platform};

#[test]
fn host_and_docker_pass_the_same_probes_and_keep_the_same_invariants() {
    if !ready() {
        return;
    }
    let project = whole_platform("docker-test", 24_000);
    let run = project.run(&[
        "conformance",
        "--images",
        "debian",
        "--env",
        "docker-test",
        "--yes",
    ]);
    assert_eq!(run.exit, 0, "{run:#?}");
    let told = run.all("conformity");
    let suites: std::collections::BTreeSet<_> = told
        .iter()
        .map(|one| one["suite"].as_str().unwrap())
        .collect();
    for suite in ["checkout", "components", "invariants"] {
        assert!(suites.contains(suite), "{suites:?}");
    }
    for one in told {
        assert_eq!(
            one["runtimes"],
            serde_json::json!({ "host": null, "docker": null }),
            "{one}"
        );
    }
}
