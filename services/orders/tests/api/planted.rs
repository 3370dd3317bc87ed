//! Whether these tests would notice: each deliberate defect must make one of them fail.

#[test]
fn every_planted_bug_is_found() {
    testkit::assert_found(&[
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
    ]);
}
