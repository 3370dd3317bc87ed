//! A small project of its own for one test: a stack with real servers, an environment, free ports, and the real
//! `xtask` binary.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Project {
    pub(crate) root: TempDir,
    pub(crate) home: PathBuf,
    pub(crate) environment: String,
}

/// What a command with `--json` said, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) events: Vec<Value>,
}

impl Project {
    /// A project with this `infra/stack.yaml`. Ports are the caller's.
    pub(crate) fn new(stack: &str) -> Self {
        let root = tempfile::Builder::new()
            .prefix("argosy-")
            .tempdir()
            .unwrap();
        // Other accounts must be able to enter, as PostgreSQL's must.
        fs::set_permissions(
            root.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let home = root.path().join(".argosy");
        let environment = "dev".to_owned();
        let project = Self {
            root,
            home,
            environment,
        };
        project.write("infra/environments/dev.yaml", "build: dev\n");
        project.write("infra/stack.yaml", stack);
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} does not contain {from}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(args)
            .arg("--project")
            .arg(self.root.path())
            .arg("--home")
            .arg(&self.home)
            .stdin(Stdio::null());
        if !args.contains(&"--env") {
            command.args(["--env", &self.environment]);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::from(
            self.command(&[args, &["--json"]].concat())
                .output()
                .unwrap(),
        )
    }

    /// Runs it for people, and gives stdout and stderr.
    pub(crate) fn text(&self, args: &[&str]) -> (i32, String) {
        let output = self.command(args).output().unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.code().unwrap_or(-1), text)
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(&[args, &["--json"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// The status of one component.
    pub(crate) fn status(&self, component: &str) -> Value {
        self.run(&["status"])
            .find("component", component)
            .cloned()
            .unwrap_or(Value::Null)
    }

    pub(crate) fn pid(&self, component: &str) -> u64 {
        self.status(component)["pid"]
            .as_u64()
            .unwrap_or_else(|| panic!("{component} does not run"))
    }

    pub(crate) fn supervisor_pid(&self) -> i32 {
        let record: Value =
            serde_json::from_slice(&fs::read(self.home.join("dev/run/supervisor.json")).unwrap())
                .unwrap();
        i32::try_from(record["pid"].as_i64().unwrap()).unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let lines = String::from_utf8(output.stdout).unwrap();
        let events = lines
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        Self {
            exit: output.status.code().unwrap_or(-1),
            events,
        }
    }
}

impl Run {
    pub(crate) fn all(&self, kind: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|event| event["type"] == kind)
            .collect()
    }

    pub(crate) fn find(&self, kind: &str, component: &str) -> Option<&Value> {
        self.events
            .iter()
            .find(|event| event["type"] == kind && event["component"] == component)
    }

    /// The only failure.
    pub(crate) fn failure(&self) -> &Value {
        let failures = self.all("failure");
        assert_eq!(failures.len(), 1, "{self:#?}");
        failures[0]
    }

    /// `kind component` of each step.
    pub(crate) fn steps(&self) -> Vec<String> {
        self.all("step")
            .iter()
            .map(|step| format!("{} {}", word(&step["kind"]), word(&step["component"])))
            .collect()
    }
}

pub(crate) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
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

/// Waits for `condition`; fails after `limit`.
pub(crate) fn eventually(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads a running command's events until one is as `wanted`.
pub(crate) fn wait_for_event(child: &mut Child, mut wanted: impl FnMut(&Value) -> bool) {
    let stdout = child.stdout.take().unwrap();
    let mut lines = BufReader::new(stdout).lines();
    let found = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| serde_json::from_str(&line).is_ok_and(|event: Value| wanted(&event)));
    assert!(found, "the command ended before the event came");
    // Go on reading, or the command would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
}

pub(crate) fn kill(pid: impl TryInto<i32>) {
    let pid = pid
        .try_into()
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub(crate) fn is_alive(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Whether a connection to the port is accepted.
pub(crate) fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
