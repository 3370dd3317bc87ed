//! The public list: filters, orders, and what it refuses.

use serde_json::{Value, json};

use crate::app::TestApp;

type Query<'a> = &'a [(&'a str, &'a str)];

fn names(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let garden = |price: &str, material: &str| json!({ "category": "garden", "price": price, "attributes": { "material": material } });
    app.product("Spade", garden("30", "Ash")).await;
    app.product("Trowel", garden("12.50", "Steel")).await;
    app.product("Basket", garden("45", "Willow")).await;
    let variants = json!([
        { "sku": "PH-B", "name": "Black", "options": { "colour": "Black" } },
        { "sku": "PH-G", "name": "Green", "options": { "colour": "Green" } },
    ]);
    app.product(
        "Phone",
        json!({ "price": "499", "attributes": { "memory": "8 GB" }, "variants": variants }),
    )
    .await;
    app
}

#[tokio::test]
async fn filters_narrow_the_list_and_count_with_it() {
    let app = shop().await;
    let vendor = app.vendor_id.to_string();
    let cases: [(Query, &[&str]); 12] = [
        (&[("category", "garden")], &["Basket", "Spade", "Trowel"]),
        (&[("minPrice", "30")], &["Basket", "Phone", "Spade"]),
        (
            &[("minPrice", "12.51"), ("maxPrice", "45.00")],
            &["Basket", "Spade"],
        ),
        (&[("maxPrice", "12.49")], &[]),
        (&[("attr.material", "Ash")], &["Spade"]),
        (
            &[("attr.material", "Ash"), ("attr.material", "Steel")],
            &["Spade", "Trowel"],
        ),
        (&[("attr.material", "Ash"), ("attr.colour", "Green")], &[]),
        (
            &[("attr.colour", "Green"), ("attr.memory", "8 GB")],
            &["Phone"],
        ),
        (
            &[("vendor", &vendor)],
            &["Basket", "Phone", "Spade", "Trowel"],
        ),
        (&[("vendor", "0190a000-0000-7000-8000-000000000001")], &[]),
        (&[("q", "trowel")], &["Trowel"]),
        (&[("q", "trowels")], &["Trowel"]),
    ];
    for (filter, expected) in cases {
        let query: Vec<_> = filter.iter().copied().chain([("sort", "name")]).collect();
        let page = app.list(&query).await.expect(200).json();
        assert_eq!(names(&page), expected, "{filter:?}");
        assert_eq!(page["totalCount"], expected.len(), "{filter:?}");
    }
}

#[tokio::test]
async fn each_order_is_the_one_that_it_says() {
    let app = shop().await;
    for (sort, expected) in [
        ("name", ["Basket", "Phone", "Spade", "Trowel"]),
        ("price", ["Trowel", "Spade", "Basket", "Phone"]),
        ("-price", ["Phone", "Basket", "Spade", "Trowel"]),
        ("newest", ["Phone", "Basket", "Trowel", "Spade"]),
    ] {
        assert_eq!(
            names(&app.list(&[("sort", sort)]).await.expect(200).json()),
            expected,
            "{sort}"
        );
    }
    let ranked = app.list(&[]).await.expect(200).json();
    assert_eq!(
        app.list(&[("sort", "featured")]).await.expect(200).json(),
        ranked
    );
}

#[tokio::test]
async fn what_is_not_understood_is_named() {
    let app = TestApp::start().await;
    for (query, field) in [
        (("sort", "random"), "sort"),
        (("sort", "relevance"), "sort"),
        (("limit", "0"), "limit"),
        (("limit", "101"), "limit"),
        (("limit", "ten"), "limit"),
        (("page", "2"), "page"),
        (("after", "AAAA"), "after"),
        (("minPrice", "-1"), "minPrice"),
        (("maxPrice", "cheap"), "maxPrice"),
        (("vendor", "me"), "vendor"),
        (("category", "no-such"), "category"),
        (("attr.A B", "x"), "attr.A B"),
        (("attr.", "x"), "attr."),
    ] {
        let answer = app.list(&[query]).await;
        assert_eq!(
            answer.expect_problem(400, "invalid-request"),
            [field],
            "{query:?}"
        );
    }
    let answer = app.list(&[("sort", "random")]).await.json();
    let message = answer["errors"][0]["message"].as_str().unwrap();
    for allowed in ["rank", "newest", "price", "-price", "name", "relevance"] {
        assert!(message.contains(allowed), "{message}");
    }
}

#[tokio::test]
async fn text_that_looks_like_a_statement_is_only_text() {
    let app = shop().await;
    let before = app.stored().await;
    for text in [
        "'; drop table products; --",
        "\" || true || \"",
        "x' or '1'='1",
        "\\",
        "%",
        "_",
        "$.material",
        "\"",
        "!!! & | ( ) : *",
        "<->",
        "\u{1F9ED}",
        "${jndi:ldap://x}",
    ] {
        assert_eq!(
            app.list(&[("q", text)]).await.expect(200).json()["totalCount"],
            0,
            "q={text}"
        );
        assert_eq!(
            app.list(&[("attr.material", text)])
                .await
                .expect(200)
                .json()["totalCount"],
            0,
            "attr={text}"
        );
        assert_eq!(
            app.list(&[("category", text)]).await.status,
            400,
            "category={text}"
        );
        assert_eq!(
            app.list(&[("after", text)]).await.status,
            400,
            "after={text}"
        );
        app.anonymous
            .get_with("/api/search", &[("q", text)])
            .await
            .expect(200);
    }
    for control in ["%00", "a%0bb", "a%00b"] {
        assert_eq!(
            app.anonymous
                .get(&format!("/api/products?q={control}"))
                .await
                .status,
            400,
            "{control}"
        );
        assert_eq!(
            app.anonymous
                .get(&format!("/api/products/{control}"))
                .await
                .status,
            404,
            "{control}"
        );
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn categories_say_how_many_products_they_have() {
    let app = shop().await;
    let categories = app
        .anonymous
        .get("/api/categories")
        .await
        .expect(200)
        .json();
    let counted: Vec<_> = categories["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["slug"], &one["productCount"]))
        .collect();
    assert_eq!(
        counted,
        [
            (&json!("electronics"), &json!(1)),
            (&json!("garden"), &json!(3))
        ]
    );
}
