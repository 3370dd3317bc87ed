//! That a service's description is served, checked in, complete, and that everything that the code names has its place in
//! the documents.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Document, Operation};
use crate::Client;

/// Set to anything, it writes the description instead of comparing it.
const UPDATE: &str = "UPDATE_OPENAPI";

/// A kind of problem, as the code declares it.
#[derive(Debug, Clone)]
pub struct Problem {
    pub slug: &'static str,
    pub title: &'static str,
    pub status: u16,
}

/// What a service's code names, and documents have to name as well.
#[derive(Debug)]
pub struct Promises {
    package: PathBuf,
    pub(super) problems: Vec<Problem>,
    metrics: Vec<&'static str>,
}

impl Promises {
    /// Of the package in this folder (`env!("CARGO_MANIFEST_DIR")`).
    pub fn of(package: &str) -> Self {
        Self {
            package: PathBuf::from(package),
            problems: Vec::new(),
            metrics: Vec::new(),
        }
    }

    /// The kinds of problems that it answers with: slug, title, status.
    #[must_use]
    pub fn problems(
        mut self,
        kinds: impl IntoIterator<Item = (&'static str, &'static str, u16)>,
    ) -> Self {
        let problems = kinds.into_iter().map(|(slug, title, status)| Problem {
            slug,
            title,
            status,
        });
        self.problems.extend(problems);
        self
    }

    /// The metrics that it exposes.
    #[must_use]
    pub fn metrics(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.metrics.extend(names);
        self
    }

    /// Fails unless each kind of problem has a page with its title and status, and each metric one place in a catalogue.
    pub fn check(&self) {
        for problem in &self.problems {
            let path = self.package.join("../../docs/problems");
            let path = path.join(format!("{}.md", problem.slug));
            let page = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for expected in [problem.title, &problem.status.to_string()] {
                assert!(
                    page.contains(expected),
                    "{} does not say {expected:?}",
                    path.display()
                );
            }
        }
        let distinct: BTreeSet<&str> = self.metrics.iter().copied().collect();
        assert_eq!(distinct.len(), self.metrics.len(), "a metric stands twice");
        let slugs: BTreeSet<&str> = self.problems.iter().map(|problem| problem.slug).collect();
        assert_eq!(slugs.len(), self.problems.len(), "a problem stands twice");
    }
}

/// Fails unless the description is served as OpenAPI 3.1, is the one that is checked in, defines what it refers to, and
/// describes operations that there are; and unless its page shows them under a strict policy.
pub async fn check(client: &Client, promises: &Promises) {
    let document = Document::of(client).await;
    compare(&document.0, &promises.package.join("openapi.json"));
    assert!(
        document.0["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        document.0["openapi"]
    );
    check_references(&document.0);
    let page = client.get("/docs").await.expect(200);
    let html = String::from_utf8_lossy(&page.body);
    assert!(
        !html.contains("<script") && !html.contains("style="),
        "inline scripts and styles are forbidden"
    );
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    client.get("/docs/style.css").await.expect(200);
    let mut ids = BTreeSet::new();
    for operation in document.operations() {
        assert!(
            html.contains(&operation.path) && html.contains(&operation.id),
            "{} is not on the page",
            operation.id
        );
        check_operation(&document, &operation);
        assert!(ids.insert(operation.id.clone()), "{} twice", operation.id);
    }
    promises.check();
}

fn compare(document: &Value, path: &Path) {
    let text = serde_json::to_string_pretty(document).unwrap() + "\n";
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path, &text).unwrap();
        return;
    }
    let checked_in = fs::read_to_string(path).unwrap_or_default();
    if checked_in == text {
        return;
    }
    let mut pairs = text.lines().zip(checked_in.lines()).enumerate();
    let first = pairs.find(|(_, (now, then))| now != then);
    panic!(
        "{} is not what the service says now (first difference: {first:?}); look at the change, then write it with \
         {UPDATE}=1 cargo test -p <service> documents, and cargo xtask render --target schema",
        path.display()
    );
}

fn check_references(document: &Value) {
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1);
    for reference in references.map(|rest| rest.split('"').next().unwrap()) {
        assert!(
            document["components"]["schemas"][reference].is_object(),
            "{reference} is not defined"
        );
    }
}

fn check_operation(document: &Document, operation: &Operation) {
    let (id, definition) = (&operation.id, &operation.definition);
    assert!(
        definition["summary"].is_string() && definition["tags"][0].is_string(),
        "{id} has no summary or no tag"
    );
    let named: BTreeSet<&str> = operation
        .parameters("path")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    let in_path: BTreeSet<&str> = operation
        .path
        .split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert_eq!(named, in_path, "{id}: the parameters of its path");
    for requirement in definition["security"].as_array().into_iter().flatten() {
        for scheme in requirement.as_object().unwrap().keys() {
            assert!(
                document.0["components"]["securitySchemes"][scheme].is_object(),
                "{id}: {scheme} is not defined"
            );
        }
    }
    for (status, response) in definition["responses"].as_object().unwrap() {
        let is_error = status.starts_with('4') || status.starts_with('5');
        let is_problem = response["content"]["application/problem+json"].is_object();
        assert_eq!(is_error, is_problem, "{id}: the form of its {status}");
    }
}
