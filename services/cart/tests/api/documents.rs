//! The API's description, its page, and the page of each problem.

use std::{collections::BTreeSet, path::Path};

use crate::app::TestApp;

#[tokio::test]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    app.anonymous.get("/docs").await.expect(200);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{variantId}", "0190a000-0000-7000-8000-000000000000");
            let method = method.to_uppercase().parse().unwrap();
            let answer = app.anonymous.send(method, &path, |request| request).await;
            assert_ne!(answer.status, 405, "{}", answer.request);
            let unrouted =
                answer.status == 404 && answer.json()["detail"] == "No resource has this address.";
            assert!(!unrouted, "{}", answer.request);
        }
    }
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1);
    for reference in references.map(|rest| rest.split('"').next().unwrap()) {
        assert!(
            document["components"]["schemas"][reference].is_object(),
            "{reference} is not defined"
        );
    }
}

#[test]
fn every_problem_has_its_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
    for kind in chassis::problem::CATALOGUE
        .iter()
        .chain(cart::problems::CATALOGUE)
    {
        let path = pages.join(format!("{}.md", kind.slug));
        let page = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            page.contains(kind.title),
            "{} does not have its title {:?}",
            path.display(),
            kind.title
        );
        assert!(
            page.contains(kind.status().as_str()),
            "{} does not have its status",
            path.display()
        );
    }
}

#[test]
fn every_metric_name_is_in_a_catalogue_once() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(cart::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    assert_eq!(
        names.len(),
        names.iter().copied().collect::<BTreeSet<_>>().len()
    );
}
