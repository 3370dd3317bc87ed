//! A service's own account at PostgreSQL, for programs of its own that are to act as that service.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf, process::Command};

use super::World;

/// The role's password in libpq's form, readable by nobody else, gone when dropped.
pub(crate) struct Account {
    role: String,
    host: String,
    port: String,
    password_file: PathBuf,
}

impl Account {
    /// Of the service with this role.
    pub(crate) fn of(world: &World, role: &str) -> Result<Self, String> {
        Self::with_secret(world, role, &format!("postgres-{role}"))
    }

    /// Who may make databases.
    pub(crate) fn superuser(world: &World) -> Result<Self, String> {
        Self::with_secret(world, "postgres", "postgres")
    }

    fn with_secret(world: &World, role: &str, secret: &str) -> Result<Self, String> {
        let address = world.address("postgres", "sql")?;
        let (host, port) = address
            .split_once(':')
            .ok_or("BUG: an address without a port")?;
        let secret = world.paths.secrets().join(secret);
        let password = fs::read_to_string(&secret)
            .map_err(|error| format!("the password of {role} cannot be read: {error}"))?;
        let password_file = world
            .paths
            .run()
            .join(format!("probe-{}.pgpass", uuid::Uuid::new_v4()));
        let account = Self {
            role: role.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
            password_file,
        };
        let mut options = fs::OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&account.password_file);
        let written =
            file.and_then(|mut file| writeln!(file, "*:*:*:{role}:{}", password.trim_end()));
        written.map_err(|error| {
            format!("cannot write {}: {error}", account.password_file.display())
        })?;
        Ok(account)
    }

    /// Makes a client program of PostgreSQL connect as this role.
    pub(crate) fn lend_to(&self, command: &mut Command, database: &str) {
        command
            .env("PGPASSFILE", &self.password_file)
            .env("PGHOST", &self.host)
            .env("PGPORT", &self.port);
        command
            .env("PGUSER", &self.role)
            .env("PGDATABASE", database)
            .env("PGCONNECT_TIMEOUT", "5")
            .env_remove("PGPASSWORD");
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.password_file);
    }
}
