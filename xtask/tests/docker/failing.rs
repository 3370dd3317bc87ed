//! What goes wrong in containers ends in a card that names the root, its kind, and something to try.

use std::net::TcpListener;

use crate::{
    engine::{must, ready},
    project::{Run, free_port, word},
    stack::{edge, one},
};

pub(crate) fn card(run: &Run) -> (&str, &str) {
    let failure = run.failure();
    (word(&failure["component"]), word(&failure["kind"]))
}

/// A component that runs a script in the image of a broker.
pub(crate) fn script(script: &str, more: &str) -> String {
    format!(
        r"
  broken:
    summary: a script
    host: {{ program: sh }}
    image: {{ debian: nats }}
    args: [-c, '{script}']
    ports: {{ any: {port} }}
    health: {{ tcp: any }}
    start_timeout: 5s
{more}",
        port = free_port()
    )
}

#[test]
fn a_taken_port_names_the_process_or_the_container_that_has_it() {
    if !ready() {
        return;
    }
    let small = edge();
    let holder = TcpListener::bind(("0.0.0.0", small.port)).unwrap();
    let up = small.up();
    assert_eq!((up.exit, card(&up)), (20, ("caddy", "port-taken")));
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains(&format!("pid {}", std::process::id())),
        "{detail}"
    );
    drop(holder);
    let image = must(&["images", "--quiet", "argosy-nats"]);
    let image = image.lines().next().unwrap();
    let name = format!("{}-holder", small.name);
    let publish = format!("{}:4222", small.port);
    must(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--publish",
        &publish,
        image,
        "nats-server",
    ]);
    let up = small.up();
    must(&["rm", "--force", &name]);
    assert_eq!((up.exit, card(&up)), (20, ("caddy", "port-taken")));
    assert!(word(&up.failure()["detail"]).contains(&name), "{up:#?}");
}

#[test]
fn a_container_that_ends_again_and_again_shows_its_last_lines_and_who_waits() {
    if !ready() {
        return;
    }
    let waiting = crate::stack::nats("waiting", "    depends_on: { broken: healthy }\n");
    let small = one(&(script("echo no luck today; exit 3", "") + &waiting));
    let up = small.up();
    assert_eq!((up.exit, card(&up)), (33, ("broken", "crash-loop")));
    let failure = up.failure();
    assert_eq!(failure["victims"][0], "waiting");
    assert!(
        failure["log_tail"].to_string().contains("no luck today"),
        "{failure}"
    );
    assert!(word(&failure["detail"]).contains("code 3"), "{failure}");
}

#[test]
fn what_needs_more_memory_than_it_has_is_told_so() {
    if !ready() {
        return;
    }
    let eats = "a=x; while :; do a=$a$a; done";
    let small = one(&script(eats, "    resources: { memory: 16MiB }\n"));
    let up = small.up();
    assert_eq!(card(&up), ("broken", "out-of-memory"), "{up:#?}");
    assert!(word(&up.failure()["hint"]).contains("resources.memory"));
}

#[test]
fn what_runs_and_is_not_healthy_in_time_is_told_with_the_last_answer() {
    if !ready() {
        return;
    }
    let small = one(&script("sleep 1000", "    stop: { signal: KILL }\n"));
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (32, ("broken", "unhealthy")),
        "{up:#?}"
    );
    assert!(
        word(&up.failure()["detail"]).contains("connection refused"),
        "{up:#?}"
    );
}

#[test]
fn a_program_that_is_not_in_its_image_and_a_root_that_cannot_be_written_are_told_apart() {
    if !ready() {
        return;
    }
    let small = one(&script("touch /etc/mine", ""));
    let up = small.up();
    assert_eq!(card(&up), ("broken", "not-writable"), "{up:#?}");
    small.project.edit(
        "infra/stack.yaml",
        "program: sh }",
        "program: no-such-program }",
    );
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("broken", "not-executable")),
        "{up:#?}"
    );
}

#[test]
fn a_job_that_fails_and_one_that_does_not_end_are_told() {
    if !ready() {
        return;
    }
    let job = |script: &str| {
        format!(
            "\njobs:\n  fill:\n    summary: fills\n    host: {{ program: sh }}\n    image: {{ debian: nats }}\n    args: [-c, '{script}']\n    depends_on: {{ one: healthy }}\n    timeout: 3s\n"
        )
    };
    let small = one(&job("echo cannot; exit 7"));
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (33, ("fill", "job-failed")),
        "{up:#?}"
    );
    assert!(up.failure()["log_tail"].to_string().contains("cannot"));
    small
        .project
        .edit("infra/stack.yaml", "echo cannot; exit 7", "sleep 100");
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (32, ("fill", "job-timed-out")),
        "{up:#?}"
    );
    small.project.edit("infra/stack.yaml", "sleep 100", "true");
    assert_eq!(small.up().exit, 0);
    let again = small.up();
    assert_eq!(again.steps(), Vec::<String>::new());
}

#[test]
fn a_rejected_file_leaves_what_runs_as_it_is() {
    if !ready() {
        return;
    }
    let small = one("");
    assert_eq!(small.up().exit, 0);
    small
        .project
        .edit("nats.conf.j2", "max_payload", "no_such_setting { a: ");
    let up = small.up();
    assert_eq!(up.exit, 20);
    assert_eq!(word(&up.failure()["kind"]), "config-rejected");
    assert_eq!(small.project.status("one")["health"], "healthy");
}
