//! The alert rules under promtool's clock: each fires when it should, and only then.

use std::{collections::BTreeSet, fs, process::Command};

use super::{Stage, program, project};

#[test]
fn every_alert_fires_and_stays_silent_as_its_tests_say() {
    let stage = Stage::of("prod");
    let rules = stage.file("prometheus", "rules/platform.yml");
    let directory = stage.home.path();
    // The links are long and the same for every case; the next test looks at them.
    let is_link = |line: &&str| line.contains("runbook_url:") || line.contains("dashboard_url:");
    let without_links: Vec<&str> = rules.lines().filter(|line| !is_link(line)).collect();
    fs::write(directory.join("platform.yml"), without_links.join("\n")).unwrap();
    let tests = fs::read_dir(project().join("observability/prometheus/tests"))
        .unwrap()
        .flatten();
    let mut names = BTreeSet::new();
    for test in tests.map(|entry| entry.path()) {
        let text = fs::read_to_string(&test).unwrap();
        let copy = directory.join(test.file_name().unwrap());
        fs::write(&copy, &text).unwrap();
        names.extend(
            text.lines()
                .filter_map(|line| Some(line.split_once("alertname: ")?.1.trim().to_owned())),
        );
        let output = Command::new(program("promtool"))
            .args(["test", "rules"])
            .arg(&copy)
            .current_dir(directory)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{said}", test.display());
    }
    let alerts: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| Some(line.split_once("- alert: ")?.1.to_owned()))
        .collect();
    assert_eq!(
        names, alerts,
        "promtool takes a mistyped name for an alert that is silent"
    );
}

#[test]
fn every_alert_says_how_bad_it_is_what_it_means_and_what_to_do() {
    let rules: serde_yaml::Value =
        serde_yaml::from_str(&Stage::of("prod").file("prometheus", "rules/platform.yml")).unwrap();
    let groups = rules["groups"].as_sequence().unwrap();
    let alerts: Vec<_> = groups
        .iter()
        .flat_map(|group| group["rules"].as_sequence().unwrap())
        .collect();
    assert!(alerts.len() >= 10);
    for alert in alerts {
        let name = alert["alert"].as_str().unwrap();
        assert!(
            ["critical", "warning", "none"]
                .contains(&alert["labels"]["severity"].as_str().unwrap()),
            "{name}"
        );
        for key in ["for", "keep_firing_for"] {
            assert!(alert[key].is_string(), "{name}: {key}");
        }
        for key in ["summary", "description", "dashboard_url"] {
            assert!(
                alert["annotations"][key]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name}: {key}"
            );
        }
        let runbook = alert["annotations"]["runbook_url"].as_str().unwrap();
        assert!(
            project().join(runbook).is_file(),
            "{name}: {runbook} is missing"
        );
        let expression = alert["expr"].as_str().unwrap();
        assert!(
            ["==", "<", ">"]
                .iter()
                .any(|comparison| expression.contains(comparison)),
            "{name} compares nothing"
        );
    }
}
