//! The bare statement behind a list, run by pgbench as the catalogue's own role: what PostgreSQL alone takes.

use std::{fs, path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use super::figures::Times;
use crate::{
    journeys::{World, account::Account},
    packages,
};

/// The role and its database.
const CATALOG: &str = "catalog";
const RUNS: usize = 500;

/// Times of one page of products in the shop's own order.
pub(super) async fn statement(world: &World, page: usize) -> Result<Times, String> {
    let pgbench = packages::find_postgres_program("pgbench").ok_or("pgbench is not installed")?;
    let folder = tempfile::Builder::new()
        .prefix("argosy-bench-")
        .tempdir()
        .map_err(|error| error.to_string())?;
    let script = folder.path().join("list.sql");
    let statement = format!(
        "select id, slug, name, price_minor from products where status = 'active' order by rank desc, id desc limit {page};\n"
    );
    fs::write(&script, statement)
        .map_err(|error| format!("cannot write {}: {error}", script.display()))?;
    let account = Account::of(world, CATALOG)?;
    let mut command = Command::new(pgbench);
    command
        .args([
            "--no-vacuum",
            "--protocol=prepared",
            "--log",
            "--log-prefix=times",
        ])
        .arg(format!("--transactions={RUNS}"));
    command
        .arg("--file")
        .arg(&script)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    account.lend_to(command.as_std_mut(), CATALOG);
    let output = command
        .output()
        .await
        .map_err(|error| format!("pgbench: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "pgbench failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    read(folder.path())
}

/// pgbench writes a line for each run; its third word is the time in microseconds.
fn read(folder: &Path) -> Result<Times, String> {
    let mut times = Vec::new();
    for entry in fs::read_dir(folder)
        .map_err(|error| error.to_string())?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with("times.") {
            let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            times.extend(
                text.lines()
                    .filter_map(|line| line.split(' ').nth(2)?.parse().ok())
                    .map(Duration::from_micros),
            );
        }
    }
    Times::new(times).ok_or_else(|| "pgbench has measured nothing".to_owned())
}
