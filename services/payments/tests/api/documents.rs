//! The API's description, the pages that the code promises, and the lists that must name everything.

use std::{collections::BTreeSet, path::Path};

use crate::app::Shop;

#[tokio::test]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let shop = Shop::open().await;
    let client = shop.client();
    let document = client.get("/openapi.json").await.expect(200).json();
    client.get("/docs").await.expect(200);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 5);
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{payment}", "nothing");
            let method = method.to_uppercase().parse().unwrap();
            let answer = client.send(method, &path, |request| request).await;
            assert!(
                ![404, 405].contains(&answer.status.as_u16()),
                "{}",
                answer.request
            );
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
    for kind in payments::problems::CATALOGUE {
        let path = pages.join(format!("{}.md", kind.slug));
        let page = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            page.contains(kind.title) && page.contains(kind.status().as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_metric_name_is_in_a_catalogue_once() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(payments::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    assert_eq!(
        names.len(),
        names.iter().copied().collect::<BTreeSet<_>>().len()
    );
}

/// The sweep of `crashes.rs` visits every fail-point that the sources and the README name.
#[test]
fn every_fail_point_is_visited_and_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join("src")];
    let mut named = BTreeSet::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let found = text
            .split("\"payments.")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned());
        named.extend(found.filter(|name| !name.contains(' ')));
    }
    assert!(named.len() >= 12, "{named:?}");
    let sweep = std::fs::read_to_string(root.join("tests/api/crashes.rs")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for name in named {
        assert!(
            sweep.contains(&format!("\"payments.{name}\"")),
            "the sweep does not visit payments.{name}"
        );
        assert!(
            readme.contains(&format!("`payments.{name}`")),
            "the README does not name payments.{name}"
        );
    }
}
