//! What must hold for every model that is valid, and not only for ours: on an engine that keeps its containers in memory and
//! speaks the real one's protocol, so that many models can be tried in little time.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

#[path = "../platform/project.rs"]
#[expect(
    dead_code,
    reason = "what only the tests of processes use is not used here"
)]
mod project;

mod containers;
mod engine;
mod models;

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult},
};

use crate::{engine::FakeEngine, models::Model, project::Project};

fn up(project: &Project, engine: &FakeEngine) -> project::Run {
    let arguments = [
        "up",
        "--runtime",
        "docker",
        "--images",
        "upstream",
        "--no-probe",
        "--json",
    ];
    let output = project
        .command(&arguments)
        .env("DOCKER_HOST", engine.host())
        .output()
        .unwrap();
    project::Run::from(output)
}

/// What is asked of the engine after an `up`: nothing is to be done, and nothing is done.
fn is_settled(project: &Project, engine: &FakeEngine, what: &str) -> TestCaseResult {
    let plan = project.run(&["plan"]);
    prop_assert_eq!(
        (plan.exit, plan.steps()),
        (0, Vec::new()),
        "{}: {:#?}",
        what,
        plan
    );
    let changes = engine.changes();
    let again = up(project, engine);
    prop_assert_eq!(
        (again.exit, again.steps()),
        (0, Vec::new()),
        "{}: {:#?}",
        what,
        again
    );
    prop_assert_eq!(
        engine.changes(),
        changes,
        "{}: an `up` with nothing to do has changed something",
        what
    );
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 64, max_shrink_iters: 40, ..Config::default() })]

    #[test]
    fn a_plan_after_up_is_empty(first in models::model(), second in models::model()) {
        let engine = FakeEngine::start();
        let project = Project::new("");
        let images = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/images");
        std::os::unix::fs::symlink(images.canonicalize().unwrap(), project.path("infra/images")).unwrap();
        for (model, what) in [(&first, "the first model"), (&second, "the model that it became")] {
            Model::write(model, &project);
            let up = up(&project, &engine);
            prop_assert_eq!(up.exit, 0, "{}: {:#?}", what, up);
            is_settled(&project, &engine, what)?;
        }
        let down = project.run(&["down", "--volumes", "--yes"]);
        prop_assert_eq!(down.exit, 0, "{:#?}", down);
        prop_assert_eq!(engine.left(), Vec::<String>::new());
    }
}
