//! Every page that can be reached: its links, assets, console, HTML, and whether everybody can use it.

use anyhow::Result;

use super::PUT_IN;
use crate::{browser::Browser, people::Person, survey};

pub(super) async fn a_guest_reaches(browser: &Browser) -> Result<()> {
    // With something in the cart, so that its page is one.
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Sextant", "310.00", 5).await?;
    browser.open(&goods.path()).await?;
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    survey::run(browser, &["/"]).await
}

pub(super) async fn a_shopper_reaches(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Barometer", "95.00", 5).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;
    let order = shopper.buy(&goods, 1).await?;
    shopper.order_that_is(&order, "PAID").await?;
    shopper.sign_in(browser).await?;
    browser.open(&goods.path()).await?;
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    let confirmation = format!("/orders/{order}/confirmation");
    let starts = ["/account", "/checkout", "/cart", "/orders", &confirmation];
    survey::run_within(
        browser,
        &starts,
        &["/account", "/cart", "/checkout", "/orders"],
    )
    .await
}

pub(super) async fn a_vendor_reaches(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Marine glue", "7.00", 5).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;
    let order = shopper.buy(&goods, 1).await?;
    shopper.order_that_is(&order, "PAID").await?;
    vendor.sign_in(browser).await?;
    survey::run_within(browser, &["/office"], &["/office"]).await
}

pub(super) async fn an_administrator_reaches(browser: &Browser) -> Result<()> {
    let administrator = Person::administrator(&browser.platform).await?;
    administrator.sign_in(browser).await?;
    survey::run_within(browser, &["/office"], &["/office"]).await
}
