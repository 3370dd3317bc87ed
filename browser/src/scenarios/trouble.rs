//! What goes wrong while somebody buys, and must not cost them anything.

use anyhow::{Result, ensure};

use super::buying::{
    ORDER, at_the_checkout, fill_in_address, is_bought, offers_to_order, only_order,
};
use crate::{browser::Browser, people::Person, thing::Thing};

pub(super) async fn the_price_changes(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let (shopper, mut goods) = at_the_checkout(browser, &vendor, 5).await?;
    vendor.ask_for(&mut goods, "33.00").await?;
    browser.press(ORDER).await?;
    browser
        .sees("A price has changed while you were here.")
        .await?;
    browser.sees("Nothing has been ordered").await?;
    ensure!(
        shopper.orders().await?.is_empty(),
        "something was ordered at a price that nobody agreed to"
    );
    let agree = format!("{ORDER} €33.00");
    ensure!(
        browser.look_for(Thing::Button(&agree)).await?.is_some(),
        "the new price is not on the button: {}",
        browser.text().await?
    );
    let town = browser
        .find(Thing::Field("Town"))
        .await?
        .prop("value")
        .await?;
    ensure!(
        town.as_deref() == Some("Hamburg"),
        "what was typed is lost: the town is {town:?}"
    );
    browser.press(&agree).await?;
    let order = is_bought(browser, &shopper).await?;
    let paid = shopper.order_that_is(&order, "PAID").await?;
    ensure!(
        paid["total"]["amount"] == "33.00",
        "another price was paid: {}",
        paid["total"]
    );
    Ok(())
}

pub(super) async fn somebody_was_faster(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let (shopper, goods) = at_the_checkout(browser, &vendor, 1).await?;
    let other = Person::register(&browser.platform, "customer").await?;
    other.buy(&goods, 1).await?;
    browser.press(ORDER).await?;
    browser.sees("sold out").await?;
    ensure!(
        shopper.orders().await?.is_empty(),
        "something was ordered that is not there"
    );
    Ok(())
}

/// Both requests are on their way at once, past the button that lets itself be pressed only once.
pub(super) async fn sent_twice(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let (shopper, _) = at_the_checkout(browser, &vendor, 5).await?;
    let answers = browser.ask_async(SEND_TWICE, Vec::new()).await?;
    ensure!(
        answers[0] == answers[1]
            && answers[0]
                .as_str()
                .is_some_and(|url| url.contains("/orders/")),
        "the two did not come to the same order: {answers}"
    );
    only_order(&shopper).await?;

    // And the double click of somebody in a hurry.
    browser.open("/orders").await?;
    let order = only_order(&shopper).await?;
    shopper.order_that_is(&order, "PAID").await?;
    let goods = vendor.sell("Compass rose", "9.00", 5).await?;
    browser.open(&goods.path()).await?;
    browser.press(super::PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    browser.open("/checkout").await?;
    fill_in_address(browser).await?;
    let button = browser.find(Thing::Button(ORDER)).await?;
    button.scroll_into_view().await?;
    let twice = browser.driver.action_chain().double_click_element(&button);
    twice.perform().await?;
    browser.sees(super::buying::THANKS).await?;
    let orders = shopper.orders().await?.len();
    ensure!(orders == 2, "there are {orders} orders after two checkouts");
    Ok(())
}

/// The form that holds the key, sent as the browser would, two times without waiting.
const SEND_TWICE: &str = "
const done = arguments[arguments.length - 1];
const form = document.querySelector('form[action=\"/checkout\"]');
const send = () => fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  .then(answer => answer.url);
Promise.all([send(), send()]).then(done, error => done([String(error), '']));
";

pub(super) async fn going_back(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let (shopper, _) = at_the_checkout(browser, &vendor, 5).await?;
    browser.press(ORDER).await?;
    is_bought(browser, &shopper).await?;
    browser.driver.back().await?;
    browser
        .until("the page is not told that the cart is empty", async || {
            Ok(!browser.path().await?.contains("/confirmation"))
        })
        .await?;
    if offers_to_order(browser).await? {
        // The browser kept the page: what it sends again is the same order.
        browser.press(ORDER).await?;
    }
    browser
        .until("it can still be ordered", async || {
            Ok(!offers_to_order(browser).await?)
        })
        .await?;
    only_order(&shopper).await?;
    Ok(())
}
