//! What the planner promises, on small worlds and on generated ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn inputs(pairs: &[(&str, &str)]) -> Inputs {
    pairs
        .iter()
        .map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()))
        .collect()
}

/// As the host has them: these inputs are taken by what runs, a new program takes the old one's place.
fn steps(reloadable: &[&str]) -> Steps {
    let reloads = reloadable
        .iter()
        .map(|input| ((*input).to_owned(), StepKind::Reload));
    Steps {
        by_input: reloads
            .chain([("program".to_owned(), StepKind::Replace)])
            .collect(),
        otherwise: StepKind::Restart,
    }
}

fn component(pairs: &[(&str, &str)], reloadable: &[&str], depends_on: &[&str]) -> Node {
    let depends_on = depends_on.iter().map(ToString::to_string).collect();
    Node {
        work: Work::Component {
            steps: steps(reloadable),
        },
        inputs: inputs(pairs),
        depends_on,
    }
}

fn running(pairs: &[(&str, &str)]) -> ObservedComponent {
    ObservedComponent {
        inputs: inputs(pairs),
        files: Inputs::new(),
        trouble: None,
    }
}

fn world(name: &str, component: ObservedComponent) -> Observed {
    Observed {
        components: BTreeMap::from([(name.to_owned(), component)]),
        ..Observed::default()
    }
}

fn wanting(name: &str, node: Node) -> Desired {
    Desired {
        nodes: BTreeMap::from([(name.to_owned(), node)]),
    }
}

#[test]
fn nothing_is_done_when_nothing_has_changed() {
    let desired = wanting(
        "caddy",
        component(&[("file:Caddyfile", "1")], &["file:Caddyfile"], &[]),
    );
    assert_eq!(
        plan(
            &desired,
            &world("caddy", running(&[("file:Caddyfile", "1")]))
        ),
        Plan::default()
    );
}

#[test]
fn a_changed_file_is_one_reload_with_its_cause() {
    let desired = wanting(
        "prometheus",
        component(
            &[("args", "a"), ("file:rules.yml", "2")],
            &["file:rules.yml"],
            &[],
        ),
    );
    let plan = plan(
        &desired,
        &world(
            "prometheus",
            running(&[("args", "a"), ("file:rules.yml", "1")]),
        ),
    );
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].kind, StepKind::Reload);
    assert_eq!(plan.steps[0].cause, "file rules.yml changed");
    assert_eq!(plan.steps[0].input.as_deref(), Some("file:rules.yml"));
}

#[test]
fn the_greatest_change_decides() {
    let wanted = [("env:LOG", "2"), ("file:a", "2"), ("program", "1")];
    let desired = wanting("a", component(&wanted, &["file:a"], &[]));
    let plan = plan(
        &desired,
        &world(
            "a",
            running(&[("env:LOG", "1"), ("file:a", "1"), ("program", "1")]),
        ),
    );
    assert_eq!(plan.steps[0].kind, StepKind::Restart);
    assert_eq!(plan.steps[0].cause, "env LOG changed, file a changed");
}

#[test]
fn a_new_program_is_a_replacement() {
    let desired = wanting("a", component(&[("program", "2")], &[], &[]));
    assert_eq!(
        plan(&desired, &world("a", running(&[("program", "1")]))).steps[0].kind,
        StepKind::Replace
    );
}

#[test]
fn a_file_edited_behind_our_back_is_put_right() {
    let desired = wanting("a", component(&[("file:x", "1")], &["file:x"], &[]));
    let mut component = running(&[("file:x", "1")]);
    component.files = inputs(&[("file:x", "tampered")]);
    let plan = plan(&desired, &world("a", component));
    assert_eq!(plan.steps[0].kind, StepKind::Reload);
    assert_eq!(
        plan.steps[0].cause,
        "file x was edited where it was rendered"
    );
}

#[test]
fn the_least_that_mends_everything_is_done_and_every_cause_is_told() {
    let mut node = component(
        &[("limit:memory", "64"), ("network:data", "joined")],
        &[],
        &[],
    );
    node.work = Work::Component {
        steps: Steps {
            by_input: BTreeMap::from([
                ("limit:".to_owned(), StepKind::Update),
                ("network:".to_owned(), StepKind::Connect),
            ]),
            otherwise: StepKind::Replace,
        },
    };
    let desired = wanting("a", node);
    let mut observed = running(&[("limit:memory", "32")]);
    let first = plan(&desired, &world("a", observed.clone()));
    assert_eq!(first.steps[0].kind, StepKind::Connect);
    assert_eq!(
        first.steps[0].cause,
        "limit memory changed, network data is new"
    );
    observed.trouble = Some(Trouble {
        what: "is stopped".into(),
        step: StepKind::Start,
    });
    let second = plan(&desired, &world("a", observed.clone()));
    assert_eq!(second.steps[0].kind, StepKind::Start);
    assert!(second.steps[0].cause.starts_with("it is stopped; limit"));
    observed.inputs.insert("image".into(), "old".into());
    let third = plan(&desired, &world("a", observed));
    assert_eq!(third.steps[0].kind, StepKind::Replace);
}

#[test]
fn what_is_no_longer_wanted_goes_before_anything_else() {
    let desired = wanting("new", component(&[("args", "1")], &[], &[]));
    let plan = plan(&desired, &world("old", running(&[("args", "1")])));
    let kinds: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.component.as_str(), step.kind))
        .collect();
    assert_eq!(
        kinds,
        [("old", StepKind::Remove), ("new", StepKind::Create)]
    );
    assert_eq!(plan.steps[1].after, ["old"]);
}

#[test]
fn a_job_runs_again_when_the_data_it_prepared_is_new() {
    let node = Node {
        work: Work::Job {
            volumes: BTreeSet::from(["postgres".into()]),
        },
        inputs: inputs(&[("args", "1")]),
        depends_on: BTreeSet::from(["postgres".into()]),
    };
    let desired = Desired {
        nodes: BTreeMap::from([("migrate".into(), node)]),
    };
    let done = ObservedJob {
        inputs: inputs(&[("args", "1")]),
        volumes: BTreeMap::from([("postgres".into(), "first".into())]),
    };
    let mut observed = Observed {
        jobs: BTreeMap::from([("migrate".into(), done)]),
        ..Observed::default()
    };
    observed.volumes.insert("postgres".into(), "first".into());
    assert!(plan(&desired, &observed).is_empty());
    observed.volumes.insert("postgres".into(), "second".into());
    assert_eq!(
        plan(&desired, &observed).steps[0].cause,
        "the data of postgres is new since it last ran"
    );
}

#[test]
fn a_job_runs_again_when_the_data_it_prepares_is_yet_to_be_made() {
    let job = Node {
        work: Work::Job {
            volumes: BTreeSet::from(["postgres".into()]),
        },
        inputs: inputs(&[("args", "1")]),
        depends_on: BTreeSet::from(["postgres".into()]),
    };
    let database = component(&[("image", "1")], &[], &[]);
    let desired = Desired {
        nodes: BTreeMap::from([("migrate".into(), job), ("postgres".into(), database)]),
    };
    // It has run before it needed the database.
    let done = ObservedJob {
        inputs: inputs(&[("args", "1")]),
        volumes: BTreeMap::new(),
    };
    let observed = Observed {
        jobs: BTreeMap::from([("migrate".into(), done)]),
        ..Observed::default()
    };
    let steps = plan(&desired, &observed).steps;
    let kinds: Vec<StepKind> = steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::Create, StepKind::RunJob]);
    assert_eq!(
        steps[1].cause,
        "the data of postgres is new since it last ran"
    );
}

/// Applies a step to the observed world as a runtime that keeps its word would.
fn apply(desired: &Desired, observed: &mut Observed, step: &Step) {
    let Some(node) = desired.nodes.get(&step.component) else {
        observed.components.remove(&step.component);
        return;
    };
    match &node.work {
        Work::Component { .. } => {
            let files = node
                .inputs
                .iter()
                .filter(|(name, _)| name.starts_with("file:"));
            let component = ObservedComponent {
                inputs: node.inputs.clone(),
                files: files
                    .map(|(name, digest)| (name.clone(), digest.clone()))
                    .collect(),
                trouble: None,
            };
            observed
                .components
                .insert(step.component.clone(), component);
            observed
                .volumes
                .entry(step.component.clone())
                .or_insert_with(|| "made".into());
        }
        Work::Job { volumes } => {
            let volumes = volumes
                .iter()
                .filter_map(|name| Some((name.clone(), observed.volumes.get(name)?.clone())))
                .collect();
            observed.jobs.insert(
                step.component.clone(),
                ObservedJob {
                    inputs: node.inputs.clone(),
                    volumes,
                },
            );
        }
    }
}

prop_compose! {
    fn any_inputs()(pairs in prop::collection::btree_map("(args|program|env:[A-C]|file:[a-c])", "[0-2]", 0..5)) -> Inputs { pairs }
}

prop_compose! {
    /// A node that may depend on nodes of lower number only, so that there is no cycle.
    fn any_node(number: usize)(
        inputs in any_inputs(),
        is_job in any::<bool>(),
        dependencies in prop::collection::btree_set(0..number.max(1), 0..3),
    ) -> Node {
        let depends_on: BTreeSet<String> = if number == 0 { BTreeSet::new() } else { dependencies.iter().map(|n| format!("n{n}")).collect() };
        let work = if is_job {
            Work::Job { volumes: depends_on.clone() }
        } else {
            Work::Component { steps: steps(&inputs.keys().filter(|name| name.starts_with("file:")).map(String::as_str).collect::<Vec<_>>()) }
        };
        Node { work, inputs, depends_on }
    }
}

fn any_desired() -> impl Strategy<Value = Desired> {
    let nodes: Vec<_> = (0..8).map(any_node).collect();
    (nodes, 0_usize..8).prop_map(|(nodes, count)| Desired {
        nodes: nodes
            .into_iter()
            .take(count)
            .enumerate()
            .map(|(number, node)| (format!("n{number}"), node))
            .collect(),
    })
}

fn any_observed() -> impl Strategy<Value = Observed> {
    let component =
        (any_inputs(), prop::option::of("ended")).prop_map(|(inputs, trouble)| ObservedComponent {
            files: inputs
                .iter()
                .filter(|(name, _)| name.starts_with("file:"))
                .map(|(name, _)| (name.clone(), "0".into()))
                .collect(),
            inputs,
            trouble: trouble.map(|what| Trouble {
                what: what.clone(),
                step: StepKind::Restart,
            }),
        });
    let job = (
        any_inputs(),
        prop::collection::btree_map("n[0-9]", "[0-1]", 0..3),
    )
        .prop_map(|(inputs, volumes)| ObservedJob { inputs, volumes });
    (
        prop::collection::btree_map("n[0-9]", component, 0..6),
        prop::collection::btree_map("n[0-9]", job, 0..6),
        prop::collection::btree_map("n[0-9]", "[0-1]", 0..6),
    )
        .prop_map(|(components, jobs, volumes)| Observed {
            components,
            jobs,
            volumes,
        })
}

proptest! {
    #[test]
    fn after_up_the_plan_is_empty(desired in any_desired(), mut observed in any_observed()) {
        let first = plan(&desired, &observed);
        for step in &first.steps {
            apply(&desired, &mut observed, step);
        }
        prop_assert_eq!(plan(&desired, &observed), Plan::default());
    }

    #[test]
    fn every_step_comes_after_those_it_names(desired in any_desired(), observed in any_observed()) {
        let plan = plan(&desired, &observed);
        for (position, step) in plan.steps.iter().enumerate() {
            let before: BTreeSet<&String> = plan.steps[..position].iter().map(|step| &step.component).collect();
            prop_assert!(step.after.iter().all(|name| before.contains(name)), "{:?}", plan.steps);
        }
    }

    #[test]
    fn a_plan_is_the_same_every_time(desired in any_desired(), observed in any_observed()) {
        prop_assert_eq!(plan(&desired, &observed), plan(&desired, &observed));
    }
}
