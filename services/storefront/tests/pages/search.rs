//! `GET /search`

use crate::app::App;

#[tokio::test]
async fn words_find_products_and_stay_in_the_field() {
    let app = App::start().await;
    let page = app.page("/search?q=pot").await;
    assert_eq!(page.text("h1"), "“pot”");
    assert_eq!(page.text("#count"), "30 products");
    assert_eq!(page.one("#q").attr("value"), Some("pot"));
    assert_eq!(page.texts(".facet h3"), ["Colour", "Glaze"]);
    assert_eq!(page.text(".sorts a[aria-current]"), "Best match");
    assert_eq!(
        page.one("meta[name=robots]").attr("content"),
        Some("noindex")
    );
}

#[tokio::test]
async fn facets_keep_the_words() {
    let app = App::start().await;
    let page = app.page("/search?q=pot").await;
    let red = app.page(page.link("Red ( 15 products)")).await;
    assert_eq!(red.text("#count"), "15 products");
    assert_eq!(red.text("h1"), "“pot”");
    assert_eq!(red.link("Clear all filters"), "/search?q=pot");
}

#[tokio::test]
async fn nothing_found_offers_other_words_and_departments() {
    let app = App::start().await;
    let page = app.page("/search?q=zzz").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.link("pot"), "/search?q=pot");
    assert!(page.text("main").contains("We carry nothing for “zzz”."));
    assert_eq!(
        page.texts(".notice .chip"),
        ["Coffee & tea", "Garden", "Everything"]
    );
}

#[tokio::test]
async fn nothing_found_with_filters_offers_to_drop_them() {
    let app = App::start().await;
    let page = app.page("/search?q=pot&minPrice=5000").await;
    assert_eq!(
        page.link("Search again without the filters"),
        "/search?q=pot"
    );
}

#[tokio::test]
async fn without_words_everything_is_shown() {
    let app = App::start().await;
    for path in ["/search", "/search?q=", "/search?q=+++"] {
        let page = app.page(path).await;
        assert_eq!(
            (page.text("h1").as_str(), page.text("#count").as_str()),
            ("Everything we carry", "31 products"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_address_can_break_the_page() {
    let app = App::start().await;
    let long = "x".repeat(5000);
    for query in [
        "q=%00%ff",
        "q=%",
        "&&&==",
        "attr.=x&attr.colour=&attr.a%22b=1",
        "minPrice=9e9999",
        &format!("q={long}"),
    ] {
        let page = app.page(&format!("/search?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert!(
            page.html.errors.is_empty(),
            "{query}: {:?}",
            page.html.errors
        );
    }
}

#[tokio::test]
async fn what_is_only_nearly_right_is_said_to_be() {
    let app = App::start().await;
    let page = app.page("/search?q=pott").await;
    assert_eq!(page.text("#count"), "30 products");
    assert!(page.text("main").contains("This comes nearest."));
    assert!(
        !app.page("/search?q=pot")
            .await
            .text("main")
            .contains("This comes nearest.")
    );
}

#[tokio::test]
async fn a_search_can_be_narrowed_to_a_department_and_widened_again() {
    let app = App::start().await;
    let everything = app.page("/search?sort=-price").await;
    assert_eq!(
        everything.texts(".facet h3"),
        ["Department", "Colour", "Glaze"]
    );
    let page = app.page("/search?category=garden").await;
    assert_eq!(page.text("#count"), "1 product");
    assert_eq!(page.link("Remove the filter Department: Garden"), "/search");
    assert_eq!(
        page.link("Coffee & tea ( 30 products)"),
        "/search?category=coffee"
    );
    assert_eq!(
        everything.one("#minPrice").attr("placeholder"),
        Some("10.00")
    );
}

#[tokio::test]
async fn too_many_filters_are_cut_off_and_not_an_error() {
    let app = App::start().await;
    let query = (0..200)
        .map(|index| format!("&attr.colour=Shade{index}"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(app.page(&format!("/search?q=pot{query}")).await.status, 200);
    assert_eq!(
        app.catalog
            .first_asked("/api/search")
            .unwrap()
            .matches("attr.colour")
            .count(),
        50
    );
}
