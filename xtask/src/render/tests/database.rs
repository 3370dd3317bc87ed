//! The rendered configuration and the initial SQL on a real `PostgreSQL` server.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{Stage, free_port, stack_with_reviews, write};
use crate::render::Rendered;

/// A running server with the superuser's password `postgres`; every other secret is its own name.
struct Server {
    child: Child,
    port: u16,
    rendered: Rendered,
    stage: Stage,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn postgres_program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL must be installed")
        .flatten();
    versions
        .map(|version| version.path().join("bin").join(name))
        .find(|path| path.is_file())
        .unwrap()
}

/// `PostgreSQL` refuses to run as root.
fn as_postgres(command: &mut Command) -> &mut Command {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let account = accounts
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("the account of the package");
    let ids: Vec<u32> = account
        .split(':')
        .skip(2)
        .take(2)
        .map(|id| id.parse().unwrap())
        .collect();
    if rustix::process::geteuid().is_root() {
        command.uid(ids[0]).gid(ids[1])
    } else {
        command
    }
}

impl Server {
    fn start() -> Self {
        let port = free_port();
        let stage = Stage::with_stack(
            &stack_with_reviews(),
            &format!("components:\n  postgres: {{ ports: {{ sql: {port} }} }}\n"),
        );
        let rendered = stage.render();
        let paths = &stage.places.paths;
        for name in ["postgres", "postgres-init"] {
            write::unit(&rendered.units[name], &paths.config(name)).unwrap();
        }
        fs::create_dir_all(paths.secrets()).unwrap();
        for name in stage.environment.stack.secrets.keys() {
            fs::write(paths.secrets().join(name.as_str()), name.as_str()).unwrap();
        }
        fs::write(
            paths.secrets().join("postgres-pgpass"),
            "*:*:*:postgres:postgres",
        )
        .unwrap();
        fs::set_permissions(
            paths.secrets().join("postgres-pgpass"),
            fs::Permissions::from_mode(0o600),
        )
        .unwrap();
        fs::set_permissions(stage.home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(paths.data("postgres")).unwrap();
        fs::set_permissions(paths.data("postgres"), fs::Permissions::from_mode(0o777)).unwrap();

        let unit = &rendered.units["postgres"];
        let prepare = unit.prepare.as_ref().unwrap();
        let made =
            as_postgres(Command::new(postgres_program(&prepare.program)).args(&prepare.args))
                .current_dir("/")
                .output()
                .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        fs::rename(&prepare.partial, &prepare.target).unwrap();
        let log = fs::File::create(paths.data("postgres").join("log")).unwrap();
        let mut command = Command::new(postgres_program("postgres"));
        let command = as_postgres(
            command
                .args(&unit.args)
                .current_dir("/")
                .stdout(Stdio::null())
                .stderr(log),
        );
        let server = Self {
            child: command.spawn().unwrap(),
            port,
            rendered,
            stage,
        };
        server.wait_until_ready();
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.stage.places.paths.data("postgres").join("log")).unwrap()
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log().contains("ready to accept connections") {
            assert!(Instant::now() < deadline, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn initialise(&self) {
        let unit = &self.rendered.units["postgres-init"];
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        let env: BTreeMap<String, String> = unit.env.clone().into_iter().chain([path]).collect();
        let output = Command::new(postgres_program("psql"))
            .args(&unit.args)
            .env_clear()
            .envs(env)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}");
    }

    /// What `role` gets for a statement in `database`, or why not.
    fn query(
        &self,
        role: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, String> {
        let mut command = Command::new(postgres_program("psql"));
        command
            .args(["--no-psqlrc", "-tAc", sql])
            .env_clear()
            .env("PGPASSWORD", password)
            .env("PGHOST", "127.0.0.1");
        let output = command
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", role)
            .env("PGDATABASE", database)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }
}

#[test]
fn each_role_has_its_own_database_and_no_other() {
    let server = Server::start();
    server.initialise();
    server.initialise();
    for (role, other) in [("catalog", "reviews"), ("reviews", "catalog")] {
        let password = format!("postgres-{role}");
        let made = "create table if not exists t (id int); select similarity('lamp', 'lamps') > 0.5, unaccent('é'), current_user";
        assert_eq!(
            server.query(role, &password, role, made),
            Ok(format!("CREATE TABLE\nt|e|{role}"))
        );
        for forbidden in [other, "postgres", "template1"] {
            let refused = server
                .query(role, &password, forbidden, "select 1")
                .unwrap_err();
            assert!(
                refused.contains("pg_hba.conf") || refused.contains("permission denied"),
                "{role} in {forbidden}: {refused}"
            );
        }
        let refused = server.query(role, "wrong", role, "select 1").unwrap_err();
        assert!(
            refused.contains("password authentication failed"),
            "{refused}"
        );
        assert!(
            server
                .query(role, &password, role, "create role intruder")
                .unwrap_err()
                .contains("permission denied")
        );
    }
    // Not by configuration alone: the databases themselves are shut.
    let open = "select has_database_privilege('catalog', 'reviews', 'connect'), has_database_privilege('reviews', 'catalog', 'connect')";
    assert_eq!(
        server.query("postgres", "postgres", "postgres", open),
        Ok("f|f".into())
    );
    let exporter = server.query(
        "postgres_exporter",
        "postgres-exporter",
        "postgres",
        "select count(*) > 0 from pg_stat_activity",
    );
    assert_eq!(exporter, Ok("t".into()));
    let tables = server
        .query(
            "postgres_exporter",
            "postgres-exporter",
            "catalog",
            "select 1",
        )
        .unwrap_err();
    assert!(tables.contains("pg_hba.conf"), "{tables}");
}

#[test]
fn a_password_is_taken_from_its_file_anew_and_is_never_logged() {
    let server = Server::start();
    server.initialise();
    fs::write(
        server.stage.places.paths.secrets().join("postgres-catalog"),
        "quo'ted \\ rotated",
    )
    .unwrap();
    server.initialise();
    assert_eq!(
        server.query("catalog", "quo'ted \\ rotated", "catalog", "select 1"),
        Ok("1".into())
    );
    assert!(
        server
            .query("catalog", "postgres-catalog", "catalog", "select 1")
            .is_err()
    );
    assert!(!server.log().contains("rotated"), "{}", server.log());
}
