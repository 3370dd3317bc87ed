//! Statements on a database of their own with the tables of a service, run by pgbench: what PostgreSQL alone takes.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use tokio::process::Command;

use super::figures::Times;
use crate::{
    journeys::{World, account::Account},
    packages,
};

/// Connections, as many as a service has.
const CLIENTS: u32 = 8;
const SECONDS: u32 = 5;

/// A database that is removed by [`Scratch::remove`].
pub(super) struct Scratch {
    account: Account,
    name: String,
    folder: tempfile::TempDir,
}

impl Scratch {
    /// With the tables of `service`, and without a row.
    pub(super) async fn like(world: &World, service: &str) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("argosy-bench-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        let scratch = Self {
            account: Account::superuser(world)?,
            name: format!("bench_{service}"),
            folder,
        };
        scratch.remove().await?;
        scratch
            .psql("postgres", &format!("create database {}", scratch.name))
            .await?;
        let schema = scratch.folder.path().join("schema.sql");
        let mut dump = scratch.program("pg_dump", service)?;
        dump.args(["--schema-only", "--no-owner", "--no-privileges", "--file"])
            .arg(&schema);
        finish(dump).await?;
        let mut load = scratch.program("psql", &scratch.name)?;
        load.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"])
            .arg(&schema)
            .stdout(Stdio::null());
        finish(load).await?;
        Ok(scratch)
    }

    pub(super) async fn execute(&self, statement: &str) -> Result<(), String> {
        self.psql(&self.name, statement).await
    }

    /// How often a second the script runs, prepared, over as many connections as a service has.
    pub(super) async fn per_second(&self, script: &str) -> Result<f64, String> {
        let said = finish(self.pgbench(script)?).await?;
        said.lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
            .ok_or_else(|| format!("pgbench has measured nothing: {said}"))
    }

    /// How long the script takes when it is begun so often a second.
    pub(super) async fn at(&self, script: &str, per_second: u32) -> Result<Times, String> {
        let prefix = self.folder.path().join("times");
        let mut bench = self.pgbench(script)?;
        bench
            .arg("--log")
            .arg(format!("--log-prefix={}", prefix.display()))
            .arg(format!("--rate={per_second}"));
        finish(bench).await?;
        let mut times = Vec::new();
        for entry in fs::read_dir(self.folder.path()).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if !path
                .display()
                .to_string()
                .starts_with(&prefix.display().to_string())
            {
                continue;
            }
            let log = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            fs::remove_file(&path).map_err(|error| error.to_string())?;
            // Client, transaction, microseconds; see pgbench, "Per-Transaction Logging".
            let took = log
                .lines()
                .filter_map(|line| line.split(' ').nth(2)?.parse().ok());
            times.extend(took.map(Duration::from_micros));
        }
        Times::new(times).ok_or_else(|| "pgbench has logged nothing".to_owned())
    }

    fn pgbench(&self, script: &str) -> Result<Command, String> {
        let file = self.folder.path().join("script.sql");
        fs::write(&file, script).map_err(|error| error.to_string())?;
        let mut bench = self.program("pgbench", &self.name)?;
        bench
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={CLIENTS}"))
            .arg(format!("--time={SECONDS}"))
            .arg("--file")
            .arg(&file);
        Ok(bench)
    }

    pub(super) async fn remove(&self) -> Result<(), String> {
        let statement = format!("drop database if exists {} with (force)", self.name);
        self.psql("postgres", &statement).await
    }

    async fn psql(&self, database: &str, statement: &str) -> Result<(), String> {
        let mut command = self.program("psql", database)?;
        command
            .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
            .arg(format!("--command={statement}"));
        finish(command).await.map(drop)
    }

    fn program(&self, name: &str, database: &str) -> Result<Command, String> {
        let path: PathBuf = packages::find_postgres_program(name)
            .ok_or_else(|| format!("{name} is not on this machine"))?;
        let mut command = Command::new(path);
        self.account.lend_to(command.as_std_mut(), database);
        command.kill_on_drop(true).stdin(Stdio::null());
        Ok(command)
    }
}

async fn finish(mut command: Command) -> Result<String, String> {
    let output = command.output().await.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
