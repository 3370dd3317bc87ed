//! The difference on the engine: containers as it knows them.

use std::collections::BTreeSet;

use super::{Difference, rejected};
use crate::{
    failure::{Failure, Failures},
    images::{self, Choice, Images},
    model::{Environment, ImageKind, Name},
    render::{self, Rendered, TemplateTexts},
    reporter,
    runtime::{
        chosen::{self, Chosen, Runtime},
        docker::{
            apply::Apply,
            blueprint::{Blueprint, Site},
            engine::Engine,
            names::Names,
            observe::{View, look},
            places::ContainerPlaces,
        },
    },
    session::Session,
};

/// The engine, and what is ours on it.
pub(crate) struct Platform {
    pub(crate) engine: Engine,
    pub(crate) names: Names,
}

/// The model rendered, the world observed, and the difference.
pub(crate) struct DockerDifference {
    pub(crate) templates: TemplateTexts,
    /// As the components see it, without those that have no image.
    pub(crate) environment: Environment,
    pub(crate) rendered: Rendered,
    pub(crate) blueprint: Blueprint,
    pub(crate) difference: Difference,
    pub(crate) view: View,
}

impl Platform {
    /// What carries out the steps of this difference.
    pub(crate) fn apply<'a>(
        &'a self,
        session: &'a Session,
        found: &'a DockerDifference,
    ) -> Apply<'a> {
        Apply {
            session,
            engine: &self.engine,
            names: &self.names,
            blueprint: &found.blueprint,
            desired: &found.difference.desired,
            observed: &found.difference.observed,
            seen: &found.view.seen,
        }
    }

    /// The engine that the environment was brought up on, else the one that is asked for.
    pub(crate) async fn open(session: &Session) -> Result<Self, Failure> {
        let remembered = chosen::remembered(&session.paths).and_then(|chosen| chosen.engine);
        let asked = session.global.docker_host.as_deref();
        let engine = Engine::connect(remembered.as_deref().or(asked)).await?;
        Ok(Self {
            engine,
            names: Names::of(&session.environment, &session.paths),
        })
    }

    /// The image of everything that is selected, by GET requests alone.
    pub(crate) async fn images(
        &self,
        session: &Session,
        choice: Choice,
        selected: &BTreeSet<Name>,
    ) -> Result<Images, Failures> {
        images::resolve(&image_site(session), &self.engine.docker, choice, selected).await
    }

    pub(crate) async fn difference(
        &self,
        session: &Session,
        images: &Images,
        selected: &BTreeSet<Name>,
    ) -> Result<DockerDifference, Failures> {
        let left_out: BTreeSet<&Name> = images.left_out.keys().collect();
        let environment = session.environment.inside_containers().without(&left_out);
        let templates =
            render::read::templates(&session.paths.project, &environment).map_err(rejected)?;
        let rendered =
            render::render(&environment, &templates, &ContainerPlaces).map_err(rejected)?;
        let site = Site {
            inside: &environment,
            outside: &session.environment,
            rendered: &rendered,
            paths: &session.paths,
            images: &images.by_unit,
        };
        let (desired, blueprint) = Blueprint::draw(&site);
        let view = look(&self.engine, &self.names, &blueprint).await?;
        let observed = view.observed(&self.names, &blueprint, &session.paths, reporter::now());
        Ok(DockerDifference {
            templates,
            environment,
            rendered,
            blueprint,
            difference: Difference::between(session, selected, desired, observed),
            view,
        })
    }
}

pub(crate) fn image_site(session: &Session) -> images::Site<'_> {
    images::Site {
        environment: &session.environment,
        paths: &session.paths,
        cargo: &session.cargo,
    }
}

impl DockerDifference {
    /// Whether everything that is wanted has passed its health check.
    pub(crate) fn is_healthy(&self) -> bool {
        let mut wanted =
            self.view.seen.values().filter(|seen| {
                !seen.is_job && self.difference.desired.nodes.contains_key(&seen.unit)
            });
        wanted.all(|seen| matches!(seen.health, Some(Ok(()))))
    }
}

/// The source of images that was asked for, else the one that the environment was brought up with.
pub(crate) fn choice(session: &Session, asked: Option<Choice>) -> Choice {
    let remembered = chosen::remembered(&session.paths).and_then(|chosen| chosen.images);
    asked.unwrap_or(match remembered {
        Some(ImageKind::Upstream) => Choice::Upstream,
        Some(ImageKind::Debian) => Choice::Debian,
        None => Choice::Auto,
    })
}

/// What is remembered of an environment that runs on this engine from these images.
pub(crate) fn chosen(platform: &Platform, images: &Images) -> Chosen {
    Chosen {
        runtime: Runtime::Docker,
        engine: Some(platform.engine.host.clone()),
        images: images.by_unit.values().find_map(|image| image.kind),
        left_out: images.left_out.keys().cloned().collect(),
    }
}
