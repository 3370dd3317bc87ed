//! Mistakes in templates and expressions, and files that their programs refuse: what people are told.

use std::collections::BTreeSet;

use super::{HostPlaces, Stage, TemplateTexts, programs, render};
use crate::{model::load, paths::Paths};

/// A small stack, so that the messages do not change with every component of the real one.
const STACK: &str = include_str!("../../model/tests/stack.yaml");

fn rendering(stack: &str, template: &str) -> String {
    let environments = BTreeSet::from(["dev", "prod"].map(ToOwned::to_owned));
    let sources = load::Sources {
        stack,
        overlay: "",
        environments: &environments,
        exists: &|_| true,
    };
    let environment = load::load(&sources, "dev").unwrap_or_else(|found| panic!("{found}"));
    let templates =
        ["api/api.conf.j2", "api/routes.j2"].map(|path| (path.to_owned(), String::new()));
    let mut templates = TemplateTexts::from(templates);
    templates.insert("api/routes.j2".to_owned(), template.to_owned());
    let places = HostPlaces {
        paths: Paths {
            project: "/project".into(),
            home: "/home".into(),
        },
    };
    render(&environment, &templates, &places)
        .expect_err("a mistake")
        .to_string()
}

/// What is said when this is a template of `api`.
fn with_template(text: &str) -> String {
    rendering(STACK, text)
}

/// What is said when the stack is changed so.
fn with_stack(old: &str, new: &str) -> String {
    assert!(STACK.contains(old), "the stack has no `{old}`");
    rendering(&STACK.replacen(old, new, 1), "")
}

/// What a template's own program says when the template is changed so.
fn refused(template: &str, old: &str, new: &str) -> String {
    let mut stage = Stage::of("dev");
    let text = &stage.templates[template];
    assert!(text.contains(old), "{template} has no `{old}`");
    let text = text.replace(old, new);
    stage.templates.insert(template.to_owned(), text);
    let report = stage.check(&stage.render(), &programs());
    let about_it = report
        .failures
        .iter()
        .filter(|failure| failure.file == template);
    without_lines(
        &about_it
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n\n"),
    )
}

/// Line numbers of real files and times move with every edit and every run.
fn without_lines(text: &str) -> String {
    let text = regex::Regex::new(r"(?m)^ +(-->|\||=)")
        .unwrap()
        .replace_all(text, "$1")
        .into_owned();
    let text = regex::Regex::new(r"(?m)^\d+ \|")
        .unwrap()
        .replace_all(&text, "N |")
        .into_owned();
    let text = regex::Regex::new(r"(: ?\d+)+")
        .unwrap()
        .replace_all(&text, ":N")
        .into_owned();
    regex::Regex::new(r"line \d+|ts=\S+|\d+ more")
        .unwrap()
        .replace_all(&text, "N")
        .into_owned()
}

#[test]
fn print_all() {
    println!(
        "<<<an_undefined_name\n{}\n>>>",
        with_template("a\nb: {{ setings.log_level }}\n")
    );
    println!(
        "<<<an_undefined_part_of_a_name\n{}\n>>>",
        with_template("{{ settings.log_levle }}\n")
    );
    println!(
        "<<<an_undefined_part_of_the_stack\n{}\n>>>",
        with_template("{% for c in stack.componets %}{% endfor %}\n")
    );
    println!(
        "<<<an_unknown_component\n{}\n>>>",
        with_template("{{ address('databse', 'sql') }}\n")
    );
    println!(
        "<<<an_unknown_function\n{}\n>>>",
        with_template("{{ addres('database', 'sql') }}\n")
    );
    println!(
        "<<<a_port_of_nobody\n{}\n>>>",
        with_template("{{ port('htp') }}\n")
    );
    println!(
        "<<<a_secret_that_has_not_been_granted\n{}\n>>>",
        with_template("{{ secret('root') }}\n")
    );
    println!(
        "<<<a_block_without_its_end\n{}\n>>>",
        with_template("{% if data %}\nb\n")
    );
    println!(
        "<<<a_template_that_is_not_there\n{}\n>>>",
        with_template("{% include 'api/other.j2' %}\n")
    );
    println!(
        "<<<an_expression_with_an_unknown_port_is_reported_once_for_all_its_jobs\n{}\n>>>",
        with_stack("listen('http')", "listen('htp')")
    );
    println!(
        "<<<an_expression_with_an_unknown_file\n{}\n>>>",
        with_stack("listen('http')", "file('api.cnf')")
    );
    println!(
        "<<<an_expression_with_too_few_arguments\n{}\n>>>",
        with_stack("listen('http')", "host('database')")
    );
    println!(
        "<<<an_argument_that_is_wrong\n{}\n>>>",
        with_stack("[serve, --quiet]", "[serve, \"{{ dta }}\"]")
    );
    println!(
        "<<<caddy_refuses_an_option\n{}\n>>>",
        refused(
            "caddy/Caddyfile.j2",
            "\tskip_install_trust",
            "\tskip_install_thrust"
        )
    );
    println!(
        "<<<promtool_refuses_a_key\n{}\n>>>",
        refused(
            "observability/prometheus/prometheus.yml.j2",
            "rule_files:",
            "rule_filse:"
        )
    );
    println!(
        "<<<promtool_refuses_an_expression\n{}\n>>>",
        refused(
            "observability/prometheus/rules/platform.yml.j2",
            "expr: up == 0",
            "expr: up == = 0"
        )
    );
    println!(
        "<<<promtool_refuses_an_expression_in_a_loop\n{}\n>>>",
        refused(
            "observability/prometheus/rules/platform.yml.j2",
            "expr: absent(up",
            "expr: absentt(up"
        )
    );
    println!(
        "<<<amtool_refuses_a_duration\n{}\n>>>",
        refused(
            "observability/alertmanager/alertmanager.yml.j2",
            "group_wait: 30s",
            "group_wait: 30 parsecs"
        )
    );
    println!(
        "<<<the_blackbox_exporter_refuses_a_key\n{}\n>>>",
        refused(
            "observability/blackbox/blackbox.yml.j2",
            "http_ok:\n    prober: http",
            "http_ok:\n    probr: http"
        )
    );
    println!(
        "<<<nats_refuses_a_key\n{}\n>>>",
        refused(
            "infra/nats/nats.conf.j2",
            "max_payload: 1MB",
            "max_paylod: 1MB"
        )
    );
}

#[test]
fn a_program_that_is_not_there_is_reported_and_not_passed_over() {
    let stage = Stage::of("dev");
    let report = stage.check(&stage.render(), &[]);
    assert_eq!(report.passed, 0);
    let skipped: Vec<String> = report
        .skipped
        .iter()
        .map(|skipped| format!("{} {} {}", skipped.unit, skipped.target, skipped.program))
        .collect();
    assert!(
        skipped.contains(&"caddy Caddyfile caddy".to_owned()),
        "{skipped:?}"
    );
    assert!(
        skipped.contains(&"prometheus rules/platform.yml promtool".to_owned()),
        "{skipped:?}"
    );
}
