//! The API's description, its page, the page of each problem, and the names of metrics.

use std::{collections::BTreeSet, path::Path};

use crate::app::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let world = World::new().await;
    let app = world.app().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    app.anonymous.get("/docs").await.expect(200);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{notification}", "nothing");
            let method = method.to_uppercase().parse().unwrap();
            let answer = app.anonymous.send(method, &path, |request| request).await;
            // Everybody may write to the shop; without a body there is nothing to read.
            let expected = if path == "/api/messages" { 415 } else { 401 };
            assert_eq!(answer.status, expected, "{}", answer.request);
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
        .chain(notifications::problems::CATALOGUE)
    {
        let path = pages.join(format!("{}.md", kind.slug));
        let page = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(page.contains(kind.title), "{}", path.display());
        assert!(page.contains(kind.status().as_str()), "{}", path.display());
    }
}

#[test]
fn every_metric_name_is_in_a_catalogue_once() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(notifications::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    let unique: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
}
