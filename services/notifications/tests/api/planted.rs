//! Proof that these tests find what they are for: with each defect switched on, the test that is about it fails.

use std::process::Command;

/// A defect, and the test that must find it.
const DEFECTS: [(&str, &str); 3] = [
    (
        "broadcast_to_everybody",
        "live_updates::nobody_is_told_of_somebody_elses_orders",
    ),
    (
        "mail_without_id",
        "outages::a_lost_acknowledgement_makes_a_copy_with_the_same_message_id",
    ),
    (
        "no_inbox",
        "streams::a_stream_that_is_replayed_from_its_start_sends_nothing_new",
    ),
];

fn passes(test: &str, defect: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--quiet"])
        .env_remove("PLANTED_BUG");
    if let Some(defect) = defect {
        command.env("PLANTED_BUG", defect);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("1 passed") || said.contains("1 failed"),
        "{test} did not run: {said}"
    );
    output.status.success()
}

#[test]
fn every_planted_bug_is_found() {
    for (defect, test) in DEFECTS {
        assert!(passes(test, None), "{test} fails without any defect");
        assert!(!passes(test, Some(defect)), "{test} does not find {defect}");
    }
}
