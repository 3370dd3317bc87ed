//! What other programs may count on: events by their schema, exit codes, texts for people.

use serde_json::Value;

use crate::{
    project::{Run, free_port, word},
    stacks::{shell, small},
};

fn schema() -> jsonschema::Validator {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/toolkit-events.schema.json"
    );
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, run: &Run) {
    for event in &run.events {
        let errors: Vec<String> = schema
            .iter_errors(event)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{event}\n{errors:#?}");
        let at = word(&event["at"]);
        assert!(
            chrono::DateTime::parse_from_rfc3339(at).is_ok() && at.ends_with('Z') && at.len() == 24,
            "{at}"
        );
    }
    let last = run.events.last().unwrap();
    assert_eq!(
        (word(&last["type"]), last["exit"].as_i64()),
        ("result", Some(i64::from(run.exit)))
    );
    assert_eq!(last["ok"], run.exit == 0);
}

#[test]
fn every_command_speaks_as_its_schema_says() {
    let schema = schema();
    let small = small(&shell("broken", free_port(), "exit 1", ""));
    let project = &small.project;
    for args in [
        &["plan"][..],
        &["status"],
        &["up"],
        &["status"],
        &["plan"],
        &["logs", "nats"],
        &["doctor"],
        &["up", "--only", "nowhere"],
        &["down"],
        &["status"],
    ] {
        assert_valid(&schema, &project.run(args));
    }
}

#[test]
fn an_event_that_breaks_the_schema_is_found() {
    let schema = schema();
    let good: Value =
        serde_json::json!({ "type": "note", "message": "x", "at": "2026-01-01T00:00:00.000Z" });
    assert!(schema.is_valid(&good));
    for bad in [
        serde_json::json!({ "type": "note", "at": "now" }),
        serde_json::json!({ "type": "nothing" }),
        serde_json::json!({}),
    ] {
        assert!(!schema.is_valid(&bad), "{bad}");
    }
}

#[test]
fn status_has_the_fields_that_programs_count_on() {
    let small = small("");
    assert_eq!(small.project.run(&["up"]).exit, 0);
    let status = small.project.status("nats");
    for field in [
        "component",
        "runtime",
        "state",
        "health",
        "pid",
        "restarts",
        "since",
        "memory_bytes",
        "ports",
        "digest",
    ] {
        assert!(!status[field].is_null(), "{field} is missing: {status}");
    }
    assert_eq!(status["ports"]["client"], small.port);
}

#[test]
fn people_get_tables_and_sentences() {
    let small = small("");
    let project = &small.project;
    let (exit, plan) = project.text(&["plan"]);
    assert_eq!(exit, 10);
    assert!(
        plan.contains("STEP") && plan.contains("create  nats") && plan.contains("it does not run"),
        "{plan}"
    );
    let (exit, up) = project.text(&["up"]);
    assert_eq!(exit, 0, "{up}");
    assert!(up.contains("healthy    nats"), "{up}");
    let (_, again) = project.text(&["up"]);
    assert!(again.contains("nothing to do"), "{again}");
    let (_, status) = project.text(&["status"]);
    assert!(
        status.contains("COMPONENT") && status.contains("running"),
        "{status}"
    );
    let (_, logs) = project.text(&["logs", "nats", "--since", "10m"]);
    assert!(logs.contains("Server is ready"), "{logs}");
    let (exit, wrong) = project.text(&["logs", "nats", "--since", "soon"]);
    assert_eq!(exit, 20);
    assert!(wrong.contains("`soon` is not a duration"), "{wrong}");
}

#[test]
fn a_command_line_that_cannot_be_read_is_exit_code_2() {
    let small = small("");
    assert_eq!(small.project.text(&["up", "--no-such-flag"]).0, 2);
    assert_eq!(small.project.text(&["fly"]).0, 2);
}

#[test]
fn completions_know_the_commands() {
    let small = small("");
    for shell in ["bash", "zsh", "fish"] {
        let (exit, script) = small.project.text(&["completions", shell]);
        assert_eq!(exit, 0);
        assert!(
            script.contains("status") && script.contains("doctor"),
            "{shell}"
        );
    }
}
