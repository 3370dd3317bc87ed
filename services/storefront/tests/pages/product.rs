//! `GET /products/{slug}`

use crate::app::App;

#[tokio::test]
async fn a_product_shows_what_one_needs_to_choose() {
    let app = App::start().await;
    let page = app.page("/products/pot-3").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text("h1"), "Pot №3");
    assert_eq!(page.text(".product-price"), "€10.00");
    assert_eq!(page.texts(".crumbs li"), ["Home", "Coffee & tea", "Pot №3"]);
    assert_eq!(
        page.texts("[itemprop=description] p"),
        ["It pours.", "It keeps <warm>."]
    );
    assert_eq!(
        page.texts(".variant"),
        ["Matt red €10.00", "Sea blue €12.50"]
    );
    assert_eq!(
        page.one(".gallery img").attr("alt"),
        Some("A drawing of pot-3")
    );
    assert_eq!(
        page.one(".gallery img").attr("loading"),
        None,
        "it is what one came for"
    );
    assert_eq!(page.one("[itemprop=price]").attr("content"), Some("10.00"));
    assert_eq!(
        page.one("link[rel=canonical]").attr("href"),
        Some("https://shop.example/products/pot-3")
    );
}

#[tokio::test]
async fn another_version_has_its_own_price_and_details() {
    let app = App::start().await;
    let first = app.page("/products/pot-3").await;
    let page = app.page(first.link("Sea blue €12.50")).await;
    assert_eq!(page.text(".product-price"), "€12.50");
    assert_eq!(page.text(".variant a[aria-current]"), "Sea blue €12.50");
    assert_eq!(
        page.texts(".details tr"),
        ["Made of Steel", "Colour Sea blue", "Article number POT-B"]
    );
}

#[tokio::test]
async fn a_version_that_does_not_exist_shows_the_first() {
    let app = App::start().await;
    for query in ["?variant=NONE", "?variant=&variant=x", "?%"] {
        assert_eq!(
            app.page(&format!("/products/pot-3{query}"))
                .await
                .text(".product-price"),
            "€10.00"
        );
    }
}

#[tokio::test]
async fn related_products_are_of_the_same_department_without_the_product_itself() {
    let app = App::start().await;
    let page = app.page("/products/pot-0").await;
    assert_eq!(
        page.texts(".related .card-name"),
        ["Pot №1", "Pot №2", "Pot №3", "Pot №4"]
    );
}

#[tokio::test]
async fn a_product_alone_without_picture_or_choice_is_still_a_page() {
    let app = App::start().await;
    let page = app.page("/products/rake").await;
    assert_eq!(page.text(".product-price"), "€1,299.00");
    assert!(page.all(".variants, .related").is_empty());
    assert_eq!(
        page.one(".gallery .blank-picture img").attr("alt"),
        Some("No picture yet")
    );
}

#[tokio::test]
async fn a_product_that_does_not_exist_is_a_page_that_helps() {
    let app = App::start().await;
    for path in [
        "/products/none",
        "/products/..%2F..%2Flivez",
        "/products/A%00B",
        "/products/%3Fq=1",
    ] {
        let page = app.page(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(
            page.text("main").contains("We do not carry this product"),
            "{path}"
        );
    }
    assert_eq!(
        app.catalog.times_asked("/api/products/"),
        1,
        "only what can be a product's name is asked for"
    );
}
