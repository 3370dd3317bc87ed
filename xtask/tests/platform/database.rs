//! PostgreSQL much as the real stack has it, and a service of ours whose migrations it refuses.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::project::{Project, Run, free_port, word};

/// The folder with the cart service's program, built if nobody has done so.
pub(crate) fn programs() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().unwrap();
    if !target.join("cart").exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "cart"])
            .current_dir(root())
            .status();
        assert!(built.unwrap().success(), "the cart service cannot be built");
    }
    target.to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Components and jobs; `image` is what the stack says of the image in a folder of `infra/images`.
pub(crate) fn components(image: impl Fn(&str) -> String) -> String {
    format!(
        r#"
  postgres:
    summary: the database
    host:
      packages: [postgresql]
      program: postgres
      search: [/usr/lib/postgresql/*/bin]
      run_as: postgres
      prepare:
        creates: pgdata
        program: initdb
        args: ["--pgdata={{{{ creates }}}}", --username=postgres, "--pwfile={{{{ secret('postgres') }}}}", --auth-host=scram-sha-256, --locale=C.UTF-8]
{postgres}
    container: {{ user: 999, networks: [app] }}
    args: [-D, "{{{{ data }}}}/pgdata", -k, "", -p, "{{{{ port('sql') }}}}", -c, "listen_addresses=*", -c, "hba_file={{{{ file('pg_hba.conf') }}}}"]
    files: [ {{ template: pg_hba.conf, target: pg_hba.conf }} ]
    ports: {{ sql: {sql} }}
    volume: true
    secrets: [postgres]
    health: {{ postgres: sql }}
    start_timeout: 60s
    stop: {{ signal: INT }}
  cart:
    summary: the service
    host: {{ program: cart, search: ["{programs}"] }}
{cart}
    args: [serve]
    env:
      CART_LISTEN: "{{{{ listen('http') }}}}"
      CART_DATABASE_URL: "postgres://postgres@{{{{ address('postgres', 'sql') }}}}/postgres"
      CART_DATABASE_PASSWORD_FILE: "{{{{ secret('postgres') }}}}"
    ports: {{ http: {http} }}
    secrets: [postgres, another]
    health: {{ http: {{ port: http, path: /readyz }} }}
    start_timeout: 10s
    depends_on: {{ cart-migrate: completed }}
jobs:
  conflict:
    summary: somebody else's table is there first
    host: {{ packages: [postgresql], program: psql, search: [/usr/lib/postgresql/*/bin] }}
{postgres}
    container: {{ user: 999 }}
    args: [--no-psqlrc, --quiet, -c, "create table if not exists public.carts (id int)"]
    env: {{ PGHOST: "{{{{ host('postgres', 'sql') }}}}", PGPORT: "{{{{ port_of('postgres', 'sql') }}}}", PGUSER: postgres, PGPASSFILE: "{{{{ secret('pgpass') }}}}" }}
    secrets: [pgpass]
    depends_on: {{ postgres: healthy }}
    timeout: 20s
  cart-migrate:
    summary: the cart's tables
    of: cart
    args: [migrate]
    inputs: [services/cart/migrations]
    depends_on: {{ conflict: completed }}
    timeout: 30s
secrets:
  postgres: {{ bytes: 24 }}
  another: {{ bytes: 24 }}
  pgpass: {{ format: "*:*:*:postgres:{{{{ postgres }}}}" }}
"#,
        programs = programs().display(),
        postgres = image("postgres"),
        cart = image("cart-under-test"),
        sql = free_port(),
        http = free_port()
    )
}

/// The files that those components and jobs name.
pub(crate) fn write_files(project: &Project) {
    project.write("pg_hba.conf", "host all all all scram-sha-256\n");
    fs::create_dir_all(project.path("services/cart")).unwrap();
    let migrations = root().join("services/cart/migrations");
    symlink(
        migrations.canonicalize().unwrap(),
        project.path("services/cart/migrations"),
    )
    .unwrap();
}

/// The database has a table that the first migration makes; then it knows another password than the service is given.
pub(crate) fn is_told_as_it_should_be(project: &Project, up: impl Fn() -> Run) {
    let refused = up();
    let failure = refused.failure();
    assert_eq!(
        (
            refused.exit,
            word(&failure["component"]),
            word(&failure["kind"])
        ),
        (33, "cart", "migration-failed"),
        "{refused:#?}"
    );
    let detail = word(&failure["detail"]);
    assert!(
        detail.contains("cart-migrate exited with code 1")
            && detail.contains("while executing migration 1")
            && detail.contains("relation \"carts\" already exists"),
        "{detail}"
    );
    assert!(
        word(&failure["hint"]).contains("services/cart/migrations"),
        "{failure}"
    );
    let password = "CART_DATABASE_PASSWORD_FILE: \"{{ secret('postgres') }}\"";
    project.edit(
        "infra/stack.yaml",
        password,
        &password.replace("postgres", "another"),
    );
    let refused = up();
    let failure = refused.failure();
    assert_eq!(
        (
            refused.exit,
            word(&failure["component"]),
            word(&failure["kind"])
        ),
        (33, "cart-migrate", "bad-credentials"),
        "{refused:#?}"
    );
    assert!(
        word(&failure["hint"]).contains("other secrets"),
        "{failure}"
    );
}
