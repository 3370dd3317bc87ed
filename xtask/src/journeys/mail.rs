//! A message goes in over SMTP, is read back through the edge, and is taken away again.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    World,
    trip::{Found, Trip, eventually},
};
use crate::http::{self, encode};

const TIMEOUT: Duration = Duration::from_secs(10);
const MAILBOX: [&str; 1] = ["mailbox"];
const THROUGH_EDGE: [&str; 2] = ["caddy", "mailbox"];

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    if !world.shows_mail() {
        return;
    }
    let subject = format!("probe {}", uuid::Uuid::new_v4());
    if trip
        .hop("SMTP takes a message", &MAILBOX, deliver(world, &subject))
        .await
        .is_none()
    {
        return;
    }
    let found = trip
        .hop(
            "it is in the mailbox",
            &THROUGH_EDGE,
            eventually(TIMEOUT, || find(world, &subject)),
        )
        .await;
    let Some(id) = found else { return };
    trip.hop("it can be read", &THROUGH_EDGE, read(world, &id, &subject))
        .await;
    trip.hop("it can be removed", &THROUGH_EDGE, remove(world, &id))
        .await;
}

async fn deliver(world: &World, subject: &str) -> Found<()> {
    let address = world.address("mailbox", "smtp")?;
    let talking = async {
        let mut client = SmtpClient::connect(&address).await?;
        client.expect("220", None).await?;
        client
            .expect("250", Some("EHLO probe.argosy.example"))
            .await?;
        client
            .expect("250", Some("MAIL FROM:<probe@argosy.example>"))
            .await?;
        client
            .expect("250", Some("RCPT TO:<reader@argosy.example>"))
            .await?;
        client.expect("354", Some("DATA")).await?;
        let message = format!(
            "From: Probe <probe@argosy.example>\r\nTo: reader@argosy.example\r\nSubject: {subject}\r\n\
             Message-ID: <{}@argosy.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSent by the probe.\r\n.",
            uuid::Uuid::new_v4()
        );
        let said = client.expect("250", Some(&message)).await?;
        client.expect("221", Some("QUIT")).await?;
        Ok(((), said))
    };
    timeout(TIMEOUT, talking).await.unwrap_or_else(|_| {
        Err(format!(
            "{address} does not finish within {} s",
            TIMEOUT.as_secs()
        ))
    })
}

async fn find(world: &World, subject: &str) -> Found<String> {
    let path = format!("/mail/api/v1/messages?subject={}", encode(subject));
    let list = world.get_ok(&path).await?.json()?;
    let ours = list
        .pointer("/messages/0")
        .ok_or_else(|| format!("\"{subject}\" has not arrived"))?;
    let id = ours
        .get("id")
        .and_then(Value::as_str)
        .ok_or("the message has no id")?;
    let total = list
        .get("total")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    Ok((id.to_owned(), format!("one of {total}")))
}

async fn read(world: &World, id: &str, subject: &str) -> Found<()> {
    let message = world
        .get_ok(&format!("/mail/api/v1/message/{id}"))
        .await?
        .json()?;
    let text = message
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let same = message.get("subject").and_then(Value::as_str) == Some(subject)
        && text.contains("Sent by the probe.");
    if same {
        Ok(((), "as it was sent".to_owned()))
    } else {
        Err(format!("the message came back as {message}"))
    }
}

async fn remove(world: &World, id: &str) -> Found<()> {
    let path = format!("/mail/api/v1/message/{id}");
    let answer = http::send(Method::DELETE, &world.edge(&path)?, None).await?;
    if !answer.status.is_success() {
        return Err(format!(
            "DELETE {path} answers with {}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    let after = world.get(&path).await?;
    if after.status == StatusCode::NOT_FOUND {
        Ok(((), "gone".to_owned()))
    } else {
        Err(format!("{path} is still there: {}", after.status))
    }
}

/// As much of SMTP as one delivery needs.
struct SmtpClient {
    stream: BufReader<TcpStream>,
    address: String,
}

impl SmtpClient {
    async fn connect(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| format!("cannot connect to {address}: {error}"))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address: address.to_owned(),
        })
    }

    /// Says a line and reads the reply, which must have this code; its last line comes back.
    async fn expect(&mut self, code: &str, line: Option<&str>) -> Result<String, String> {
        let failed =
            |error: std::io::Error| format!("the conversation with the mailbox broke off: {error}");
        if let Some(line) = line {
            self.stream
                .write_all(format!("{line}\r\n").as_bytes())
                .await
                .map_err(failed)?;
        }
        loop {
            let mut reply = String::new();
            if self.stream.read_line(&mut reply).await.map_err(failed)? == 0 {
                return Err(format!("{} has hung up", self.address));
            }
            let reply = reply.trim_end();
            let said = line
                .and_then(|line| line.lines().next())
                .unwrap_or("connecting");
            if !reply.starts_with(code) {
                return Err(format!(
                    "{} replies `{reply}` to {said}, expected {code}",
                    self.address
                ));
            }
            // `250-` goes on, `250 ` is the end.
            if reply.as_bytes().get(3) != Some(&b'-') {
                return Ok(reply.to_owned());
            }
        }
    }
}
