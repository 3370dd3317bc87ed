//! What must be possible in the shop, one sentence each.

mod buying;
mod forgotten;
mod selling;
mod survey;
mod trouble;
mod without;

use crate::{chromium::Scripts, suite::Test};

/// The button of a product's page.
pub(crate) const PUT_IN: &str = "Put it in the cart";

/// The longest first, so that none of them is begun last and waited for alone.
pub(crate) const TESTS: &[Test] = &[
    Test {
        name: "every page that a guest reaches is well",
        scripts: Scripts::On,
        run: |browser| Box::pin(survey::a_guest_reaches(browser)),
    },
    Test {
        name: "every page that an administrator reaches is well",
        scripts: Scripts::On,
        run: |browser| Box::pin(survey::an_administrator_reaches(browser)),
    },
    Test {
        name: "every page that a vendor reaches is well",
        scripts: Scripts::On,
        run: |browser| Box::pin(survey::a_vendor_reaches(browser)),
    },
    Test {
        name: "every page that a shopper reaches is well",
        scripts: Scripts::On,
        run: |browser| Box::pin(survey::a_shopper_reaches(browser)),
    },
    Test {
        name: "somebody without a mouse buys with the keyboard alone",
        scripts: Scripts::On,
        run: |browser| Box::pin(without::a_mouse(browser)),
    },
    Test {
        name: "somebody whose browser runs no scripts buys and sees that it is paid",
        scripts: Scripts::Off,
        run: |browser| Box::pin(without::scripts(browser)),
    },
    Test {
        name: "a guest fills a cart and then signs in and buys what is in it",
        scripts: Scripts::On,
        run: |browser| Box::pin(buying::a_guest_who_signs_in(browser)),
    },
    Test {
        name: "somebody who has forgotten the password gets in again by a mail",
        scripts: Scripts::On,
        run: |browser| Box::pin(forgotten::the_password(browser)),
    },
    Test {
        name: "a vendor adds a product with a picture and sells it",
        scripts: Scripts::On,
        run: |browser| Box::pin(selling::a_new_product(browser)),
    },
    Test {
        name: "an administrator gives the money of an order back",
        scripts: Scripts::On,
        run: |browser| Box::pin(selling::money_goes_back(browser)),
    },
    Test {
        name: "a page that is open tells that the parcel has left",
        scripts: Scripts::On,
        run: |browser| Box::pin(buying::an_open_page_is_told(browser)),
    },
    Test {
        name: "an order's page without live updates looks for news itself",
        scripts: Scripts::On,
        run: |browser| Box::pin(without::live_updates(browser)),
    },
    Test {
        name: "a price that changes during the checkout is told before anything is bought",
        scripts: Scripts::On,
        run: |browser| Box::pin(trouble::the_price_changes(browser)),
    },
    Test {
        name: "what is sold out during the checkout is told, and nothing is bought",
        scripts: Scripts::On,
        run: |browser| Box::pin(trouble::somebody_was_faster(browser)),
    },
    Test {
        name: "a checkout that is sent twice is one order",
        scripts: Scripts::On,
        run: |browser| Box::pin(trouble::sent_twice(browser)),
    },
    Test {
        name: "going back after the payment does not lead to a second one",
        scripts: Scripts::On,
        run: |browser| Box::pin(trouble::going_back(browser)),
    },
];
