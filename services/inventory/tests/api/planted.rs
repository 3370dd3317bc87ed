//! Proof that these tests would find defects: each deliberate one makes the test fail that is meant to find it.

use std::process::{Command, Output};

/// A defect, and the test that finds it.
const DEFECTS: [(&str, &str); 4] = [
    (
        "unordered_stock_locks",
        "holds::shelves_are_locked_in_the_order_of_their_ids",
    ),
    (
        "release_without_tombstone",
        "settling::a_release_before_its_hold_leaves_a_tombstone",
    ),
    (
        "expiry_ignores_state",
        "expiry::what_has_been_sold_never_expires",
    ),
    ("no_inbox", "settling::the_same_event_twice_changes_nothing"),
];

fn run(tests: &[&str], defect: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--exact").args(tests).env_remove("PLANTED_BUG");
    if let Some(defect) = defect {
        command.env("PLANTED_BUG", defect);
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_planted_bug_is_found() {
    let tests = DEFECTS.map(|(_, test)| test);
    let sound = run(&tests, None);
    assert!(sound.status.success(), "without a defect: {}", text(&sound));
    let ran = format!("{} passed", tests.len());
    assert!(text(&sound).contains(&ran), "{}", text(&sound));
    for (defect, test) in DEFECTS {
        let output = run(&[test], Some(defect));
        let found =
            !output.status.success() && text(&output).contains(&format!("test {test} ... FAILED"));
        assert!(found, "{test} does not find {defect}: {}", text(&output));
    }
}
