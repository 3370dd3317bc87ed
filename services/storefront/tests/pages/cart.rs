//! `GET /cart` and its forms.

use crate::{
    app::App,
    browser::Browser,
    fake_shop::{BLUE, RED},
    markup::check,
};

#[tokio::test]
async fn a_guest_puts_in_changes_and_takes_out() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.buy("/products/pot-3?variant=POT-B", "2").await;
    assert_eq!(page.text(".flash"), "It is in your cart.");
    assert_eq!(page.texts(".line-name"), ["Pot <№3>"]);
    assert_eq!(page.text(".line .line-total"), "€25.00");
    assert!(browser.cookie("argosy_cart").is_some());
    check("/cart", &page);

    let action = format!("/cart/items/{BLUE}");
    let page = browser.submit(&page, &action, &[("quantity", "3")]).await;
    assert_eq!(page.text(".line .line-total"), "€37.50");
    let gone = [("do", "remove")];
    let page = browser.submit(&page, &action, &gone).await;
    assert_eq!(page.text(".flash"), "It is out of your cart.");
    assert_eq!(page.text(".empty h2"), "Nothing in it yet");
    assert!(
        browser.open("/cart").await.all(".flash").is_empty(),
        "said once"
    );
}

#[tokio::test]
async fn the_number_in_the_header_is_what_was_last_seen() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.buy("/products/pot-3", "4").await;
    let page = browser.open("/about").await;
    assert_eq!(page.text(".own-cart"), "Cart ( 4 in it)");
    assert_eq!(
        app.shop
            .world()
            .asked
            .iter()
            .filter(|asked| asked.contains("/api/cart"))
            .count(),
        2,
        "adding and showing; no other page asks"
    );
}

#[tokio::test]
async fn a_quantity_that_is_none_is_refused_and_nothing_changes() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let page = browser.buy("/products/pot-3", "1").await;
    for quantity in ["100", "-1", "two", "1.5", "<script>"] {
        let action = format!("/cart/items/{RED}");
        let page = browser
            .submit(&page, &action, &[("quantity", quantity)])
            .await;
        assert_eq!(page.status, 422, "{quantity}");
        assert!(page.text(".notice-danger").contains(quantity));
        assert_eq!(page.one("#quantity-1").attr("value"), Some("1"));
    }
}

#[tokio::test]
async fn what_has_changed_since_is_said_at_its_line() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.buy("/products/pot-3?variant=POT-R", "2").await;
    browser.buy("/products/pot-3?variant=POT-B", "8").await;
    app.shop.world().prices.insert(RED.to_owned(), 1100);
    app.shop.world().stock.insert(BLUE.to_owned(), 0);
    let page = browser.open("/cart").await;
    assert_eq!(
        page.texts(".line-notice"),
        [
            "The price is €11.00 now. It was €10.00 when you put it in.",
            "This is sold out at present, and is left out of an order."
        ]
    );
    assert_eq!(page.all(".line-out").len(), 1);
}

#[tokio::test]
async fn what_is_sold_out_cannot_be_put_in() {
    let app = App::start().await;
    app.shop.world().stock.insert(RED.to_owned(), 0);
    let page = app.page("/products/pot-3").await;
    assert_eq!(page.text(".badge"), "Sold out at present");
    assert!(page.all(".buy button").is_empty());
    app.shop.world().stock.insert(RED.to_owned(), 3);
    let page = app.page("/products/pot-3").await;
    assert_eq!(page.text(".badge"), "Only 3 left");
    assert_eq!(page.one("#quantity").attr("max"), Some("3"));
}
