//! Proof that these tests find what they are for: with each defect switched on, the test that is about it fails.

#[test]
fn every_planted_bug_is_found() {
    testkit::assert_found(&[
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
    ]);
}
