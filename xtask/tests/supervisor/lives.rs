//! What happens to a process while the supervisor runs.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::bench::{
    SmallDisk, Supervised, free_port, is_alive, kill, nats, script, spec, tcp, until, written_pids,
};

#[test]
fn a_killed_component_is_back_and_healthy_with_its_restart_counted() {
    let supervised = Supervised::start();
    supervised.start_process(&nats("nats", free_port()));
    let first = supervised.until_healthy("nats");
    assert_eq!(
        (&first["restarts"], &first["last_exit"]),
        (&json!(0), &Value::Null)
    );
    assert!(first["memory_bytes"].as_u64().unwrap() > 1 << 20, "{first}");
    let killed = Instant::now();
    kill(supervised.pid_of("nats"), "KILL");
    let second = supervised.until_status("it is back", "nats", |status| {
        status["restarts"] == 1 && status["health"] == "healthy"
    });
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(second["last_exit"], "killed by signal 9 (SIGKILL)");
    assert_eq!(second["state"], "running");
    assert_ne!(second["pid"], first["pid"]);
}

#[test]
fn a_watcher_hears_of_each_turn_at_once() {
    let supervised = Supervised::start();
    let mut watcher = supervised.client();
    assert_eq!(
        watcher.ask(&json!({ "request": "watch" })),
        json!({ "reply": "status", "processes": [] })
    );
    supervised.start_process(&nats("nats", free_port()));
    let changed = |what: &'static str, value: Value| {
        move |reply: &Value| reply["reply"] == "changed" && reply["process"][what] == value
    };
    watcher.receive_until(changed("state", json!("running")));
    let healthy = watcher.receive_until(changed("health", json!("healthy")));
    let killed = Instant::now();
    kill(
        healthy["process"]["pid"]
            .as_u64()
            .unwrap()
            .try_into()
            .unwrap(),
        "KILL",
    );
    let ended = watcher.receive_until(changed("state", json!("backing-off")));
    assert!(
        killed.elapsed() < Duration::from_millis(500),
        "{:?}",
        killed.elapsed()
    );
    assert_eq!(ended["process"]["detail"], "killed by signal 9 (SIGKILL)");
    watcher.receive_until(changed("health", json!("healthy")));
    supervised.stop_process("nats");
    watcher.receive_until(changed("state", json!("stopping")));
    watcher.receive_until(|reply| *reply == json!({ "reply": "removed", "name": "nats" }));
}

#[test]
fn a_component_that_always_ends_is_a_crash_loop_and_its_last_words_are_in_its_log() {
    let supervised = Supervised::start();
    let mut watcher = supervised.client();
    watcher.ask(&json!({ "request": "watch" }));
    supervised.start_process(&script(
        "broken",
        "echo to stdout; echo cannot find my hat >&2; printf 'no end of line'; exit 3",
    ));
    let looping = watcher.receive_until(|reply| reply["process"]["state"] == "crash-loop");
    assert_eq!(looping["process"]["last_exit"], "exited with code 3");
    assert_eq!(looping["process"]["restarts"], 4);
    let log = supervised.log("broken");
    assert_eq!(log.matches(" e cannot find my hat\n").count(), 5, "{log}");
    assert_eq!(log.matches(" o no end of line\n").count(), 5, "{log}");
    assert!(
        log.contains(" s exited with code 3; next start in "),
        "{log}"
    );
    // A crash loop does not keep it from being stopped, or the supervisor from ending.
    supervised.stop_process("broken");
    assert_eq!(supervised.status("broken"), Value::Null);
}

#[test]
fn a_port_that_is_never_opened_leaves_it_starting_and_says_what_was_asked() {
    let supervised = Supervised::start();
    let port = free_port();
    let mut silent = spec("silent", "/bin/sleep", &["1000"], &tcp(port));
    silent["start_timeout"] = json!("300ms");
    supervised.start_process(&silent);
    let expected = format!("not healthy after 300ms: connection refused on 127.0.0.1:{port}");
    let status = supervised.until_status("it is overdue", "silent", |status| {
        status["detail"] == expected.as_str()
    });
    assert_eq!(
        (&status["health"], &status["state"], &status["restarts"]),
        (&json!("starting"), &json!("running"), &json!(0))
    );
}

#[test]
fn a_stranger_on_the_port_does_not_pass_for_the_component() {
    let supervised = Supervised::start();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    supervised.start_process(&spec("late", "/bin/sleep", &["1000"], &tcp(port)));
    let said = format!("port {port} is held by ");
    let status = supervised.until_status("the stranger is seen", "late", |status| {
        status["detail"]
            .as_str()
            .is_some_and(|detail| detail.starts_with(&said))
    });
    assert_eq!(status["health"], "starting");
    assert!(
        status["detail"]
            .as_str()
            .unwrap()
            .contains(&format!("pid {}", std::process::id())),
        "{status}"
    );
}

#[test]
fn a_component_that_stops_answering_is_unhealthy_and_well_again_when_it_answers() {
    let supervised = Supervised::start();
    supervised.start_process(&nats("nats", free_port()));
    let pid = supervised.until_healthy("nats")["pid"].clone();
    kill(supervised.pid_of("nats"), "STOP");
    let status = supervised.until_status("it is unhealthy", "nats", |status| {
        status["health"] == "unhealthy"
    });
    assert!(
        status["detail"].as_str().unwrap().contains("within 2s"),
        "{status}"
    );
    assert!(!status["healthy_since"].is_null());
    kill(supervised.pid_of("nats"), "CONT");
    let status = supervised.until_healthy("nats");
    assert_eq!(
        (&status["pid"], &status["restarts"], &status["detail"]),
        (&pid, &json!(0), &Value::Null)
    );
}

#[test]
fn a_start_of_a_name_that_runs_replaces_it_and_counts_anew() {
    let supervised = Supervised::start();
    let port = free_port();
    supervised.start_process(&nats("nats", port));
    supervised.until_healthy("nats");
    kill(supervised.pid_of("nats"), "KILL");
    let old = supervised.until_status("it is back", "nats", |status| {
        status["restarts"] == 1 && status["health"] == "healthy"
    });
    let mut changed = nats("nats", port);
    changed["inputs"] = json!({ "args": "new" });
    supervised.start_process(&changed);
    let new = supervised.until_healthy("nats");
    assert_ne!(new["pid"], old["pid"]);
    assert_eq!(
        (&new["restarts"], &new["inputs"]),
        (&json!(0), &json!({ "args": "new" }))
    );
    assert!(!is_alive(
        u32::try_from(old["pid"].as_u64().unwrap()).unwrap()
    ));
}

#[test]
fn a_signal_reaches_the_process_and_applied_inputs_are_shown() {
    let supervised = Supervised::start();
    let file = supervised.home().join("heard");
    let text = format!(
        "trap 'echo $$ > {}' HUP; echo ready; while :; do sleep 0.01; done",
        file.display()
    );
    supervised.start_process(&script("listener", &text));
    until("the trap is set", || {
        supervised.log("listener").contains(" o ready\n")
    });
    assert_eq!(
        supervised.ask(&json!({ "request": "signal", "name": "listener", "signal": "HUP" })),
        json!({ "reply": "done" })
    );
    assert_eq!(written_pids(&file, 1), [supervised.pid_of("listener")]);
    supervised
        .ask(&json!({ "request": "applied", "name": "listener", "inputs": { "file:x": "1" } }));
    assert_eq!(
        supervised.status("listener")["inputs"],
        json!({ "file:x": "1" })
    );
    let nobody = supervised.ask(&json!({ "request": "signal", "name": "nobody", "signal": "HUP" }));
    assert_eq!(
        nobody,
        json!({ "reply": "failed", "message": "nobody does not run" })
    );
}

#[test]
fn a_process_that_does_not_heed_its_signal_is_killed_with_all_that_it_started() {
    let supervised = Supervised::start();
    let file = supervised.home().join("pids");
    let text = format!(
        "trap '' TERM; setsid sleep 1000 & sleep 1000 & echo $! >> {0}; echo $$ >> {0}; while :; do sleep 0.01; done",
        file.display()
    );
    let mut stubborn = script("stubborn", &text);
    stubborn["stop_timeout"] = json!("300ms");
    supervised.start_process(&stubborn);
    let pids = written_pids(&file, 2);
    let start = Instant::now();
    supervised.stop_process("stubborn");
    assert!(
        start.elapsed() >= Duration::from_millis(300) && start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    assert!(
        supervised
            .log("stubborn")
            .contains(" s still there 300ms after SIGTERM: killing it\n")
    );
}

#[test]
fn the_program_sees_the_given_environment_and_no_terminal() {
    let supervised = Supervised::start();
    let mut spec = spec(
        "printer",
        "/bin/bash",
        &[
            "-c",
            "/usr/bin/env; cat; umask; pwd; ulimit -n >/dev/null; sleep 1000",
        ],
        &tcp(free_port()),
    );
    spec["env"] = json!({ "ONLY": "this", "WITH": "a b=c" });
    spec["working_directory"] = json!("/tmp");
    supervised.start_process(&spec);
    until("it has printed everything", || {
        supervised.log("printer").contains(" o /tmp\n")
    });
    let log = supervised.log("printer");
    let mut printed: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once(" o "))
        .map(|(_, text)| text)
        .collect();
    // What the shell itself adds.
    printed.retain(|line| {
        !["PWD=", "SHLVL=", "_="]
            .iter()
            .any(|name| line.starts_with(name))
    });
    printed.sort_unstable();
    assert_eq!(printed, ["/tmp", "0077", "ONLY=this", "WITH=a b=c"]);
}

#[test]
fn what_cannot_be_started_is_told_apart() {
    let supervised = Supervised::start();
    let folder = supervised.home();
    let made = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut elf = fs::read("/bin/true").unwrap();
    elf[18] = if elf[18] == 183 { 62 } else { 183 };
    let foreign = made("foreign", &elf);
    let script = made("script", b"#!/no/such/interpreter\n");
    let garbage = made("garbage", b"this is no program at all");
    let cause = |program: &str, directory: &str| {
        let mut spec = spec("x", program, &[], &tcp(1));
        spec["working_directory"] = json!(directory);
        let reply = supervised.ask(&json!({ "request": "start", "process": spec }));
        assert_eq!(reply["reply"], "failed", "{reply}");
        (
            reply["cause"].as_str().unwrap().to_owned(),
            reply["message"].as_str().unwrap().to_owned(),
        )
    };
    let told = |program: &str, directory: &str, word: &str, text: &str| {
        let (cause, message) = cause(program, directory);
        assert!(
            cause == word && message.contains(text),
            "{cause}: {message}"
        );
    };
    told(
        "/no/such/program",
        "/",
        "program-not-found",
        "there is no program /no/such/program",
    );
    told(&script, "/", "program-not-found", "interpreter");
    told(
        "/etc/passwd",
        "/",
        "permission-denied",
        "not allowed to execute /etc/passwd",
    );
    told(&foreign, "/", "wrong-architecture", "is built for");
    told(
        &garbage,
        "/",
        "wrong-architecture",
        "neither a program for this machine nor a script",
    );
    told(
        "/bin/true",
        "/no/such/folder",
        "working-directory-missing",
        "/no/such/folder",
    );
    // None of them is left behind as something to be restarted.
    assert_eq!(supervised.status("x"), Value::Null);
}

#[test]
fn names_that_would_be_paths_are_refused() {
    let supervised = Supervised::start();
    for name in ["../x", "", "supervisor", "a/b"] {
        let reply =
            supervised.ask(&json!({ "request": "start", "process": script(name, "sleep 1000") }));
        assert_eq!(reply["reply"], "failed", "{name}");
    }
}

#[test]
fn long_and_unreadable_output_is_kept_in_pieces_and_rotated() {
    let supervised = Supervised::start();
    // 44 MB: more than is kept.
    let text = r"printf '\xff\xfe\n'; head -c 200000 /dev/zero | tr '\0' x; echo; for i in $(seq 440); do head -c 100000 /dev/zero | tr '\0' y; echo; done; echo the end; sleep 1000";
    supervised.start_process(&script("loud", text));
    until("it has said everything", || {
        supervised.log("loud").ends_with(" o the end\n")
    });
    let sizes: Vec<u64> = ["", ".1", ".2", ".3"]
        .iter()
        .map(|age| {
            fs::metadata(supervised.home().join(format!("logs/loud.log{age}")))
                .unwrap()
                .len()
        })
        .collect();
    assert!(
        sizes[1..]
            .iter()
            .all(|size| (9 << 20..=10 << 20).contains(size)),
        "{sizes:?}"
    );
    assert!(!supervised.home().join("logs/loud.log.4").exists());
    let longest = supervised.log("loud").lines().map(str::len).max().unwrap();
    assert!(longest <= (64 << 10) + 30, "{longest}");
}

#[test]
fn garbage_on_the_socket_is_refused_and_nothing_else_suffers() {
    let supervised = Supervised::start();
    supervised.start_process(&script("steady", "sleep 1000"));
    let pid = supervised.pid_of("steady");
    let mut client = supervised.client();
    for garbage in [
        "{",
        "null",
        r#"{"request":"dance"}"#,
        r#"{"request":"start"}"#,
        r#"{"request":"stop","name":7}"#,
        "",
    ] {
        client.send_raw(format!("{garbage}\n").as_bytes());
        let reply = client.receive().unwrap();
        assert!(
            reply["reply"] == "failed"
                && reply["message"]
                    .as_str()
                    .unwrap()
                    .starts_with("not a request: "),
            "{reply}"
        );
    }
    client.send_raw(b"\xff\xfe\n");
    assert_eq!(client.receive().unwrap()["reply"], "failed");
    let mut endless = supervised.client();
    endless.send_raw(&vec![b'x'; 5 << 20]);
    assert_eq!(endless.receive().unwrap()["reply"], "failed");
    // Hangs up in the middle of a request, and of a watch.
    supervised.client().send_raw(br#"{"request":"sta"#);
    supervised.client().send(&json!({ "request": "watch" }));
    assert_eq!(supervised.pid_of("steady"), pid);
}

#[test]
fn many_clients_are_served_at_once() {
    let supervised = Supervised::start();
    let mut watchers: Vec<_> = (0..50)
        .map(|_| {
            let mut watcher = supervised.client();
            watcher.ask(&json!({ "request": "watch" }));
            watcher
        })
        .collect();
    std::thread::scope(|scope| {
        for number in 0..10 {
            let supervised = &supervised;
            scope.spawn(move || {
                supervised.start_process(&script(&format!("p{number}"), "sleep 1000"));
            });
        }
    });
    for watcher in &mut watchers {
        for _ in 0..10 {
            watcher.receive_until(|reply| reply["process"]["state"] == "running");
        }
    }
}

#[test]
fn a_full_disk_costs_log_lines_and_nothing_else() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: only root may mount the small disk that this test fills");
        return;
    };
    let supervised = Supervised::start_at(&disk.path(), None);
    let go = tempfile::tempdir().unwrap();
    let text = format!(
        "echo before; until [ -e {0}/full ]; do sleep 0.01; done; yes {1} | head -n 50000; touch {0}/written; \
         until [ -e {0}/room ]; do sleep 0.01; done; echo after; sleep 1000",
        go.path().display(),
        "x".repeat(80)
    );
    supervised.start_process(&script("writer", &text));
    until("it has begun", || {
        supervised.log("writer").contains(" o before\n")
    });
    let ballast = disk.path().join("ballast");
    assert!(
        fs::File::create(&ballast)
            .unwrap()
            .write_all(&vec![0; 1 << 20])
            .is_err()
    );
    fs::write(go.path().join("full"), "").unwrap();
    // The supervisor still answers, and still starts and stops processes.
    supervised.start_process(&script("other", "sleep 1000"));
    supervised.stop_process("other");
    let pid = supervised.pid_of("writer");
    until("far more was written than any pipe or queue holds", || {
        go.path().join("written").exists()
    });
    fs::remove_file(&ballast).unwrap();
    fs::write(go.path().join("room"), "").unwrap();
    until("there is room again", || {
        supervised.log("writer").contains(" o after\n")
    });
    let log = supervised.log("writer");
    assert!(
        log.contains(" lines dropped: the log could not be written\n"),
        "{log}"
    );
    assert_eq!(supervised.pid_of("writer"), pid);
}
