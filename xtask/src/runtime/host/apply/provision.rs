//! Puts in place what a component or job needs before it starts: its program, folders, files, and first data.

use std::{fs, os::unix::fs::chown};

use super::{Apply, JobSpec, ProcessSpec};
use crate::{
    failure::{Failure, IoContext as _},
    render::write,
};

impl Apply<'_> {
    /// Program, data directory, files, and what must exist before the first start.
    pub(super) async fn prepare(&self, name: &str, spec: &ProcessSpec) -> Result<(), Failure> {
        self.keep_program(name)?;
        let paths = &self.session.paths;
        let directory = &spec.working_directory;
        fs::create_dir_all(directory).doing("create", directory)?;
        let own_run = paths.run().join(name);
        fs::create_dir_all(&own_run).doing("create", &own_run)?;
        if let Some(account) = &spec.run_as {
            for path in [directory, &own_run] {
                chown(path, Some(account.uid), Some(account.gid)).doing("give away", path)?;
            }
            for path in self.secrets_of(name) {
                chown(&path, Some(account.uid), Some(account.gid)).doing("give away", &path)?;
            }
        }
        self.write_files(name)?;
        let Some(prepare) = self.unit(name).and_then(|unit| unit.prepare.as_ref()) else {
            return Ok(());
        };
        if prepare.target.exists() {
            return Ok(());
        }
        if prepare.partial.exists() {
            fs::remove_dir_all(&prepare.partial).doing("remove", &prepare.partial)?;
        }
        let program = spec.program.with_file_name(&prepare.program);
        let job = JobSpec {
            name: format!("{name}-prepare"),
            program,
            args: prepare.args.clone(),
            env: spec.env.clone(),
            working_directory: directory.clone(),
            run_as: spec.run_as.clone(),
            timeout: spec.start_timeout.duration(),
        };
        self.run_job(name, &job).await?;
        fs::rename(&prepare.partial, &prepare.target).doing("put in place", &prepare.target)
    }

    /// Our own programs run from a copy: a later build must not change what a restart starts.
    pub(super) fn keep_program(&self, name: &str) -> Result<(), Failure> {
        let Some(kept) = self
            .blueprint
            .kept
            .get(name)
            .filter(|kept| !kept.copy.exists())
        else {
            return Ok(());
        };
        if let Some(folder) = kept.copy.parent() {
            fs::create_dir_all(folder).doing("create", folder)?;
        }
        // Two of one binary may come here at once, so each has a name of its own until the copy is whole.
        let partial = kept.copy.with_extension(format!("{name}.partial"));
        fs::copy(&kept.built, &partial).doing("copy", &kept.built)?;
        fs::rename(&partial, &kept.copy).doing("put in place", &kept.copy)
    }

    pub(super) fn write_files(&self, name: &str) -> Result<(), Failure> {
        let Some(unit) = self.unit(name) else {
            return Ok(());
        };
        write::unit(unit, &self.session.paths.config(name))
            .map(drop)
            .map_err(|error| {
                let what = error.to_string();
                let mut failure = Failure::from(error.source);
                name.clone_into(&mut failure.component);
                failure.detail = format!("{what}: {}", failure.detail);
                failure
            })
    }

    fn secrets_of(&self, name: &str) -> Vec<std::path::PathBuf> {
        self.unit(name)
            .map(|unit| unit.secrets.values().cloned().collect())
            .unwrap_or_default()
    }
}
