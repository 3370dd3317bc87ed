//! `up` brings what is to what should be, by the smallest step, from wherever it finds it.

use std::{fs, time::Duration};

use crate::{
    project::{eventually, is_alive, kill, listens, read, wait_for_event, word},
    stacks::{shell, small},
};

#[test]
fn a_second_up_does_nothing() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["plan"]).exit, 10);
    let first = project.run(&["up"]);
    assert_eq!(first.exit, 0, "{first:#?}");
    let pid = project.pid("nats");
    let second = project.run(&["up"]);
    assert_eq!(second.exit, 0);
    assert_eq!(second.steps(), Vec::<String>::new());
    assert!(
        second
            .all("note")
            .iter()
            .any(|note| note["message"] == "nothing to do"),
        "{second:#?}"
    );
    assert_eq!(project.pid("nats"), pid);
    let plan = project.run(&["plan"]);
    assert_eq!((plan.exit, plan.steps()), (0, Vec::new()));
}

#[test]
fn a_changed_file_is_reloaded_by_the_same_process() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["up"]).exit, 0);
    let pid = project.pid("nats");
    project.edit("nats.conf.j2", "1048576", "2097152");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.exit, 10);
    assert_eq!(plan.steps(), ["reload nats"]);
    assert_eq!(plan.all("step")[0]["input"], "file:nats.conf");
    assert_eq!(plan.all("step")[0]["cause"], "file nats.conf changed");
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(project.pid("nats"), pid);
    assert!(read(&project.home.join("dev/config/nats/nats.conf")).contains("2097152"));
    eventually(
        Duration::from_secs(5),
        "nats says that it has reloaded",
        || read(&project.home.join("dev/logs/nats.log")).contains("Reloaded"),
    );
    assert_eq!(project.run(&["plan"]).exit, 0);
}

#[test]
fn a_file_edited_where_it_was_rendered_is_put_right() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["up"]).exit, 0);
    let rendered = project.home.join("dev/config/nats/nats.conf");
    fs::write(&rendered, "listen: 127.0.0.1:1\n").unwrap();
    let plan = project.run(&["plan"]);
    assert_eq!(plan.steps(), ["reload nats"]);
    assert_eq!(
        plan.all("step")[0]["cause"],
        "file nats.conf was edited where it was rendered"
    );
    assert_eq!(project.run(&["up"]).exit, 0);
    assert!(read(&rendered).contains("max_payload"));
}

#[test]
fn a_changed_argument_is_a_restart_and_a_component_that_is_gone_is_removed() {
    let port = crate::project::free_port();
    let small = small(&shell(
        "extra",
        port,
        "sleep 1000",
        "    depends_on: { nats: healthy }\n",
    ));
    let project = &small.project;
    // Nothing listens for `extra`, so that it must be taken out of the model again.
    assert_eq!(project.run(&["up"]).exit, 32);
    let extra = project.pid("extra");
    project.write("infra/stack.yaml", &crate::stacks::nats(small.port, ""));
    project.edit("infra/stack.yaml", "args: [-c,", "args: [-D, -c,");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.steps(), ["remove extra", "restart nats"]);
    assert_eq!(word(&plan.all("step")[1]["after"][0]), "extra");
    assert_eq!(project.run(&["up"]).exit, 0);
    assert!(!is_alive(extra));
    assert_eq!(project.run(&["plan"]).exit, 0);
}

#[test]
fn down_leaves_no_process_and_no_port_and_keeps_the_data() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["up"]).exit, 0);
    let kept = project.home.join("dev/data/nats/kept");
    fs::write(&kept, "kept").unwrap();
    let (pid, supervisor) = (
        project.pid("nats"),
        u64::try_from(project.supervisor_pid()).unwrap(),
    );
    assert_eq!(project.run(&["down"]).exit, 0);
    assert!(!is_alive(pid) && !is_alive(supervisor) && !listens(small.port));
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(read(&kept), "kept");

    let refused = project.run(&["down", "--volumes"]);
    assert_eq!(
        refused.exit, 130,
        "without a person's word nothing is removed: {refused:#?}"
    );
    assert_eq!(read(&kept), "kept");
    assert_eq!(project.run(&["down", "--volumes", "--yes"]).exit, 0);
    assert!(!kept.exists());
}

#[test]
fn a_job_runs_once_for_its_inputs_and_again_for_new_data() {
    let job = r#"
jobs:
  fill:
    summary: writes into the data of nats
    host: { program: sh }
    args: [-c, 'echo run >> "$COUNT"']
    env: { COUNT: "{{ run }}/../count" }
    depends_on: { nats: healthy }
    timeout: 10s
"#;
    let small = small(job);
    let project = &small.project;
    let count = || read(&project.home.join("dev/run/count")).lines().count();
    for _ in 0..2 {
        let up = project.run(&["up"]);
        assert_eq!(up.exit, 0, "{up:#?}");
    }
    assert_eq!(count(), 1);
    project.run(&["down"]);
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(count(), 1, "what it was made for has not changed");
    project.edit("infra/stack.yaml", "echo run", "echo again");
    assert_eq!(project.run(&["plan"]).steps(), ["run-job fill"]);
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(count(), 2);
    project.run(&["down"]);
    fs::remove_dir_all(project.home.join("dev/data/nats")).unwrap();
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(count(), 3, "new data must be filled again");
}

#[test]
fn a_killed_component_comes_back_and_its_restarts_are_counted() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["up"]).exit, 0);
    kill(i32::try_from(project.pid("nats")).unwrap());
    eventually(Duration::from_secs(10), "nats is back and healthy", || {
        let status = project.status("nats");
        status["health"] == "healthy" && status["restarts"] == 1
    });
}

#[test]
fn a_killed_supervisor_takes_everything_with_it_and_the_next_up_brings_it_back() {
    let small = small("");
    let project = &small.project;
    assert_eq!(project.run(&["up"]).exit, 0);
    let pid = project.pid("nats");
    let supervisor = project.supervisor_pid();
    kill(supervisor);
    eventually(Duration::from_secs(2), "nothing is left", || {
        !is_alive(pid) && !listens(small.port)
    });
    let status = project.run(&["status"]);
    assert_eq!(status.exit, 33);
    let detail = word(&status.failure()["detail"]).to_owned();
    assert!(
        detail.contains(&supervisor.to_string()) && detail.contains("died"),
        "{detail}"
    );
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(project.status("nats")["health"], "healthy");
}

#[test]
fn an_up_that_is_killed_is_finished_by_the_next_one() {
    let job = |phase: &str| {
        format!(
            "\njobs:\n  slow:\n    summary: takes a while\n    host: {{ program: sleep }}\n    args: ['{phase}']\n    depends_on: {{ nats: healthy }}\n    timeout: 60s\n"
        )
    };
    for (component, phase) in [
        ("nats", "preparing"),
        ("nats", "starting"),
        ("nats", "healthy"),
        ("slow", "running"),
    ] {
        let small = small(&job("1.5"));
        let project = &small.project;
        let mut up = project.start(&["up"]);
        wait_for_event(&mut up, |event| {
            event["type"] == "progress"
                && event["component"] == component
                && event["phase"] == phase
        });
        up.kill().unwrap();
        up.wait().unwrap();
        let next = project.run(&["up"]);
        assert_eq!(
            next.exit, 0,
            "killed while {component} was {phase}: {next:#?}"
        );
        assert_eq!(project.run(&["plan"]).exit, 0);
        assert_eq!(project.status("nats")["health"], "healthy");
    }
}

#[test]
fn a_kept_plan_is_applied_once_and_refused_when_the_world_has_moved() {
    let small = small("");
    let project = &small.project;
    let file = project.path("plan.json");
    let file = file.to_str().unwrap();
    // The secrets and folders of a first `up` are part of the world.
    assert_eq!(project.run(&["up"]).exit, 0);
    project.edit("nats.conf.j2", "1048576", "2097152");
    assert_eq!(project.run(&["plan", "--out", file]).exit, 10);
    project.edit("nats.conf.j2", "2097152", "4194304");
    let stale = project.run(&["up", "--plan", file]);
    assert_eq!(
        (stale.exit, word(&stale.failure()["kind"])),
        (20, "stale-plan")
    );
    project.edit("nats.conf.j2", "4194304", "2097152");
    assert_eq!(project.run(&["up", "--plan", file]).exit, 0);
    let again = project.run(&["up", "--plan", file]);
    assert_eq!(
        (again.exit, word(&again.failure()["kind"])),
        (20, "stale-plan")
    );
}

#[test]
fn only_what_is_named_and_what_it_needs_is_touched() {
    let port = crate::project::free_port();
    let small = small(&shell("other", port, "sleep 1000", ""));
    let project = &small.project;
    assert_eq!(project.run(&["up", "--only", "nats"]).exit, 0);
    assert_eq!(project.status("nats")["health"], "healthy");
    assert_eq!(project.status("other")["state"], "stopped");
    let unknown = project.run(&["up", "--only", "nast"]);
    assert_eq!(
        (unknown.exit, word(&unknown.failure()["kind"])),
        (20, "model-invalid")
    );
}
