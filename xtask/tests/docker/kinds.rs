//! The kinds of failure that only show on an engine or in a container, and how soon each is told.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    time::SystemTime,
};

use serde_json::Value;

use crate::{
    database,
    engine::{self, must, ready},
    failing::{card, script},
    project::{Run, free_port, word},
    stack::{Small, edge, foreign, nats, one, with_database},
};

const EXPIRED: &str = include_str!("../platform/certificates/expired.pem");

#[test]
fn a_source_that_is_not_there_stops_everything_although_nothing_is_mounted_from_here() {
    if !ready() {
        return;
    }
    let small = one(&nats("waiting", "    depends_on: { one: healthy }\n"));
    small
        .project
        .write("other.conf.j2", crate::stack::NATS_CONF);
    let stack = fs::read_to_string(small.project.path("infra/stack.yaml")).unwrap();
    let stack = stack.replacen("nats.conf.j2", "gone.conf.j2", 1);
    small.project.write("infra/stack.yaml", &stack);
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("one", "source-missing")),
        "{up:#?}"
    );
    let failure = up.failure();
    assert!(
        word(&failure["detail"]).contains("`gone.conf.j2`"),
        "{failure}"
    );
    assert_eq!(failure["victims"], serde_json::json!(["waiting"]));
    assert!(engine::docker(&["inspect", &small.container("one")]).is_none());
    let stack = stack.replacen("gone.conf.j2", "nats.conf.j2", 1);
    small.project.write("infra/stack.yaml", &stack);
}

#[test]
fn a_certificate_that_has_expired_is_told_before_it_travels() {
    if !ready() {
        return;
    }
    let small = one("");
    small.project.write("broker.pem", EXPIRED);
    small.project.edit(
        "infra/stack.yaml",
        "files: [ {",
        "files: [ { template: broker.pem, target: broker.pem }, {",
    );
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("one", "certificate-expired")),
        "{up:#?}"
    );
    assert!(word(&up.failure()["detail"]).contains("CN=broker.example"));
}

#[test]
fn who_cannot_reach_what_it_needs_is_a_victim_and_not_the_root() {
    if !ready() {
        return;
    }
    let asks = format!(
        r#"
  asks:
    summary: needs a port on which nobody listens
    host: {{ program: bash }}
    image: {{ debian: nats }}
    args: [-c, "exec 3<>/dev/tcp/{{{{ host('one', 'monitor') }}}}/{{{{ port_of('one', 'monitor') }}}}"]
    ports: {{ any: {} }}
    health: {{ tcp: any }}
    start_timeout: 10s
    depends_on: {{ one: healthy }}
"#,
        free_port()
    );
    let small = one(&asks);
    let monitor = free_port();
    small.project.edit(
        "infra/stack.yaml",
        "ports: { client:",
        &format!("ports: {{ monitor: {monitor}, client:"),
    );
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (33, ("one", "dependency-unreachable")),
        "{up:#?}"
    );
    let failure = up.failure();
    assert_eq!(failure["victims"], serde_json::json!(["asks"]));
    let detail = word(&failure["detail"]);
    assert!(
        detail.contains(&format!("`monitor` at one:{monitor}")) && detail.contains("refused"),
        "{detail}"
    );
}

#[test]
fn a_folder_that_is_full_is_told_from_a_program_that_just_ends() {
    if !ready() {
        return;
    }
    let small = one(&script("dd if=/dev/zero of=/tmp/file bs=64k", ""));
    let up = small.up();
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("broken", "disk-full")),
        "{up:#?}"
    );
    assert!(
        word(&up.failure()["hint"]).contains("docker system df"),
        "{up:#?}"
    );
}

#[test]
fn a_migration_that_the_database_refuses_is_the_services_and_a_wrong_password_is_not() {
    if !ready() {
        return;
    }
    let small = with_database();
    database::is_told_as_it_should_be(&small.project, || small.up());
}

/// An image with one program in it, for a machine that this one is not.
fn foreign_image(reference: &str) {
    let (other, machine) = if cfg!(target_arch = "aarch64") {
        ("linux/amd64", 62)
    } else {
        ("linux/arm64", 183)
    };
    let mut elf = fs::read("/bin/true").unwrap();
    elf[18] = machine;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(elf.len() as u64);
    archive
        .append_data(&mut header, "bin/server", elf.as_slice())
        .unwrap();
    let mut import = Command::new("docker")
        .args(["import", "--platform", other, "-", reference])
        .env("DOCKER_API_VERSION", "1.41")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = import.stdin.take().unwrap();
    stdin.write_all(&archive.into_inner().unwrap()).unwrap();
    drop(stdin);
    assert!(import.wait().unwrap().success());
}

#[test]
fn an_image_for_another_processor_is_told_with_both() {
    if !ready() {
        return;
    }
    let reference = format!("argosy-foreign-{}:1.0.0", std::process::id());
    foreign_image(&reference);
    let small = foreign(&reference);
    let up = small
        .project
        .run(&["up", "--runtime", "docker", "--images", "upstream"]);
    assert_eq!(
        (up.exit, card(&up)),
        (20, ("server", "wrong-architecture")),
        "{up:#?}"
    );
    let detail = word(&up.failure()["detail"]);
    assert!(
        detail.contains(&reference) && detail.contains("amd64") && detail.contains("arm64"),
        "{detail}"
    );
    drop(small);
    must(&["image", "rm", "--force", &reference]);
}

/// In milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}

/// When the engine says that a container has ended, in milliseconds since 1970.
fn ends(container: &str, event: &str, since: i64) -> Vec<i64> {
    let seconds = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
    let told = must(&[
        "events",
        "--format",
        "{{.TimeNano}}",
        "--since",
        &seconds(since),
        "--until",
        &seconds(now()),
        "--filter",
        &format!("container={container}"),
        "--filter",
        &format!("event={event}"),
    ]);
    told.lines()
        .map(|line| line.parse::<i64>().unwrap() / 1_000_000)
        .collect()
}

fn moment(event: &Value) -> i64 {
    chrono::DateTime::parse_from_rfc3339(word(&event["at"]))
        .unwrap()
        .timestamp_millis()
}

/// From the failure, which is this end of the container, to its card.
fn took(small: &Small, unit: &str, event: &str, end: usize, kind: &str) -> i64 {
    let begun = now();
    let up = small.up();
    let failure = up.failure();
    assert_eq!(word(&failure["kind"]), kind, "{up:#?}");
    let told = moment(failure);
    let ends = ends(&small.container(unit), event, begun);
    let end = *ends
        .get(end)
        .unwrap_or_else(|| panic!("the engine tells of {ends:?} only"));
    assert!(
        end <= told,
        "the card came {} ms before the failure",
        end - told
    );
    told - end
}

/// The best of a few: beside other tests a machine has more to do than to tell.
fn soon(what: &str, mut took: impl FnMut() -> i64) {
    let times: Vec<i64> = (0..3).map(|_| took()).collect();
    assert!(
        times.iter().any(|took| *took <= 500),
        "{what}: {times:?} ms"
    );
}

#[test]
fn a_card_comes_within_half_a_second_of_the_end_of_the_container() {
    if !ready() {
        return;
    }
    let loops = one(&script("exit 3", ""));
    soon("crash loop", || {
        must_be_gone(&loops, "broken");
        // The second end in a row is the proof.
        took(&loops, "broken", "die", 1, "crash-loop")
    });
    let eats = one(&script(
        "a=x; while :; do a=$a$a; done",
        "    resources: { memory: 16MiB }\n",
    ));
    soon("out of memory", || {
        must_be_gone(&eats, "broken");
        took(&eats, "broken", "die", 0, "out-of-memory")
    });
    let job = "\njobs:\n  fill:\n    summary: fills\n    host: { program: sh }\n    image: { debian: nats }\n    args: [-c, 'exit 7']\n    depends_on: { one: healthy }\n    timeout: 9s\n";
    let fails = one(job);
    soon("job", || took(&fails, "fill", "die", 0, "job-failed"));
}

fn must_be_gone(small: &Small, unit: &str) {
    let _ = engine::docker(&["rm", "--force", &small.container(unit)]);
}

#[test]
fn a_rejected_file_and_a_taken_port_are_told_within_half_a_second() {
    if !ready() {
        return;
    }
    let small = edge();
    assert_eq!(small.up().exit, 0);
    soon("rejected file", || {
        // Nobody but the running server checks this one.
        small
            .project
            .write("Caddyfile.j2", "{\n\tno_such_option\n}\n");
        took(&small, "caddy", "exec_die", 0, "config-rejected")
    });
    assert_eq!(small.project.status("caddy")["health"], "healthy");
    let taken = edge();
    let _holder = std::net::TcpListener::bind(("0.0.0.0", taken.port)).unwrap();
    // Found before anything is touched: the whole command counts.
    soon("taken port", || whole(&taken.up(), "port-taken"));
}

fn whole(up: &Run, kind: &str) -> i64 {
    assert_eq!(word(&up.failure()["kind"]), kind);
    up.all("result")[0]["took_ms"].as_i64().unwrap()
}
