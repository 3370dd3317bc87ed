//! Against real servers, and against those that are not what they should be.

use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
    time::Instant,
};

use tokio::net::TcpListener;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(2);

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

fn start(program: &str, args: &[&str]) -> Server {
    Server(
        Command::new(program)
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    )
}

async fn until_healthy(check: &HealthCheck) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match probe(check, TIMEOUT).await {
            Ok(()) => return,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_on_the_port_is_said_as_such() {
    let address = free_address().await;
    for check in [
        HealthCheck::Tcp {
            address: address.clone(),
        },
        HealthCheck::Http {
            address: address.clone(),
            path: "/".into(),
        },
        HealthCheck::Postgres {
            address: address.clone(),
        },
        HealthCheck::Nats {
            address: address.clone(),
        },
        HealthCheck::S3 {
            address: address.clone(),
        },
    ] {
        assert_eq!(
            probe(&check, TIMEOUT).await,
            Err(format!("connection refused on {address}"))
        );
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_given_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let short = Duration::from_millis(50);
    for check in [
        HealthCheck::Http {
            address: address.clone(),
            path: "/".into(),
        },
        HealthCheck::Postgres {
            address: address.clone(),
        },
        HealthCheck::Nats {
            address: address.clone(),
        },
        HealthCheck::S3 {
            address: address.clone(),
        },
    ] {
        assert_eq!(
            probe(&check, short).await,
            Err(format!("no answer from {address} within 50ms"))
        );
    }
    assert_eq!(probe(&HealthCheck::Tcp { address }, short).await, Ok(()));
}

#[tokio::test]
async fn a_real_nats_server_is_healthy_as_nats_and_as_nothing_else() {
    let address = free_address().await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let _server = start("nats-server", &["-a", "127.0.0.1", "-p", &port]);
    until_healthy(&HealthCheck::Nats {
        address: address.clone(),
    })
    .await;
    let as_http = probe(
        &HealthCheck::Http {
            address: address.clone(),
            path: "/".into(),
        },
        TIMEOUT,
    )
    .await
    .unwrap_err();
    assert!(as_http.contains("does not answer in HTTP"), "{as_http}");
    let as_postgres = probe(
        &HealthCheck::Postgres {
            address: address.clone(),
        },
        TIMEOUT,
    )
    .await;
    assert_eq!(
        as_postgres,
        Err(format!("{address} does not answer as PostgreSQL does"))
    );
}

#[tokio::test]
async fn a_nats_server_that_wants_a_password_is_healthy() {
    let address = free_address().await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let _server = start(
        "nats-server",
        &[
            "-a",
            "127.0.0.1",
            "-p",
            &port,
            "--user",
            "someone",
            "--pass",
            "secret",
        ],
    );
    until_healthy(&HealthCheck::Nats { address }).await;
}

#[tokio::test]
async fn a_real_http_server_is_judged_by_its_status_and_quoted() {
    let address = free_address().await;
    let mut caddyfile = tempfile::NamedTempFile::new().unwrap();
    let sites = format!(
        "{{\n admin off\n}}\nhttp://{address} {{\n respond /ok 204\n respond /away 302\n respond /busy `{{\"status\":\n \"busy\"}}` 503\n \
         respond / `<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>` 403\n respond /index `<html>` 200\n}}\n"
    );
    caddyfile.write_all(sites.as_bytes()).unwrap();
    let _server = start(
        "caddy",
        &[
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            caddyfile.path().to_str().unwrap(),
        ],
    );
    let http = |path: &str| HealthCheck::Http {
        address: address.clone(),
        path: path.into(),
    };
    until_healthy(&http("/ok")).await;
    assert_eq!(
        probe(&http("/busy"), TIMEOUT).await,
        Err("answered 503: {\"status\": \"busy\"}".into())
    );
    assert_eq!(
        probe(&http("/away"), TIMEOUT).await,
        Err("answered 302".into())
    );
    // A refusal in S3's words is what a working S3 server gives a stranger.
    assert_eq!(
        probe(
            &HealthCheck::S3 {
                address: address.clone()
            },
            TIMEOUT
        )
        .await,
        Ok(())
    );
}

#[tokio::test]
async fn a_web_server_is_not_taken_for_an_s3_server() {
    let address = free_address().await;
    let folder = tempfile::tempdir().unwrap();
    let _server = start(
        "caddy",
        &[
            "file-server",
            "--listen",
            &address,
            "--root",
            folder.path().to_str().unwrap(),
        ],
    );
    until_healthy(&HealthCheck::Tcp {
        address: address.clone(),
    })
    .await;
    let error = probe(
        &HealthCheck::S3 {
            address: address.clone(),
        },
        TIMEOUT,
    )
    .await
    .unwrap_err();
    assert!(
        error.starts_with(&format!("{address} does not answer as S3 does: 404")),
        "{error}"
    );
}

#[tokio::test]
async fn our_own_object_store_is_healthy_as_s3() {
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "object-store"])
        .current_dir(project)
        .status()
        .unwrap();
    assert!(built.success());
    // The test's binary lies in `<target>/<profile>/deps`.
    let program = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .join("object-store");
    let (address, folder) = (free_address().await, tempfile::tempdir().unwrap());
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "not-a-real-secret").unwrap();
    let server = Command::new(program)
        .env("OBJECT_STORE_LISTEN", &address)
        .env("OBJECT_STORE_ROOT", folder.path())
        .env("OBJECT_STORE_ACCESS_KEY", "test")
        .env("OBJECT_STORE_SECRET_KEY_FILE", &secret)
        .stdout(Stdio::null())
        .spawn();
    let _server = Server(server.unwrap());
    until_healthy(&HealthCheck::S3 { address }).await;
}

#[tokio::test]
async fn a_connection_to_oneself_is_not_a_server() {
    let address = free_address().await.parse().unwrap();
    let caller = tokio::net::TcpSocket::new_v4().unwrap();
    caller.bind(address).unwrap();
    let stream = caller.connect(address).await.unwrap();
    assert!(is_own_echo(&stream));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert!(!is_own_echo(
        &TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap()
    ));
}
