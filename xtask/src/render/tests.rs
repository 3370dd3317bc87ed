//! The real stack, rendered for every environment and shown to every program that will read it.

mod edge;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
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
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from).to_vec()
}

fn program(name: &str) -> PathBuf {
    programs().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| panic!("{name} must be installed"))
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
        let environments = BTreeSet::from(["dev", "test", "prod"].map(ToOwned::to_owned));
        let exists = |path: &str| project().join(path).exists();
        let sources = load::Sources { stack, overlay, environments: &environments, exists: &exists };
        Self::new(load::load(&sources, "test").unwrap_or_else(|found| panic!("{found}")))
    }

    fn new(environment: Environment) -> Self {
        let templates = read::templates(project(), &environment).unwrap_or_else(|found| panic!("{found}"));
        let home = tempfile::tempdir().unwrap();
        let places = HostPlaces { paths: Paths { project: project().into(), home: home.path().into() } };
        Self { environment, templates, places, home }
    }

    fn render(&self) -> Rendered {
        render(&self.environment, &self.templates, &self.places).unwrap_or_else(|found| panic!("{found}"))
    }

    fn file(&self, unit: &str, target: &str) -> String {
        self.render().units[&unit.parse().unwrap()].files[target].content.clone()
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
    let again = Stage { places: stage.places.clone(), ..Stage::of("dev") };
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
    assert!(rendered.contains(&secrets.join("postgres-catalog").display().to_string()), "their paths are there");
}
