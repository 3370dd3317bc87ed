//! A Docker Engine to test on: the one that answers, or one that is started for as long as the tests run.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use serde_json::Value;

use crate::project::{Project, eventually};

pub(crate) const SOCKET: &str = "/var/run/docker.sock";

/// Whether there is one; said once, so that a run without it does not look like one that has tested.
static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
    if answers() {
        return true;
    }
    if !rustix::process::geteuid().is_root() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must test on an engine: run as root, or start one"
        );
        println!("skipped: no Docker Engine answers, and only root can start one");
        return false;
    }
    assert!(
        Path::new("/usr/sbin/dockerd").exists(),
        "no Docker Engine is installed: cargo xtask test --only packages"
    );
    start();
    eventually(Duration::from_mins(1), "the engine answers", answers);
    true
});

/// The images of the small stacks, built once for all tests.
static IMAGES: LazyLock<()> = LazyLock::new(|| {
    let arguments = ["images", "build", "--images", "debian", "--yes"];
    let small = crate::stack::edge();
    let built = small.project.run(&arguments);
    assert_eq!(built.exit, 0, "{built:#?}");
    let small = crate::stack::four();
    let built = small.project.run(&arguments);
    assert_eq!(built.exit, 0, "{built:#?}");
});

/// Whether the tests can run here.
pub(crate) fn ready() -> bool {
    if !*IS_THERE {
        return false;
    }
    LazyLock::force(&IMAGES);
    true
}

fn answers() -> bool {
    Path::new(SOCKET).exists() && docker(&["version"]).is_some()
}

/// In the background; a shell beside it ends it when we have ended, in whatever way.
fn start() {
    let script = r#"dockerd >/var/log/argosy-test-dockerd.log 2>&1 & engine=$!
        while kill -0 "$0" 2>/dev/null; do sleep 1; done; kill "$engine""#;
    // The shell that setsid forks outlives us; setsid itself ends at once.
    let status = Command::new("setsid")
        .args([
            "--fork",
            "sh",
            "-c",
            script,
            &std::process::id().to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the engine cannot be started"
    );
}

/// What docker's own client says on stdout; none when it fails.
pub(crate) fn docker(args: &[&str]) -> Option<String> {
    let output = Command::new("docker")
        .args(args)
        .env("DOCKER_API_VERSION", "1.41")
        .env("DOCKER_HOST", format!("unix://{SOCKET}"))
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

pub(crate) fn must(args: &[&str]) -> String {
    docker(args).unwrap_or_else(|| panic!("docker {} failed", args.join(" ")))
}

/// What the engine knows of a container.
pub(crate) fn inspect(container: &str) -> Value {
    let text = must(&["inspect", container]);
    let mut all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.remove(0)
}

/// The id of a component's container.
pub(crate) fn id(project: &Project, component: &str) -> String {
    let status = project.status(component);
    let name = status["container"].as_str().unwrap_or_default();
    inspect(name)["Id"].as_str().unwrap().to_owned()
}
