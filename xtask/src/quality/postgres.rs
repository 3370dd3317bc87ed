//! A scratch PostgreSQL on a unix socket in a folder of its own: no port, no password, gone when it is dropped.

use std::{
    fs, io,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::packages;

/// How long the server may take to answer.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// The account that Debian's package makes; the server refuses to run as root.
const ACCOUNT: &str = "postgres";

pub(crate) struct ScratchPostgres {
    folder: TempDir,
    programs: Programs,
    server: Child,
}

struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
    psql: PathBuf,
    /// User and group to become.
    account: Option<(u32, u32)>,
}

impl ScratchPostgres {
    pub(crate) fn start() -> Result<Self> {
        let programs = Programs::find()?;
        // Not in the project: an account other than ours must be able to reach it, and a socket's path must be short.
        let folder = tempfile::Builder::new()
            .prefix("argosy-sql-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        if let Some((user, group)) = programs.account {
            chown(folder.path(), Some(user), Some(group))
                .context("cannot hand the temporary folder to the account postgres")?;
        }
        let data = folder.path().join("data");
        let mut initdb = programs.command(&programs.initdb, folder.path());
        initdb
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data);
        succeed("initdb", initdb.output())?;
        let log =
            fs::File::create(folder.path().join("log")).context("cannot make the server's log")?;
        let server = programs
            .command(&programs.postgres, folder.path())
            .arg("-D")
            .arg(&data)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-k",
            ])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start postgres")?;
        let mut started = Self {
            folder,
            programs,
            server,
        };
        started.wait_until_it_answers()?;
        Ok(started)
    }

    /// Makes a database and applies a service's migrations to it, in the order of their names.
    pub(crate) fn migrated_database(&self, name: &str, migrations: &Path) -> Result<()> {
        succeed(
            "psql",
            self.psql("postgres")
                .args(["-c", &format!("create database \"{name}\"")])
                .output(),
        )?;
        let entries = fs::read_dir(migrations)
            .with_context(|| format!("cannot list {}", migrations.display()))?;
        let mut files: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            succeed(
                "psql",
                self.psql(name)
                    .arg("--single-transaction")
                    .arg("-f")
                    .arg(&file)
                    .output(),
            )
            .with_context(|| format!("{} does not apply", file.display()))?;
        }
        Ok(())
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(&self.programs.psql);
        command.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--username=postgres",
        ]);
        command
            .arg(format!("--dbname={database}"))
            .arg("--host")
            .arg(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if self
                .psql("postgres")
                .args(["-c", "select 1"])
                .output()
                .is_ok_and(|output| output.status.success())
            {
                return Ok(());
            }
            let ended = self.server.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("the scratch PostgreSQL does not answer:\n{log}");
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for ScratchPostgres {
    fn drop(&mut self) {
        // Its children end with the postmaster; nothing in it is worth a clean shutdown, but its sockets are.
        if let Some(pid) = i32::try_from(self.server.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        let _ = self.server.wait();
    }
}

impl Programs {
    fn find() -> Result<Self> {
        let find = |program: &str| {
            packages::find_postgres_program(program).with_context(|| {
                format!(
                    "{program} is not installed: {}",
                    packages::install_command(&["postgresql".to_owned()])
                )
            })
        };
        let account = if rustix::process::geteuid().is_root() {
            Some(account()?)
        } else {
            None
        };
        Ok(Self {
            initdb: find("initdb")?,
            postgres: find("postgres")?,
            psql: find("psql")?,
            account,
        })
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

fn account() -> Result<(u32, u32)> {
    let accounts =
        fs::read_to_string("/etc/passwd").context("cannot read the accounts of this machine")?;
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(ACCOUNT)).then(|| (fields.nth(1), fields.next()))
    });
    match found {
        Some((Some(user), Some(group))) => Ok((user.parse()?, group.parse()?)),
        _ => bail!(
            "there is no account {ACCOUNT}, and PostgreSQL refuses to run as root: install the package postgresql"
        ),
    }
}

fn succeed(program: &str, output: io::Result<Output>) -> Result<()> {
    let output = output.with_context(|| format!("cannot run {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
}
