//! Killed, stopped, out of disk: what was stored stays, and what was not stored never shows.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::Command,
    sync::Arc,
    time::Duration,
};

use aws_sdk_s3::presigning::PresigningConfig;

use crate::server::{Objects, Server, Start, files, refused, refused_with};

async fn presigned_put(server: &Server, key: &str) -> String {
    let minute = PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let put = server
        .client()
        .put_object()
        .bucket("pictures")
        .key(key)
        .presigned(minute)
        .await
        .unwrap();
    put.uri().strip_prefix(&server.url("")).unwrap().to_owned()
}

#[tokio::test]
async fn an_upload_cut_off_by_a_kill_leaves_the_old_object_whole() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client
        .put("pictures", "a")
        .body(b"the old one".to_vec().into())
        .send()
        .await
        .unwrap();
    let path = presigned_put(&server, "a").await;
    let mut stream = server.connect();
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000000\r\n\r\n{}",
        server.address,
        "n".repeat(500_000)
    )
    .unwrap();
    crate::server::until("the upload has begun", || async {
        files(&server.data().join("temporary")).len() == 1
    })
    .await;

    let server = server.restart();
    let got = server
        .client()
        .get_object()
        .bucket("pictures")
        .key("a")
        .send()
        .await
        .unwrap();
    assert_eq!(
        got.body.collect().await.unwrap().into_bytes().as_ref(),
        b"the old one"
    );
    assert_eq!(files(&server.data().join("temporary")).len(), 0);
}

#[tokio::test]
async fn an_upload_whose_client_goes_away_leaves_nothing() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let path = presigned_put(&server, "a").await;
    let mut stream = server.connect();
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000\r\n\r\nonly this",
        server.address
    )
    .unwrap();
    crate::server::until("the upload has begun", || async {
        files(&server.data().join("temporary")).len() == 1
    })
    .await;
    drop(stream);
    crate::server::until("the upload is forgotten", || async {
        files(&server.data().join("temporary")).is_empty()
    })
    .await;
    assert_eq!(
        refused(client.get("pictures", "a").send()).await,
        "NoSuchKey"
    );
}

#[tokio::test]
async fn everything_acknowledged_survives_kills_in_the_middle_of_writing() {
    let mut server = Server::start();
    server.bucket("pictures").await;
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let client = server.client();
        let writer = async {
            let mut stored = Vec::new();
            for number in 0.. {
                let key = format!("{round}/{}/{number}", number % 3);
                if client
                    .put("pictures", &key)
                    .body(vec![b'x'; 20_000].into())
                    .send()
                    .await
                    .is_err()
                {
                    break;
                }
                stored.push(key);
            }
            stored
        };
        let pid = server.pid().to_string();
        let killer = async {
            let enough = server
                .data()
                .join(format!("buckets/pictures/objects/{round}%2F/1%2F/4"));
            crate::server::until("some are written", || async { enough.exists() }).await;
            assert!(
                Command::new("kill")
                    .args(["-KILL", &pid])
                    .status()
                    .unwrap()
                    .success()
            );
        };
        let (stored, ()) = tokio::join!(writer, killer);
        acknowledged.extend(stored);
        server = server.restart();
    }
    let client = server.client();
    assert!(acknowledged.len() >= 20, "{}", acknowledged.len());
    for key in &acknowledged {
        let got = client.get("pictures", key).send().await.unwrap();
        assert_eq!(
            got.body.collect().await.unwrap().into_bytes().as_ref(),
            vec![b'x'; 20_000],
            "{key}"
        );
    }
    // What else shows was stored whole, only its answer did not arrive any more.
    let listed = client
        .list_objects_v2()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    assert!(
        listed
            .contents()
            .iter()
            .all(|object| object.size() == Some(20_000))
    );
}

#[tokio::test]
async fn a_stop_lets_the_upload_that_is_under_way_end() {
    let mut server = Server::start();
    server.bucket("pictures").await;
    let path = presigned_put(&server, "a").await;
    let mut stream = server.connect();
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 10\r\n\r\n01234",
        server.address
    )
    .unwrap();
    crate::server::until("the upload has begun", || async {
        files(&server.data().join("temporary")).len() == 1
    })
    .await;
    server.terminate();
    crate::server::until("the server is stopping", || async {
        server.log().contains("\"stopping\"")
    })
    .await;
    assert!(
        std::net::TcpStream::connect(server.address).is_err(),
        "new connections are still taken"
    );
    stream.write_all(b"56789").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.exit_code(), Some(0));

    let server = server.restart();
    assert_eq!(
        server
            .client()
            .head_object()
            .bucket("pictures")
            .key("a")
            .send()
            .await
            .unwrap()
            .content_length(),
        Some(10)
    );
}

#[tokio::test]
async fn a_full_disk_refuses_the_new_object_and_keeps_the_old_ones() {
    // A file system of 4 MB, in a mount namespace of the server's own.
    let home = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(home.path().join("data")).unwrap();
    let mut command = Command::new("unshare");
    let script = format!(
        "mount -t tmpfs -o size=4m none \"$OBJECT_STORE_ROOT\" && exec {}",
        env!("CARGO_BIN_EXE_object-store")
    );
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    let server = Start::on(home, command).start();
    let client = server.bucket("pictures").await;
    client
        .put("pictures", "kept")
        .body(vec![1; 1_000_000].into())
        .send()
        .await
        .unwrap();

    let put = |key: &str| {
        client
            .put("pictures", key)
            .body(vec![2; 4_000_000].into())
            .send()
    };
    assert_eq!(refused(put("too-large")).await, "XMinioStorageFull");
    assert_eq!(refused_with(put("too-large")).await, 507);
    assert_eq!(refused(put("kept")).await, "XMinioStorageFull");

    let kept = client.get("pictures", "kept").send().await.unwrap();
    assert!(kept.body.collect().await.unwrap().into_bytes() == vec![1; 1_000_000]);
    assert_eq!(
        refused(client.head("pictures", "too-large").send()).await,
        "NotFound"
    );
    // What was refused takes no room: the next one fits.
    client
        .put("pictures", "fits")
        .body(vec![3; 2_000_000].into())
        .send()
        .await
        .unwrap();
    client.delete("pictures", "kept").send().await.unwrap();
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let server = Server::start();
    let output = Start::on(
        server.home(),
        Command::new(env!("CARGO_BIN_EXE_object-store")),
    )
    .command()
    .output()
    .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("another object store already uses") && error.contains("OBJECT_STORE_ROOT"),
        "{error}"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_told_by_its_variable() {
    for (variable, value, expected) in [
        ("OBJECT_STORE_LISTEN", "nowhere", "OBJECT_STORE_LISTEN"),
        (
            "OBJECT_STORE_SECRET_KEY_FILE",
            "/absent/key",
            "cannot read the secret key from /absent/key (OBJECT_STORE_SECRET_KEY_FILE)",
        ),
        (
            "OBJECT_STORE_SECRET_KEY_FILE",
            "/dev/null",
            "has 0 characters: expected at least 8",
        ),
        ("OBJECT_STORE_ROOT", "/proc/objects", "(OBJECT_STORE_ROOT)"),
    ] {
        let home = Arc::new(tempfile::tempdir().unwrap());
        let start = Start::on(
            Arc::clone(&home),
            Command::new(env!("CARGO_BIN_EXE_object-store")),
        );
        let output = start.command().env(variable, value).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && error.contains(expected),
            "{variable}={value}: {error}"
        );
    }
}

#[test]
fn an_idle_server_is_small_and_logs_json() {
    let server = Server::start();
    let mut reader = BufReader::new(server.connect());
    reader
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 403"), "{line}");
    assert!(
        server.resident() <= 30_000_000,
        "{} bytes",
        server.resident()
    );
    assert!(
        server
            .log()
            .lines()
            .all(|line| line.starts_with('{') && line.ends_with('}'))
    );
}
