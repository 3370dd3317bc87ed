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
fn an_undefined_name() {
    insta::assert_snapshot!(with_template("a\nb: {{ setings.log_level }}\n"), @r##"
    error: `setings` is undefined
     --> api/routes.j2:2:7
      |
    2 | b: {{ setings.log_level }}
      |       ^^^^^^^^^^^^^^^^^
      = expected: `address`, `config`, `data`, `environment`, `file`, `host`, `listen`, `port`, `port_of`, `run`, `secret`, `settings`, `stack` or `url`
      = hint: did you mean `settings`?
    "##);
}

#[test]
fn an_undefined_part_of_a_name() {
    insta::assert_snapshot!(with_template("{{ stack.databases.apy }}\n"), @r##"
    error: `stack.databases.apy` is undefined
     --> api/routes.j2:1:9
      |
    1 | {{ stack.databases.apy }}
      |         ^^^^^^^^^^^^^^
      = expected: `api`
      = hint: did you mean `api`?
    "##);
}

#[test]
fn an_undefined_part_of_the_stack() {
    insta::assert_snapshot!(with_template("{% for c in stack.componets %}{% endfor %}\n"), @r##"
    error: `stack.componets` is undefined
     --> api/routes.j2:1:13
      |
    1 | {% for c in stack.componets %}{% endfor %}
      |             ^^^^^^^^^^^^^^^
      = expected: `components`, `databases`, `jobs` or `name`
      = hint: did you mean `components`?
    "##);
}

#[test]
fn an_unknown_component() {
    insta::assert_snapshot!(with_template("{{ address('databse', 'sql') }}\n"), @r##"
    error: `databse` is no component
     --> api/routes.j2:1:4
      |
    1 | {{ address('databse', 'sql') }}
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^
      = expected: `api` or `database`
      = hint: did you mean `database`?
    "##);
}

#[test]
fn an_unknown_function() {
    insta::assert_snapshot!(with_template("{{ addres('database', 'sql') }}\n"), @r##"
    error: `addres` is undefined
     --> api/routes.j2:1:4
      |
    1 | {{ addres('database', 'sql') }}
      |    ^^^^^^^^^^^^^^^^^^^^^^^^^
      = expected: `address`, `config`, `data`, `environment`, `file`, `host`, `listen`, `port`, `port_of`, `run`, `secret`, `settings`, `stack` or `url`
      = hint: did you mean `address`?
    "##);
}

#[test]
fn a_port_of_nobody() {
    insta::assert_snapshot!(with_template("{{ port('htp') }}\n"), @r##"
    error: `htp` is no port of `api`
     --> api/routes.j2:1:4
      |
    1 | {{ port('htp') }}
      |    ^^^^^^^^^^^
      = expected: `admin` or `http`
      = hint: did you mean `http`?
    "##);
}

#[test]
fn a_secret_that_has_not_been_granted() {
    insta::assert_snapshot!(with_template("{{ secret('root') }}\n"), @r##"
    error: `root` is no secret of `api`
     --> api/routes.j2:1:4
      |
    1 | {{ secret('root') }}
      |    ^^^^^^^^^^^^^^
      = expected: `postgres-api`
      = hint: add `root` to the `secrets` of `api`
    "##);
}

#[test]
fn a_block_without_its_end() {
    insta::assert_snapshot!(with_template("{% if data %}\nb\n"), @r##"
    error: not a valid template: unexpected end of input, expected end of block
     --> api/routes.j2:2:1
      |
    2 | b
      | ^
    "##);
}

#[test]
fn a_template_that_is_not_there() {
    insta::assert_snapshot!(with_template("{% include 'api/other.j2' %}\n"), @r##"
    error: tried to include non-existing template 'api/other.j2'
     --> api/routes.j2:1:4
      |
    1 | {% include 'api/other.j2' %}
      |    ^^^^^^^^^^^^^^^^^^^^^^
    "##);
}

#[test]
fn an_expression_with_an_unknown_port_is_reported_once_for_all_its_jobs() {
    insta::assert_snapshot!(with_stack("listen('http')", "listen('htp')"), @r##"
    error: `htp` is no port of `api`
      --> infra/stack.yaml:21:19
       |
    21 |       API_LISTEN: "{{ listen('htp') }}"
       |                   ^^^^^^^^^^^^^^^^^^^^^
       = expected: `admin` or `http`
       = hint: did you mean `http`?
    "##);
}

#[test]
fn an_expression_with_an_unknown_file() {
    insta::assert_snapshot!(with_stack("listen('http')", "file('api.cnf')"), @r##"
    error: `api.cnf` is no file of `api`
      --> infra/stack.yaml:21:19
       |
    21 |       API_LISTEN: "{{ file('api.cnf') }}"
       |                   ^^^^^^^^^^^^^^^^^^^^^^^
       = expected: `api.conf` or `conf.d/routes`
       = hint: did you mean `api.conf`?
    "##);
}

#[test]
fn an_expression_with_too_few_arguments() {
    insta::assert_snapshot!(with_stack("listen('http')", "host('database')"), @r##"
    error: missing argument
      --> infra/stack.yaml:21:19
       |
    21 |       API_LISTEN: "{{ host('database') }}"
       |                   ^^^^^^^^^^^^^^^^^^^^^^^^
       = expected: `host(component, port)`
    "##);
}

#[test]
fn an_argument_that_is_wrong() {
    insta::assert_snapshot!(with_stack("[serve, --quiet]", "[serve, \"{{ dta }}\"]"), @r##"
    error: `dta` is undefined
      --> infra/stack.yaml:18:19
       |
    18 |     args: [serve, "{{ dta }}"]
       |                   ^^^^^^^^^^^
       = expected: `address`, `config`, `data`, `environment`, `file`, `host`, `listen`, `port`, `port_of`, `run`, `secret`, `settings` or `url`
       = hint: did you mean `data`?
    "##);
}

#[test]
fn caddy_refuses_an_option() {
    insta::assert_snapshot!(refused("caddy/Caddyfile.j2", "\tskip_install_trust", "\tskip_install_thrust"), @r##"
    error: caddy refuses the rendered file: Error: adapting config using caddyfile: Caddyfile:N: unrecognized global option: skip_install_thrust
    --> caddy/Caddyfile.j2:N
    |
    N | 	skip_install_thrust
    "##);
}

#[test]
fn promtool_refuses_a_key() {
    insta::assert_snapshot!(refused("observability/prometheus/prometheus.yml.j2", "rule_files:", "rule_filse:"), @r##"
    error: promtool refuses the rendered file: FAILED: parsing YAML file prometheus.yml: yaml: unmarshal errors:; N: field rule_filse not found in type config.plain
    --> observability/prometheus/prometheus.yml.j2:N
    |
    N | rule_filse:
    "##);
}

#[test]
fn promtool_refuses_an_expression() {
    insta::assert_snapshot!(refused("observability/prometheus/rules/platform.yml.j2", "expr: up == 0", "expr: up == = 0"), @r##"
    error: promtool refuses the rendered file: platform.yml:N: group "targets", rule 1, "TargetDown": could not parse expression:N: parse error: unexpected "="
    --> observability/prometheus/rules/platform.yml.j2:N
    |
    N |         expr: up == = 0
    "##);
}

#[test]
fn promtool_refuses_an_expression_in_a_loop() {
    insta::assert_snapshot!(refused("observability/prometheus/rules/platform.yml.j2", "expr: absent(up", "expr: absentt(up"), @r##"
    error: promtool refuses the rendered file: platform.yml:N: group "targets", rule 2, "ServiceAbsent": could not parse expression:N: parse error: unknown function with name "absentt"; platform.yml:N: group "targets", rule 3, "ServiceAbsent": could not parse expression:N: parse error: unknown function with name "absentt"; platform.yml:N: group "targets", rule 4, "ServiceAbsent": could not parse expression:N: parse error: unknown function with name "absentt"; and N
    --> observability/prometheus/rules/platform.yml.j2
    = hint: it means N of the rendered file, which is `expr: absentt(up{job="alertmanager"} == 1)`
    "##);
}

#[test]
fn amtool_refuses_a_duration() {
    insta::assert_snapshot!(refused("observability/alertmanager/alertmanager.yml.j2", "group_wait: 30s", "group_wait: 30 parsecs"), @r##"
    error: amtool refuses the rendered file: Checking 'alertmanager.yml'  FAILED: not a valid duration string: "30 parsecs"; amtool: error: failed to validate 1 file(s)
    --> observability/alertmanager/alertmanager.yml.j2
    "##);
}

#[test]
fn the_blackbox_exporter_refuses_a_key() {
    insta::assert_snapshot!(refused("observability/blackbox/blackbox.yml.j2", "http_ok:\n    prober: http", "http_ok:\n    probr: http"), @r##"
    error: prometheus-blackbox-exporter refuses the rendered file: N caller=main.go:N level=error msg="Error loading config" err="error parsing config file: yaml: unmarshal errors:\n  N: field probr not found in type config.plain"
    --> observability/blackbox/blackbox.yml.j2:N
    |
    N |     probr: http
    "##);
}

#[test]
fn nats_refuses_a_key() {
    insta::assert_snapshot!(refused("infra/nats/nats.conf.j2", "max_payload: 1MB", "max_paylod: 1MB"), @r##"
    error: nats-server refuses the rendered file: nats-server: nats.conf:N: unknown field "max_paylod"
    --> infra/nats/nats.conf.j2:N
    |
    N | max_paylod:NMB
    "##);
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
