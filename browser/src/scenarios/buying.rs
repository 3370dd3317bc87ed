//! Buying, as most people do it; and the steps of it that the other scenarios take, too.

use anyhow::{Context as _, Result, ensure};

use super::PUT_IN;
use crate::{
    browser::Browser,
    people::{Goods, Person},
    thing::Thing,
};

pub(super) const ORDER: &str = "Order and pay";
pub(super) const THANKS: &str = "Thank you, we have your order";
pub(super) const PAID: &str = "The payment has arrived";

/// What is typed into the fields of an address.
pub(super) const ADDRESS: [(&str, &str); 5] = [
    ("Name on the door", "Ada Brook"),
    ("Street and number", "Kehrwieder 2"),
    ("Postal code", "20457"),
    ("Town", "Hamburg"),
    ("Country", "Germany"),
];

pub(super) async fn a_guest_who_signs_in(browser: &Browser) -> Result<()> {
    let platform = &browser.platform;
    let vendor = Person::register(platform, "vendor").await?;
    let goods = vendor.sell("Brass kettle", "42.00", 5).await?;
    let shopper = Person::register(platform, "customer").await?;

    browser.open(&goods.path()).await?;
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    browser.sees("It is in your cart.").await?;
    browser.follow("Check out").await?;
    browser.arrives_at("/login").await?;
    browser.fill("E-mail address", &shopper.email).await?;
    browser.fill("Password", &shopper.password).await?;
    browser.press("Sign in").await?;
    browser.arrives_at("/checkout").await?;
    browser.sees(&goods.name).await?;
    fill_in_address(browser).await?;
    browser.press(ORDER).await?;
    is_bought(browser, &shopper).await?;

    browser.open("/cart").await?;
    browser.sees("Nothing in it yet").await
}

pub(super) async fn an_open_page_is_told(browser: &Browser) -> Result<()> {
    let platform = &browser.platform;
    let vendor = Person::register(platform, "vendor").await?;
    let goods = vendor.sell("Ship in a bottle", "23.50", 5).await?;
    let shopper = Person::register(platform, "customer").await?;
    let order = shopper.buy(&goods, 1).await?;
    shopper.order_that_is(&order, "PAID").await?;

    shopper.sign_in(browser).await?;
    browser.open("/about").await?;
    browser
        .until("the page opens no WebSocket", async || {
            Ok(browser.watched().await?.listens)
        })
        .await?;
    vendor.ship(&order).await?;
    browser.sees("is on its way.").await?;

    // The news leads to the order, whose page is told the next ones itself.
    browser.follow("Order ARG-").await?;
    browser.arrives_at(&format!("/orders/{order}")).await?;
    browser.sees("Tidewater Parcels, TW-4711").await
}

/// A signed-in shopper with something in the cart, on the page where it is ordered.
pub(super) async fn at_the_checkout(
    browser: &Browser,
    vendor: &Person,
    quantity: u32,
) -> Result<(Person, Goods)> {
    let goods = vendor.sell("Storm lantern", "30.00", quantity).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;
    shopper.sign_in(browser).await?;
    browser.open(&goods.path()).await?;
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    browser.follow("Check out").await?;
    browser.arrives_at("/checkout").await?;
    fill_in_address(browser).await?;
    Ok((shopper, goods))
}

pub(super) async fn fill_in_address(browser: &Browser) -> Result<()> {
    for (label, text) in ADDRESS {
        browser.fill(label, text).await?;
    }
    Ok(())
}

/// The page says so, and it is so: one order, paid. Its id comes back.
pub(super) async fn is_bought(browser: &Browser, shopper: &Person) -> Result<String> {
    browser.sees(THANKS).await?;
    browser.sees(PAID).await?;
    let order = only_order(shopper).await?;
    shopper.order_that_is(&order, "PAID").await?;
    Ok(order)
}

/// The id of the one order that somebody has placed.
pub(super) async fn only_order(shopper: &Person) -> Result<String> {
    let orders = shopper.orders().await?;
    ensure!(
        orders.len() == 1,
        "there are {} orders, not one",
        orders.len()
    );
    let id = orders[0]["id"].as_str().context("an order has an id")?;
    Ok(id.to_owned())
}

/// Whether the page still offers to order.
pub(super) async fn offers_to_order(browser: &Browser) -> Result<bool> {
    Ok(browser.look_for(Thing::Button(ORDER)).await?.is_some())
}
