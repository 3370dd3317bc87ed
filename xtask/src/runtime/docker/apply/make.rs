//! Makes a container, up to the moment before it starts: volumes, networks, files, first data.

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder,
};

use super::{Apply, objects};
use crate::{
    failure::{Failure, Kind},
    model::{Network, Span},
    render::RenderedPrepare,
    runtime::docker::{
        blueprint::{ContainerSpec, Role},
        card, create,
        engine::{refused, status},
        files::{self, Secrets},
        parcel,
        places::{FILES, VOLUME},
        stop,
    },
};

impl Apply<'_> {
    /// A new container in place of the old one, if there was one, with everything in it that it needs.
    pub(super) async fn make(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        if let Some(unit) = &spec.volume {
            self.volume(unit).await?;
        }
        self.clear_name(spec).await?;
        self.create(spec).await?;
        let container = self.container(spec);
        let failed = |error| refused(&spec.unit, "put its files into its container", &error);
        let secrets = Secrets::read(spec)?;
        if !spec.files.is_empty() || !secrets.0.is_empty() {
            let parcel = parcel::files(&spec.files, &secrets.0, spec.confinement.user);
            files::put(self.engine, &container, FILES, parcel)
                .await
                .map_err(failed)?;
        }
        if spec.volume.is_some() {
            let parcel = parcel::data(spec.confinement.user);
            files::put(self.engine, &container, VOLUME, parcel)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    /// What has the name is ours to replace, or nobody's to touch.
    async fn clear_name(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let name = self.container(spec);
        let found = self.engine.docker.inspect_container(&name, None).await;
        let labels = match found {
            Ok(found) => found.config.and_then(|config| config.labels),
            Err(error) if status(&error) == Some(404) => return Ok(()),
            Err(error) => return Err(refused(&spec.unit, "look for its container", &error)),
        };
        if !self.names.owns(&labels.unwrap_or_default()) {
            let mut failure = objects::taken("container", &name);
            failure.component.clone_from(&spec.unit);
            return Err(failure);
        }
        stop::take_away(self.engine, &name)
            .await
            .map_err(|error| refused(&spec.unit, "remove its old container", &error))
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let name = self.container(spec);
        let networks: Vec<String> = spec
            .confinement
            .networks
            .iter()
            .map(|network| self.names.network(*network))
            .collect();
        let at_once = if self.engine.creates_in_several_networks() {
            networks.len()
        } else {
            1
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let body = create::body(
            spec,
            self.names,
            &networks[..at_once.min(networks.len())],
            self.engine,
        );
        self.engine
            .docker
            .create_container(Some(options), body)
            .await
            .map_err(|error| card::not_created(self.session, spec, &error))?;
        for network in spec.confinement.networks.iter().skip(at_once) {
            self.join(spec, *network).await?;
        }
        Ok(())
    }

    pub(super) async fn join(&self, spec: &ContainerSpec, network: Network) -> Result<(), Failure> {
        let request = bollard::models::NetworkConnectRequest {
            container: self.container(spec),
            endpoint_config: Some(create::endpoint(spec)),
        };
        let name = self.names.network(network);
        let joined = self.engine.docker.connect_network(&name, request).await;
        joined.map_err(|error| refused(&spec.unit, &format!("join the network {name}"), &error))
    }

    /// What must exist in its data before the first start.
    pub(super) async fn prepare(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let Some(service) = spec.service() else {
            return Ok(());
        };
        let Some(prepare) = &service.prepare else {
            return Ok(());
        };
        let target = prepare.target.display().to_string();
        let options = ContainerArchiveInfoOptionsBuilder::default()
            .path(&target)
            .build();
        let container = self.container(spec);
        let found = self
            .engine
            .docker
            .get_container_archive_info(&container, Some(options))
            .await;
        match found {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => {
                let job = preparation(spec, prepare, service.start_timeout);
                self.run_to_end(&job).await?;
                let done = stop::take_away(self.engine, &self.container(&job)).await;
                done.map_err(|error| refused(&spec.unit, "clear up", &error))
            }
            Err(error) => Err(refused(&spec.unit, "look into its data", &error)),
        }
    }

    pub(super) async fn start(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let started = self
            .engine
            .docker
            .start_container(&self.container(spec), None)
            .await;
        match started {
            Ok(()) => Ok(()),
            Err(error) => Err(card::not_started(self.session, self.engine, spec, &error).await),
        }
    }
}

/// Fills a folder beside the target and renames it: a half-made one is thrown away.
const PREPARE: &str =
    r#"partial=$0; target=$1; shift; rm -rf "$partial" && "$@" && mv "$partial" "$target""#;

fn preparation(spec: &ContainerSpec, prepare: &RenderedPrepare, timeout: Span) -> ContainerSpec {
    let mut job = spec.clone();
    job.unit = format!("{}-prepare", spec.unit);
    "sh".clone_into(&mut job.image.program);
    let words = [
        "-c".to_owned(),
        PREPARE.to_owned(),
        prepare.partial.display().to_string(),
        prepare.target.display().to_string(),
        prepare.program.clone(),
    ];
    job.args = words
        .into_iter()
        .chain(prepare.args.iter().cloned())
        .collect();
    job.published = Vec::new();
    job.role = Role::Job { timeout };
    job
}

impl Secrets {
    /// Of one container, from where they are kept on this machine.
    fn read(spec: &ContainerSpec) -> Result<Self, Failure> {
        let read = |(name, path): (&String, &std::path::PathBuf)| match std::fs::read(path) {
            Ok(content) => Ok((name.clone(), content)),
            Err(error) => {
                let detail = format!("the secret {name} cannot be read: {error}");
                Err(Failure::new(
                    &spec.unit,
                    Kind::NotWritable,
                    detail,
                    "cargo xtask doctor",
                ))
            }
        };
        spec.secrets
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
