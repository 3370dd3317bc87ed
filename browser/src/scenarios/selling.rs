//! The work behind the shop: a product comes into it, and money goes back.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use uuid::Uuid;

use super::{
    PUT_IN,
    buying::{fill_in_address, is_bought},
};
use crate::{browser::Browser, people::Person, thing::Thing};

pub(super) async fn a_new_product(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let name = format!("Signal flag {}", &Uuid::new_v4().simple().to_string()[..6]);
    let picture = some_picture(browser).await?;

    vendor.sign_in(browser).await?;
    browser.open("/office/products").await?;
    browser.follow("Add a product").await?;
    browser.fill("Name", &name).await?;
    browser.fill("Category", "Home & light").await?;
    browser.fill("Price in euros", "27,50").await?;
    browser
        .fill("Description", "Cotton, sewn, with rope and toggle.")
        .await?;
    browser.press("Add the product").await?;
    browser.sees("The product is in the shop.").await?;

    browser.follow("Add a picture").await?;
    browser.attach("Picture", picture.path()).await?;
    browser.press("Upload").await?;
    browser.sees("The picture is there.").await?;

    browser.follow("Receive stock").await?;
    choose_first(browser, "Variant").await?;
    browser.fill("Warehouse", "Quay 4").await?;
    browser.fill("Units", "3").await?;
    browser
        .fill("Where they come from", "First delivery")
        .await?;
    browser.press("Put them on the shelf").await?;
    browser.sees("The stock is changed.").await?;

    browser.open("/office/products").await?;
    browser.follow(&name).await?;
    browser.follow("See it in the shop").await?;
    browser.find(Thing::Heading(&name)).await?;
    let shown = browser
        .ask(
            "return [...document.querySelectorAll('main img')].some(one => one.alt === arguments[0] && one.naturalWidth > 0);",
            vec![name.clone().into()],
        )
        .await?;
    ensure!(
        shown == true,
        "the product's page does not show its picture"
    );

    // The vendor buys it as anybody could, and then finds the order to send.
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    browser.follow("Check out").await?;
    fill_in_address(browser).await?;
    browser.press("Order and pay").await?;
    let order = is_bought(browser, &vendor).await?;
    browser.open(&format!("/office/orders/{order}")).await?;
    browser.sees(&name).await?;
    browser
        .until("the order cannot be shipped", async || {
            browser
                .open(&format!("/office/orders/{order}/ship"))
                .await?;
            browser.fill("Carrier", "Tidewater Parcels").await?;
            browser.press("It is on its way").await?;
            Ok(browser.text().await?.contains("The order counts as sent."))
        })
        .await
}

/// A file such as a vendor has on their disk.
async fn some_picture(browser: &Browser) -> Result<tempfile::NamedTempFile> {
    let platform = &browser.platform;
    let list: serde_json::Value = platform
        .http
        .get(platform.url("/api/products?limit=1"))
        .send()
        .await?
        .json()
        .await?;
    let address = list["items"][0]["images"][0]["large"]
        .as_str()
        .context("the shop's first product has no picture")?;
    let url = platform.place.shop_url.join(address)?;
    let bytes = platform.http.get(url).send().await?.bytes().await?;
    let file = tempfile::Builder::new().suffix(".jpg").tempfile()?;
    fs::write(file.path(), &bytes)?;
    Ok(file)
}

/// The first real choice of a list.
async fn choose_first(browser: &Browser, label: &str) -> Result<()> {
    let list = browser.find(Thing::Field(label)).await?;
    list.send_keys(thirtyfour::Key::Down + "").await?;
    Ok(())
}

pub(super) async fn money_goes_back(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Weather house", "64.00", 5).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;
    let order = shopper.buy(&goods, 2).await?;
    let paid = shopper.order_that_is(&order, "PAID").await?;
    let number = paid["number"].as_str().unwrap_or_default().to_owned();

    let administrator = Person::administrator(&browser.platform).await?;
    administrator.sign_in(browser).await?;
    browser.open("/office/orders").await?;
    browser.follow(&number).await?;
    browser.follow("Refund").await?;
    browser.fill("Why", "It came with a crack").await?;
    browser.press("Go on").await?;
    // What is about to happen is named: how much, of which order.
    browser.sees(&number).await?;
    browser.sees("This cannot be undone.").await?;
    ensure!(
        shopper.order_that_is(&order, "PAID").await?["refunded"]["amount"] != "128.00",
        "the money went back before it was confirmed"
    );
    browser.press("Give the money back").await?;
    browser.sees("The money is on its way back.").await?;
    shopper.order_that_is(&order, "REFUNDED").await?;

    browser
        .open(&format!("/office/audit?service=orders&subject={order}"))
        .await?;
    browser.sees(&administrator.email).await
}
