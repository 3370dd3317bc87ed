//! What the edge passes on and what the services describe, compared: neither has an address that the other does not know.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use super::{Stage, project};

/// The services' own documents.
fn documents() -> BTreeMap<String, Value> {
    let services = fs::read_dir(project().join("services")).unwrap();
    let folders = services.map(|entry| entry.unwrap().path());
    folders
        .filter_map(|folder| {
            let text = fs::read_to_string(folder.join("openapi.json")).ok()?;
            let name = folder.file_name()?.to_str()?.to_owned();
            Some((name, serde_json::from_str(&text).unwrap()))
        })
        .collect()
}

/// By the service that they lead to, the paths of the edge's matchers, each without its `/*`.
fn passed_on(caddyfile: &str, services: &BTreeMap<String, Value>) -> BTreeMap<String, Vec<String>> {
    let mut passed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in caddyfile.lines().map(str::trim) {
        let Some((matcher, paths)) = line
            .strip_prefix('@')
            .and_then(|rest| rest.split_once(" path "))
        else {
            continue;
        };
        if services.contains_key(matcher) {
            let paths = paths
                .split(' ')
                .map(|path| path.trim_end_matches("/*").to_owned());
            let known = passed.entry(matcher.to_owned()).or_default();
            for path in paths.filter(|path| !path.is_empty()) {
                if !known.contains(&path) {
                    known.push(path);
                }
            }
        }
    }
    passed
}

fn is_under(path: &str, base: &str) -> bool {
    path == base
        || path
            .strip_prefix(base)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[test]
fn every_address_of_the_edges_api_is_described_and_every_description_is_passed_on() {
    let documents = documents();
    assert!(documents.len() >= 7, "{:?}", documents.keys());
    let caddyfile = Stage::of("dev").file("caddy", "Caddyfile");
    let passed = passed_on(&caddyfile, &documents);
    let mut faults = Vec::new();
    for (service, document) in &documents {
        let own = passed.get(service).cloned().unwrap_or_default();
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        for base in &own {
            if !paths.iter().any(|path| is_under(path, base)) {
                faults.push(format!(
                    "{base} is passed on to {service}, which does not describe it"
                ));
            }
        }
        for path in paths {
            // It has a matcher of its own: by method and type it is told from a page of the shop.
            let is_special = path == "/orders" && caddyfile.contains("path /orders\n");
            let leads = |(_, bases): &(&String, &Vec<String>)| {
                bases.iter().any(|base| is_under(path, base))
            };
            let takers: Vec<&String> = passed
                .iter()
                .filter(leads)
                .map(|(taker, _)| taker)
                .collect();
            if takers != [service] && !is_special {
                faults.push(format!(
                    "{service} describes {path}, which is passed on to {takers:?}"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_internal_is_not_described() {
    for (service, document) in documents() {
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(!path.starts_with("/internal"), "{service} describes {path}");
        }
    }
}
