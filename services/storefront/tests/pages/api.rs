//! `GET /openapi.json` and `GET /docs`: the whole platform's API.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::App;

#[tokio::test]
async fn the_whole_api_is_one_document_in_which_every_name_means_one_thing() {
    let app = App::start().await;
    let answer = app.get("/openapi.json").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document: Value = answer.json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.len() >= 7, "every service has its part: {tags:?}");
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(!path.starts_with("/internal"), "{path}");
        for operation in operations.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert!(operation["x-roles"].is_array(), "{id}: who may call it?");
            used.insert(operation["tags"][0].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(used.len(), tags.len());
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1);
    for name in references.map(|rest| rest.split('"').next().unwrap()) {
        let schema = &document["components"]["schemas"][name];
        assert!(schema.is_object(), "{name} is not defined");
    }
}

#[tokio::test]
async fn the_page_shows_every_operation_under_a_policy_that_allows_no_script() {
    let app = App::start().await;
    let document: Value = app.get("/openapi.json").await.json().await.unwrap();
    let page = app.page("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(page.all("script, [style]").is_empty());
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            operations += 1;
            let id = operation["operationId"].as_str().unwrap();
            let heading = page.text(&format!("section#{id} h3"));
            assert!(heading.ends_with(path.as_str()), "{id}: {heading}");
        }
    }
    assert_eq!(page.all("nav li").len(), operations);
    // What the page leads to is on it, or there.
    for link in page.all("a[href]") {
        let target = link.attr("href").unwrap();
        let Some(id) = target.strip_prefix('#') else {
            assert_eq!(app.get(target).await.status(), 200, "{target}");
            continue;
        };
        assert_eq!(page.all(&format!("[id='{id}']")).len(), 1, "{target}");
    }
    assert_eq!(app.get("/docs/style.css").await.status(), 200);
}
