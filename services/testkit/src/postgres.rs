//! A real PostgreSQL server per test binary, and a fresh database with the service's schema per test.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

#[expect(
    clippy::disallowed_types,
    reason = "names of databases cannot be parameters, and these are made here"
)]
use sqlx::AssertSqlSafe;
use sqlx::{Connection as _, PgConnection, migrate::Migrator, postgres::PgConnectOptions};
use tokio::sync::Mutex;

use crate::{
    TemporaryDirectory,
    child::{Child, find, is_root},
    wait::{eventually_blocking, free_port},
};

/// PostgreSQL refuses to run as root; Debian's package makes this account.
const ACCOUNT: &str = "postgres";
const BINARIES: [&str; 4] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/14/bin",
];
/// The account that owns a test's database; not a superuser, as in production.
const OWNER: &str = "service";

struct Server {
    port: u16,
    log: PathBuf,
    _child: Child,
    _directory: TemporaryDirectory,
}

impl Server {
    /// A connection; a test that gets none ends with what the server said last.
    async fn connect(&self, options: &PgConnectOptions) -> PgConnection {
        match PgConnection::connect_with(options).await {
            Ok(connection) => connection,
            Err(error) => {
                let said = std::fs::read_to_string(&self.log).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
                panic!("{error}; PostgreSQL said last:\n{}", last.join("\n"));
            }
        }
    }

    /// The database that those with this schema are copied from; made at its first use.
    async fn template(&self, migrator: &Migrator) -> String {
        static MADE: Mutex<BTreeSet<String>> = Mutex::const_new(BTreeSet::new());
        let mut made = MADE.lock().await;
        let template = name_of(migrator);
        if !made.contains(&template) {
            self.make_template(&template, migrator, made.is_empty())
                .await;
            made.insert(template.clone());
        }
        template
    }

    async fn make_template(&self, template: &str, migrator: &Migrator, is_first: bool) {
        if is_first {
            let connect = || async {
                PgConnection::connect_with(&superuser(self.port, "postgres"))
                    .await
                    .ok()
            };
            crate::eventually("PostgreSQL is ready", connect).await;
            self.administer(format!("create role {OWNER} login")).await;
        }
        self.administer(format!("create database {template} owner {OWNER}"))
            .await;
        let owner = superuser(self.port, template).username(OWNER);
        let mut connection = self.connect(&owner).await;
        migrator.run(&mut connection).await.unwrap();
        // A template cannot be copied while somebody is connected to it.
        connection.close().await.unwrap();
    }

    async fn administer(&self, statement: String) {
        let mut connection = self.connect(&superuser(self.port, "postgres")).await;
        run(&mut connection, statement).await;
        connection.close().await.unwrap();
    }
}

/// Of the server's log, when it cannot be reached.
const LAST_LINES: usize = 20;

/// A database of this test's own.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    name: String,
    port: u16,
}

impl TestDatabase {
    /// A fresh database with the schema of `migrator`. A test may have databases of several services.
    pub async fn new(migrator: &Migrator) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server();
        let template = server.template(migrator).await;
        let database = Self {
            name: format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            port: server.port,
        };
        let create = format!(
            "create database {} template {template} owner {OWNER}",
            database.name
        );
        server.administer(create).await;
        database
    }

    /// Where it is, as the service's own account.
    pub fn url(&self) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// A connection, to look at what the service has stored.
    pub async fn connect(&self) -> PgConnection {
        server().connect(&self.url().parse().unwrap()).await
    }

    /// Refuses new connections and ends the present ones: what a service sees when its database is away.
    pub async fn take_away(&self) {
        let close = format!("alter database {} with allow_connections false", self.name);
        server().administer(close).await;
        let end = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
            self.name
        );
        server().administer(end).await;
    }

    /// Lets the service in again.
    pub async fn give_back(&self) {
        let open = format!("alter database {} with allow_connections true", self.name);
        server().administer(open).await;
    }
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> Server {
    let directory = TemporaryDirectory::new(Some(ACCOUNT));
    let data = directory.path().join("data");
    initdb(&data);
    let port = free_port();
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", directory.path().display()),
        // Nothing here outlives the test.
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=500".to_owned(),
        "shared_buffers=64MB".to_owned(),
    ];
    let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
    arguments.extend(
        settings
            .into_iter()
            .flat_map(|setting| ["-c".to_owned(), setting]),
    );
    let log = directory.path().join("postgres.log");
    let child = Child::start(
        &find("postgres", &BINARIES),
        &arguments,
        &[],
        Some(ACCOUNT),
        &log,
    );
    eventually_blocking("PostgreSQL accepts connections", || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    Server {
        port,
        log,
        _child: child,
        _directory: directory,
    }
}

fn initdb(data: &Path) {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args([
            format!("--reuid={ACCOUNT}"),
            format!("--regid={ACCOUNT}"),
            "--init-groups".to_owned(),
        ]);
    }
    command
        .arg("--")
        .arg(find("initdb", &BINARIES))
        .arg("--pgdata")
        .arg(data);
    command.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "initdb failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The same for the same migrations.
fn name_of(migrator: &Migrator) -> String {
    let mut hasher = DefaultHasher::new();
    for migration in migrator.iter() {
        migration.checksum.hash(&mut hasher);
    }
    format!("template_{:016x}", hasher.finish())
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .unwrap();
}

fn superuser(port: u16, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username("postgres")
        .database(database)
}
