//! The kinds of failure that only show while something runs or is about to: each is provoked, and its card names the root.

use std::fs;

use crate::{
    database,
    failing::{SmallDisk, card},
    project::{Project, free_port, listens, word},
    stacks::{NATS_CONF, Small, nats, shell, small},
};

/// Of `broker.example`, from 2020 to 2021.
const EXPIRED: &str = include_str!("certificates/expired.pem");
/// Of the same, from 2020 to 2120.
const LASTING: &str = include_str!("certificates/lasting.pem");

#[test]
fn a_file_of_the_model_that_is_not_there_is_named_with_who_needs_it() {
    let waits = shell(
        "waiting",
        free_port(),
        "sleep 1000",
        "    depends_on: { nats: healthy }\n",
    );
    let job = "\njobs:\n  fill:\n    summary: fills\n    host: { program: sh }\n    args: [-c, 'true']\n    inputs: [data/products]\n    timeout: 5s\n";
    let small = small(&(waits + job));
    fs::remove_file(small.project.path("nats.conf.j2")).unwrap();
    let up = small.project.run(&["up"]);
    assert_eq!(up.exit, 20, "{up:#?}");
    let cards: Vec<(&str, &str)> = up
        .all("failure")
        .iter()
        .map(|failure| (word(&failure["component"]), word(&failure["kind"])))
        .collect();
    assert_eq!(
        cards,
        [("nats", "source-missing"), ("fill", "source-missing")]
    );
    let failure = up.find("failure", "nats").unwrap();
    assert!(
        word(&failure["detail"]).contains("`nats.conf.j2`"),
        "{failure}"
    );
    assert_eq!(failure["victims"], serde_json::json!(["waiting"]));
    assert!(
        word(&failure["hint"]).contains("git checkout -- nats.conf.j2"),
        "{failure}"
    );
    assert!(!listens(small.port));
}

#[test]
fn a_certificate_that_has_expired_is_told_before_its_server_uses_it() {
    let small = small("");
    small.project.write("broker.pem", EXPIRED);
    small.project.edit(
        "infra/stack.yaml",
        "    files:\n",
        "    files:\n      - { template: broker.pem, target: broker.pem }\n",
    );
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("nats", "certificate-expired")),
        "{up:#?}"
    );
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains("CN=broker.example")
            && detail.contains("broker.pem")
            && detail.contains("2021-01-01"),
        "{detail}"
    );
    assert!(word(&up.failure()["hint"]).contains("broker.pem"));
    assert!(!listens(small.port));
    small.project.write("broker.pem", LASTING);
    assert_eq!(small.project.run(&["up"]).exit, 0);
    // Also when nothing else is to be done, for it may expire while everything runs.
    small.project.write("broker.pem", EXPIRED);
    assert_eq!(small.project.run(&["up"]).exit, 20);
    assert!(listens(small.port), "what runs goes on");
}

#[test]
fn who_cannot_reach_what_it_needs_is_a_victim_and_not_the_root() {
    let asks = format!(
        r#"
  asks:
    summary: needs a port on which nobody listens
    host: {{ program: bash }}
    args: [-c, "exec 3<>/dev/tcp/{{{{ host('nats', 'monitor') }}}}/{{{{ port_of('nats', 'monitor') }}}}"]
    ports: {{ any: {} }}
    health: {{ tcp: any }}
    start_timeout: 5s
    depends_on: {{ nats: healthy }}
"#,
        free_port()
    );
    let waits = shell(
        "waiting",
        free_port(),
        "sleep 1000",
        "    depends_on: { asks: healthy }\n",
    );
    let small = small(&(asks + &waits));
    let monitor = free_port();
    small.project.edit(
        "infra/stack.yaml",
        "ports: { client:",
        &format!("ports: {{ monitor: {monitor}, client:"),
    );
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (33, ("nats", "dependency-unreachable")),
        "{up:#?}"
    );
    let failure = up.failure();
    assert_eq!(failure["victims"], serde_json::json!(["asks", "waiting"]));
    let detail = word(&failure["detail"]);
    assert!(
        detail.contains("asks needs its port `monitor`")
            && detail.contains(&format!("127.0.0.1:{monitor}")),
        "{detail}"
    );
    assert!(word(&failure["hint"]).contains("status"), "{failure}");
    // Once somebody listens there, the same program has nobody to blame.
    assert_eq!(small.project.run(&["down"]).exit, 0);
    small.project.edit(
        "nats.conf.j2",
        "max_payload: 1048576",
        "max_payload: 1048576\nhttp: \"{{ listen('monitor') }}\"",
    );
    let up = small.project.run(&["up"]);
    assert_eq!(card(&up), ("asks", "crash-loop"), "{up:#?}");
}

#[test]
fn a_disk_that_fills_while_something_runs_is_told_also_when_its_own_words_found_no_room() {
    let small = small("");
    let place = small.project.path("small");
    let Some(_disk) = SmallDisk::mount(&place, "4m") else {
        println!("skipped: mounting a small file system needs root");
        return;
    };
    let full = shell(
        "full",
        free_port(),
        &format!("dd if=/dev/zero of={}/file bs=64k", place.display()),
        "",
    );
    add(&small, &full);
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("full", "disk-full")), "{up:#?}");
    assert!(
        up.failure()["log_tail"]
            .to_string()
            .contains("No space left"),
        "{up:#?}"
    );
    assert!(word(&up.failure()["hint"]).contains("df -h"));
    assert_eq!(small.project.status("nats")["health"], "healthy");
}

#[test]
fn a_home_that_fills_while_something_runs_is_told() {
    let small = small("");
    let Some(_disk) = SmallDisk::mount(&small.project.home, "230m") else {
        println!("skipped: mounting a small file system needs root");
        return;
    };
    add(
        &small,
        &shell(
            "full",
            free_port(),
            "dd if=/dev/zero of=file bs=64k oflag=append conv=notrunc 2>/dev/null",
            "",
        ),
    );
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (20, ("full", "disk-full")), "{up:#?}");
    assert!(
        word(&up.failure()["hint"]).contains("ARGOSY_HOME"),
        "{up:#?}"
    );
    assert_eq!(small.project.run(&["down"]).exit, 0);
}

fn add(small: &Small, component: &str) {
    let stack = nats(small.port, component);
    small.project.write("infra/stack.yaml", &stack);
}

#[test]
fn what_only_needs_longer_is_told_how_to_be_given_it() {
    let port = free_port();
    let slow = format!(
        "\n  slow:\n    summary: takes its time\n    host: {{ packages: [nats-server], program: sh }}\n    args: [-c, 'sleep 3; exec nats-server --port {port}']\n    ports: {{ any: {port} }}\n    health: {{ nats: any }}\n    start_timeout: 1s\n"
    );
    let small = small(&slow);
    let up = small.project.run(&["up"]);
    assert_eq!((up.exit, card(&up)), (32, ("slow", "unhealthy")), "{up:#?}");
    assert!(
        word(&up.failure()["detail"]).contains("not healthy after 1s"),
        "{up:#?}"
    );
    assert!(
        word(&up.failure()["hint"]).contains("`start_timeout` of slow"),
        "{up:#?}"
    );
    small.project.edit(
        "infra/stack.yaml",
        "start_timeout: 1s",
        "start_timeout: 20s",
    );
    assert_eq!(small.project.run(&["up"]).exit, 0);
}

#[test]
fn what_gets_no_more_memory_is_told_so() {
    let script = "ulimit -v 200000; dd if=/dev/zero of=/dev/null bs=1G count=1";
    let small = small(&shell("greedy", free_port(), script, ""));
    let up = small.project.run(&["up"]);
    assert_eq!(
        (up.exit, card(&up)),
        (33, ("greedy", "out-of-memory")),
        "{up:#?}"
    );
}

#[test]
fn a_migration_that_the_database_refuses_is_the_services_and_a_wrong_password_is_not() {
    let components = database::components(|_| String::new());
    let project = Project::new(&format!("name: small\ncomponents:{components}"));
    database::write_files(&project);
    database::is_told_as_it_should_be(&project, || project.run(&["up"]));
    assert_eq!(project.run(&["down", "--volumes", "--yes"]).exit, 0);
}

/// The check of a file is the failure's moment; everything before and after it counts too.
#[test]
fn what_is_found_before_anything_is_touched_is_told_within_half_a_second() {
    let small = small("");
    small.project.write(
        "nats.conf.j2",
        &format!("{NATS_CONF}no_such_option_here: {{ a: \n"),
    );
    let fastest = (0..3)
        .map(|_| {
            let up = small.project.run(&["up"]);
            assert_eq!(card(&up), ("configuration", "config-rejected"));
            up.all("result")[0]["took_ms"].as_u64().unwrap()
        })
        .min()
        .unwrap();
    assert!(
        fastest <= 500,
        "{fastest} ms from the start of the command to its end"
    );
}

/// From the end that proves the failure, the second in a row or a job's only one, to its card, in milliseconds. What ends notes when.
fn took(number: usize, more: impl Fn(&str) -> String) -> i64 {
    let notes = tempfile::NamedTempFile::new().unwrap();
    let script = format!("date +%s%3N >> {}; exit 3", notes.path().display());
    let small = small(&more(&script));
    let up = small.project.run(&["up"]);
    assert_eq!(up.exit, 33, "{up:#?}");
    let told = chrono::DateTime::parse_from_rfc3339(word(&up.failure()["at"])).unwrap();
    let ends = fs::read_to_string(notes.path()).unwrap();
    let end: i64 = ends.lines().nth(number).unwrap().parse().unwrap();
    told.timestamp_millis() - end
}

#[test]
fn a_card_comes_within_half_a_second_of_the_end_that_proves_it() {
    let looping = |script: &str| shell("broken", free_port(), script, "");
    let failing = |script: &str| {
        format!(
            "\njobs:\n  work:\n    summary: fails\n    host: {{ program: sh }}\n    args: [-c, '{script}']\n    depends_on: {{ nats: healthy }}\n    timeout: 9s\n"
        )
    };
    // The best of a few: beside other tests a machine has more to do than to tell.
    let loops: Vec<i64> = (0..3).map(|_| took(1, looping)).collect();
    assert!(loops.iter().any(|took| *took <= 500), "{loops:?} ms");
    let jobs: Vec<i64> = (0..3).map(|_| took(0, failing)).collect();
    assert!(jobs.iter().any(|took| *took <= 500), "{jobs:?} ms");
}
