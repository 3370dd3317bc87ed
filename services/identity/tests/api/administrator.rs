//! The first admin, made by the program itself.

use std::{path::Path, process::Output, time::Duration};

use sqlx::postgres::PgConnectOptions;
use testkit::{TemporaryDirectory, TestDatabase};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{NOWHERE, TestApp};

/// Longer than a request waits for a connection.
const BUSY: Duration = Duration::from_millis(2_500);

async fn create(database: &TestDatabase, email: &str, password: &Path) -> Output {
    create_at(&database.url(), email, password).await
}

async fn create_at(database: &str, email: &str, password: &Path) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_identity"))
        .args(["create-admin", "--email", email, "--password-file"])
        .arg(password)
        .env("IDENTITY_DATABASE_URL", database)
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_first_admin_is_made_once_and_keeps_the_password() {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let directory = TemporaryDirectory::new(None);
    let file = directory.path().join("password");
    std::fs::write(&file, "first secret\n").unwrap();
    let made = create(&database, "Admin@argosy.example", &file).await;
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stdout)
    );
    std::fs::write(&file, "second secret\n").unwrap();
    assert!(
        create(&database, "admin@argosy.example", &file)
            .await
            .status
            .success()
    );
    assert!(!String::from_utf8_lossy(&made.stdout).contains("first secret"));

    let app = TestApp::on(database.clone(), &[7], NOWHERE).await;
    let admin = app.person_of(
        &app.login("admin@argosy.example", "first secret")
            .await
            .expect(200),
    );
    let page = admin.client.get("/api/users").await.expect(200).json();
    assert_eq!(
        (
            &page["items"][0]["role"],
            page["items"].as_array().unwrap().len()
        ),
        (&"admin".into(), 1)
    );
    assert_eq!(app.count("outbox").await, 1);
    app.login("admin@argosy.example", "second secret")
        .await
        .expect(401);
}

#[tokio::test]
async fn the_first_admin_is_made_on_a_machine_that_takes_its_time() {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let directory = TemporaryDirectory::new(None);
    let file = directory.path().join("password");
    std::fs::write(&file, "first secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = database
        .url()
        .parse::<PgConnectOptions>()
        .unwrap()
        .get_port();
    let url = database.url().replace(
        &format!(":{port}/"),
        &format!(":{}/", listener.local_addr().unwrap().port()),
    );
    let slow = async {
        let (mut client, _) = listener.accept().await.unwrap();
        tokio::time::sleep(BUSY).await;
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tokio::io::copy_bidirectional(&mut client, &mut server).await
    };
    let (_, made) = tokio::join!(slow, create_at(&url, "admin@argosy.example", &file));
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stdout)
    );
}

#[tokio::test]
async fn an_address_that_belongs_to_somebody_else_is_not_made_an_admin() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let file = app.key_file.with_file_name("password");
    std::fs::write(&file, "first secret").unwrap();
    let refused = create(&app.database, &person.email, &file).await;
    assert_eq!(refused.status.code(), Some(1));
    let log = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(log.contains("is the account of a customer"), "{log}");
    std::fs::write(&file, "password").unwrap();
    let weak = create(&app.database, "admin@argosy.example", &file).await;
    assert_eq!(weak.status.code(), Some(1));
    person
        .client
        .get("/api/users")
        .await
        .expect_problem(403, "forbidden");
}
