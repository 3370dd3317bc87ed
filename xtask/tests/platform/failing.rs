//! Each failure ends in a card that names the root, its kind, who waits for it, and something to try.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    project::{Project, Run, free_port, is_alive, listens, wait_for_event, word},
    stacks::{NATS_CONF, shell, small},
};

pub(crate) fn card(run: &Run) -> (&str, &str) {
    let failure = run.failure();
    (word(&failure["component"]), word(&failure["kind"]))
}

#[test]
fn a_taken_port_names_who_holds_it_and_the_key_to_change() {
    let small = small("");
    let _holder = TcpListener::bind(("127.0.0.1", small.port)).unwrap();
    let up = small.project.run(&["up"]);
    assert_eq!(up.exit, 20);
    assert_eq!(card(&up), ("nats", "port-taken"));
    let detail = word(&up.failure()["detail"]);
    assert!(detail.contains(&format!("port {}", small.port)), "{detail}");
    assert!(
        detail.contains(&format!("pid {}", std::process::id())),
        "{detail}"
    );
    let hint = word(&up.failure()["hint"]);
    assert!(
        hint.contains("components: { nats: { ports: { client:") && hint.contains("dev.yaml"),
        "{hint}"
    );
}

#[test]
fn a_missing_program_and_a_package_that_cannot_be_had_are_told_apart() {
    let with = |packages: &str| {
        format!(
            "\n  absent:\n    summary: nowhere\n    host: {{ {packages} program: argosy-no-such-program }}\n    ports: {{ any: {} }}\n    health: {{ tcp: any }}\n",
            free_port()
        )
    };
    let small_one = small(&with(""));
    let up = small_one.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("absent", "package-missing")));

    let small_two = small(&with("packages: [argosy-no-such-package],"));
    let up = small_two.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("machine", "install-failed")));
    assert!(
        word(&up.failure()["hint"])
            .contains("apt-get install --yes --no-install-recommends argosy-no-such-package")
    );
    let doctor = small_two.project.run(&["doctor"]);
    assert_eq!(doctor.exit, 10);
    let check = doctor
        .all("check")
        .into_iter()
        .find(|check| check["check"] == "programs")
        .unwrap();
    assert_eq!(check["ok"], false);
    assert!(
        word(&check["fix"]).contains("argosy-no-such-package"),
        "{check}"
    );
    assert!(
        !listens(small_two.port),
        "nothing may be started before the machine is fit"
    );
}

#[test]
fn a_program_for_another_processor_is_recognised() {
    let small = small("");
    let program = small.project.path("bin/nats-server-for-elsewhere");
    let mut elf = fs::read("/bin/true").unwrap();
    // e_machine of AArch64 or, on that, of x86-64.
    elf[18] = if elf[18] == 183 { 62 } else { 183 };
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, elf).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    small.project.edit(
        "infra/stack.yaml",
        "program: nats-server }",
        &format!(
            "program: nats-server-for-elsewhere, search: ['{}'] }}",
            program.parent().unwrap().display()
        ),
    );
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("nats", "wrong-architecture")));
}

#[test]
fn a_home_that_cannot_be_written_is_refused() {
    let small = small("");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["up", "--json", "--home", "/proc/argosy", "--project"])
        .arg(small.project.root.path())
        .output()
        .unwrap();
    let up = Run::from(output);
    assert_eq!((up.exit, card(&up)), (20, ("machine", "not-writable")));
    assert!(word(&up.failure()["hint"]).contains("ARGOSY_HOME"));
}

/// A small file system that goes away with the test.
pub(crate) struct SmallDisk<'a>(&'a std::path::Path);

impl<'a> SmallDisk<'a> {
    pub(crate) fn mount(path: &'a std::path::Path, size: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=755"),
                "argosy-test",
            ])
            .arg(path)
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy"]).arg(self.0).status();
    }
}

#[test]
fn a_full_disk_is_refused_before_anything_is_touched() {
    let small = small("");
    let Some(_disk) = SmallDisk::mount(&small.project.home, "1m") else {
        println!("skipped: mounting a small file system needs root");
        return;
    };
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("machine", "disk-full")));
    assert!(word(&up.failure()["hint"]).contains("ARGOSY_HOME"));
}

#[test]
fn a_server_that_will_not_start_shows_its_last_lines_and_who_waits() {
    let waits = shell(
        "waiting",
        free_port(),
        "sleep 1000",
        "    depends_on: { broken: healthy }\n",
    );
    let small = small(
        &(shell(
            "broken",
            free_port(),
            "echo the reason is this >&2; exit 3",
            "",
        ) + &waits),
    );
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (33, ("broken", "crash-loop")),
        "{up:#?}"
    );
    let failure = up.failure();
    assert!(
        word(&failure["detail"]).contains("exited with code 3"),
        "{failure}"
    );
    assert!(
        failure["log_tail"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| word(line).contains("the reason is this")),
        "{failure}"
    );
    assert_eq!(failure["victims"], serde_json::json!(["waiting"]));
    assert!(word(&failure["hint"]).contains("logs broken"));
    assert_eq!(
        small.project.status("nats")["health"],
        "healthy",
        "what does not need it goes on"
    );
}

#[test]
fn a_component_that_never_becomes_healthy_is_named_with_its_last_answer() {
    let small = small(&shell("mute", free_port(), "sleep 1000", ""));
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (32, ("mute", "unhealthy")));
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains("not healthy after 2s") && detail.contains("refused"),
        "{detail}"
    );
    let plan = small.project.run(&["plan"]);
    assert_eq!(
        plan.steps(),
        ["restart mute"],
        "a plan must not say that all is well"
    );
}

#[test]
fn a_file_that_its_program_rejects_stops_everything_before_it_starts() {
    let small = small("");
    small.project.write(
        "nats.conf.j2",
        &format!("{NATS_CONF}no_such_option_here: {{ a: \n"),
    );
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("configuration", "config-rejected"))
    );
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains("nats.conf.j2"),
        "the file that people edit is named: {detail}"
    );
    assert!(!listens(small.port));
}

#[test]
fn a_rejected_change_leaves_the_running_one_as_it_is() {
    let small = small("");
    assert_eq!(small.project.run(&["up"]).exit, 0);
    let pid = small.project.pid("nats");
    small
        .project
        .edit("nats.conf.j2", "max_payload: 1048576", "max_payload: {");
    assert_eq!(small.project.run(&["up"]).exit, 20);
    assert_eq!(small.project.pid("nats"), pid);
    assert_eq!(small.project.status("nats")["health"], "healthy");
}

#[test]
fn an_undefined_name_in_a_template_names_file_and_line() {
    let small = small("");
    small.project.write(
        "nats.conf.j2",
        &format!("{NATS_CONF}server_name: {{{{ settings.no_such }}}}\n"),
    );
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("configuration", "config-rejected"))
    );
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains("nats.conf.j2:3") && detail.contains("no_such"),
        "{detail}"
    );
}

#[test]
fn an_invalid_model_names_file_line_and_column() {
    let small = small("");
    small.project.edit(
        "infra/stack.yaml",
        "start_timeout: 10s",
        "start_timeout: soon",
    );
    for command in ["up", "plan", "status"] {
        let run = small.project.run(&[command]);
        assert_eq!((run.exit, card(&run)), (20, ("model", "model-invalid")));
        let detail = word(&run.failure()["detail"]);
        assert!(
            detail.contains("infra/stack.yaml:13:20")
                && detail.contains("`soon` is not a duration"),
            "{detail}"
        );
    }
}

#[test]
fn a_failing_job_and_one_that_hangs_are_told_apart() {
    let job = |script: &str| {
        format!(
            "\njobs:\n  work:\n    summary: fails\n    host: {{ program: sh }}\n    args: [-c, '{script}']\n    depends_on: {{ nats: healthy }}\n    timeout: 1s\n"
        )
    };
    let failing = small(&job("echo cannot go on >&2; exit 7"));
    let up = failing.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (33, ("work", "job-failed")));
    let failure = up.failure();
    assert!(
        word(&failure["detail"]).contains("exited with code 7"),
        "{failure}"
    );
    assert!(
        failure["log_tail"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| word(line).contains("cannot go on"))
    );

    let hanging = small(&job("sleep 1000"));
    let up = hanging.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (32, ("work", "job-timed-out")));
}

#[test]
fn the_second_of_two_runs_ends_at_once_and_names_the_first() {
    let job = "\njobs:\n  slow:\n    summary: takes a while\n    host: { program: sleep }\n    args: ['3']\n    depends_on: { nats: healthy }\n    timeout: 60s\n";
    let small = small(job);
    let mut first = small.project.start(&["up"]);
    let first_pid = first.id();
    wait_for_event(&mut first, |event| {
        event["component"] == "slow" && event["phase"] == "running"
    });
    let second = small.project.run(&["up"]);
    assert_eq!((second.exit, card(&second)), (21, ("toolkit", "lock-held")));
    assert!(
        word(&second.failure()["detail"]).contains(&format!("pid {first_pid}")),
        "{second:#?}"
    );
    assert!(first.wait().unwrap().success());
    assert!(is_alive(small.project.pid("nats")));
}

#[test]
fn a_card_comes_within_half_a_second_of_the_failure() {
    let small = small(&shell("broken", free_port(), "exit 1", ""));
    let mut up = small.project.start(&["up"]);
    let mut first_start = None;
    let mut told = None;
    wait_for_event(&mut up, |event| {
        if event["component"] == "broken" && event["phase"] == "starting" {
            first_start = Some(Instant::now());
        }
        if event["type"] == "failure" {
            told = Some(Instant::now());
        }
        told.is_some()
    });
    up.wait().unwrap();
    let took = told.unwrap() - first_start.unwrap();
    // Three starts with two pauses of 100 and 200 ms lie between; a busy machine gets four times the time.
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn other_peoples_processes_are_left_alone() {
    let small = small("");
    let mut foreign = Command::new("sleep").arg("1000").spawn().unwrap();
    assert_eq!(small.project.run(&["up"]).exit, 0);
    assert_eq!(small.project.run(&["down", "--volumes", "--yes"]).exit, 0);
    assert!(is_alive(u64::from(foreign.id())));
    foreign.kill().unwrap();
    foreign.wait().unwrap();
}

#[test]
fn a_component_without_an_environment_of_its_own_sees_nothing_of_the_users() {
    let probe = "env > seen; sleep 1000";
    let small = small(&shell("nosy", free_port(), probe, ""));
    let mut command = small.project.command(&["up", "--json"]);
    command
        .env("A_SECRET_OF_THE_USER", "hush")
        .output()
        .unwrap();
    let seen = fs::read_to_string(small.project.home.join("dev/run/nosy/seen")).unwrap();
    assert!(!seen.contains("hush"), "{seen}");
}

/// The project of a test is never this one.
#[test]
fn an_unknown_environment_lists_those_there_are() {
    let project = Project::new("name: small\ncomponents: {}\n");
    let up = project.run(&["up", "--env", "prdo"]);
    assert_eq!(up.exit, 20);
    assert!(up.failure().to_string().contains("dev"), "{up:#?}");
}
