//! Deliberate defects, each of which the tests named beside it must find: tests that cannot fail prove nothing.

use tokio::process::Command;

const DEFECTS: [(&str, &str); 5] = [
    (
        "charge_before_in_doubt",
        "cancelling::a_cancellation_that_races_with_the_charge_is_answered_with_the_truth",
    ),
    (
        "charge_before_in_doubt",
        "crashes::a_crash_between_mark_and_charge_still_charges_once",
    ),
    (
        "new_key_on_retry",
        "faults::a_charge_whose_answer_is_dropped_is_made_once",
    ),
    (
        "webhook_without_signature_check",
        "webhooks::a_forged_webhook_is_refused_and_changes_nothing",
    ),
    (
        "cancel_concludes_in_doubt",
        "cancelling::a_cancellation_that_races_with_the_charge_is_answered_with_the_truth",
    ),
];

async fn run(test: &str, defect: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--test-threads=1"])
        .env_remove("PLANTED_BUG");
    if let Some(defect) = defect {
        command.env("PLANTED_BUG", defect);
    }
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("running 1 test"),
        "there is no test {test}: {said}"
    );
    output.status.success()
}

#[tokio::test]
async fn every_planted_bug_is_found() {
    for (defect, test) in DEFECTS {
        assert!(run(test, None).await, "{test} fails without any defect");
        assert!(
            !run(test, Some(defect)).await,
            "{test} does not find {defect}"
        );
    }
}
