//! What is in a mail: read with `mail-parser`, which makes the best of whatever a sender wrote.

use mail_parser::{Addr, Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mailbox {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// What a list of mails shows of one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outline {
    pub(crate) from: Option<Mailbox>,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) cc: Vec<Mailbox>,
    pub(crate) reply_to: Vec<Mailbox>,
    pub(crate) subject: String,
    pub(crate) message_id: Option<String>,
    /// The sender's clock, RFC 3339.
    pub(crate) date: Option<String>,
    /// How the text begins.
    pub(crate) snippet: String,
    /// Number of attachments, those left out that are a part of the HTML.
    pub(crate) attachments: usize,
}

/// All that is in a mail.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    /// Empty when the mail has only HTML.
    pub(crate) text: String,
    /// Empty when the mail has only text.
    pub(crate) html: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    /// Its place in the mail, from 0: by it, it is fetched.
    pub(crate) index: usize,
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    /// Without angle brackets.
    pub(crate) content_id: Option<String>,
    /// Bytes.
    pub(crate) size: usize,
    /// Whether it is a part of the HTML, such as a picture in it.
    pub(crate) inline: bool,
}

const SNIPPET: usize = 160;

impl Outline {
    pub(crate) fn of(raw: &[u8]) -> Self {
        let message = parse(raw);
        Self {
            from: message.from().and_then(Address::first).map(mailbox),
            to: mailboxes(message.to()),
            cc: mailboxes(message.cc()),
            reply_to: mailboxes(message.reply_to()),
            subject: message.subject().unwrap_or_default().to_owned(),
            message_id: message.message_id().map(ToOwned::to_owned),
            date: message.date().map(mail_parser::DateTime::to_rfc3339),
            snippet: snippet(&message),
            attachments: attachments(&message, &html(&message))
                .iter()
                .filter(|attachment| !attachment.inline)
                .count(),
        }
    }
}

impl Content {
    pub(crate) fn of(raw: &[u8]) -> Self {
        let message = parse(raw);
        let html = html(&message);
        Self {
            text: bodies(&message, &message.text_body, |body| {
                matches!(body, PartType::Text(_))
            }),
            headers: message
                .headers_raw()
                .map(|(name, value)| Header {
                    name: name.to_owned(),
                    value: value.trim().to_owned(),
                })
                .collect(),
            attachments: attachments(&message, &html),
            html,
        }
    }
}

fn html(message: &Message<'_>) -> String {
    bodies(message, &message.html_body, |body| {
        matches!(body, PartType::Html(_))
    })
}

fn bodies(message: &Message<'_>, ids: &[u32], wanted: fn(&PartType<'_>) -> bool) -> String {
    let parts = ids
        .iter()
        .filter_map(|id| message.part(*id))
        .filter(|part| wanted(&part.body));
    parts
        .filter_map(MessagePart::text_contents)
        .collect::<Vec<_>>()
        .join("\n")
}

fn attachments(message: &Message<'_>, html: &str) -> Vec<Attachment> {
    message
        .attachments()
        .enumerate()
        .map(|(index, part)| attachment(index, part, html))
        .collect()
}

/// The bytes of one attachment, and what it is.
pub(crate) fn attachment_content(raw: &[u8], index: usize) -> Option<(Attachment, Vec<u8>)> {
    let message = parse(raw);
    let part = message.attachment(u32::try_from(index).ok()?)?;
    let bytes = match part.message() {
        Some(nested) => nested.raw_message().to_vec(),
        None => part.contents().to_vec(),
    };
    Some((attachment(index, part, &html(&message)), bytes))
}

fn parse(raw: &[u8]) -> Message<'_> {
    // Nothing at all is the one thing that the parser does not take for a mail.
    MessageParser::default().parse(raw).unwrap_or_default()
}

fn mailboxes(address: Option<&Address<'_>>) -> Vec<Mailbox> {
    address
        .into_iter()
        .flat_map(Address::iter)
        .map(mailbox)
        .collect()
}

fn mailbox(address: &Addr<'_>) -> Mailbox {
    let text =
        |part: &Option<std::borrow::Cow<'_, str>>| part.as_deref().unwrap_or_default().to_owned();
    Mailbox {
        name: text(&address.name),
        address: text(&address.address),
    }
}

fn snippet(message: &Message<'_>) -> String {
    let text = message.body_text(0).unwrap_or_default();
    let mut words = text.split_whitespace();
    let mut snippet = String::new();
    while let Some(word) = words.next().filter(|_| snippet.chars().count() < SNIPPET) {
        if !snippet.is_empty() {
            snippet.push(' ');
        }
        snippet.extend(word.chars().take(SNIPPET));
    }
    snippet
}

fn attachment(index: usize, part: &MessagePart<'_>, html: &str) -> Attachment {
    let content_type = match part.content_type() {
        Some(kind) => format!(
            "{}/{}",
            kind.ctype(),
            kind.subtype().unwrap_or("octet-stream")
        )
        .to_ascii_lowercase(),
        None if part.message().is_some() => "message/rfc822".to_owned(),
        None => "application/octet-stream".to_owned(),
    };
    Attachment {
        index,
        file_name: part
            .attachment_name()
            .map_or_else(|| format!("attachment-{}", index + 1), ToOwned::to_owned),
        content_type,
        content_id: part.content_id().map(ToOwned::to_owned),
        inline: part
            .content_id()
            .is_some_and(|id| !id.is_empty() && html.contains(&format!("cid:{id}"))),
        size: part
            .message()
            .map_or(part.len(), |nested| nested.raw_message().len()),
    }
}
