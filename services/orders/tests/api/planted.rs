//! Whether these tests would notice: each deliberate defect must make one of them fail.

use std::process::{Command, Stdio};

/// A defect, and a test that must find it.
const PLANTED: [(&str, &str); 4] = [
    (
        "order_without_unique_key",
        "repeated::fifty_parallel_twins_make_one_order",
    ),
    (
        "transition_without_guard",
        "cancelling::a_late_capture_while_cancelling_is_refunded",
    ),
    (
        "conclude_on_deadline",
        "deadlines::an_order_that_is_not_paid_in_time_asks_and_waits_for_the_answers",
    ),
    (
        "no_inbox",
        "messages::a_stream_replayed_from_its_start_leaves_every_table_unchanged",
    ),
];

fn passes(test: &str, planted: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--test-threads=1"]);
    command.env_remove("PLANTED_BUG");
    if let Some(planted) = planted {
        command.env("PLANTED_BUG", planted);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("running 1 test"),
        "there is no test {test}"
    );
    output.status.success()
}

#[test]
fn every_planted_bug_is_found() {
    for (planted, test) in PLANTED {
        assert!(passes(test, None), "{test} fails without any defect");
        assert!(
            !passes(test, Some(planted)),
            "{test} does not find {planted}"
        );
    }
}
