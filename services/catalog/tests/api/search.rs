//! Search: facets, typing mistakes, suggestions.

use serde_json::{Value, json};

use crate::app::TestApp;

async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let kettle = |colour: &str, price: &str| json!({ "attributes": { "colour": colour }, "price": price, "description": "Boils water." });
    app.product("Gooseneck kettle", kettle("Black", "89")).await;
    app.product("Travel kettle", kettle("Green", "39")).await;
    app.product("Field radio", json!({ "attributes": { "colour": "Green" }, "price": "120", "description": "Plays beside a kettle." })).await;
    app.product(
        "Watering can",
        json!({ "category": "garden", "attributes": { "material": "Zinc" }, "price": "35" }),
    )
    .await;
    app
}

fn names(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_search_comes_with_what_narrows_it_down() {
    let app = shop().await;
    let page = app
        .anonymous
        .get("/api/search?q=kettle")
        .await
        .expect(200)
        .json();
    assert_eq!(page["totalCount"], 3);
    assert_eq!(
        names(&page)[2],
        "Field radio",
        "a word in the name counts more than one in the description"
    );
    insta::assert_json_snapshot!(json!({
        "categories": page["categories"], "priceRange": page["priceRange"], "facets": page["facets"],
        "suggestions": page["suggestions"], "approximate": page["approximate"], "degraded": page["degraded"],
    }));
}

#[tokio::test]
async fn a_filter_chosen_from_a_facet_finds_as_many_as_the_facet_said() {
    let app = shop().await;
    let page = app.anonymous.get("/api/search").await.expect(200).json();
    let mut checked = 0;
    for facet in page["facets"].as_array().unwrap() {
        for value in facet["values"].as_array().unwrap() {
            let name = format!("attr.{}", facet["key"].as_str().unwrap());
            let query = [(name.as_str(), value["value"].as_str().unwrap())];
            let narrowed = app
                .anonymous
                .get_with("/api/search", &query)
                .await
                .expect(200)
                .json();
            assert_eq!(narrowed["totalCount"], value["count"], "{query:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 3, "two colours and one material");
}

#[tokio::test]
async fn a_typing_mistake_still_finds_and_says_so() {
    let app = shop().await;
    for typed in ["kettel", "ketle", "goosneck"] {
        let page = app
            .anonymous
            .get_with("/api/search", &[("q", typed)])
            .await
            .expect(200)
            .json();
        assert!(
            names(&page).contains(&"Gooseneck kettle"),
            "{typed}: {page}"
        );
        assert_eq!(page["approximate"], true);
    }
    assert_eq!(
        app.anonymous
            .get("/api/search?q=kettle")
            .await
            .expect(200)
            .json()["approximate"],
        false
    );
}

#[tokio::test]
async fn words_that_find_nothing_get_suggestions_where_there_are_any() {
    let app = shop().await;
    let page = app
        .anonymous
        .get("/api/search?q=radio%20receiver")
        .await
        .expect(200)
        .json();
    assert_eq!(page["totalCount"], 0, "{page}");
    assert_eq!(page["suggestions"], json!(["Field radio"]));
    let page = app
        .anonymous
        .get("/api/search?q=zzzzzzzz")
        .await
        .expect(200)
        .json();
    assert_eq!(page["suggestions"], json!([]));
}

#[tokio::test]
async fn searches_are_counted_by_what_came_of_them() {
    let app = shop().await;
    app.anonymous.get("/api/search?q=kettle").await.expect(200);
    app.anonymous
        .get("/api/search?q=zzzzzzzz")
        .await
        .expect(200);
    app.anonymous.get("/api/search").await.expect(200);
    let metrics = app.anonymous.get("/metrics").await.expect(200);
    let metrics = String::from_utf8_lossy(&metrics.body);
    for expected in [
        r#"shop_search_queries_total{outcome="hit"} 1"#,
        r#"shop_search_queries_total{outcome="zero"} 1"#,
    ] {
        assert!(metrics.contains(expected), "{expected}");
    }
}
