//! The real stack, rendered for every environment and shown to every program that will read it.

mod alerts;
mod database;
mod documented;
mod edge;
mod email;
mod mistakes;

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

use super::{HostPlaces, Rendered, TemplateTexts, check, read, render, write};
use crate::{
    model::{Environment, load},
    paths::Paths,
};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Folders with programs, as a login shell of root has them.
fn programs() -> Vec<PathBuf> {
    [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .map(PathBuf::from)
    .to_vec()
}

fn program(name: &str) -> PathBuf {
    programs()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} must be installed"))
}

/// A port that nobody listens on, each time another one. They are below those that the kernel gives out, or else a
/// test beside this one could be given it.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 90).unwrap() * 100;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// An environment with its templates, and a folder of its own for whatever is made from them.
struct Stage {
    environment: Environment,
    templates: TemplateTexts,
    places: HostPlaces,
    home: tempfile::TempDir,
}

impl Stage {
    fn of(environment: &str) -> Self {
        Self::new(load::read(project(), environment).unwrap_or_else(|found| panic!("{found}")))
    }

    /// The real stack under an overlay of the test's own.
    fn with_overlay(overlay: &str) -> Self {
        let stack = fs::read_to_string(project().join(load::STACK_FILE)).unwrap();
        Self::with_stack(&stack, overlay)
    }

    fn with_stack(stack: &str, overlay: &str) -> Self {
        let environments =
            BTreeSet::from(["dev", "test", "prod", "docker-test"].map(ToOwned::to_owned));
        let exists = |path: &str| project().join(path).exists();
        let sources = load::Sources {
            stack,
            overlay,
            environments: &environments,
            exists: &exists,
        };
        Self::new(load::load(&sources, "test").unwrap_or_else(|found| panic!("{found}")))
    }

    fn new(environment: Environment) -> Self {
        let templates =
            read::templates(project(), &environment).unwrap_or_else(|found| panic!("{found}"));
        let home = tempfile::tempdir().unwrap();
        let places = HostPlaces {
            paths: Paths {
                project: project().into(),
                home: home.path().into(),
            },
        };
        Self {
            environment,
            templates,
            places,
            home,
        }
    }

    fn render(&self) -> Rendered {
        render(&self.environment, &self.templates, &self.places)
            .unwrap_or_else(|found| panic!("{found}"))
    }

    fn file(&self, unit: &str, target: &str) -> String {
        self.render().units[unit].files[target].content.clone()
    }

    fn check(&self, rendered: &Rendered, programs: &[PathBuf]) -> check::Report {
        let checks = check::Checks {
            environment: &self.environment,
            templates: &self.templates,
            rendered,
            places: &self.places,
            staging: &self.home.path().join("staging"),
            programs,
        };
        check::check(&checks, &|_, _| true).unwrap()
    }
}

#[test]
fn every_environment_is_rendered_and_accepted_by_every_program() {
    for name in load::list_environments(project()).unwrap() {
        let stage = Stage::of(&name);
        let report = stage.check(&stage.render(), &programs());
        let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
        assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n\n"));
        assert_eq!(report.skipped, [], "{name}: the programs must be installed");
        assert!(report.passed >= 6, "{name}: {report:?}");
    }
}

#[test]
fn two_renders_are_equal_byte_for_byte() {
    let stage = Stage::of("dev");
    assert_eq!(stage.render(), stage.render());
    let again = Stage {
        places: stage.places.clone(),
        ..Stage::of("dev")
    };
    assert_eq!(stage.render(), again.render());
}

#[test]
fn no_file_and_no_argument_holds_a_secret() {
    let stage = Stage::of("dev");
    let secrets = stage.places.paths.secrets();
    fs::create_dir_all(&secrets).unwrap();
    for name in stage.environment.stack.secrets.keys() {
        fs::write(secrets.join(name.as_str()), "0123456789abcdef-secret").unwrap();
    }
    let rendered = format!("{:?}", stage.render());
    assert!(!rendered.contains("0123456789abcdef-secret"));
    assert!(
        rendered.contains(&secrets.join("postgres-catalog").display().to_string()),
        "their paths are there"
    );
}

/// The real stack with one more service, as somebody would add it.
fn stack_with_reviews() -> String {
    let stack = fs::read_to_string(project().join(load::STACK_FILE)).unwrap();
    let component = "\ncomponents:\n  reviews:\n    summary: what buyers say\n    binary: reviews\n    database: reviews\n    \
                     ports: { http: 7199 }\n    secrets: [postgres-reviews]\n    health: { http: { port: http, path: /readyz } }\n    \
                     metrics: { port: http, path: /metrics }\n";
    let stack = stack.replacen("\ncomponents:\n", component, 1);
    let stack = stack.replacen(
        "\nsecrets:\n",
        "\nsecrets:\n  postgres-reviews: { bytes: 24 }\n",
        1,
    );
    stack.replacen(
        "secrets: [postgres, postgres-pgpass,",
        "secrets: [postgres-reviews, postgres, postgres-pgpass,",
        1,
    )
}

#[test]
fn a_new_component_is_scraped_watched_asked_for_its_health_and_given_a_database() {
    let stage = Stage::with_stack(&stack_with_reviews(), "port_offset: 20000\n");
    let scrapes = stage.file("prometheus", "prometheus.yml");
    assert!(
        scrapes.contains("job_name: reviews") && scrapes.contains("127.0.0.1:27199"),
        "{scrapes}"
    );
    assert!(
        stage
            .file("prometheus", "rules/platform.yml")
            .contains(r#"absent(up{job="reviews"} == 1)"#)
    );
    assert!(
        stage
            .file("storefront", "health.yaml")
            .contains("url: http://127.0.0.1:27199/readyz")
    );
    assert!(
        stage
            .file("postgres", "pg_hba.conf")
            .contains("host    reviews    reviews")
    );
    assert!(
        stage
            .file("postgres-init", "init.sql")
            .contains("secrets/postgres-reviews")
    );
}

#[test]
fn an_environment_without_consoles_renders_too() {
    let without = |names: &[&str]| {
        let lines = names
            .iter()
            .map(|name| format!("  {name}: {{ enabled: false }}\n"));
        let components: Vec<String> = lines.collect();
        let components = components.concat();
        // Mail leaves through a server of somebody else's.
        Stage::with_overlay(&format!(
            "components:\n{components}  notifications: {{ env: {{ NOTIFICATIONS_SMTP_URL: 'smtp://mail.example:25' }} }}\n"
        ))
    };
    let stage = without(&[
        "alertmanager",
        "blackbox",
        "node-exporter",
        "postgres-exporter",
        "mailbox",
    ]);
    let report = stage.check(&stage.render(), &programs());
    assert_eq!(
        report
            .failures
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [""; 0]
    );
    assert!(!stage.file("caddy", "Caddyfile").contains("alertmanager"));
    let rendered = without(&["prometheus", "mailbox"]).render();
    let alertmanager = &rendered.units["alertmanager"].files["alertmanager.yml"];
    assert!(!alertmanager.content.contains("smtp"));
}

#[test]
fn the_mails_that_were_caught_are_read_at_the_edge_only_where_an_environment_says_so() {
    for (environment, expected) in [("dev", true), ("prod", false)] {
        let caddyfile = Stage::of(environment).file("caddy", "Caddyfile");
        assert_eq!(caddyfile.contains("/mail"), expected, "{environment}");
    }
}
