//! Lets each changed file's own program look at it, before anything is put in place.

use crate::{
    commands::converge::rejected,
    failure::{Failure, Failures},
    model::{Diagnostics, Environment},
    packages,
    plan::Plan,
    render::{
        Places, Rendered, TemplateTexts,
        check::{self, Checks},
    },
    session::Session,
};

/// What was rendered, and what is about to be done with it.
pub(super) struct Changed<'a> {
    pub(super) environment: &'a Environment,
    pub(super) templates: &'a TemplateTexts,
    pub(super) rendered: &'a Rendered,
    pub(super) places: &'a (dyn Places + Sync),
    pub(super) plan: &'a Plan,
}

impl Changed<'_> {
    /// The program is this machine's: what runs in a container is checked too where the machine has it.
    pub(super) fn check(&self, session: &Session) -> Result<(), Failures> {
        let staging = session.paths.staging();
        let programs = packages::folders();
        let checks = Checks {
            environment: self.environment,
            templates: self.templates,
            rendered: self.rendered,
            places: self.places,
            staging: &staging,
            programs: &programs,
        };
        let report = check::check(&checks, &|unit, _| self.plan.step(unit.as_str()).is_some());
        let report = report.map_err(|error| Failure::from(error.source))?;
        for skipped in &report.skipped {
            session.reporter.note(format!(
                "not checked: {} of {}, because `{}` is not there",
                skipped.target, skipped.unit, skipped.program
            ));
        }
        if report.failures.is_empty() {
            return Ok(());
        }
        Err(rejected(Diagnostics(report.failures)))
    }
}
