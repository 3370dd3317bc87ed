//! `up` brings containers from what is to what should be, by the smallest step, from wherever it finds them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::process::ExitStatusExt as _,
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    engine::{docker, id, inspect, must, ready},
    project::{eventually, word},
    proxy::Recorder,
    stack::{edge, four, one, with_job},
};

#[test]
fn a_second_up_does_nothing_and_every_command_finds_the_containers_by_itself() {
    if !ready() {
        return;
    }
    let small = four();
    let project = &small.project;
    let first = small.up();
    assert_eq!(first.exit, 0, "{first:#?}");
    let ids: Vec<String> = ["one", "two", "three", "four"]
        .map(|name| id(project, name))
        .to_vec();
    // Without a word of the runtime: it is remembered.
    let second = project.run(&["up"]);
    assert_eq!(
        (second.exit, second.steps()),
        (0, Vec::new()),
        "{second:#?}"
    );
    assert_eq!(project.run(&["plan"]).exit, 0);
    assert_eq!(
        ids,
        ["one", "two", "three", "four"].map(|name| id(project, name))
    );
    let status = project.status("four");
    assert_eq!(
        (word(&status["runtime"]), word(&status["health"])),
        ("docker", "healthy")
    );
    assert!(
        word(&status["image"]).starts_with("argosy-nats:"),
        "{status}"
    );
    assert!(
        word(&status["image_digest"]).starts_with("sha256:"),
        "{status}"
    );
    assert!(status["memory_bytes"].as_u64().unwrap() > 0, "{status}");
    let logs = project.run(&["logs", "one"]);
    let ready = |line: &&Value| word(&line["text"]).contains("Server is ready");
    assert!(logs.all("log").iter().any(ready), "{logs:#?}");
    let probe = project.run(&["probe", "--journey", "components"]);
    assert_eq!(probe.exit, 0, "{probe:#?}");
}

#[test]
fn a_plan_asks_and_never_changes() {
    if !ready() {
        return;
    }
    let small = four();
    assert_eq!(small.up().exit, 0);
    must(&["stop", &small.container("two")]);
    small.project.edit("nats.conf.j2", "1048576", "2097152");
    let recorder = Recorder::start();
    // The environment remembers its engine; this is the same one under another address.
    let note = small.home().join("runtime.json");
    let text = std::fs::read_to_string(&note).unwrap();
    let mut chosen: Value = serde_json::from_str(&text).unwrap();
    chosen["engine"] = recorder.host().into();
    std::fs::write(&note, chosen.to_string()).unwrap();
    let plan = small.project.run(&["plan"]);
    std::fs::write(&note, text).unwrap();
    assert_eq!(plan.exit, 10, "{plan:#?}");
    let methods = recorder.methods();
    assert!(methods.len() > 8, "{methods:?}");
    assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");
}

#[test]
fn what_was_changed_behind_our_back_is_found_and_mended_with_the_smallest_step() {
    if !ready() {
        return;
    }
    let small = four();
    let project = &small.project;
    assert_eq!(small.up().exit, 0);
    let before = ["one", "two", "three"].map(|name| id(project, name));
    must(&["update", "--memory", "32m", &small.container("one")]);
    let network = format!("{}-data", small.name);
    must(&["network", "disconnect", &network, &small.container("two")]);
    must(&["stop", &small.container("three")]);
    must(&["rm", "--force", &small.container("four")]);
    let plan = project.run(&["plan"]);
    assert_eq!(plan.exit, 10);
    let mut steps = plan.steps();
    steps.sort();
    assert_eq!(
        steps,
        ["connect two", "create four", "start three", "update one"],
        "{plan:#?}"
    );
    assert_eq!(
        word(&plan.find("step", "one").unwrap()["input"]),
        "limit:memory"
    );
    assert_eq!(
        word(&plan.find("step", "two").unwrap()["input"]),
        "network:data"
    );
    let up = project.run(&["up"]);
    assert_eq!(up.exit, 0, "{up:#?}");
    assert_eq!(
        before,
        ["one", "two", "three"].map(|name| id(project, name))
    );
    let memory = &inspect(&small.container("one"))["HostConfig"]["Memory"];
    assert_eq!(memory.as_u64(), Some(64 << 20));
    assert_eq!(project.run(&["plan"]).exit, 0);
    must(&["pause", &small.container("one")]);
    assert_eq!(project.run(&["plan"]).steps(), ["start one"]);
    assert_eq!(project.run(&["up"]).exit, 0);
    assert_eq!(project.status("one")["health"], "healthy");
}

/// One GET on a connection of its own; whether it was answered with 200.
fn get(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(answer)
}

#[test]
fn a_changed_file_is_one_reload_of_the_same_container() {
    if !ready() {
        return;
    }
    let small = edge();
    let project = &small.project;
    let up = small.up();
    assert_eq!(up.exit, 0, "{up:#?}");
    let before = id(project, "caddy");
    project.edit("Caddyfile.j2", "first", "second");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.steps(), ["reload caddy"]);
    let up = project.run(&["up"]);
    assert_eq!(up.exit, 0, "{up:#?}");
    eventually(Duration::from_secs(5), "the new answer is given", || {
        get(small.port).is_some_and(|answer| answer.ends_with("second"))
    });
    assert_eq!(id(project, "caddy"), before);
    assert_eq!(project.run(&["plan"]).exit, 0);
}

#[test]
fn a_file_edited_in_its_container_is_put_right() {
    if !ready() {
        return;
    }
    let small = one("");
    assert_eq!(small.up().exit, 0);
    let path = format!("{}:/argosy/files/config/nats.conf", small.container("one"));
    let tampered = small.project.path("tampered.conf");
    std::fs::write(&tampered, "listen: 127.0.0.1:1\n").unwrap();
    must(&["cp", tampered.to_str().unwrap(), &path]);
    let plan = small.project.run(&["plan"]);
    assert_eq!(plan.steps(), ["reload one"]);
    assert!(
        word(&plan.all("step")[0]["cause"]).contains("was edited"),
        "{plan:#?}"
    );
    assert_eq!(small.project.run(&["up"]).exit, 0);
    assert_eq!(small.project.run(&["plan"]).exit, 0);
}

#[test]
fn what_is_not_ours_survives_whatever_its_name_is() {
    if !ready() {
        return;
    }
    let small = one("");
    let image = must(&["images", "--quiet", "argosy-nats"]);
    let image = image.lines().next().unwrap();
    let similar = format!("{}-other", small.name);
    must(&["run", "--detach", "--name", &similar, image, "nats-server"]);
    let same = small.container("one");
    must(&["run", "--detach", "--name", &same, image, "nats-server"]);
    let foreign = inspect(&same)["Id"].clone();
    let refused = small.up();
    assert_eq!(refused.exit, 20, "{refused:#?}");
    assert_eq!(word(&refused.failure()["kind"]), "name-taken");
    assert_eq!(inspect(&same)["Id"], foreign);
    must(&["rm", "--force", &same]);
    assert_eq!(small.up().exit, 0);
    let network = must(&[
        "network",
        "ls",
        "--quiet",
        "--filter",
        &format!("name={}", small.name),
    ]);
    let network = network.lines().next().unwrap();
    must(&["network", "connect", network, &similar]);
    let down = small.project.run(&["down", "--volumes", "--yes"]);
    assert_eq!(down.exit, 0, "{down:#?}");
    let notes = down.all("note");
    let stays = |note: &&&Value| word(&note["message"]).contains(" stays: ");
    assert_eq!(notes.iter().filter(stays).count(), 1, "{notes:#?}");
    assert_eq!(inspect(&similar)["State"]["Status"], "running");
    must(&["rm", "--force", &similar]);
    must(&["network", "rm", network]);
}

#[test]
fn a_kept_plan_is_refused_when_the_world_has_moved() {
    if !ready() {
        return;
    }
    let small = four();
    let project = &small.project;
    assert_eq!(small.up().exit, 0);
    project.edit("nats.conf.j2", "1048576", "2097152");
    let file = project.path("plan.json");
    let file = file.to_str().unwrap();
    assert_eq!(project.run(&["plan", "--out", file]).exit, 10);
    must(&["stop", &small.container("two")]);
    let stale = project.run(&["up", "--plan", file]);
    assert_eq!(
        (stale.exit, word(&stale.failure()["kind"])),
        (20, "stale-plan")
    );
    assert_eq!(project.run(&["plan", "--out", file]).exit, 10);
    assert_eq!(project.run(&["up", "--plan", file]).exit, 0);
}

/// Kills `up` before its request with this number, then before every third one after it, until it comes to its end; after
/// how many requests that was.
fn killed_until_it_ends(first: u32) -> u32 {
    // It outlives the stack, whose end goes through it too.
    let recorder = Recorder::start();
    let small = with_job();
    let project = &small.project;
    let mut requests = first;
    loop {
        recorder.lie_in_wait(requests);
        let mut up = project
            .command(&["up", "--runtime", "docker", "--images", "debian", "--json"])
            .env("DOCKER_HOST", recorder.host())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        recorder.kill(up.id());
        let end = up.wait().unwrap();
        recorder.stand_down();
        if end.success() {
            return requests;
        }
        assert_eq!(end.signal(), Some(9), "after {requests} requests: {end}");
        let next = small.up();
        assert_eq!(next.exit, 0, "killed after {requests} requests: {next:#?}");
        let plan = project.run(&["plan"]);
        assert_eq!(plan.exit, 0, "killed after {requests} requests: {plan:#?}");
        let down = project.run(&["down", "--volumes", "--yes"]);
        assert_eq!(down.exit, 0, "killed after {requests} requests: {down:#?}");
        requests += AT_ONCE;
    }
}

/// Stacks that are killed beside each other: most of the time each waits for its containers.
const AT_ONCE: u32 = 3;

#[test]
fn an_up_that_is_killed_before_any_of_its_requests_is_finished_by_the_next_one() {
    if !ready() {
        return;
    }
    let requests = thread::scope(|scope| {
        let killers: Vec<_> = (0..AT_ONCE)
            .map(|first| scope.spawn(move || killed_until_it_ends(first)))
            .collect();
        let ends = killers.into_iter().map(|killer| killer.join().unwrap());
        ends.min().unwrap()
    });
    // Two networks, a volume, and of two containers the making, the files and the start at least.
    assert!(requests >= 9, "{requests}");
}

#[test]
fn what_ends_by_itself_is_back_within_ten_seconds() {
    if !ready() {
        return;
    }
    let small = one("");
    assert_eq!(small.up().exit, 0);
    let pid = inspect(&small.container("one"))["State"]["Pid"]
        .as_i64()
        .unwrap();
    crate::project::kill(pid);
    eventually(Duration::from_secs(10), "it is back and healthy", || {
        let status = small.project.status("one");
        status["health"] == "healthy" && status["restarts"] == 1
    });
}

#[test]
fn down_keeps_the_data_until_it_is_told_to_remove_them() {
    if !ready() {
        return;
    }
    let small = four();
    let project = &small.project;
    let volume = format!("{}-four-data", small.name);
    let made = || inspect_volume(&volume)["Labels"]["argosy.identity"].clone();
    assert_eq!(small.up().exit, 0);
    let first = made();
    assert_eq!(project.run(&["down"]).exit, 0);
    assert_eq!(small.up().exit, 0);
    assert_eq!(made(), first);
    assert_eq!(project.run(&["down"]).exit, 0);
    assert_eq!(project.run(&["down", "--volumes"]).exit, 130);
    assert_eq!(made(), first);
    assert_eq!(project.run(&["down", "--volumes", "--yes"]).exit, 0);
    assert!(docker(&["volume", "inspect", &volume]).is_none());
}

fn inspect_volume(volume: &str) -> Value {
    let text = must(&["volume", "inspect", volume]);
    let mut all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.remove(0)
}

#[test]
fn an_environment_runs_on_one_runtime_at_a_time() {
    if !ready() {
        return;
    }
    let small = one("");
    assert_eq!(small.up().exit, 0);
    let refused = small.project.run(&["up", "--runtime", "host"]);
    assert_eq!(
        (refused.exit, word(&refused.failure()["kind"])),
        (20, "other-runtime")
    );
    assert!(word(&refused.failure()["hint"]).contains("down"));
    assert!(docker(&["inspect", &small.container("one")]).is_some());
}
