//! Deliberate defects, each of which the tests named beside it must find: tests that cannot fail prove nothing.

#[test]
fn every_planted_bug_is_found() {
    testkit::assert_found(&[
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
    ]);
}
