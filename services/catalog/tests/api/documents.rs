//! The API's description, its page, and the page of each problem.

use std::{collections::BTreeSet, path::Path};

use crate::app::TestApp;

#[tokio::test]
async fn the_description_and_its_page_are_served_under_a_strict_policy() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        document["openapi"]
    );
    let page = app.anonymous.get("/docs").await.expect(200);
    let html = String::from_utf8_lossy(&page.body);
    assert!(
        !html.contains("<script") && !html.contains("style="),
        "inline scripts and styles are forbidden"
    );
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
    app.anonymous.get("/docs/style.css").await.expect(200);
}

#[tokio::test]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{product}", "nothing");
            let answer = app
                .anonymous
                .send(method.to_uppercase().parse().unwrap(), &path, |request| {
                    request
                })
                .await;
            assert_ne!(answer.status, 405, "{method} {path}");
            let unrouted =
                answer.status == 404 && answer.json()["detail"] == "No resource has this address.";
            assert!(!unrouted, "{method} {path}");
        }
    }
    let text = document.to_string();
    for reference in text
        .split("#/components/schemas/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        assert!(
            document["components"]["schemas"][reference].is_object(),
            "{reference} is not defined"
        );
    }
}

#[test]
fn every_problem_has_its_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
    let written: BTreeSet<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .trim_end_matches(".md")
                .to_owned()
        })
        .filter(|name| name != "README")
        .collect();
    let kinds = chassis::problem::CATALOGUE
        .iter()
        .chain(catalog::problems::CATALOGUE);
    for kind in kinds {
        assert!(
            written.contains(kind.slug),
            "docs/problems/{}.md is missing",
            kind.slug
        );
        let page = std::fs::read_to_string(pages.join(format!("{}.md", kind.slug))).unwrap();
        assert!(
            page.contains(kind.title),
            "docs/problems/{}.md does not have its title {:?}",
            kind.slug,
            kind.title
        );
        assert!(
            page.contains(kind.status().as_str()),
            "docs/problems/{}.md does not have its status",
            kind.slug
        );
    }
}

#[test]
fn every_metric_name_is_in_a_catalogue_once() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(catalog::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len());
}
