//! What a mail server must do, said over a socket and by a real client.

use lettre::{
    AsyncTransport, Message,
    message::{Attachment, MultiPart, SinglePart, header::ContentType},
    transport::smtp::authentication::Credentials,
};

use crate::server::Server;

fn mail(subject: &str) -> lettre::message::MessageBuilder {
    Message::builder()
        .from("Argosy <shop@argosy.example>".parse().unwrap())
        .to("Ada Lovelace <ada@example.com>".parse().unwrap())
        .cc("Copy <copy@example.com>".parse().unwrap())
        .reply_to("help@argosy.example".parse().unwrap())
        .subject(subject)
}

/// Delivers a mail with text, HTML, a picture in it and an attachment, and gives its summary.
async fn deliver_many_parts(server: &Server) -> serde_json::Value {
    let parts = MultiPart::mixed()
        .multipart(MultiPart::alternative_plain_html(
            "Grüße\n.dot\n..dots".to_owned(),
            "<h1>Grüße</h1><img src=\"cid:logo\">".to_owned(),
        ))
        .singlepart(
            Attachment::new_inline("logo".to_owned())
                .body(vec![1_u8, 2, 3], ContentType::parse("image/png").unwrap()),
        )
        .singlepart(Attachment::new("Rechnung – 1.pdf".to_owned()).body(
            vec![0_u8; 3000],
            ContentType::parse("application/pdf").unwrap(),
        ));
    server
        .mailer()
        .send(
            mail("Ihre Bestellung – bestätigt ✓")
                .multipart(parts)
                .unwrap(),
        )
        .await
        .unwrap();

    let list = server.json("/api/v1/messages").await;
    assert_eq!(
        (list["total"].as_u64(), list["count"].as_u64()),
        (Some(1), Some(1))
    );
    list["messages"][0].clone()
}

#[tokio::test]
async fn a_real_client_delivers_a_mail_to_everybody_on_it() {
    let server = Server::start();
    let summary = deliver_many_parts(&server).await;
    assert_eq!(summary["subject"], "Ihre Bestellung – bestätigt ✓");
    assert_eq!(summary["from"]["name"], "Argosy");
    assert_eq!(summary["to"][0]["address"], "ada@example.com");
    assert_eq!(summary["cc"][0]["address"], "copy@example.com");
    assert_eq!(summary["replyTo"][0]["address"], "help@argosy.example");
    assert_eq!(
        summary["envelope"]["recipients"],
        serde_json::json!(["ada@example.com", "copy@example.com"])
    );
    assert_eq!(summary["envelope"]["client"], "127.0.0.1");
    assert_eq!(summary["attachments"], 1);
    assert_eq!(summary["snippet"], "Grüße .dot ..dots");
}

#[tokio::test]
async fn every_part_of_a_mail_can_be_read() {
    let server = Server::start();
    let summary = deliver_many_parts(&server).await;
    let id = summary["id"].as_str().unwrap();
    let whole = server.json(&format!("/api/v1/message/{id}")).await;
    assert_eq!(
        whole["text"].as_str().unwrap().replace("\r\n", "\n"),
        "Grüße\n.dot\n..dots"
    );
    assert!(whole["html"].as_str().unwrap().contains("<h1>Grüße</h1>"));
    assert!(
        whole["headers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|header| header["name"] == "Subject")
    );
    let attachments = whole["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 2);
    assert_eq!(
        (
            attachments[0]["contentId"].as_str(),
            attachments[0]["inline"].as_bool()
        ),
        (Some("logo"), Some(true))
    );
    assert_eq!(
        (
            attachments[1]["fileName"].as_str(),
            attachments[1]["size"].as_u64()
        ),
        (Some("Rechnung – 1.pdf"), Some(3000))
    );
    let bytes = server
        .get(&format!("/api/v1/message/{id}/attachments/0"))
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes.as_ref(), [1, 2, 3]);
    let raw = server.get(&format!("/api/v1/message/{id}/raw")).await;
    assert_eq!(raw.headers()["content-type"], "message/rfc822");
    assert_eq!(
        raw.bytes().await.unwrap().len() as u64,
        summary["size"].as_u64().unwrap()
    );
}

#[tokio::test]
async fn a_client_that_logs_in_is_let_in_and_its_password_forgotten() {
    let server = Server::start();
    let mailer =
        lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(server.smtp.port())
            .credentials(Credentials::new("shop".into(), "the-password".into()))
            .build();
    mailer
        .send(
            mail("Hello")
                .singlepart(SinglePart::plain("Hello".to_owned()))
                .unwrap(),
        )
        .await
        .unwrap();
    let list = server.json("/api/v1/messages").await;
    assert_eq!(list["messages"][0]["envelope"]["user"], "shop");
    assert!(!list.to_string().contains("the-password") && !server.log().contains("the-password"));
}

#[test]
fn commands_may_come_all_at_once() {
    let server = Server::start();
    let mut dialogue = server.dial();
    dialogue.write(b"EHLO test\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: one\r\n\r\n1\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: two\r\n\r\n2\r\n.\r\nQUIT\r\n");
    let codes: Vec<String> = (0..10).map(|_| dialogue.read()[..3].to_owned()).collect();
    assert_eq!(
        codes,
        [
            "220", "250", "250", "250", "354", "250", "250", "250", "354", "250"
        ]
    );
    assert!(dialogue.read().starts_with("221"));
    assert_eq!(
        dialogue.read(),
        "",
        "the connection is still open after QUIT"
    );
}

#[test]
fn what_is_offered_is_said_and_kept_to() {
    let server = Server::start();
    let mut dialogue = server.dial();
    dialogue.read();
    let capabilities = dialogue.expect("EHLO test", "250");
    for capability in [
        "PIPELINING",
        "SIZE 10485760",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "AUTH PLAIN LOGIN",
    ] {
        assert!(capabilities.contains(capability), "{capabilities}");
    }
    dialogue.expect("HELO test", "250");
    dialogue.expect("VRFY ada", "252");
    dialogue.expect("NOOP", "250");
    dialogue.expect("noop", "250");
    dialogue.expect("HELP", "214");
    dialogue.expect("STARTTLS", "502");
    dialogue.expect("EXPN all", "502");
    dialogue.expect("NONSENSE", "500");
    dialogue.expect("MAIL TO:<a@b.c>", "501");
    dialogue.expect("MAIL FROM:<a@b.c> SIZE=10485761", "552");
    dialogue.expect("MAIL FROM:<a@b.c> BODY=8BITMIME SIZE=1000", "250");
    dialogue.expect("RCPT TO:<not an address>", "501");
    dialogue.expect("RCPT TO:<ada@example.com>", "250");
    dialogue.expect("RSET", "250");
    dialogue.expect("DATA", "503");
}

#[tokio::test]
async fn bytes_beyond_ascii_and_addresses_in_utf8_are_kept_as_they_came() {
    let server = Server::start();
    let mut dialogue = server.dial();
    dialogue.greet();
    dialogue.expect("MAIL FROM:<zoé@exämple.fr> SMTPUTF8 BODY=8BITMIME", "250");
    dialogue.expect("RCPT TO:<jürgen@exämple.de>", "250");
    dialogue.expect("DATA", "354");
    dialogue.write("Subject: Größe\r\n\r\n".as_bytes());
    dialogue.write(&[0xe9, 0x00, 0xff]);
    let id = dialogue
        .say("\r\n.")
        .trim_end()
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned();
    let raw = server
        .get(&format!("/api/v1/message/{id}/raw"))
        .await
        .bytes()
        .await
        .unwrap();
    assert!(raw.ends_with(&[0xe9, 0x00, 0xff, b'\r', b'\n']), "{raw:?}");
    let list = server
        .json("/api/v1/messages?to=j%C3%BCrgen@ex%C3%A4mple.de")
        .await;
    assert_eq!(
        (
            list["count"].as_u64(),
            list["messages"][0]["subject"].as_str()
        ),
        (Some(1), Some("Größe"))
    );
}

#[test]
fn a_mail_beyond_the_limit_is_refused_and_the_session_goes_on() {
    let server = Server::start_with(&[("MAILBOX_MAX_MESSAGE_BYTES", "20000")]);
    let mut dialogue = server.dial();
    dialogue.greet();
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    dialogue.expect("RCPT TO:<d@e.f>", "250");
    dialogue.expect("DATA", "354");
    dialogue.write("0123456789\r\n".repeat(10_000).as_bytes());
    dialogue.expect(".", "552");
    dialogue.transfer("ada@example.com", "Subject: small\r\n\r\n1\r\n");
}

#[test]
fn beyond_its_connections_the_mailbox_says_so() {
    let server = Server::start_with(&[("MAILBOX_MAX_CONNECTIONS", "2")]);
    let mut first = server.dial();
    let mut second = server.dial();
    assert!(first.read().starts_with("220") && second.read().starts_with("220"));
    assert!(server.dial().read().starts_with("421 "));
    first.expect("QUIT", "221");
    assert_eq!(first.read(), "");
    let deadline = std::time::Instant::now() + crate::server::DEADLINE;
    while !server.dial().read().starts_with("220") {
        assert!(
            std::time::Instant::now() < deadline,
            "the place is not free again"
        );
    }
}

#[test]
fn a_silent_client_is_sent_away() {
    let server = Server::start_with(&[("MAILBOX_SMTP_TIMEOUT_SECONDS", "1")]);
    let mut dialogue = server.dial();
    dialogue.greet();
    assert!(dialogue.read().starts_with("421 4.4.2"));
    assert_eq!(dialogue.read(), "");
}

#[test]
fn garbage_harms_nobody() {
    let server = Server::start();
    for garbage in [
        vec![0_u8; 100_000],
        vec![0xff; 5000],
        b"\r\n\r\n\r\n\n\n\r\r".to_vec(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
    ] {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(server.smtp).unwrap();
        let _ = stream.write_all(&garbage);
    }
    server.send("ada@example.com", "still here");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
