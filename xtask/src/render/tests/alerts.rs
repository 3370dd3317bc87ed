//! The alert rules under promtool's clock: each fires when it should, and only then.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use regex::Regex;
use serde_yaml::Value;

use super::{Stage, program, project};

/// Those whose absence is tested: the rules of all others come from the same lines of the template.
const MISSED: [&str; 3] = ["caddy", "catalog", "node-exporter"];

/// The rules without their two links, which are long and the same for every case.
fn rules() -> Value {
    let stage = Stage::of("prod");
    let mut rules: Value =
        serde_yaml::from_str(&stage.file("prometheus", "rules/platform.yml")).unwrap();
    for group in rules["groups"].as_sequence_mut().unwrap() {
        let is_tested = |rule: &Value| {
            let service = rule["labels"]["service"].as_str();
            rule["alert"] != "ServiceAbsent" || service.is_some_and(|name| MISSED.contains(&name))
        };
        group["rules"].as_sequence_mut().unwrap().retain(is_tested);
    }
    for rule in rules_of(&mut rules) {
        let annotations = rule["annotations"].as_mapping_mut().unwrap();
        annotations.remove("runbook_url").expect("a runbook");
        annotations.remove("dashboard_url").expect("a dashboard");
    }
    rules
}

fn rules_of(rules: &mut Value) -> impl Iterator<Item = &mut Value> {
    let groups = rules["groups"].as_sequence_mut().unwrap();
    groups
        .iter_mut()
        .flat_map(|group| group["rules"].as_sequence_mut().unwrap())
}

fn test_files() -> Vec<PathBuf> {
    let tests = fs::read_dir(project().join("observability/prometheus/tests")).unwrap();
    tests.map(|entry| entry.unwrap().path()).collect()
}

/// What promtool says when one of the tests about `alert` fails; all are about the empty name.
fn run_tests(rules: &Value, alert: &str, directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).unwrap();
    fs::write(
        directory.join("platform.yml"),
        serde_yaml::to_string(rules).unwrap(),
    )
    .unwrap();
    let mut command = Command::new(program("promtool"));
    command.args(["test", "rules"]).current_dir(directory);
    for test in test_files() {
        let text = fs::read_to_string(&test).unwrap();
        if text.contains(&format!("alertname: {alert}")) {
            let copy = directory.join(test.file_name().unwrap());
            fs::write(&copy, text).unwrap();
            command.arg(copy);
        }
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&said).into_owned())
    }
}

#[test]
fn every_alert_fires_and_stays_silent_as_its_tests_say() {
    let directory = tempfile::tempdir().unwrap();
    let mut rules = rules();
    run_tests(&rules, "", directory.path()).unwrap_or_else(|said| panic!("{said}"));
    let alerts: BTreeSet<String> = rules_of(&mut rules)
        .map(|rule| rule["alert"].as_str().unwrap().to_owned())
        .collect();
    let texts = test_files()
        .into_iter()
        .map(|test| fs::read_to_string(test).unwrap());
    let names = Regex::new("alertname: (\\w+)").unwrap();
    let tested: BTreeSet<String> = texts
        .flat_map(|text| {
            names
                .captures_iter(&text)
                .map(|name| name[1].to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        tested, alerts,
        "promtool takes a mistyped name for an alert that is silent"
    );
}

/// What is wrong with a rule, and the rule.
type Mutation = (String, Value);

/// All rules, one of which is wrong in one way.
struct Mutant {
    alert: String,
    what: String,
    rules: Value,
}

/// Every rule, wrong in every way in which people get rules wrong.
fn mutants() -> Vec<Mutant> {
    let mut original = rules();
    let count = rules_of(&mut original).count();
    let mut mutants = Vec::new();
    for index in 0..count {
        let rule = rules_of(&mut original).nth(index).unwrap().clone();
        // The tests let the catalog alone fall silent for good.
        if rule["alert"] == "ServiceAbsent" && rule["labels"]["service"] == "caddy" {
            continue;
        }
        for (what, mutated) in mutations(&rule) {
            let mut rules = original.clone();
            *rules_of(&mut rules).nth(index).unwrap() = mutated;
            let alert = rule["alert"].as_str().unwrap().to_owned();
            mutants.push(Mutant { alert, what, rules });
        }
    }
    mutants
}

fn mutations(rule: &Value) -> Vec<Mutation> {
    let with = |key: &str, value: &str| {
        let mut rule = rule.clone();
        rule[key] = value.into();
        (format!("{key} is {value}"), rule)
    };
    let mut severity = rule.clone();
    severity["labels"]["severity"] = "info".into();
    let mut mutations = vec![
        with("for", "0s"),
        with("for", "1h"),
        ("severity".into(), severity),
    ];
    let expression = rule["expr"].as_str().unwrap();
    let comparison = Regex::new(r" (==|>|<) ([0-9.]+)").unwrap();
    for found in comparison.captures_iter(expression) {
        let whole = found.get(0).unwrap();
        let number: f64 = found[2].parse().unwrap();
        let others = match &found[1] {
            "==" => vec![format!(" != {number}")],
            sign => vec![
                format!(" {sign} {}", number * 10.0),
                format!(" {sign} {}", number / 10.0),
            ],
        };
        for other in others {
            let mut mutated = expression.to_owned();
            mutated.replace_range(whole.range(), &other);
            mutations.push(with("expr", &mutated));
        }
    }
    mutations
}

#[test]
fn every_wrong_rule_is_found_by_a_test() {
    let directory = tempfile::tempdir().unwrap();
    let mutants = mutants();
    assert!(mutants.len() > 40, "{}", mutants.len());
    let waiting = Mutex::new(mutants.into_iter().enumerate());
    let survivors = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((number, mutant)) = next else { return };
                    let directory = directory.path().join(number.to_string());
                    if run_tests(&mutant.rules, &mutant.alert, &directory).is_ok() {
                        survivors
                            .lock()
                            .unwrap()
                            .push(format!("{}: {}", mutant.alert, mutant.what));
                    }
                }
            });
        }
    });
    let survivors = survivors.into_inner().unwrap();
    assert!(
        survivors.is_empty(),
        "no test notices:\n{}",
        survivors.join("\n")
    );
}

#[test]
fn every_alert_says_how_bad_it_is_what_it_means_and_what_to_do() {
    let text = Stage::of("prod").file("prometheus", "rules/platform.yml");
    let mut rules: Value = serde_yaml::from_str(&text).unwrap();
    for alert in rules_of(&mut rules) {
        let name = alert["alert"].as_str().unwrap();
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(
            ["critical", "warning", "none"].contains(&severity),
            "{name}"
        );
        for key in ["for", "keep_firing_for"] {
            assert!(alert[key].is_string(), "{name}: {key}");
        }
        for key in ["summary", "description", "dashboard_url"] {
            let text = alert["annotations"][key].as_str();
            assert!(text.is_some_and(|text| !text.is_empty()), "{name}: {key}");
        }
        let runbook = alert["annotations"]["runbook_url"].as_str().unwrap();
        assert!(
            project().join(runbook).is_file(),
            "{name}: {runbook} is missing"
        );
        let expression = alert["expr"].as_str().unwrap();
        let compares = ["==", "<", ">"]
            .iter()
            .any(|comparison| expression.contains(comparison));
        assert!(compares, "{name} compares nothing");
    }
}
