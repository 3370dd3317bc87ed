//! Proof that these tests would find defects: each deliberate one makes the test fail that is meant to find it.

#[test]
fn every_planted_bug_is_found() {
    testkit::assert_found(&[
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
    ]);
}
