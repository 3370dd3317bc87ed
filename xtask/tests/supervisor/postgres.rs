//! A real `PostgreSQL`, as the account that the distribution's package made for it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::bench::{Supervised, free_port, is_alive, kill, spec, until};

fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .max()
}

fn account(name: &str) -> Option<Value> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    let fields: Vec<&str> = line.split(':').collect();
    Some(
        json!({ "name": name, "uid": fields[2].parse::<u32>().unwrap(), "gid": fields[3].parse::<u32>().unwrap() }),
    )
}

fn init(bin: &Path, data: &Path) {
    let initdb = Command::new("runuser")
        .args(["-u", "postgres", "--"])
        .arg(bin.join("initdb"))
        .args([
            "--username=postgres",
            "--auth=scram-sha-256",
            "--pwfile=/dev/stdin",
            "--no-sync",
            "--pgdata",
        ])
        .arg(data)
        .current_dir("/")
        .stdin(fs::File::open("/proc/sys/kernel/random/uuid").unwrap())
        .output()
        .unwrap();
    assert!(
        initdb.status.success(),
        "{}",
        String::from_utf8_lossy(&initdb.stderr)
    );
}

#[test]
fn postgresql_becomes_healthy_survives_a_kill_and_no_longer_accepts_after_its_stop() {
    let (Some(bin), Some(account), true) = (programs(), account("postgres"), is_root()) else {
        println!("skipped: needs root, PostgreSQL and its account");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("pgdata");
    init(&bin, &data);
    let supervised = Supervised::start();
    let port = free_port();
    let program = bin.join("postgres");
    let port_option = format!("port={port}");
    let args = [
        "-D",
        data.to_str().unwrap(),
        "-c",
        &port_option,
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=",
    ];
    let health = json!({ "probe": "postgres", "address": format!("127.0.0.1:{port}") });
    let mut postgres = spec("postgres", program.to_str().unwrap(), &args, &health);
    postgres["run_as"] = account.clone();
    postgres["stop_signal"] = json!("INT");
    postgres["working_directory"] = json!(data);
    supervised.start_process(&postgres);
    let status = supervised.until_healthy("postgres");
    assert!(
        status["memory_bytes"].as_u64().unwrap() > 10 << 20,
        "{status}"
    );
    let pid = supervised.pid_of("postgres");
    let identity = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let uid = account["uid"].to_string();
    assert!(
        identity
            .lines()
            .any(|line| line.split_whitespace().collect::<Vec<_>>()
                == ["Uid:", &uid, &uid, &uid, &uid]),
        "{identity}"
    );
    assert!(
        identity
            .lines()
            .any(|line| line.starts_with("CapEff:\t0000000000000000")),
        "{identity}"
    );

    kill(pid, "KILL");
    supervised.until_status("it is back", "postgres", |status| {
        status["restarts"] != 0 && status["health"] == "healthy"
    });

    let pid = supervised.pid_of("postgres");
    supervised.stop_process("postgres");
    assert!(!is_alive(pid));
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert!(
        supervised
            .log("postgres")
            .contains("database system is shut down"),
        "{}",
        supervised.log("postgres")
    );

    // And it goes with a supervisor that is killed: the kernel's wish survives the change of account.
    supervised.start_process(&postgres);
    supervised.until_healthy("postgres");
    let pid = supervised.pid_of("postgres");
    kill(supervised.pid, "KILL");
    until("it is gone", || !is_alive(pid));
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}
