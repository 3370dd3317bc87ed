//! The shop without what most people have: a mouse, scripts, or live updates.

use anyhow::{Result, ensure};
use serde_json::json;
use thirtyfour::Key;

use super::{
    PUT_IN,
    buying::{ADDRESS, ORDER, fill_in_address, is_bought},
};
use crate::{browser::Browser, people::Person, thing::Thing};

/// Only keys are pressed, and whatever they lead to must be seen to have the focus.
pub(super) async fn a_mouse(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Speaking tube", "18.00", 5).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;

    browser.open(&goods.path()).await?;
    browser.tab_to("Skip to the content").await?;
    browser.key(Key::Enter).await?;
    browser.tab_to(PUT_IN).await?;
    browser.key(Key::Enter).await?;
    browser.arrives_at("/cart").await?;
    browser.tab_to("Check out").await?;
    browser.key(Key::Enter).await?;
    browser.arrives_at("/login").await?;
    browser.tab_to("E-mail address").await?;
    browser.type_text(&shopper.email).await?;
    browser.tab_to("Password").await?;
    browser.type_text(&shopper.password).await?;
    browser.key(Key::Enter).await?;
    browser.arrives_at("/checkout").await?;
    for (label, text) in ADDRESS {
        browser.tab_to(label).await?;
        browser.type_text(text).await?;
    }
    // The arrows choose among the ways to pay: down to the next, and back again.
    browser.tab_to("Visa").await?;
    browser.key(Key::Down).await?;
    browser.key(Key::Up).await?;
    browser.tab_to(ORDER).await?;
    browser.key(Key::Enter).await?;
    is_bought(browser, &shopper).await?;
    Ok(())
}

/// Without scripts the page cannot be told; it looks again by itself.
pub(super) async fn scripts(browser: &Browser) -> Result<()> {
    let vendor = Person::register(&browser.platform, "vendor").await?;
    let goods = vendor.sell("Sand glass", "12.00", 5).await?;
    let shopper = Person::register(&browser.platform, "customer").await?;

    browser.open(&goods.path()).await?;
    ensure!(
        browser.look_for(Thing::Button(PUT_IN)).await?.is_some(),
        "without scripts nothing can be put in the cart"
    );
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await?;
    browser.fill("Quantity of", "2").await?;
    browser.press("Change").await?;
    browser.sees("The quantity is changed.").await?;
    browser.follow("Check out").await?;
    browser.fill("E-mail address", &shopper.email).await?;
    browser.fill("Password", &shopper.password).await?;
    browser.press("Sign in").await?;
    browser.arrives_at("/checkout").await?;
    browser.sees("24.00").await?;
    // What is wrong is said beside its field, and what was typed is still there.
    fill_in_address(browser).await?;
    browser.fill("Postal code", "1").await?;
    browser.press(ORDER).await?;
    browser.sees("Postal code does not look like").await?;
    let town = browser.find(Thing::Field("Town")).await?;
    ensure!(
        town.prop("value").await?.as_deref() == Some("Hamburg"),
        "what was typed is lost when a form is refused"
    );
    browser.fill("Postal code", "20457").await?;
    browser.press(ORDER).await?;
    is_bought(browser, &shopper).await?;
    Ok(())
}

/// No connection for live updates comes about, as when the notifications are away.
const NO_LIVE_UPDATES: &str = "window.WebSocket = class extends EventTarget {
    constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new CloseEvent('close', { code: 1006 })));
    }
};";

/// Nobody tells the page anything; it looks again by itself.
pub(super) async fn live_updates(browser: &Browser) -> Result<()> {
    let platform = &browser.platform;
    let vendor = Person::register(platform, "vendor").await?;
    let goods = vendor.sell("Speaking tube", "41.00", 5).await?;
    let shopper = Person::register(platform, "customer").await?;
    let order = shopper.buy(&goods, 1).await?;
    shopper.order_that_is(&order, "PAID").await?;

    shopper.sign_in(browser).await?;
    let script = json!({ "source": NO_LIVE_UPDATES });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)
        .await?;
    browser.open(&format!("/orders/{order}")).await?;
    ensure!(
        browser
            .ask("return window.WebSocket.name", Vec::new())
            .await?
            != "WebSocket",
        "the page still has its WebSocket"
    );
    vendor.ship(&order).await?;
    browser.sees("Tidewater Parcels, TW-4711").await?;
    // The rest of the shop does not mind.
    browser.open(&goods.path()).await?;
    browser.press(PUT_IN).await?;
    browser.arrives_at("/cart").await
}
