//! Deliberate defects, each of which these tests must find.

use std::process::Stdio;

use tokio::process::Command;

/// A defect, and the test that finds it.
const DEFECTS: [(&str, &str); 3] = [
    ("merge_adds_twice", "merging::merging_twice_adds_once"),
    (
        "cart_of_anybody",
        "guests::another_cookie_sees_another_cart",
    ),
    ("no_inbox", "orders::the_same_event_twice_changes_nothing"),
];

#[tokio::test]
async fn every_planted_bug_is_found() {
    for (defect, test) in DEFECTS {
        assert!(passes(test, None).await, "{test} fails without a defect");
        assert!(
            !passes(test, Some(defect)).await,
            "{test} does not find {defect}"
        );
    }
}

/// Whether a test of this binary passes in a process of its own.
async fn passes(test: &str, defect: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).stdin(Stdio::null());
    match defect {
        Some(defect) => command.env("PLANTED_BUG", defect),
        None => command.env_remove("PLANTED_BUG"),
    };
    let output = command.output().await.unwrap();
    let talk = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        talk.contains("running 1 test"),
        "there is no {test}: {talk}"
    );
    output.status.success()
}
