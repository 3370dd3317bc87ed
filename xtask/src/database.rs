//! Statements to a service's own database, as that service, through psql: the toolkit needs no driver of its own.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    journeys::{World, account::Account},
    packages,
};

/// A checker may look at a whole table.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A service's database.
pub(crate) struct Database {
    psql: PathBuf,
    account: Account,
    name: String,
}

impl Database {
    /// The database of `service`, which has the name of its role.
    pub(crate) fn of(world: &World, service: &str) -> Result<Self, String> {
        let psql = packages::find_postgres_program("psql").ok_or("psql is not on this machine")?;
        Ok(Self {
            psql,
            account: Account::of(world, service)?,
            name: service.to_owned(),
        })
    }

    /// The rows of a query, as objects.
    pub(crate) async fn rows(
        &self,
        query: &str,
        variables: &[(&str, &str)],
    ) -> Result<Vec<Value>, String> {
        let statement =
            format!("select coalesce(json_agg(row_to_json(found)), '[]') from ({query}) found");
        match self.json(&statement, variables).await? {
            Value::Array(rows) => Ok(rows),
            other => Err(format!("BUG: {other} is no list of rows")),
        }
    }

    /// The one JSON value of a statement, which refers to its variables as `:'name'`.
    pub(crate) async fn json(
        &self,
        statement: &str,
        variables: &[(&str, &str)],
    ) -> Result<Value, String> {
        let mut command = Command::new(&self.psql);
        command.args([
            "--no-psqlrc",
            "--no-password",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--file=-",
        ]);
        for (name, value) in variables {
            command.arg(format!("--set={name}={value}"));
        }
        self.account.lend_to(command.as_std_mut(), &self.name);
        command
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let answered = async {
            let mut child = command.spawn()?;
            if let Some(mut input) = child.stdin.take() {
                // Variables are put in only where statements come from a file.
                input.write_all(statement.as_bytes()).await?;
                input.write_all(b";\n").await?;
            }
            child.wait_with_output().await
        };
        let output = tokio::time::timeout(TIMEOUT, answered)
            .await
            .map_err(|_| format!("no answer from PostgreSQL within {} s", TIMEOUT.as_secs()))?
            .map_err(|error| format!("{}: {error}", self.psql.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("database {}: {}", self.name, said.trim()));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("database {}: not JSON: {error}", self.name))
    }
}

/// The services with a database, in the order of the model.
pub(crate) fn owners(world: &World) -> Vec<&str> {
    let components = world.environment.stack.components.values();
    components
        .filter_map(|component| component.database.as_ref())
        .map(crate::model::Name::as_str)
        .collect()
}
