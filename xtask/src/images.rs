//! The images that components and jobs run from: chosen, named by what they are made from, and brought to the engine.
//!
//! ```text
//! our own binary ──► its bytes and the base  ──► argosy-catalog:1f0c…   built here (`own`)
//! Debian's       ──► its Dockerfile          ──► argosy-postgres:93ab…  built here (`recipe`, `base`)
//! upstream       ──► tag, digest of the lock ──► postgres@sha256:…      pulled
//! ```
//!
//! A reference says everything that an image was made from, so "is it there?" is the only question that a second run
//! asks, and a plan can name an image before it exists. `docs/adr/0009-images.md` has the reasons.

mod base;
mod build;
mod c_library;
mod context;
pub(crate) mod lock;
mod offer;
mod own;
mod pull;
mod recipe;

use std::collections::{BTreeMap, BTreeSet};

use bollard::Docker;
use clap::ValueEnum;
use futures::future::try_join_all;

use crate::{
    build::Cargo,
    failure::{Failure, Failures, Kind},
    model::{Environment, ImageKind, Name, Program},
    packages::Consent,
    paths::Paths,
    reporter::Reporter,
    runtime::docker::engine::{refused, status},
};

use build::Steps;
pub(crate) use lock::Lock;
use offer::Offer;
pub(crate) use recipe::Recipe;

/// Where the images of programs that are not ours come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// What is there already; else what can be had.
    #[default]
    Auto,
    /// Published by the programs' own projects, pulled from their registries.
    Upstream,
    /// Built here from Debian's packages; needs no registry.
    Debian,
}

/// What images are worked out from.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) paths: &'a Paths,
    pub(crate) cargo: &'a Cargo,
}

/// What one component or job runs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its name, which says what it was made from.
    pub(crate) reference: String,
    /// `sha256:…` on the engine that was asked; none when it is not there yet.
    pub(crate) id: Option<String>,
    /// None for our own binaries.
    pub(crate) kind: Option<ImageKind>,
    /// The program to run: a name on the image's PATH.
    pub(crate) program: String,
    /// Why this image, in a sentence's half: `built from Debian's packages`.
    pub(crate) why: String,
    /// The digest under which a registry has it, where the lock knows it.
    pub(crate) digest: Option<String>,
}

/// The images of one environment, for one engine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Images {
    pub(crate) by_unit: BTreeMap<Name, Image>,
    /// Components and jobs without an image in the chosen source, each with the reason, and those that need them.
    pub(crate) left_out: BTreeMap<Name, String>,
    /// What people should know before they rely on it.
    pub(crate) warnings: Vec<String>,
    /// Which source was taken, and why.
    pub(crate) taken: String,
    /// How those are made that are not pulled, by reference.
    recipes: BTreeMap<String, Recipe>,
}

impl Images {
    /// Those that the engine does not have.
    pub(crate) fn missing(&self) -> BTreeSet<&str> {
        let absent = self.by_unit.values().filter(|image| image.id.is_none());
        absent.map(|image| image.reference.as_str()).collect()
    }

    /// How those are made that are built here, each once.
    fn recipes_used(&self) -> Vec<&Recipe> {
        let references: BTreeSet<&String> = self
            .by_unit
            .values()
            .map(|image| &image.reference)
            .collect();
        references
            .into_iter()
            .filter_map(|reference| self.recipes.get(reference))
            .collect()
    }
}

/// Works out which images are wanted and which of them the engine has. Sends nothing but GET requests.
pub(crate) async fn resolve(
    site: &Site<'_>,
    engine: &Docker,
    choice: Choice,
    selected: &BTreeSet<Name>,
) -> Result<Images, Failures> {
    let lock = Lock::read(&site.paths.project)?;
    let offer = Offer::read(site, &lock)?;
    let (kind, taken) = offer.choose(engine, choice, selected).await?;
    let architecture = architecture(engine).await?;
    let mut images = Images {
        taken,
        ..Images::default()
    };
    let mut own = own::Packer::open(site, &offer.base, &architecture);
    for name in selected {
        match site.environment.origin_of(name) {
            Some(Program::Own(binary)) => {
                let recipe = own.recipe(binary)?;
                images.by_unit.insert(
                    name.clone(),
                    Image {
                        reference: recipe.reference.clone(),
                        id: None,
                        kind: None,
                        program: binary.to_string(),
                        why: recipe.why.clone(),
                        digest: None,
                    },
                );
                images.recipes.insert(recipe.reference.clone(), recipe);
            }
            Some(Program::Foreign { host, image }) => {
                if let Some(image) = offer.image(host, image, kind) {
                    images.by_unit.insert(name.clone(), image);
                } else {
                    let reason = format!("it has no image {}", word(kind));
                    images.left_out.insert(name.clone(), reason);
                }
            }
            None => {}
        }
    }
    own.keep();
    images.recipes.extend(offer.recipes());
    leave_out_dependents(site.environment, &mut images)?;
    images.warnings = Lock::warnings(kind, &images);
    find(engine, &mut images).await?;
    Ok(images)
}

/// `resolve`, and then builds or pulls what the engine does not have.
pub(crate) async fn provide(
    site: &Site<'_>,
    engine: &Docker,
    choice: Choice,
    selected: &BTreeSet<Name>,
    consent: Consent,
    reporter: &Reporter,
) -> Result<Images, Failures> {
    let mut images = resolve(site, engine, choice, selected).await?;
    let missing: Vec<String> = images.missing().into_iter().map(Into::into).collect();
    if missing.is_empty() {
        return Ok(images);
    }
    let (built, pulled): (Vec<&String>, Vec<&String>) = missing
        .iter()
        .partition(|reference| images.recipes.contains_key(*reference));
    let pulls = pulled
        .into_iter()
        .map(|reference| pull::pull(engine, reference, reporter));
    try_join_all(pulls).await?;
    if !built.is_empty() {
        base::ensure(site, engine, consent, reporter).await?;
        let recipes: Vec<&Recipe> = built
            .into_iter()
            .map(|reference| &images.recipes[reference])
            .collect();
        build::all(engine, &recipes, Steps::Reuse, reporter).await?;
    }
    find(engine, &mut images).await?;
    match images.missing().first() {
        None => Ok(images),
        Some(reference) => Err(missing_image(
            reference,
            "the engine does not have it, though it was built or pulled a moment ago",
        )
        .into()),
    }
}

/// Builds everything anew that is built here, with today's packages. What runs keeps the image that it has.
pub(crate) async fn renew(
    site: &Site<'_>,
    engine: &Docker,
    choice: Choice,
    selected: &BTreeSet<Name>,
    consent: Consent,
    reporter: &Reporter,
) -> Result<Images, Failures> {
    let mut images = resolve(site, engine, choice, selected).await?;
    base::renew(site, engine, consent, reporter).await?;
    build::all(engine, &images.recipes_used(), Steps::Repeat, reporter).await?;
    find(engine, &mut images).await?;
    Ok(images)
}

/// Gives what was built here the names under which the rendered Compose files know it.
pub(crate) async fn name_current(engine: &Docker, images: &Images) -> Result<(), Failure> {
    let named = images.recipes_used();
    try_join_all(
        named
            .into_iter()
            .map(|recipe| build::name_current(engine, recipe)),
    )
    .await?;
    Ok(())
}

/// What needs a component that is left out is left out too; what the shop cannot do without is a failure.
fn leave_out_dependents(environment: &Environment, images: &mut Images) -> Result<(), Failure> {
    loop {
        let orphan = images.by_unit.keys().find_map(|name| {
            let needs = environment.dependencies(name);
            let gone = needs
                .keys()
                .find(|need| images.left_out.contains_key(**need));
            gone.map(|gone| (name.clone(), format!("it needs {gone}")))
        });
        let Some((name, reason)) = orphan else { break };
        images.by_unit.remove(&name);
        images.left_out.insert(name, reason);
    }
    let components = &environment.stack.components;
    let essential = images.left_out.iter().find(|(name, _)| {
        components
            .get(*name)
            .is_some_and(|component| component.essential)
    });
    match essential {
        None => Ok(()),
        Some((name, reason)) => Err(Failure::new(
            name.to_string(),
            Kind::ImageMissing,
            format!("the shop cannot do without {name}, and {reason}"),
            "choose another source: cargo xtask up --images auto",
        )),
    }
}

/// Asks the engine which of the images it has.
async fn find(engine: &Docker, images: &mut Images) -> Result<(), Failure> {
    let references: BTreeSet<String> = images
        .by_unit
        .values()
        .map(|image| image.reference.clone())
        .collect();
    let asked = references.into_iter().map(|reference| async move {
        Ok::<_, Failure>((id(engine, &reference).await?, reference))
    });
    let found: Vec<(Option<String>, String)> = try_join_all(asked).await?;
    for image in images.by_unit.values_mut() {
        let known = found
            .iter()
            .find(|(_, reference)| *reference == image.reference);
        image.id = known.and_then(|(id, _)| id.clone());
    }
    Ok(())
}

/// The id under which the engine has an image.
async fn id(engine: &Docker, reference: &str) -> Result<Option<String>, Failure> {
    match engine.inspect_image(reference).await {
        Ok(image) => Ok(image.id),
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(refused("images", &format!("look for {reference}"), &error)),
    }
}

/// As images name it: `amd64`, `arm64`.
async fn architecture(engine: &Docker) -> Result<String, Failure> {
    let version = engine.version().await;
    let version = version.map_err(|error| refused("images", "ask for its machine", &error))?;
    Ok(version.arch.unwrap_or_default())
}

fn word(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Upstream => "of its own project",
        ImageKind::Debian => "from Debian's packages",
    }
}

fn missing_image(reference: &str, detail: &str) -> Failure {
    let hint = format!("docker pull {reference}   (or: cargo xtask up --images debian)");
    Failure::new(
        "images",
        Kind::ImageMissing,
        format!("{reference}: {detail}"),
        hint,
    )
}
