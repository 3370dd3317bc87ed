//! How a supervisor ends, and what becomes of its processes.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    bench::{
        Supervised, free_port, is_alive, kill, nats, script, spawn_guard, until, written_pids,
    },
    client::Client,
};

/// Writes its own process id and those of its children: one in its group, one in a session of its own, and one whose
/// parent has already ended.
fn family(file: &std::path::Path) -> Value {
    let text = format!(
        "echo $$ >> {0}; sleep 1000 & echo $! >> {0}; setsid sleep 1000 & echo $! >> {0}; bash -c 'sleep 1000 & echo $! >> {0}'; wait",
        file.display()
    );
    script("family", &text)
}

#[test]
fn when_the_supervisor_is_killed_nothing_that_came_from_it_survives_a_second() {
    let mut supervised = Supervised::start();
    let port = free_port();
    supervised.start_process(&nats("nats", port));
    supervised.until_healthy("nats");
    let file = supervised.home().join("pids");
    supervised.start_process(&family(&file));
    let mut pids = written_pids(&file, 4);
    pids.push(supervised.pid_of("nats"));
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    kill(supervised.pid, "KILL");
    let took = until("all are gone", || pids.iter().all(|pid| !is_alive(*pid)));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(!supervised.until_ended().success());
    // The port is free, and the record tells how it ended.
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let record = supervised.record().unwrap();
    assert_eq!(record["pid"], supervised.pid);
    assert_eq!(record["death"]["how"], "killed by signal 9 (SIGKILL)");
    assert!(!supervised.socket().exists());
}

#[test]
fn when_the_supervisor_is_killed_the_next_one_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_owned();
    let mut first = Supervised::start_in(folder);
    first.start_process(&script("x", "sleep 1000"));
    kill(first.pid, "KILL");
    first.until_ended();
    let mut second = spawn_guard(&home);
    until("the next one answers", || {
        Client::connect(&home.join("run/supervisor.sock")).is_some()
    });
    let mut client = Client::connect(&home.join("run/supervisor.sock")).unwrap();
    assert_eq!(
        client.ask(&json!({ "request": "status" })),
        json!({ "reply": "status", "processes": [] })
    );
    client.ask(&json!({ "request": "shutdown", "order": [] }));
    assert!(second.wait().unwrap().success());
}

#[test]
fn when_the_guard_is_killed_the_supervisor_ends_in_order() {
    let supervised = Supervised::start();
    supervised.start_process(&script(
        "x",
        "trap 'echo goodbye; exit' TERM; echo ready; while :; do sleep 0.01; done",
    ));
    until("the trap is set", || {
        supervised.log("x").contains(" o ready\n")
    });
    let pids = [supervised.pid_of("x"), supervised.pid];
    kill(supervised.guard_pid(), "KILL");
    until("both are gone", || pids.iter().all(|pid| !is_alive(*pid)));
    assert!(supervised.log("x").contains(" o goodbye\n"));
    assert_eq!(supervised.record(), None);
}

#[test]
fn when_both_are_killed_the_components_end_all_the_same() {
    let supervised = Supervised::start();
    supervised.start_process(&nats("nats", free_port()));
    supervised.until_healthy("nats");
    let pid = supervised.pid_of("nats");
    let both = [
        supervised.guard_pid().to_string(),
        supervised.pid.to_string(),
    ];
    assert!(
        Command::new("kill")
            .arg("-KILL")
            .args(&both)
            .status()
            .unwrap()
            .success()
    );
    let took = until("the component is gone", || !is_alive(pid));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn shutdown_ends_groups_one_after_another_and_the_rest_last_started_first() {
    let mut supervised = Supervised::start();
    let file = supervised.home().join("order");
    let names = ["first", "second", "a", "b", "third"];
    for name in names {
        let text = format!(
            "trap 'echo {name} >> {}; exit' TERM; echo ready; while :; do sleep 0.01; done",
            file.display()
        );
        supervised.start_process(&script(name, &text));
    }
    for name in names {
        until("the trap is set", || {
            supervised.log(name).contains(" o ready\n")
        });
    }
    let pids = names.map(|name| supervised.pid_of(name));
    assert!(
        supervised
            .shut_down(&json!([["third", "nobody"], ["a", "b"]]))
            .success()
    );
    let ended = fs::read_to_string(&file).unwrap();
    let ended: Vec<&str> = ended.lines().collect();
    assert_eq!(ended[0], "third");
    assert!(
        ended[1..3].contains(&"a") && ended[1..3].contains(&"b"),
        "{ended:?}"
    );
    assert_eq!(ended[3..], ["second", "first"]);
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    assert_eq!(
        (supervised.record(), supervised.socket().exists()),
        (None, false)
    );
}

#[test]
fn a_watcher_is_told_until_the_end_and_then_hung_up_on() {
    let mut supervised = Supervised::start();
    supervised.start_process(&script("x", "sleep 1000"));
    let mut watcher = supervised.client();
    watcher.ask(&json!({ "request": "watch" }));
    supervised.shut_down(&json!([]));
    watcher.receive_until(|reply| *reply == json!({ "reply": "removed", "name": "x" }));
    assert_eq!(watcher.receive(), None);
}

#[test]
fn while_everything_is_being_ended_it_still_answers_and_starts_nothing() {
    let mut supervised = Supervised::start();
    let (file, text) = (
        supervised.home().join("go"),
        "trap '' TERM; echo ready; until [ -e \"$0\" ]; do sleep 0.01; done",
    );
    let mut slow = script("slow", text);
    slow["args"] = json!(["-c", text, file]);
    slow["stop_timeout"] = json!("30s");
    supervised.start_process(&slow);
    until("the trap is set", || {
        supervised.log("slow").contains(" o ready\n")
    });
    let mut leaver = supervised.client();
    leaver.send(&json!({ "request": "shutdown", "order": [] }));
    supervised.until_status("it is being stopped", "slow", |status| {
        status["state"] == "stopping"
    });
    let late =
        supervised.ask(&json!({ "request": "start", "process": script("late", "sleep 1000") }));
    assert_eq!(late["message"], "the supervisor is shutting down");
    let mut second = supervised.client();
    second.send(&json!({ "request": "shutdown", "order": [["slow"]] }));
    fs::write(&file, "").unwrap();
    for client in [&mut leaver, &mut second] {
        assert_eq!(client.receive(), Some(json!({ "reply": "done" })));
    }
    assert!(supervised.until_ended().success());
}

#[test]
fn a_term_signal_ends_it_in_order_and_a_hangup_does_not() {
    let mut supervised = Supervised::start();
    let text = "trap 'echo goodbye; exit' TERM; echo ready; while :; do sleep 0.01; done";
    supervised.start_process(&script("x", text));
    until("the trap is set", || {
        supervised.log("x").contains(" o ready\n")
    });
    kill(supervised.pid, "HUP");
    assert_eq!(supervised.status("x")["state"], "running");
    kill(supervised.pid, "TERM");
    assert!(supervised.until_ended().success());
    assert!(supervised.log("x").contains(" o goodbye\n"));
    assert_eq!(supervised.record(), None);
}

#[test]
fn a_second_supervisor_is_refused_and_told_who_is_there() {
    let supervised = Supervised::start();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["__supervise", "--environment", "test", "--home"])
        .arg(supervised.home())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains(&format!(
            "environment test is supervised already, by pid {}",
            supervised.pid
        )),
        "{said}"
    );
    assert_eq!(
        supervised.ask(&json!({ "request": "hello" }))["pid"],
        supervised.pid
    );
}

#[test]
fn nobody_else_may_talk_to_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let supervised = Supervised::start();
    let mode = fs::metadata(supervised.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_home_too_deep_for_a_socket_address_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(120)).join("e".repeat(120));
    fs::create_dir_all(&deep).unwrap();
    let mut guard = spawn_guard(&deep);
    let socket = deep.join("run/supervisor.sock");
    until("the socket is there", || socket.exists());
    // The test's own client cannot name it either: it goes there.
    let asked = Command::new("bash")
        .args(["-c", "cd \"$1\" && exec python3 -c \"$2\"", "bash"])
        .arg(deep.join("run"))
        .arg("import socket; s = socket.socket(socket.AF_UNIX); s.connect('supervisor.sock'); s.sendall(b'{\"request\":\"shutdown\",\"order\":[]}\\n'); print(s.recv(100).decode())")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout).trim(),
        r#"{"reply":"done"}"#,
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    assert!(guard.wait().unwrap().success());
}
