//! The difference on the host: processes as the supervisor knows them.

use std::collections::BTreeSet;

use super::{Difference, rejected, supervisor_failed};
use crate::{
    failure::Failures,
    model::Name,
    render::{self, HostPlaces, Rendered, TemplateTexts},
    reporter,
    runtime::host::{
        blueprint::{Blueprint, Site},
        client::Supervisor,
        observe::observe,
        protocol::{HealthState, ProcessStatus},
    },
    session::Session,
};

/// The model rendered, the world observed, and the difference.
pub(crate) struct HostDifference {
    pub(crate) templates: TemplateTexts,
    pub(crate) places: HostPlaces,
    pub(crate) rendered: Rendered,
    pub(crate) blueprint: Blueprint,
    pub(crate) difference: Difference,
    pub(crate) processes: Vec<ProcessStatus>,
}

/// Looks at everything and changes nothing.
pub(crate) async fn difference(
    session: &Session,
    supervisor: Option<&Supervisor>,
    selected: &BTreeSet<Name>,
) -> Result<HostDifference, Failures> {
    let environment = &session.environment;
    let places = HostPlaces {
        paths: session.paths.clone(),
    };
    let templates =
        render::read::templates(&session.paths.project, environment).map_err(rejected)?;
    let rendered = render::render(environment, &templates, &places).map_err(rejected)?;
    let site = Site {
        environment,
        rendered: &rendered,
        paths: &session.paths,
        cargo: &session.cargo,
    };
    let (desired, blueprint) = Blueprint::draw(&site);
    let processes = match supervisor {
        Some(supervisor) => supervisor.status().await.map_err(supervisor_failed)?,
        None => Vec::new(),
    };
    let observed = observe(
        &session.paths,
        &processes,
        &blueprint.processes,
        reporter::now(),
    );
    Ok(HostDifference {
        templates,
        places,
        rendered,
        blueprint,
        difference: Difference::between(session, selected, desired, observed),
        processes,
    })
}

impl HostDifference {
    /// Whether everything that is wanted has passed its health check.
    pub(crate) fn is_healthy(&self) -> bool {
        let mut wanted = self
            .processes
            .iter()
            .filter(|process| self.difference.desired.nodes.contains_key(&process.name));
        wanted.all(|process| process.health == HealthState::Healthy)
    }
}
