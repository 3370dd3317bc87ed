//! Killed, stopped, full: what was acknowledged is kept.

use std::{process::Command, sync::Arc};

use crate::server::{Server, prepare};

#[tokio::test]
async fn a_mail_that_was_acknowledged_survives_a_kill() {
    let server = Server::start();
    let mut ids: Vec<String> = (0..20)
        .map(|number| server.send("ada@example.com", &format!("Mail {number}")))
        .collect();
    // One more that is never finished.
    let mut half = server.dial();
    half.greet();
    half.expect("MAIL FROM:<a@b.c>", "250");
    half.expect("RCPT TO:<d@e.f>", "250");
    half.expect("DATA", "354");
    half.write(b"Subject: never finished\r\n");

    let server = server.restart_with(&[]);
    let list = server.json("/api/v1/messages?limit=100").await;
    ids.reverse();
    assert_eq!(
        list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mail| mail["id"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ids
    );
    assert_eq!(list["messages"][0]["subject"], "Mail 19");
    assert!(
        server
            .get(&format!("/api/v1/message/{}/raw", ids[0]))
            .await
            .text()
            .await
            .unwrap()
            .contains("Subject: Mail 19")
    );
}

#[tokio::test]
async fn beyond_the_limit_the_oldest_make_room() {
    let server = Server::start_with(&[("MAILBOX_MAX_MESSAGES", "5")]);
    for number in 0..8 {
        server.send("ada@example.com", &format!("Mail {number}"));
    }
    let subjects = async |server: &Server| {
        let list = server.json("/api/v1/messages").await;
        list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mail| mail["subject"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        subjects(&server).await,
        ["Mail 7", "Mail 6", "Mail 5", "Mail 4", "Mail 3"]
    );
    assert_eq!(std::fs::read_dir(server.mails()).unwrap().count(), 5);
    let server = server.restart_with(&[("MAILBOX_MAX_MESSAGES", "2")]);
    assert_eq!(subjects(&server).await, ["Mail 7", "Mail 6"]);
}

#[tokio::test]
async fn a_file_that_is_no_mail_does_not_keep_the_mailbox_from_starting() {
    let server = Server::start();
    let id = server.send("ada@example.com", "Kept");
    std::fs::write(server.mails().join("notes.txt"), "not a mail").unwrap();
    std::fs::write(
        server
            .mails()
            .join("01a1fcb9-8fc2-70c7-ad50-80f8b30083a4.mail"),
        "cut off",
    )
    .unwrap();
    let server = server.restart_with(&[]);
    let list = server.json("/api/v1/messages").await;
    assert_eq!(
        (list["total"].as_u64(), list["messages"][0]["id"].as_str()),
        (Some(1), Some(id.as_str()))
    );
    assert!(server.log().contains("cannot be read and is left alone"));
}

#[tokio::test]
async fn a_full_disk_is_a_reason_to_try_again_later() {
    // A file system of 256 kB, in a mount namespace of the mailbox's own.
    let home = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(home.path().join("data")).unwrap();
    let mut command = Command::new("unshare");
    let script = format!(
        "mount -t tmpfs -o size=256k none \"$MAILBOX_ROOT\" && exec {}",
        env!("CARGO_BIN_EXE_mailbox")
    );
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    let server = Server::run(home, command, &[]);
    server.send("ada@example.com", "Kept");
    let mut dialogue = server.dial();
    dialogue.greet();
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    dialogue.expect("RCPT TO:<d@e.f>", "250");
    dialogue.expect("DATA", "354");
    dialogue.write(
        "0123456789012345678901234567890123456789\r\n"
            .repeat(10_000)
            .as_bytes(),
    );
    dialogue.expect(".", "452 4.3.1");
    // What was refused takes no room.
    dialogue.transfer("ada@example.com", "Subject: Kept, too\r\n\r\n1\r\n");
    assert_eq!(server.json("/api/v1/messages").await["total"], 2);
}

#[tokio::test]
async fn a_stop_says_goodbye() {
    let mut server = Server::start();
    let mut dialogue = server.dial();
    dialogue.greet();
    let waiting = server
        .client()
        .get(format!("http://{}/api/v1/messages?wait=60s", server.http))
        .send();
    let stop = async {
        // The answer to this one shows that the mailbox is at work on its requests.
        server.json("/readyz").await;
        assert!(
            Command::new("kill")
                .args(["-TERM", &server.pid().to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    let (waited, ()) = tokio::join!(waiting, stop);
    drop(waited);
    assert!(dialogue.read().starts_with("421 4.3.2"));
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_second_mailbox_on_the_same_folder_is_refused() {
    let server = Server::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailbox"));
    let output = prepare(&mut command, &server.home()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("another mailbox already uses"),
        "{error}"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_told_by_its_variable() {
    for (variable, value, expected) in [
        ("MAILBOX_SMTP_LISTEN", "nowhere", "MAILBOX_SMTP_LISTEN"),
        (
            "MAILBOX_HTTP_LISTEN",
            "203.0.113.1:80",
            "cannot listen on 203.0.113.1:80 (MAILBOX_HTTP_LISTEN)",
        ),
        ("MAILBOX_ROOT", "/proc/mails", "(MAILBOX_ROOT)"),
        ("MAILBOX_MAX_MESSAGES", "0", "MAILBOX_MAX_MESSAGES"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailbox"));
        let output = prepare(&mut command, &home)
            .env(variable, value)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && error.contains(expected),
            "{variable}={value}: {error}"
        );
    }
}
