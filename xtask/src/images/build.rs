//! Builds images through the Engine API: the context goes up as an archive, the engine's words come back as they are said.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use bollard::{Docker, query_parameters::BuildImageOptionsBuilder};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::io::ReaderStream;

use super::{Recipe, context};
use crate::{
    failure::{Failure, IoContext as _, Kind},
    reporter::{Reporter, took},
    runtime::docker::engine::{in_words, refused},
};

/// Labels of every image that we build.
const NAME: &str = "argosy.image";
const DIGEST: &str = "argosy.image.digest";

/// Packages are unpacked on one processor each.
const AT_ONCE: usize = 2;

/// A build from source takes minutes before the engine says the first word.
const PATIENCE: Duration = Duration::from_hours(1);

/// How many of the engine's last words a failure shows.
const TAIL: usize = 15;

/// Whether a step whose text has not changed is done again: the packages that it installs may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steps {
    Reuse,
    Repeat,
}

/// The engine, for requests that may take long.
pub(super) fn patient(engine: &Docker) -> Docker {
    engine.clone().with_timeout(PATIENCE)
}

/// Builds all of them. The first failure ends it. One of each kind goes ahead of the others, so that the steps that
/// they share are done once.
pub(super) async fn all(
    engine: &Docker,
    recipes: &[&Recipe],
    steps: Steps,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let engine = patient(engine);
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<&Recipe>, Vec<&Recipe>) = recipes
        .iter()
        .copied()
        .partition(|recipe| seen.insert(recipe.dockerfile.as_str()));
    several(&engine, first, steps, reporter).await?;
    several(&engine, rest, steps, reporter).await
}

async fn several(
    engine: &Docker,
    recipes: Vec<&Recipe>,
    steps: Steps,
    reporter: &Reporter,
) -> Result<(), Failure> {
    stream::iter(recipes)
        .map(|recipe| one(engine, recipe, steps, reporter))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn one(
    engine: &Docker,
    recipe: &Recipe,
    steps: Steps,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let started = Instant::now();
    reporter.note(format!("image {}: {}", recipe.name, recipe.why));
    let archive = tempfile::NamedTempFile::new()?;
    tokio::task::block_in_place(|| context::write(recipe, archive.path()))?;
    let digest = recipe.reference.rsplit(':').next().unwrap_or_default();
    let labels = HashMap::from([(NAME, recipe.name.as_str()), (DIGEST, digest)]);
    let arguments: HashMap<&str, &str> = recipe
        .arguments
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let options = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .t(&recipe.reference)
        .buildargs(&arguments)
        .labels(&labels)
        .nocache(steps == Steps::Repeat)
        .rm(true)
        .forcerm(true)
        .build();
    let file = tokio::fs::File::open(archive.path())
        .await
        .doing("read", archive.path())?;
    let body = bollard::body_try_stream(ReaderStream::with_capacity(file, 1 << 20));
    let mut words = engine.build_image(options, None, Some(body));
    let mut said = Vec::new();
    while let Some(word) = words.next().await {
        let told = word.map_err(|error| failed(recipe, &in_words(&error), &said))?;
        if let Some(message) = told.error_detail.and_then(|detail| detail.message) {
            return Err(failed(recipe, &message, &said));
        }
        said.extend(
            told.stream
                .iter()
                .flat_map(|text| text.lines())
                .map(str::to_owned),
        );
    }
    let image = engine.inspect_image(&recipe.reference).await;
    let image =
        image.map_err(|error| refused(&recipe.name, "find the image just built", &error))?;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    reporter.note(format!(
        "image {}: {} MiB in {}",
        recipe.name,
        image.size.unwrap_or_default() >> 20,
        took(took_ms)
    ));
    Ok(())
}

/// Gives the images the name under which the rendered Compose file knows them.
pub(super) async fn name_current(engine: &Docker, recipe: &Recipe) -> Result<(), Failure> {
    let (repository, tag) = recipe
        .current
        .split_once(':')
        .unwrap_or((recipe.current.as_str(), "local"));
    let options = bollard::query_parameters::TagImageOptionsBuilder::default()
        .repo(repository)
        .tag(tag)
        .build();
    engine
        .tag_image(&recipe.reference, Some(options))
        .await
        .map_err(|error| refused(&recipe.name, &format!("name it {}", recipe.current), &error))
}

fn failed(recipe: &Recipe, why: &str, said: &[String]) -> Failure {
    let tail = said.iter().filter(|line| !line.trim().is_empty());
    let tail: Vec<String> = tail.cloned().collect();
    let from = tail.len().saturating_sub(TAIL);
    Failure::new(
        recipe.name.clone(),
        Kind::BuildFailed,
        format!(
            "the image {} cannot be built: {}",
            recipe.reference,
            why.trim()
        ),
        "mend what the last lines name, then: cargo xtask images build",
    )
    .with_log_tail(tail[from..].to_vec())
}
