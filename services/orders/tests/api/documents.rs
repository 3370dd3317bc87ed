//! The API's description, its page, and the page of each problem.

use std::{collections::BTreeSet, path::Path};

use crate::app::TestApp;

#[tokio::test]
async fn the_description_and_its_page_are_served_under_a_strict_policy() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let page = app.anonymous.get("/docs").await.expect(200);
    let html = String::from_utf8_lossy(&page.body);
    assert!(!html.contains("<script") && !html.contains("style="));
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(html.contains(path), "{path} is not on the page");
        for operation in operations.as_object().unwrap().values() {
            assert!(html.contains(operation["operationId"].as_str().unwrap()));
        }
    }
}

#[tokio::test]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path
                .replace("{order}", "nothing")
                .replace("{user}", "nobody");
            let answer = app
                .anonymous
                .send(method.to_uppercase().parse().unwrap(), &path, |request| {
                    request
                })
                .await;
            answer.expect_problem(401, "unauthenticated");
        }
    }
    let text = document.to_string();
    for reference in text
        .split("#/components/schemas/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        let schema = &document["components"]["schemas"][reference];
        assert!(schema.is_object(), "{reference} is not defined");
    }
}

#[test]
fn every_problem_has_its_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
    for kind in chassis::problem::CATALOGUE
        .iter()
        .chain(orders::problems::CATALOGUE)
    {
        let page = std::fs::read_to_string(pages.join(format!("{}.md", kind.slug)))
            .unwrap_or_else(|error| panic!("docs/problems/{}.md: {error}", kind.slug));
        assert!(
            page.contains(kind.title),
            "{} lacks its title {:?}",
            kind.slug,
            kind.title
        );
        assert!(
            page.contains(kind.status().as_str()),
            "{} lacks its status",
            kind.slug
        );
    }
}

#[tokio::test]
async fn every_metric_is_in_the_catalogue_and_there_from_the_start() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(orders::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len());
    let app = TestApp::start().await;
    let scrape = app.anonymous.get("/metrics").await.expect(200);
    let text = String::from_utf8_lossy(&scrape.body);
    for family in orders::metrics::CATALOGUE {
        assert!(
            text.contains(&format!("# TYPE {} ", family.name)),
            "{}",
            family.name
        );
    }
    for series in [
        "shop_orders_total{outcome=\"placed\"} 0",
        "shop_order_turns_total{state=\"REFUNDED\"} 0",
        "shop_order_value_minor_units_total{currency=\"EUR\"} 0",
    ] {
        assert!(text.contains(series), "{series}");
    }
}
