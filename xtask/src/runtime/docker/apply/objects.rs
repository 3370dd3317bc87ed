//! Networks and volumes: made when they are missing, never taken from somebody else.

use bollard::{
    models::{NetworkCreateRequest, VolumeCreateRequest},
    query_parameters::ListNetworksOptionsBuilder,
};
use std::collections::HashMap;

use super::Apply;
use crate::{
    failure::{Failure, Kind},
    model::Network,
    runtime::docker::{
        engine::{refused, status},
        names::{IDENTITY, UNIT},
    },
};

impl Apply<'_> {
    /// Every network that some container is in.
    pub(crate) async fn networks(&self) -> Result<(), Failure> {
        for network in self.blueprint.networks() {
            self.network(network).await?;
        }
        Ok(())
    }

    async fn network(&self, network: Network) -> Result<(), Failure> {
        let name = self.names.network(network);
        let failed = |error| refused("engine", &format!("make the network {name}"), &error);
        // The filter finds parts of names too.
        let filters = HashMap::from([("name".to_owned(), vec![name.clone()])]);
        let options = ListNetworksOptionsBuilder::default()
            .filters(&filters)
            .build();
        let list = self.engine.docker.list_networks(Some(options)).await;
        let found = list
            .map_err(failed)?
            .into_iter()
            .find(|found| found.name.as_ref() == Some(&name));
        if let Some(found) = found {
            let ours = self.names.owns(&found.labels.unwrap_or_default());
            return if ours {
                Ok(())
            } else {
                Err(taken("network", &name))
            };
        }
        let request = NetworkCreateRequest {
            name: name.clone(),
            internal: Some(network.is_internal()),
            labels: Some(self.names.labels()),
            ..NetworkCreateRequest::default()
        };
        self.engine
            .docker
            .create_network(request)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// The component's lasting volume.
    pub(super) async fn volume(&self, unit: &str) -> Result<(), Failure> {
        let name = self.names.volume(unit);
        let failed = |error| refused(unit, &format!("make the volume {name}"), &error);
        match self.engine.docker.inspect_volume(&name).await {
            Ok(found) if self.names.owns(&found.labels) => return Ok(()),
            Ok(_) => return Err(taken("volume", &name)),
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => return Err(failed(error)),
        }
        let mut labels = self.names.labels();
        labels.insert(UNIT.to_owned(), unit.to_owned());
        labels.insert(IDENTITY.to_owned(), uuid::Uuid::new_v4().to_string());
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(labels),
            ..VolumeCreateRequest::default()
        };
        self.engine
            .docker
            .create_volume(request)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

/// Something of somebody else's has the name.
pub(super) fn taken(what: &str, name: &str) -> Failure {
    let detail = format!(
        "there is a {what} `{name}` that is not ours: it does not carry this environment's labels"
    );
    let hint = format!(
        "docker {what} inspect {name}   (it is left alone: rename or remove it, or give the stack another name)"
    );
    Failure::new("engine", Kind::NameTaken, detail, hint)
}
