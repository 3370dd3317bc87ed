//! `GET /categories/{slug}`

use crate::app::App;

#[tokio::test]
async fn a_department_lists_its_products_with_facets_and_orders() {
    let app = App::start().await;
    let page = app.page("/categories/coffee").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text("h1"), "Coffee & tea");
    assert_eq!(page.text("#count"), "30 products");
    assert_eq!(page.all(".card").len(), 24);
    assert_eq!(page.texts(".facet h3"), ["Colour", "Glaze"]);
    assert_eq!(
        page.one(".departments-nav a[aria-current]").attr("href"),
        Some("/categories/coffee")
    );
    assert_eq!(page.text(".sorts a[aria-current]"), "Featured");
    assert_eq!(
        page.link("Price, lowest first"),
        "/categories/coffee?sort=price"
    );
    assert_eq!(
        page.one("link[rel=canonical]").attr("href"),
        Some("https://shop.example/categories/coffee")
    );
}

#[tokio::test]
async fn the_next_page_goes_on_where_this_one_ends_and_keeps_the_filters() {
    let app = App::start().await;
    let first = app.page("/categories/coffee?minPrice=10").await;
    let second = app.page(first.link("Show the next 24")).await;
    assert_eq!(
        second.texts(".card-name").first().map(String::as_str),
        Some("Pot №24")
    );
    assert_eq!(second.all(".card").len(), 6);
    assert_eq!(second.text("#count"), "30 products, continued");
    assert_eq!(
        second.link("Back to the beginning"),
        "/categories/coffee?minPrice=10"
    );
    assert!(second.all("a[rel=next]").is_empty());
}

#[tokio::test]
async fn filters_in_use_are_shown_and_can_be_taken_off_one_by_one() {
    let app = App::start().await;
    let page = app
        .page("/categories/coffee?attr.colour=Red&minPrice=12&maxPrice=20&sort=price")
        .await;
    assert_eq!(page.text("#count"), "5 products");
    let question = app.catalog.first_asked("/api/search").unwrap();
    for part in [
        "attr.colour=Red",
        "minPrice=12.00",
        "maxPrice=20.00",
        "sort=price",
        "category=coffee",
        "limit=24",
    ] {
        assert!(question.contains(part), "{part} in {question}");
    }
    let without_colour = page.link("Remove the filter Colour: Red");
    assert_eq!(
        without_colour,
        "/categories/coffee?minPrice=12&maxPrice=20&sort=price"
    );
    let without_price = page.link("Remove the filter €12.00 to €20.00");
    assert_eq!(
        without_price,
        "/categories/coffee?sort=price&attr.colour=Red"
    );
    assert_eq!(
        page.link("Clear all filters"),
        "/categories/coffee?sort=price"
    );
    assert_eq!(
        page.one(".facet a[aria-current]").attr("href"),
        Some(without_colour)
    );
    assert!(
        page.all("link[rel=canonical]").is_empty(),
        "one of many views is not the page to be found"
    );
}

#[tokio::test]
async fn values_of_one_facet_are_alternatives() {
    let app = App::start().await;
    let red = app.page("/categories/coffee?attr.colour=Red").await;
    let both = app.page(red.link("Blue ( 15 products)")).await;
    assert_eq!(both.text("#count"), "30 products");
    assert_eq!(both.all(".facet a[aria-current]").len(), 2);
    assert_eq!(
        red.texts(".facet a[aria-current]"),
        ["Red ( 15 products)"],
        "the chosen one is marked among the others"
    );
}

#[tokio::test]
async fn the_price_form_keeps_the_other_filters() {
    let app = App::start().await;
    let page = app
        .page("/categories/coffee?attr.colour=Red&minPrice=12&sort=price")
        .await;
    let hidden: Vec<_> = page
        .all(".filters input[type=hidden]")
        .iter()
        .map(|field| (field.attr("name").unwrap(), field.attr("value").unwrap()))
        .collect();
    assert_eq!(hidden, [("sort", "price"), ("attr.colour", "Red")]);
    assert_eq!(page.one("#minPrice").attr("value"), Some("12"));
}

#[tokio::test]
async fn a_price_that_is_none_is_explained_beside_its_field_and_kept() {
    let app = App::start().await;
    let page = app
        .page("/categories/coffee?minPrice=abc&maxPrice=20")
        .await;
    assert_eq!(page.status, 200);
    let field = page.one("#minPrice");
    assert_eq!(
        (field.attr("value"), field.attr("aria-invalid")),
        (Some("abc"), Some("true"))
    );
    assert_eq!(
        page.text(&format!("#{}", field.attr("aria-describedby").unwrap())),
        "Write an amount such as 20 or 19.90."
    );
    assert!(
        page.one(".filters").attr("open").is_some(),
        "the message can be seen"
    );
    assert_eq!(
        page.text("#count"),
        "11 products",
        "the other end still counts"
    );
}

#[tokio::test]
async fn a_range_that_is_upside_down_is_explained() {
    let app = App::start().await;
    let page = app.page("/categories/coffee?minPrice=20&maxPrice=10").await;
    assert_eq!(
        page.text("#maxPrice-error"),
        "This is below the lower price."
    );
}

#[tokio::test]
async fn what_the_catalogue_refuses_is_left_out_and_said() {
    let app = App::start().await;
    let page = app.page("/categories/coffee?sort=colour").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.all(".card").len(), 24);
    assert!(
        page.text(".notice-danger")
            .contains("expected featured, newest")
    );

    let page = app.page("/categories/coffee?after=rubbish").await;
    assert_eq!(
        page.text(".notice-danger"),
        "That page is no longer there; this is the beginning of the list."
    );
    assert_eq!(page.text("#count"), "30 products");
}

#[tokio::test]
async fn several_mistakes_in_one_address_are_all_said() {
    let app = App::start().await;
    let page = app
        .page("/categories/coffee?sort=colour&after=rubbish&minPrice=abc")
        .await;
    assert_eq!(
        (page.status.as_u16(), page.text("#count").as_str()),
        (200, "30 products")
    );
    assert_eq!(page.all(".notice-danger").len(), 2);
    assert_eq!(page.all(".field-error").len(), 1);
}

#[tokio::test]
async fn filters_that_leave_nothing_say_so_and_offer_a_way_back() {
    let app = App::start().await;
    let page = app.page("/categories/coffee?minPrice=5000").await;
    assert_eq!(
        (page.status.as_u16(), page.text("#count").as_str()),
        (200, "Nothing found")
    );
    assert_eq!(
        page.link("Show everything in Coffee & tea"),
        "/categories/coffee"
    );
}

#[tokio::test]
async fn a_department_that_does_not_exist_is_a_page_that_helps() {
    let app = App::start().await;
    let page = app.page("/categories/submarines").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.text("h1"), "There is nothing at this address");
    assert_eq!(page.all(".adrift .chip").len(), 4);
}

#[tokio::test]
async fn rare_values_are_folded_away_unless_one_is_chosen() {
    let app = App::start().await;
    let page = app.page("/search").await;
    assert_eq!(page.all(".facet details").len(), 1);
    assert_eq!(page.text(".facet summary"), "4 more");
    assert!(page.one(".facet details").attr("open").is_none());
    let page = app.page("/search?attr.glaze=G11").await;
    assert!(page.one(".facet details").attr("open").is_some());
}
