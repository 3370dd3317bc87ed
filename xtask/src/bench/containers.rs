//! `bench up --runtime docker`: `up` when there is nothing to do, and a cold start beside the one that Debian's
//! docker-compose makes of the rendered file, with the same images on the same engine.
//!
//! Both begin with nothing but images, both end when every probe of the same suite has passed, and they take turns, so that
//! whatever else the machine does meets both.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use serde_json::json;
use tokio::process::Command;

use super::{
    Goal,
    figures::{Times, milliseconds, short},
    start::nothing_to_do,
    tell,
};
use crate::{
    failure::{Failure, IoContext as _, Kind},
    paths::Paths,
    reporter::table,
    runtime::docker::{
        engine::{DEFAULT_HOST, Engine, refused},
        names::{KIND, Names, UNIT},
    },
    session::Session,
    this_program::{clear, home_beside, toolkit},
};

/// Of our cold start to Compose's.
const COLD: Goal = Goal(0.8);
/// A platform that is not well by then will not be.
const LONGEST: Duration = Duration::from_mins(10);
const UP: [&str; 6] = [
    "up",
    "--runtime",
    "docker",
    "--images",
    "debian",
    "--no-probe",
];
/// Compose keeps its own objects apart by this name.
const PROJECT: &str = "argosy-bench";
const FILE: &str = "compose.debian.yaml";
const LABELS: &str = "labels.yaml";

/// In homes of its own, and with the environment's names: an environment that is there already is told to be in the way.
pub(crate) async fn run(session: &Session, runs: u32, rounds: u32) -> Result<(), Failure> {
    let root = home_beside(session, "bench-still");
    let measured = async {
        toolkit(session, Some(&root), &UP).await?;
        nothing_to_do(session, Some(&root), runs, &UP).await
    };
    let measured = measured.await;
    clear(session, &root).await?;
    measured?;
    cold(session, rounds).await
}

async fn cold(session: &Session, rounds: u32) -> Result<(), Failure> {
    // Also gives the images the names that the Compose file has for them.
    toolkit(session, None, &["images", "build", "--images", "debian"]).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        session
            .reporter
            .note(format!("cold starts: {} of {rounds}", round + 1));
        ours.push(ours_once(session).await?);
        theirs.push(theirs_once(session).await?);
    }
    let (Some(ours), Some(theirs)) = (Times::new(ours), Times::new(theirs)) else {
        return Ok(());
    };
    let (ours, theirs) = (
        milliseconds(ours.percentile(50)),
        milliseconds(theirs.percentile(50)),
    );
    let ratio = ours / theirs;
    let reporter = &session.reporter;
    let what = "cold start to every probe passing";
    tell(reporter, what, "up", "p50", (ours, "ms"), None);
    tell(
        reporter,
        what,
        "docker-compose",
        "p50",
        (theirs, "ms"),
        None,
    );
    tell(
        reporter,
        what,
        "up to docker-compose",
        "ratio",
        (ratio, ""),
        Some(COLD),
    );
    let row = [
        short(ours),
        short(theirs),
        format!("{ratio:.2}"),
        format!("{:.2}", COLD.0),
    ];
    reporter.print("");
    reporter.print(&table(
        ["COLD UP p50 ms", "docker-compose p50 ms", "RATIO", "GOAL"],
        &[row],
    ));
    Ok(())
}

async fn ours_once(session: &Session) -> Result<Duration, Failure> {
    let root = home_beside(session, "bench-up");
    let begun = Instant::now();
    let well = async {
        toolkit(session, Some(&root), &UP).await?;
        every_probe_passes(session, &root, begun).await
    };
    let took = well.await;
    clear(session, &root).await?;
    took
}

async fn theirs_once(session: &Session) -> Result<Duration, Failure> {
    let root = home_beside(session, "bench-compose");
    let folder = root.join(session.environment.name.as_str());
    render(session, &root, &folder).await?;
    let begun = Instant::now();
    let well = async {
        compose(session, &folder, &["up", "--detach"]).await?;
        every_probe_passes(session, &root, begun).await
    };
    let took = well.await;
    let cleared = end(session, &folder).await;
    fs::remove_dir_all(&root).doing("remove", &root)?;
    cleared?;
    took
}

/// From the beginning until the whole suite has passed once.
async fn every_probe_passes(
    session: &Session,
    root: &Path,
    begun: Instant,
) -> Result<Duration, Failure> {
    loop {
        match toolkit(session, Some(root), &["probe"]).await {
            Ok(_) => return Ok(begun.elapsed()),
            Err(failure) if begun.elapsed() > LONGEST => return Err(failure),
            Err(_) => {}
        }
    }
}

/// The Compose files with secrets and a note for the probes, which find the containers by our labels: nothing else is
/// added to what is rendered.
async fn render(session: &Session, root: &Path, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("run")).doing("create", folder)?;
    let out = folder.display().to_string();
    toolkit(
        session,
        Some(root),
        &["render", "--target", "compose", "--out", &out],
    )
    .await?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).doing("write", &path)
    };
    write(".env", format!("COMPOSE_PROJECT_NAME={PROJECT}\n"))?;
    write(
        "runtime.json",
        json!({ "runtime": "docker", "images": "debian" }).to_string(),
    )?;
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).doing("read", &path)?;
    write(LABELS, labels(session, folder, &text)?)
}

fn labels(session: &Session, folder: &Path, rendered: &str) -> Result<String, Failure> {
    let file: serde_json::Value = serde_yaml::from_str(rendered).map_err(|error| {
        let hint = session.command("render --target compose --check");
        Failure::new(
            "toolkit",
            Kind::ConfigRejected,
            format!("{FILE}: {error}"),
            hint,
        )
    })?;
    let services = file["services"].as_object().into_iter().flatten();
    let home = Paths {
        home: folder.to_owned(),
        ..session.paths.clone()
    };
    let ours = Names::of(&session.environment, &home).labels();
    let components = &session.environment.stack.components;
    let labelled: BTreeMap<&String, serde_json::Value> = services
        .map(|(unit, _)| {
            let runs = components.keys().any(|name| name.as_str() == unit);
            let kind = if runs { "component" } else { "job" };
            let mut labels = ours.clone();
            labels.insert(UNIT.to_owned(), unit.clone());
            labels.insert(KIND.to_owned(), kind.to_owned());
            (unit, json!({ "labels": labels }))
        })
        .collect();
    Ok(json!({ "services": labelled }).to_string())
}

/// Engine 20.10 now and then cannot remove a network that nobody is in (moby/moby#43286), and then Compose leaves the volumes
/// too. The next one finds the network and takes it.
async fn end(session: &Session, folder: &Path) -> Result<(), Failure> {
    match compose(session, folder, &["down", "--volumes"]).await {
        Err(failure) if failure.detail.contains("has active endpoints") => {
            session.reporter.note(failure.detail);
            remove_volumes(session).await
        }
        ended => ended,
    }
}

async fn remove_volumes(session: &Session) -> Result<(), Failure> {
    let engine = Engine::connect(session.global.docker_host.as_deref()).await?;
    let failed = |error| refused("engine", "remove Compose's volumes", &error);
    let ours = format!("com.docker.compose.project={PROJECT}");
    let options = ListVolumesOptionsBuilder::default()
        .filters(&HashMap::from([("label", vec![ours])]))
        .build();
    let list = engine.docker.list_volumes(Some(options)).await;
    for volume in list.map_err(failed)?.volumes.unwrap_or_default() {
        let removed = engine
            .docker
            .remove_volume(&volume.name, None::<RemoveVolumeOptions>)
            .await;
        removed.map_err(failed)?;
    }
    Ok(())
}

async fn compose(session: &Session, folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let host = session
        .global
        .docker_host
        .as_deref()
        .unwrap_or(DEFAULT_HOST);
    let output = Command::new("docker-compose")
        .args(["--file", FILE, "--file", LABELS])
        .args(arguments)
        .current_dir(folder)
        .env("DOCKER_HOST", host)
        .env("COMPOSE_API_VERSION", "auto")
        .output()
        .await
        .map_err(|error| {
            let detail = format!("docker-compose: {error}");
            let hint = "apt-get install --yes --no-install-recommends docker-compose";
            Failure::new("machine", Kind::PackageMissing, detail, hint)
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    let detail = format!("docker-compose {}: {last}", arguments.join(" "));
    Err(Failure::new(
        "engine",
        Kind::Engine,
        detail,
        "docker ps --all",
    ))
}
