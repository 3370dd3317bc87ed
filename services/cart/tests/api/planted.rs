//! Deliberate defects, each of which these tests must find.

#[test]
fn every_planted_bug_is_found() {
    testkit::assert_found(&[
        ("merge_adds_twice", "merging::merging_twice_adds_once"),
        (
            "cart_of_anybody",
            "guests::another_cookie_sees_another_cart",
        ),
        ("no_inbox", "orders::the_same_event_twice_changes_nothing"),
    ]);
}
