//! A supervisor of its own for each test, and conditions that are waited for with a deadline.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::client::Client;

/// No test here needs that long; a busy machine may.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Supervised {
    home: PathBuf,
    guard: Child,
    pub(crate) pid: u32,
    /// Removed last.
    _folder: Option<tempfile::TempDir>,
}

impl Supervised {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    pub(crate) fn start_in(folder: tempfile::TempDir) -> Self {
        let home = folder.path().to_path_buf();
        Self::start_at(&home, Some(folder))
    }

    pub(crate) fn start_at(home: &Path, folder: Option<tempfile::TempDir>) -> Self {
        let mut supervised = Self {
            home: home.to_owned(),
            guard: spawn_guard(home),
            pid: 0,
            _folder: folder,
        };
        until("the supervisor answers", || {
            Client::connect(&supervised.socket()).is_some()
        });
        let hello = supervised.ask(&json!({ "request": "hello" }));
        supervised.pid = hello["pid"].as_u64().unwrap().try_into().unwrap();
        supervised
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.home().join("run/supervisor.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket()).unwrap()
    }

    pub(crate) fn ask(&self, request: &Value) -> Value {
        self.client().ask(request)
    }

    pub(crate) fn start_process(&self, spec: &Value) {
        assert_eq!(
            self.ask(&json!({ "request": "start", "process": spec })),
            json!({ "reply": "done" })
        );
    }

    pub(crate) fn stop_process(&self, name: &str) {
        assert_eq!(
            self.ask(&json!({ "request": "stop", "name": name })),
            json!({ "reply": "done" })
        );
    }

    /// Of one process; null when there is none of that name.
    pub(crate) fn status(&self, name: &str) -> Value {
        let status = self.ask(&json!({ "request": "status" }));
        let all = status["processes"].as_array().unwrap();
        all.iter()
            .find(|process| process["name"] == name)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) fn pid_of(&self, name: &str) -> u32 {
        self.status(name)["pid"]
            .as_u64()
            .unwrap()
            .try_into()
            .unwrap()
    }

    pub(crate) fn until_status(
        &self,
        what: &str,
        name: &str,
        good: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        loop {
            let status = self.status(name);
            if good(&status) {
                return status;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "{what} is still not so: {status}\n{}",
                self.log(name)
            );
            std::thread::yield_now();
        }
    }

    pub(crate) fn until_healthy(&self, name: &str) -> Value {
        self.until_status("it is healthy", name, |status| {
            status["health"] == "healthy"
        })
    }

    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.home().join(format!("logs/{name}.log"))).unwrap_or_default()
    }

    pub(crate) fn record(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.home().join("run/supervisor.json")).ok()?).ok()
    }

    pub(crate) fn shut_down(&mut self, order: &Value) -> ExitStatus {
        assert_eq!(
            self.ask(&json!({ "request": "shutdown", "order": order })),
            json!({ "reply": "done" })
        );
        self.until_ended()
    }

    /// Both, it and its guard.
    pub(crate) fn until_ended(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the guard has ended", || {
            ended = self.guard.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    pub(crate) fn guard_pid(&self) -> u32 {
        self.guard.id()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // The guard clears up after a supervisor that was killed.
        if self.pid == 0 {
            // It never answered: without its guard it ends too.
            let _ = self.guard.kill();
        } else if is_alive(self.pid) {
            kill(self.pid, "KILL");
        }
        let _ = self.guard.wait();
    }
}

pub(crate) fn spawn_guard(home: &Path) -> Child {
    fs::create_dir_all(home.join("logs")).unwrap();
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(home.join("logs/supervisor.log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["__guard", "--environment", "test", "--home"])
        .arg(home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// A process specification; `change` what is not as it should be.
pub(crate) fn spec(name: &str, program: &str, args: &[&str], health: &Value) -> Value {
    json!({
        "name": name,
        "program": program,
        "args": args,
        "env": { "PATH": "/usr/bin:/bin" },
        "working_directory": "/",
        "run_as": null,
        "health": health,
        "start_timeout": "30s",
        "stop_signal": "TERM",
        "stop_timeout": "5s",
        "ports": {},
        "inputs": {},
    })
}

/// A shell script whose health is a port that nobody opens.
pub(crate) fn script(name: &str, text: &str) -> Value {
    spec(name, "/bin/bash", &["-c", text], &tcp(free_port()))
}

/// A real server: healthy soon after its start.
pub(crate) fn nats(name: &str, port: u16) -> Value {
    let mut spec = spec(
        name,
        "/usr/bin/env",
        &["nats-server", "-a", "127.0.0.1", "-p", &port.to_string()],
        &Value::Null,
    );
    spec["health"] = json!({ "probe": "nats", "address": format!("127.0.0.1:{port}") });
    spec["env"] = json!({ "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin" });
    spec
}

pub(crate) fn tcp(port: u16) -> Value {
    json!({ "probe": "tcp", "address": format!("127.0.0.1:{port}") })
}

/// A port that nobody listens on, each time another one. They are below those that the kernel gives out, or else a
/// connection or a test beside this one could be given it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 90).unwrap() * 100;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < DEADLINE,
            "{what}: still not so after {DEADLINE:?}"
        );
        std::thread::yield_now();
    }
    start.elapsed()
}

pub(crate) fn kill(pid: u32, signal: &str) {
    assert!(
        Command::new("kill")
            .args(["-s", signal, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Zombies do not count.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The process ids that a script has written, one a line, to a file.
pub(crate) fn written_pids(path: &Path, count: usize) -> Vec<u32> {
    let mut pids = Vec::new();
    until("the script has written its process ids", || {
        let text = fs::read_to_string(path).unwrap_or_default();
        pids = text.lines().filter_map(|line| line.parse().ok()).collect();
        pids.len() == count
    });
    pids
}

/// A file system of 256 KiB, gone with this value.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` for who may not.
    pub(crate) fn mount() -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        fs::create_dir(disk.path()).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "argosy-test"])
            .arg(disk.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(disk)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("disk")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}
