//! Every mistake that can be made in the model's files, with the message that people get.

use std::collections::BTreeSet;

use super::{
    Environment, Name, Unit,
    load::{Sources, load},
    schema,
};

mod containers;

const STACK: &str = include_str!("tests/stack.yaml");

fn load_texts(
    stack: &str,
    overlay: &str,
    environment: &str,
) -> Result<Environment, super::Diagnostics> {
    let environments = BTreeSet::from(["dev", "prod"].map(ToOwned::to_owned));
    let exists = |path: &str| {
        [
            "api/api.conf.j2",
            "api/routes.j2",
            "api/migrations",
            "infra/images/database/Dockerfile",
        ]
        .contains(&path)
    };
    load(
        &Sources {
            stack,
            overlay,
            environments: &environments,
            exists: &exists,
        },
        environment,
    )
}

/// What is said of the stack with these changes, under this overlay.
fn mistakes(changes: &[(&str, &str)], overlay: &str) -> String {
    let mut stack = STACK.to_owned();
    for (old, new) in changes {
        assert!(stack.contains(old), "the stack has no `{old}`");
        stack = stack.replacen(old, new, 1);
    }
    load_texts(&stack, overlay, "dev")
        .expect_err("a mistake")
        .to_string()
}

#[test]
fn broken_yaml() {
    insta::assert_snapshot!(mistakes(&[("ports: { sql: 5000 }", "ports: { sql: 5000")], ""), @r##"
    error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
      --> infra/stack.yaml:11:11
       |
    11 |     volume: true
       |           ^
    "##);
}

#[test]
fn an_expression_without_quotes() {
    insta::assert_snapshot!(mistakes(&[("args: [serve, --quiet]", "args: [serve, {{ listen('http') }}]")], ""), @r##"
    error: not valid YAML: a key must be a plain text
      --> infra/stack.yaml:18:20
       |
    18 |     args: [serve, {{ listen('http') }}]
       |                    ^^
       = hint: inside `[…]` and `{…}` a text with `{{ … }}` needs quotes
    "##);
}

#[test]
fn a_key_that_is_there_twice() {
    insta::assert_snapshot!(mistakes(&[("    binary: api\n", "    binary: api\n    binary: api\n")], ""), @r##"
    error: not valid YAML: the key `binary` is here twice, first on line 17
      --> infra/stack.yaml:18:5
       |
    18 |     binary: api
       |     ^^^^^^
    "##);
}

#[test]
fn an_unknown_key_with_the_nearest_one() {
    insta::assert_snapshot!(mistakes(&[("    published: [http]", "    publish: [http]")], ""), @r##"
    error: unknown key `publish`
      --> infra/stack.yaml:26:5
       |
    26 |     publish: [http]
       |     ^^^^^^^
       = expected: `summary`, `binary`, `host`, `image`, `container`, `args`, `env`, `files`, `ports`, `published`, `local_ports`, `volume`, `database`, `secrets`, `health`, `metrics`, `start_timeout`, `stop`, `reload`, `depends_on`, `resources`, `essential` or `enabled`
       = hint: did you mean `published`?
    "##);
}

#[test]
fn an_unknown_key_deep_inside() {
    insta::assert_snapshot!(mistakes(&[("health: { http: { port: http, path: /readyz } }", "health: { http: { port: http, pth: /readyz } }")], ""), @r##"
    error: unknown key `pth`
      --> infra/stack.yaml:28:35
       |
    28 |     health: { http: { port: http, pth: /readyz } }
       |                                   ^^^
       = expected: `port` or `path`
       = hint: did you mean `path`?
    "##);
}

#[test]
fn several_mistakes_at_once() {
    insta::assert_snapshot!(mistakes(&[("name: shop", "name: The Shop"), ("start_timeout: 30s", "start_timeout: 30 parsecs"), ("memory: 64MiB", "memory: lots"), ("signal: INT", "signal: INTERRUPT"), ("    of: api", "    of: ap")], ""), @r##"
    error: `The Shop` is not a name
     --> infra/stack.yaml:1:7
      |
    1 | name: The Shop
      |       ^^^^^^^^
      = expected: lower-case letters, digits and `-`, a letter first, at most 40 characters

    error: `30 parsecs` is not a duration
      --> infra/stack.yaml:31:20
       |
    31 |     start_timeout: 30 parsecs
       |                    ^^^^^^^^^^
       = expected: a whole number and a unit: 250ms, 30s, 5m, 12h, 15d

    error: `INTERRUPT` is not known here
      --> infra/stack.yaml:32:21
       |
    32 |     stop: { signal: INTERRUPT }
       |                     ^^^^^^^^^
       = expected: `HUP`, `INT`, `KILL`, `QUIT`, `TERM`, `USR1` or `USR2`

    error: `lots` is not a byte size
      --> infra/stack.yaml:34:26
       |
    34 |     resources: { memory: lots }
       |                          ^^^^
       = expected: a whole number and a unit: 64KiB, 128MiB, 1GiB
    "##);
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(mistakes(&[("ports: { http: 5001, admin: 5002 }", "ports: { http: \"5001\", admin: x }"), ("args: [serve, --quiet]", "args: serve"), ("volume: true", "volume: maybe"), ("inputs: [api/migrations]", "inputs: { a: b }")], ""), @r##"
    error: `maybe` is not what is expected here
      --> infra/stack.yaml:11:13
       |
    11 |     volume: maybe
       |             ^^^^^
       = expected: `true` or `false`

    error: `serve` is not what is expected here
      --> infra/stack.yaml:18:11
       |
    18 |     args: serve
       |           ^^^^^
       = expected: a list: `[a, b]`, or lines that begin with `- `

    error: `5001` is not what is expected here
      --> infra/stack.yaml:25:20
       |
    25 |     ports: { http: "5001", admin: x }
       |                    ^^^^^^
       = expected: a whole number from 0 to 65535
       = hint: take away the quotes

    error: `x` is not what is expected here
      --> infra/stack.yaml:25:35
       |
    25 |     ports: { http: "5001", admin: x }
       |                                   ^
       = expected: a whole number from 0 to 65535

    error: there are keys and values here
      --> infra/stack.yaml:41:5
       |
    41 |     inputs: { a: b }
       |     ^^^^^^
       = expected: a list: `[a, b]`, or lines that begin with `- `
    "##);
}

#[test]
fn a_number_out_of_range() {
    insta::assert_snapshot!(mistakes(&[("http: 5001", "http: 70001")], ""), @r##"
    error: `70001` is not what is expected here
      --> infra/stack.yaml:25:20
       |
    25 |     ports: { http: 70001, admin: 5002 }
       |                    ^^^^^
       = expected: a whole number from 0 to 65535
    "##);
}

#[test]
fn no_value_and_no_required_key() {
    insta::assert_snapshot!(mistakes(&[("    summary: answers\n", ""), ("start_timeout: 30s", "start_timeout:"), ("API_LISTEN: \"{{ listen('http') }}\"", "API_LISTEN:")], ""), @r##"
    error: `summary` is missing here
      --> infra/stack.yaml:15:3
       |
    15 |   api:
       |   ^^^
       = expected: `summary`: What it is for, in a few words without a full stop.

    error: there is no value here
      --> infra/stack.yaml:20:7
       |
    20 |       API_LISTEN:
       |       ^^^^^^^^^^
       = expected: a text

    error: there is no value here
      --> infra/stack.yaml:30:5
       |
    30 |     start_timeout:
       |     ^^^^^^^^^^^^^
       = expected: a whole number and a unit: 250ms, 30s, 5m, 12h, 15d
    "##);
}

#[test]
fn an_unknown_kind_of_health_check() {
    insta::assert_snapshot!(mistakes(&[("health: { tcp: sql }", "health: { tpc: sql }")], ""), @r##"
    error: unknown key `tpc`
      --> infra/stack.yaml:13:15
       |
    13 |     health: { tpc: sql }
       |               ^^^
       = expected: `http`, `tcp`, `postgres`, `nats` or `s3`
       = hint: did you mean `tcp`?
    "##);
}

#[test]
fn two_kinds_of_health_check() {
    insta::assert_snapshot!(mistakes(&[("health: { tcp: sql }", "health: { tcp: sql, nats: sql }")], ""), @r##"
    error: `nats` cannot stand beside `tcp`
      --> infra/stack.yaml:13:25
       |
    13 |     health: { tcp: sql, nats: sql }
       |                         ^^^^
       = expected: one of `http`, `tcp`, `postgres`, `nats` or `s3`
    "##);
}

#[test]
fn a_secret_that_is_neither_random_nor_derived() {
    insta::assert_snapshot!(mistakes(&[("root: { bytes: 24 }", "root: { byte: 24 }")], ""), @r##"
    error: unknown key `byte`
      --> infra/stack.yaml:53:11
       |
    53 |   root: { byte: 24 }
       |           ^^^^
       = expected: `bytes` or `format`
       = hint: did you mean `bytes`?
    "##);
}

#[test]
fn an_unknown_dependency() {
    insta::assert_snapshot!(mistakes(&[("depends_on: { database: healthy }", "depends_on: { databse: healthy }")], ""), @r##"
    error: there is no component or job `databse`
      --> infra/stack.yaml:42:19
       |
    42 |     depends_on: { databse: healthy }
       |                   ^^^^^^^
       = expected: `api`, `database`, `migrate` or `seed`
       = hint: did you mean `database`?
    "##);
}

#[test]
fn a_condition_that_cannot_be_reached() {
    insta::assert_snapshot!(mistakes(&[("depends_on: { database: healthy }", "depends_on: { database: completed }"), ("depends_on: { migrate: completed }\n    start", "depends_on: { migrate: healthy }\n    start")], ""), @r##"
    error: `migrate` is a job, which does not stay
      --> infra/stack.yaml:30:28
       |
    30 |     depends_on: { migrate: healthy }
       |                            ^^^^^^^
       = expected: `completed`

    error: `database` is a component, which never completes
      --> infra/stack.yaml:42:29
       |
    42 |     depends_on: { database: completed }
       |                             ^^^^^^^^^
       = expected: `healthy` or `started`
    "##);
}

#[test]
fn a_cycle() {
    insta::assert_snapshot!(mistakes(&[("depends_on: { database: healthy }", "depends_on: { database: healthy, api: healthy }")], ""), @r##"
    error: these wait for each other: api → migrate → api
      --> infra/stack.yaml:30:19
       |
    30 |     depends_on: { migrate: completed }
       |                   ^^^^^^^
       = hint: take one of these dependencies away
    "##);
}

#[test]
fn a_dependency_that_is_left_out() {
    insta::assert_snapshot!(mistakes(&[], "components:\n  database: { enabled: false }\n"), @r##"
    error: `database` is left out, but `migrate` depends on it
     --> infra/environments/dev.yaml:2:24
      |
    2 |   database: { enabled: false }
      |                        ^^^^^
      = hint: leave out `migrate` too, or keep `database`
    "##);
}

#[test]
fn a_dependency_on_a_job_of_another_environment() {
    insta::assert_snapshot!(mistakes(&[("depends_on: { migrate: completed }\n    start", "depends_on: { seed: completed }\n    start"), ("only_in: [dev]", "only_in: [prod]")], ""), @r##"
    error: the job `seed` does not run in `dev`, but `api` depends on it
      --> infra/stack.yaml:30:19
       |
    30 |     depends_on: { seed: completed }
       |                   ^^^^
       = hint: see `only_in` and `of` of `seed`
    "##);
}

#[test]
fn a_duplicate_port() {
    insta::assert_snapshot!(mistakes(&[("admin: 5002", "admin: 5000")], ""), @r##"
    error: port 5000 of `database.sql` is taken
      --> infra/stack.yaml:10:19
       |
    10 |     ports: { sql: 5000 }
       |                   ^^^^
       = expected: another number than that of `api.admin`, infra/stack.yaml:25
    "##);
}

#[test]
fn a_duplicate_port_after_the_offset() {
    insta::assert_snapshot!(mistakes(&[], "port_offset: 100\ncomponents:\n  api: { ports: { http: 5100 } }\n"), @r##"
    error: port 5100 of `api.http` is taken
     --> infra/environments/dev.yaml:3:25
      |
    3 |   api: { ports: { http: 5100 } }
      |                         ^^^^
      = expected: another number than that of `database.sql`, infra/stack.yaml:10
      = hint: numbers in an overlay are final: the environment's port_offset is added only to those of the stack
    "##);
}

#[test]
fn a_port_beyond_the_last_one() {
    insta::assert_snapshot!(mistakes(&[("admin: 5002", "admin: 35002")], "port_offset: 40000\n"), @r##"
    error: port 35002 + offset 40000 is 75002, which is no port
      --> infra/stack.yaml:25:33
       |
    25 |     ports: { http: 5001, admin: 35002 }
       |                                 ^^^^^
       = expected: at most 65535
       = hint: lower the `port_offset` in infra/environments/dev.yaml
    "##);
}

#[test]
fn an_offset_that_is_too_great() {
    insta::assert_snapshot!(mistakes(&[], "port_offset: 40001\n"), @r##"
    error: the offset 40001 is too great
     --> infra/environments/dev.yaml:1:14
      |
    1 | port_offset: 40001
      |              ^^^^^
      = expected: 0 to 40000
    "##);
}

#[test]
fn port_zero() {
    insta::assert_snapshot!(mistakes(&[("sql: 5000", "sql: 0")], ""), @r##"
    error: port 0 is not a port
      --> infra/stack.yaml:10:19
       |
    10 |     ports: { sql: 0 }
       |                   ^
       = expected: 1 to 65535
    "##);
}

#[test]
fn a_missing_template() {
    insta::assert_snapshot!(mistakes(&[("template: api/routes.j2", "template: api/roads.j2")], ""), @r##"
    error: there is no template `api/roads.j2`
      --> infra/stack.yaml:24:21
       |
    24 |       - { template: api/roads.j2, target: conf.d/routes, on_change: restart }
       |                     ^^^^^^^^^^^^
       = expected: the path of a file from the project's root
    "##);
}

#[test]
fn targets_that_leave_their_folder() {
    insta::assert_snapshot!(mistakes(&[("target: api.conf", "target: /etc/api.conf"), ("target: conf.d/routes", "target: ../routes")], ""), @r##"
    error: `/etc/api.conf` is an absolute path
      --> infra/stack.yaml:23:46
       |
    23 |       - { template: api/api.conf.j2, target: /etc/api.conf }
       |                                              ^^^^^^^^^^^^^
       = expected: a path inside the component's configuration directory, such as `rules/platform.yml`

    error: `../routes` leads out of its folder
      --> infra/stack.yaml:24:44
       |
    24 |       - { template: api/routes.j2, target: ../routes, on_change: restart }
       |                                            ^^^^^^^^^
       = expected: a path inside the component's configuration directory, such as `rules/platform.yml`
    "##);
}

#[test]
fn two_files_with_one_target() {
    insta::assert_snapshot!(mistakes(&[("target: conf.d/routes", "target: api.conf")], ""), @r##"
    error: `api` has two files `api.conf`
      --> infra/stack.yaml:24:44
       |
    24 |       - { template: api/routes.j2, target: api.conf, on_change: restart }
       |                                            ^^^^^^^^
       = expected: another target
    "##);
}

#[test]
fn a_file_that_the_job_has_from_its_component() {
    insta::assert_snapshot!(mistakes(&[("    inputs: [api/migrations]", "    files: [{ template: api/routes.j2, target: api.conf }]")], ""), @r##"
    error: `migrate` has two files `api.conf`
      --> infra/stack.yaml:41:48
       |
    41 |     files: [{ template: api/routes.j2, target: api.conf }]
       |                                                ^^^^^^^^
       = expected: another target
    "##);
}

#[test]
fn ports_that_the_component_does_not_have() {
    insta::assert_snapshot!(mistakes(&[("health: { http: { port: http,", "health: { http: { port: htp,"), ("metrics: { port: admin", "metrics: { port: metrics"), ("published: [http]", "published: [http, https]"), ("reload: { signal: HUP }", "reload: { http: { port: control, path: /reload } }")], ""), @r##"
    error: `api` has no port `https`
      --> infra/stack.yaml:26:23
       |
    26 |     published: [http, https]
       |                       ^^^^^
       = expected: `admin` or `http`
       = hint: did you mean `http`?

    error: `api` has no port `htp`
      --> infra/stack.yaml:28:29
       |
    28 |     health: { http: { port: htp, path: /readyz } }
       |                             ^^^
       = expected: `admin` or `http`
       = hint: did you mean `http`?

    error: `api` has no port `metrics`
      --> infra/stack.yaml:29:22
       |
    29 |     metrics: { port: metrics, path: /metrics }
       |                      ^^^^^^^
       = expected: `admin` or `http`

    error: `api` has no port `control`
      --> infra/stack.yaml:33:29
       |
    33 |     reload: { http: { port: control, path: /reload } }
       |                             ^^^^^^^
       = expected: `admin` or `http`
    "##);
}

#[test]
fn a_path_without_its_slash() {
    insta::assert_snapshot!(mistakes(&[("path: /readyz", "path: readyz")], ""), @r##"
    error: `readyz` is not a path of a URL
      --> infra/stack.yaml:28:41
       |
    28 |     health: { http: { port: http, path: readyz } }
       |                                         ^^^^^^
       = expected: a path that begins with `/`
    "##);
}

#[test]
fn an_unknown_secret() {
    insta::assert_snapshot!(mistakes(&[("secrets: [root]", "secrets: [rot]")], ""), @r##"
    error: there is no secret `rot`
      --> infra/stack.yaml:12:15
       |
    12 |     secrets: [rot]
       |               ^^^
       = expected: `login`, `postgres-api` or `root`
       = hint: did you mean `root`?
    "##);
}

#[test]
fn a_database_without_its_password() {
    insta::assert_snapshot!(mistakes(&[("secrets: [postgres-api]", "secrets: []")], ""), @r##"
    error: `api` has a database, but not the secret with its role's password
      --> infra/stack.yaml:19:15
       |
    19 |     database: api
       |               ^^^
       = hint: add `postgres-api` to its `secrets`
    "##);
}

#[test]
fn two_owners_of_one_database() {
    insta::assert_snapshot!(mistakes(&[("    volume: true\n    secrets: [root]", "    volume: true\n    database: api\n    secrets: [root, postgres-api]")], ""), @r##"
    error: `database` has a database, but not the secret with its role's password
      --> infra/stack.yaml:12:15
       |
    12 |     database: api
       |               ^^^
       = hint: add `postgres-database` to its `secrets`

    error: the database `api` belongs to `api` already
      --> infra/stack.yaml:12:15
       |
    12 |     database: api
       |               ^^^
       = hint: components that share a database share its faults: give it one of its own
    "##);
}

#[test]
fn no_program() {
    insta::assert_snapshot!(mistakes(&[("    binary: api\n", ""), ("    binary: seed\n", "")], ""), @r##"
    error: nothing says which program `api` runs
      --> infra/stack.yaml:15:3
       |
    15 |   api:
       |   ^^^
       = expected: exactly one of `binary` or `host`

    error: nothing says which program `seed` runs
      --> infra/stack.yaml:44:3
       |
    44 |   seed:
       |   ^^^^
       = expected: exactly one of `of`, `binary` or `host`
    "##);
}

#[test]
fn two_programs() {
    insta::assert_snapshot!(mistakes(&[("    binary: api\n", "    binary: api\n    host: { program: api }\n"), ("    of: api\n", "    of: api\n    binary: migrate\n")], ""), @r##"
    error: `api` has both `binary` and `host`
      --> infra/stack.yaml:18:5
       |
    18 |     host: { program: api }
       |     ^^^^
       = expected: exactly one of `binary` or `host`

    error: `migrate` has both `of` and `binary`
      --> infra/stack.yaml:41:5
       |
    41 |     binary: migrate
       |     ^^^^^^
       = expected: exactly one of `of`, `binary` or `host`
    "##);
}

#[test]
fn a_job_of_an_unknown_component() {
    insta::assert_snapshot!(mistakes(&[("    of: api", "    of: apy")], ""), @r##"
    error: there is no component `apy`
      --> infra/stack.yaml:39:9
       |
    39 |     of: apy
       |         ^^^
       = expected: `api` or `database`
       = hint: did you mean `api`?
    "##);
}

#[test]
fn a_job_for_an_unknown_environment() {
    insta::assert_snapshot!(mistakes(&[("only_in: [dev]", "only_in: [dve]")], ""), @r##"
    error: there is no environment `dve`
      --> infra/stack.yaml:49:15
       |
    49 |     only_in: [dve]
       |               ^^^
       = expected: `dev` or `prod`
       = hint: did you mean `dev`?
    "##);
}

#[test]
fn a_missing_input() {
    insta::assert_snapshot!(mistakes(&[("inputs: [api/migrations]", "inputs: [api/migration]")], ""), @r##"
    error: there is no file or folder `api/migration`
      --> infra/stack.yaml:41:14
       |
    41 |     inputs: [api/migration]
       |              ^^^^^^^^^^^^^
       = expected: a path from the project's root
    "##);
}

#[test]
fn one_name_for_a_component_and_a_job() {
    insta::assert_snapshot!(mistakes(&[("  seed:\n", "  api:\n")], ""), @r##"
    error: `api` is a component already
      --> infra/stack.yaml:45:3
       |
    45 |   api:
       |   ^^^
       = expected: a name that no component has
    "##);
}

#[test]
fn an_overlay_with_unknown_names() {
    insta::assert_snapshot!(mistakes(&[], "components:\n  apu: { enabled: false }\n  api: { ports: { htp: 1 }, env: { BAD-NAME: x } }\nsetings: {}\n"), @r##"
    error: unknown key `setings`
     --> infra/environments/dev.yaml:4:1
      |
    4 | setings: {}
      | ^^^^^^^
      = expected: `build`, `port_offset`, `settings` or `components`
      = hint: did you mean `settings`?
    "##);
}

#[test]
fn an_overlay_with_unknown_components_and_ports() {
    insta::assert_snapshot!(mistakes(&[], "components:\n  apu: { enabled: false }\n  api: { ports: { htp: 1 }, env: { BAD-NAME: x } }\n"), @r##"
    error: there is no component `apu`
     --> infra/environments/dev.yaml:2:3
      |
    2 |   apu: { enabled: false }
      |   ^^^
      = expected: `api` or `database`
      = hint: did you mean `api`?

    error: `api` has no port `htp`
     --> infra/environments/dev.yaml:3:19
      |
    3 |   api: { ports: { htp: 1 }, env: { BAD-NAME: x } }
      |                   ^^^
      = expected: `admin` or `http`
      = hint: did you mean `http`?

    error: `BAD-NAME` is not the name of an environment variable
     --> infra/environments/dev.yaml:3:36
      |
    3 |   api: { ports: { htp: 1 }, env: { BAD-NAME: x } }
      |                                    ^^^^^^^^
      = expected: letters, digits and `_`, no digit first
    "##);
}

#[test]
fn settings_that_are_no_address() {
    insta::assert_snapshot!(mistakes(&[("  log_level: info", "  log_level: info\n  public_url: localhost:8080/\n  alert_email: nobody")], ""), @r##"
    error: `localhost:8080/` is not an address of the edge
     --> infra/stack.yaml:5:15
      |
    5 |   public_url: localhost:8080/
      |               ^^^^^^^^^^^^^^^
      = expected: http:// or https://, a host and perhaps a port, and nothing after them, not even a slash

    error: `nobody` is not an e-mail address
     --> infra/stack.yaml:6:16
      |
    6 |   alert_email: nobody
      |                ^^^^^^
      = expected: name@host
    "##);
}

#[test]
fn secrets_of_a_bad_size_or_of_unknown_parts() {
    insta::assert_snapshot!(mistakes(&[("root: { bytes: 24 }", "root: { bytes: 8 }"), ("format: \"*:{{ root }}\"", "format: \"*:{{ rot }}\"")], ""), @r##"
    error: 8 random bytes
      --> infra/stack.yaml:53:18
       |
    53 |   root: { bytes: 8 }
       |                  ^
       = expected: 12 to 64: fewer can be guessed, more add nothing

    error: `rot` is not a secret of random bytes
      --> infra/stack.yaml:55:20
       |
    55 |   login: { format: "*:{{ rot }}" }
       |                    ^^^^^^^^^^^^^^
       = expected: `postgres_api` or `root`
       = hint: did you mean `root`?
    "##);
}

#[test]
fn an_empty_stack() {
    insta::assert_snapshot!(load_texts("", "", "dev").expect_err("a mistake").to_string(), @r##"
    error: `components` is missing here
     --> infra/stack.yaml:1:1
      = expected: `components`: What keeps running.

    error: `name` is missing here
     --> infra/stack.yaml:1:1
      = expected: `name`: The stack's name: part of every label and of every message to people.
    "##);
}

#[test]
fn an_environment_that_does_not_exist() {
    insta::assert_snapshot!(load_texts(STACK, "", "prd").expect_err("a mistake").to_string(), @r##"
    error: there is no environment `prd`
    --> infra/environments
     = expected: `dev` or `prod`
     = hint: did you mean `prod`?
    "##);
}

#[test]
fn the_overlay_is_laid_over_the_stack() {
    let overlay = "build: dev\nport_offset: 100\nsettings: { log_level: debug }\ncomponents:\n  api:\n    args: [--slow]\n    env: { MODE: test }\n    \
                   ports: { admin: 9000 }\n    memory: 1GiB\n    start_timeout: 5s\n";
    let environment = load_texts(STACK, overlay, "prod").unwrap();
    let api = &environment.stack.components["api"];
    assert_eq!(environment.settings().log_level, "debug");
    assert_eq!(
        environment.settings().alert_email,
        super::Settings::default().alert_email
    );
    assert_eq!(api.args, ["serve", "--quiet", "--slow"]);
    assert_eq!(api.env.keys().collect::<Vec<_>>(), ["API_LISTEN", "MODE"]);
    assert_eq!(
        (api.ports["http"], api.ports["admin"]),
        (5101, 9000),
        "what the overlay says is final"
    );
    assert_eq!(api.resources.memory.unwrap().to_string(), "1GiB");
    assert_eq!(api.start_timeout.to_string(), "5s");
    assert!(
        !environment.stack.jobs.contains_key("seed"),
        "it runs in dev alone"
    );
}

#[test]
fn a_component_that_is_left_out_takes_its_jobs_along() {
    let overlay = "components:\n  api: { enabled: false }\n";
    let environment = load_texts(
        &STACK.replace(
            "    depends_on: { migrate: completed }\n    only_in",
            "    only_in",
        ),
        overlay,
        "dev",
    )
    .unwrap();
    let names: Vec<String> = environment
        .names()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["database", "seed"]);
}

#[test]
fn a_file_of_comments_is_an_empty_overlay() {
    assert!(load_texts(STACK, "# nothing to say\n", "dev").is_ok());
}

#[test]
fn batches_start_what_can_start_together() {
    let environment = load_texts(STACK, "", "dev").unwrap();
    let batches: Vec<Vec<&str>> = environment
        .batches()
        .iter()
        .map(|batch| batch.iter().map(|name| name.as_str()).collect())
        .collect();
    assert_eq!(
        batches,
        [vec!["database"], vec!["migrate"], vec!["api", "seed"]]
    );
    let api: Name = "api".parse().unwrap();
    let dependencies: Vec<&str> = environment
        .dependencies(&api)
        .keys()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(dependencies, ["migrate"]);
    assert!(matches!(environment.unit(&api), Some(Unit::Component(_))));
}

#[test]
fn the_schemas_for_editors_are_fresh() {
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    for (path, text) in schema::generate() {
        let committed = std::fs::read_to_string(project.join(path)).unwrap_or_default();
        assert!(
            committed == text,
            "{path} is stale: run `cargo xtask render --target schema`"
        );
    }
}

mod properties {
    use proptest::prelude::*;

    use super::{STACK, load_texts};
    use crate::model::{ByteSize, Name, Span, locate::Document};

    proptest! {
        #[test]
        fn no_text_makes_the_loader_panic(text in "[a-z0-9:{}\\[\\]\"'&*|>#, \n-]{0,200}") {
            let _ = Document::parse("any.yaml", &text);
            let _ = load_texts(&text, &text, "dev");
        }

        #[test]
        fn no_damage_to_the_stack_makes_the_loader_panic(at in 0..STACK.len(), length in 0usize..30, insert in "[a-z:{}\\[\\]\n ]{0,5}") {
            let end = (at + length).min(STACK.len());
            let damaged = format!("{}{insert}{}", &STACK[..at], &STACK[end..]);
            if let Err(found) = load_texts(&damaged, "", "dev") {
                prop_assert!(found.0.iter().all(|diagnostic| diagnostic.line > 0), "{found}");
            }
        }

        #[test]
        fn durations_and_sizes_are_read_as_they_are_written(number in 0u64..1_000_000) {
            let span = Span::from_secs(number);
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
            let size = ByteSize(number << 10);
            prop_assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }

        #[test]
        fn a_name_is_what_its_pattern_says(text in "[a-zA-Z0-9-]{0,45}") {
            let pattern = regex::Regex::new("^[a-z][a-z0-9-]{0,39}$").unwrap();
            prop_assert_eq!(text.parse::<Name>().is_ok(), pattern.is_match(&text));
        }
    }
}
