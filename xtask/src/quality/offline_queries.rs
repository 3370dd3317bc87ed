//! `cargo xtask sqlx`: the offline data of the services' SQL statements (`services/<service>/.sqlx`).
//!
//! The macros of sqlx check each statement against a database while they expand, or against data that they once wrote
//! down. Here they write it down: a scratch PostgreSQL gets each service's migrations, and the service is compiled with
//! the variables that make the macros ask that server and save what they learn. `docs/adr/0004-compile-time-sql.md`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, Result, bail};

use super::{cargo, postgres::ScratchPostgres};
use crate::build::Cargo;

/// How often a service is compiled while others change.
const TRIES: usize = 5;

/// Variable of a service's macros → address of its database.
type Databases = BTreeMap<String, String>;

/// What to do about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Make the committed data what the statements and the migrations say.
    Write,
    /// Change nothing.
    Check,
}

/// The data of one service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Its folder from the project's root.
    pub(crate) service: String,
    pub(crate) queries: usize,
    pub(crate) differences: Vec<Difference>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Path from the project's root.
    pub(crate) file: String,
    pub(crate) kind: DifferenceKind,
    /// The statement's first words.
    pub(crate) statement: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DifferenceKind {
    Missing,
    /// The tables have changed under the statement.
    Stale,
    /// No statement needs it any more.
    LeftOver,
}

impl DifferenceKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::LeftOver => "left over",
        }
    }
}

/// Writes or compares the data of every service and stand-in that has a `sqlx.toml`.
pub(crate) async fn refresh(cargo: &Cargo, mode: Mode) -> Result<Vec<Outcome>> {
    let services = services(&cargo.workspace)?;
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let server = tokio::task::spawn_blocking(ScratchPostgres::start).await??;
    let databases = databases(cargo, &services, &server)?;
    // Whatever has changed is compiled once before, so that the runs below compile one service each: all that macros
    // save goes to one folder, and only one service may write there at a time.
    compile(cargo, &databases, scratch()?.path()).await?;
    let mut outcomes = Vec::new();
    for service in services {
        let written = expand(cargo, &databases, &service).await?;
        let folder = cargo.workspace.join(&service).join(".sqlx");
        let committed = read(&folder)?;
        let differences = compare(&service, &committed, &written);
        if mode == Mode::Write && !differences.is_empty() {
            replace(&folder, &committed, &written)?;
        }
        outcomes.push(Outcome {
            service,
            queries: written.len(),
            differences,
        });
    }
    Ok(outcomes)
}

/// What the macros of one service save. When somebody saves a file of another service meanwhile, that one is compiled
/// too, and its statements stand among these: then once more.
async fn expand(cargo: &Cargo, databases: &Databases, service: &str) -> Result<Data> {
    let folder = cargo.workspace.join(service);
    for _ in 0..TRIES {
        let scratch = scratch()?;
        touch(&folder.join("src/lib.rs"))?;
        let compiled = compile(cargo, databases, scratch.path()).await?;
        let others = compiled
            .iter()
            .filter(|manifest| **manifest != folder.join("Cargo.toml"));
        if others.filter(|manifest| has_queries(manifest)).count() == 0 {
            return read(scratch.path());
        }
    }
    bail!("the sources change while they are compiled: run it again when they are at rest")
}

fn has_queries(manifest: &Path) -> bool {
    manifest.with_file_name("sqlx.toml").exists()
}

/// Folders from the project's root.
fn services(workspace: &Path) -> Result<Vec<String>> {
    let mut services = Vec::new();
    for parent in ["services", "services/standins"] {
        let entries = fs::read_dir(workspace.join(parent))
            .with_context(|| format!("cannot list {parent}"))?;
        for entry in entries {
            let entry = entry?;
            if entry.path().join("sqlx.toml").exists() {
                services.push(format!("{parent}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    services.sort();
    Ok(services)
}

fn scratch() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("argosy-queries-")
        .tempdir()
        .context("cannot make a temporary folder")
}

/// For each service the variable that its macros read, and the address of its database with all migrations applied.
fn databases(cargo: &Cargo, services: &[String], server: &ScratchPostgres) -> Result<Databases> {
    let mut databases = BTreeMap::new();
    for service in services {
        let folder = cargo.workspace.join(service);
        let database = service.rsplit('/').next().unwrap_or(service);
        server.migrated_database(database, &folder.join("migrations"))?;
        let variable = database_variable(&folder)?;
        if databases
            .insert(variable.clone(), server.url(database))
            .is_some()
        {
            bail!(
                "{service}/sqlx.toml reads {variable}, as another service does: name a variable of its own in `database-url-var`"
            );
        }
    }
    Ok(databases)
}

/// cargo does not know that the variables matter to the macros; a newer file makes it compile the service again.
fn touch(source: &Path) -> Result<()> {
    let file = fs::File::options().append(true).open(source);
    let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| format!("cannot touch {}", source.display()))
}

/// Compiles so that the macros ask the databases and save what they learn into `folder`. The manifests of what had to
/// be compiled come back.
async fn compile(cargo: &Cargo, databases: &Databases, folder: &Path) -> Result<Vec<PathBuf>> {
    // Naming `--examples` makes cargo take the same features of the dependencies as the other checks do, so that none of
    // them is compiled twice.
    let arguments = [
        "check",
        "--workspace",
        "--lib",
        "--examples",
        "--quiet",
        "--message-format=json-render-diagnostics",
    ];
    let mut command = cargo::command(cargo, &arguments);
    command
        .envs(databases)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", folder);
    let mut compiled = Vec::new();
    let mut diagnostics = Vec::new();
    let running = cargo::run(&mut command, |line| {
        match serde_json::from_str::<Message>(line) {
            Ok(message) => compiled.extend(
                message
                    .manifest_path
                    .filter(|_| message.fresh == Some(false)),
            ),
            Err(_) => diagnostics.push(line.to_owned()),
        }
    });
    let status = running.await.context("cannot run cargo")?;
    if !status.success() {
        bail!(
            "a statement does not fit its tables, or does not compile:\n{}",
            diagnostics.join("\n")
        );
    }
    Ok(compiled)
}

/// As much of cargo's messages as is needed.
#[derive(serde::Deserialize)]
struct Message {
    manifest_path: Option<PathBuf>,
    fresh: Option<bool>,
}

/// The variable that the service's macros read the database's address from (`sqlx.toml`).
fn database_variable(service: &Path) -> Result<String> {
    let path = service.join("sqlx.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let settings: toml::Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", path.display()))?;
    let name = settings
        .get("common")
        .and_then(|common| common.get("database-url-var"))
        .and_then(toml::Value::as_str);
    Ok(name.unwrap_or("DATABASE_URL").to_owned())
}

/// File name → text.
type Data = BTreeMap<String, String>;

fn read(folder: &Path) -> Result<Data> {
    let mut data = Data::new();
    if !folder.exists() {
        return Ok(data);
    }
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with("query-") {
            data.insert(
                name,
                fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
            );
        }
    }
    Ok(data)
}

fn compare(service: &str, committed: &Data, written: &Data) -> Vec<Difference> {
    let difference = |name: &str, kind, text: &str| Difference {
        file: format!("{service}/.sqlx/{name}"),
        kind,
        statement: statement(text),
    };
    let new = written
        .iter()
        .filter_map(|(name, text)| match committed.get(name) {
            None => Some(difference(name, DifferenceKind::Missing, text)),
            Some(old) if old != text => Some(difference(name, DifferenceKind::Stale, text)),
            Some(_) => None,
        });
    let left_over = committed
        .iter()
        .filter(|(name, _)| !written.contains_key(*name));
    new.chain(left_over.map(|(name, text)| difference(name, DifferenceKind::LeftOver, text)))
        .collect()
}

/// The first words of the statement, on one line.
fn statement(text: &str) -> String {
    let data: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let query = data
        .get("query")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("not readable");
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut start = words[..words.len().min(12)].join(" ");
    if words.len() > 12 {
        start.push_str(" …");
    }
    start
}

fn replace(folder: &Path, committed: &Data, written: &Data) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in committed.keys().filter(|name| !written.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in written {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(files: &[(&str, &str)]) -> Data {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn missing_stale_and_left_over_data_are_told_apart() {
        let committed = data(&[
            ("query-a.json", "{}"),
            ("query-b.json", "{}"),
            ("query-c.json", "{\"query\":\"select 1\\n  from c\"}"),
        ]);
        let written = data(&[
            ("query-a.json", "{}"),
            ("query-b.json", "{\"query\":\"b\"}"),
            ("query-d.json", "{\"query\":\"d\"}"),
        ]);
        let found: Vec<_> = compare("services/cart", &committed, &written)
            .into_iter()
            .map(|difference| {
                format!(
                    "{} {} {}",
                    difference.file,
                    difference.kind.word(),
                    difference.statement
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "services/cart/.sqlx/query-b.json stale b",
                "services/cart/.sqlx/query-d.json missing d",
                "services/cart/.sqlx/query-c.json left over select 1 from c",
            ]
        );
    }

    #[test]
    fn equal_data_is_no_difference() {
        let same = data(&[("query-a.json", "{}")]);
        assert_eq!(compare("services/cart", &same, &same), []);
    }

    #[test]
    fn writing_removes_what_no_statement_needs() {
        let folder = tempfile::tempdir().unwrap();
        let data_folder = folder.path().join(".sqlx");
        let old = data(&[("query-a.json", "1")]);
        replace(&data_folder, &Data::new(), &old).unwrap();
        replace(
            &data_folder,
            &read(&data_folder).unwrap(),
            &data(&[("query-b.json", "2")]),
        )
        .unwrap();
        assert_eq!(read(&data_folder).unwrap(), data(&[("query-b.json", "2")]));
    }
}
