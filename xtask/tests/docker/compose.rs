//! The rendered Compose files, started by Debian's own docker-compose: what it brings up passes the same probes as what
//! the toolkit brings up.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    engine,
    project::Project,
    stack::{root, whole_platform},
};

fn compose(folder: &Path, args: &[&str]) -> Output {
    Command::new("docker-compose")
        .args(args)
        .current_dir(folder)
        .env("COMPOSE_API_VERSION", "1.41")
        .env("DOCKER_HOST", format!("unix://{}", engine::SOCKET))
        .output()
        .expect("docker-compose is installed by: cargo xtask test --only packages")
}

/// Of this run alone, so that what another has left behind is not taken up.
fn project_name() -> String {
    format!("argosycomposed{}", std::process::id())
}

/// What those containers said that have ended with an error.
fn last_words() -> String {
    let ours = format!("label=com.docker.compose.project={}", project_name());
    let ended = engine::must(&["ps", "--all", "--quiet", "--filter", &ours]);
    let has_failed = |container: &&str| engine::inspect(container)["State"]["ExitCode"] != 0;
    let said = |container: &str| engine::docker(&["logs", "--tail", "20", container]);
    let words: Vec<String> = ended.lines().filter(has_failed).filter_map(said).collect();
    words.join("\n")
}

#[test]
fn debians_compose_can_read_the_committed_files() {
    if !engine::ready() {
        return;
    }
    for file in ["compose.yaml", "compose.debian.yaml"] {
        let read = compose(
            &root().join("compose"),
            &["--file", file, "config", "--quiet"],
        );
        assert!(
            read.status.success(),
            "{file}: {}",
            String::from_utf8_lossy(&read.stderr)
        );
    }
}

/// The real platform with ports of its own, as Compose's files.
struct Composed {
    project: Project,
    folder: PathBuf,
}

impl Composed {
    fn render() -> Self {
        let project = whole_platform("test", 18_000);
        // Where the toolkit looks for the secrets when it probes.
        let folder = project.home.join("test");
        fs::create_dir_all(folder.join("run")).unwrap();
        let out = folder.to_str().unwrap();
        let rendered = project.run(&[
            "render", "--target", "compose", "--out", out, "--env", "test",
        ]);
        assert_eq!(rendered.exit, 0, "{rendered:#?}");
        let name = format!("COMPOSE_PROJECT_NAME={}\n", project_name());
        fs::write(folder.join(".env"), name).unwrap();
        Self { project, folder }
    }

    /// The labels by which the toolkit finds the containers that it probes: nothing else is added to the files.
    fn label(&self) {
        let text = fs::read_to_string(self.folder.join("compose.debian.yaml")).unwrap();
        let file: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let home = hex::encode(&Sha256::digest(self.folder.to_str().unwrap())[..8]);
        let services = file["services"].as_mapping().unwrap().iter();
        let labelled = services.map(|(name, service)| {
            let unit = name.as_str().unwrap();
            let kind = if service.get("restart").is_some() {
                "component"
            } else {
                "job"
            };
            let labels = json!({
                "argosy.stack": "argosy", "argosy.environment": "test", "argosy.home": home,
                "argosy.unit": unit, "argosy.kind": kind,
            });
            (unit.to_owned(), json!({ "labels": labels }))
        });
        let labelled: serde_json::Map<String, serde_json::Value> = labelled.collect();
        let labels = json!({ "services": labelled }).to_string();
        fs::write(self.folder.join("labels.yaml"), labels).unwrap();
        fs::write(self.folder.join("runtime.json"), r#"{"runtime":"docker"}"#).unwrap();
    }

    fn compose(&self, args: &[&str]) -> Output {
        let files = ["--file", "compose.debian.yaml", "--file", "labels.yaml"];
        compose(&self.folder, &[&files[..], args].concat())
    }
}

impl Drop for Composed {
    fn drop(&mut self) {
        let down = self.compose(&["down", "--volumes", "--timeout", "5"]);
        let said = String::from_utf8_lossy(&down.stderr);
        // Engine 20.10 now and then cannot remove a network that nobody is in (moby/moby#43286), and then Compose leaves the
        // volumes too.
        let is_the_engines_fault = said.contains("has active endpoints");
        let ours = format!("label=com.docker.compose.project={}", project_name());
        let left = engine::must(&["ps", "--all", "--quiet", "--filter", &ours]);
        let volumes = engine::must(&["volume", "ls", "--quiet", "--filter", &ours]);
        for volume in volumes.lines() {
            engine::must(&["volume", "rm", volume]);
        }
        assert!(
            std::thread::panicking()
                || (left.is_empty() && (down.status.success() || is_the_engines_fault)),
            "{left} {said}"
        );
    }
}

#[test]
fn what_debians_compose_starts_passes_every_probe() {
    if !engine::ready() {
        return;
    }
    let composed = Composed::render();
    let built = composed.project.run(&[
        "images", "build", "--images", "debian", "--env", "test", "--yes",
    ]);
    assert_eq!(built.exit, 0, "{built:#?}");
    composed.label();

    let up = composed.compose(&["up", "--detach"]);
    assert!(
        up.status.success(),
        "{}{}",
        String::from_utf8_lossy(&up.stderr),
        last_words()
    );
    crate::project::eventually(
        std::time::Duration::from_mins(10),
        "every probe passes",
        || composed.project.run(&["probe", "--env", "test"]).exit == 0,
    );

    // A second one leaves what runs alone.
    let before = composed.compose(&["ps", "--quiet"]).stdout;
    let again = composed.compose(&["up", "--detach"]);
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    assert_eq!(composed.compose(&["ps", "--quiet"]).stdout, before);
}
