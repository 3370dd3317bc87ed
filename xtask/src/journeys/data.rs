//! Each service reaches its own database, and is refused on every other one.

use std::{path::Path, time::Duration};

use tokio::process::Command;

use super::{
    World,
    account::Account,
    trip::{Found, Trip},
};
use crate::{model::Name, packages};

/// The server's own database: nobody's, and so for no service.
const MAINTENANCE_DATABASE: &str = "postgres";
const TIMEOUT: Duration = Duration::from_secs(10);

/// What PostgreSQL says when it is the account that is not let in, and nothing else is wrong.
const REFUSALS: [&str; 3] = [
    "permission denied for database",
    "pg_hba.conf rejects connection",
    "no pg_hba.conf entry",
];

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    let components = &world.environment.stack.components;
    let owners: Vec<&str> = components
        .values()
        .filter_map(|component| component.database.as_ref())
        .map(Name::as_str)
        .collect();
    if owners.is_empty() {
        return;
    }
    let Some(psql) = packages::find_postgres_program("psql") else {
        trip.hop("psql is installed", &[], async {
            Err::<((), String), _>("psql is not on this machine".to_owned())
        })
        .await;
        return;
    };
    for role in &owners {
        trip.hop(
            &format!("{role} → database {role}"),
            &["postgres"],
            enter(world, &psql, role, role),
        )
        .await;
        let others = owners
            .iter()
            .filter(|other| *other != role)
            .chain([&MAINTENANCE_DATABASE]);
        for database in others {
            trip.hop(
                &format!("{role} is refused on database {database}"),
                &["postgres"],
                refused(world, &psql, role, database),
            )
            .await;
        }
    }
}

async fn enter(world: &World, psql: &Path, role: &str, database: &str) -> Found<()> {
    match connect(world, psql, role, database).await? {
        Ok(user) => Ok(((), format!("entered as {user}"))),
        Err(refusal) => Err(format!("{role} cannot enter its own database: {refusal}")),
    }
}

async fn refused(world: &World, psql: &Path, role: &str, database: &str) -> Found<()> {
    match connect(world, psql, role, database).await? {
        Ok(_) => Err(format!("{role} can enter the database {database}")),
        Err(refusal) if REFUSALS.iter().any(|known| refusal.contains(known)) => Ok(((), refusal)),
        Err(other) => Err(format!("{role} could not be tried on {database}: {other}")),
    }
}

/// Connects as a service does. The inner error is what psql says.
async fn connect(
    world: &World,
    psql: &Path,
    role: &str,
    database: &str,
) -> Result<Result<String, String>, String> {
    let account = Account::of(world, role)?;
    let mut command = Command::new(psql);
    command.args([
        "--no-psqlrc",
        "--no-password",
        "--tuples-only",
        "--no-align",
        "--command=select current_user",
    ]);
    account.lend_to(command.as_std_mut(), database);
    command
        .kill_on_drop(true)
        .stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output =
        output.map_err(|_| format!("no answer from PostgreSQL within {} s", TIMEOUT.as_secs()))?;
    let output = output.map_err(|error| format!("{}: {error}", psql.display()))?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout)
            .trim()
            .to_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Err(said
        .lines()
        .next()
        .unwrap_or("psql failed without a word")
        .trim()
        .to_owned()))
}
