//! Parts of a mail as documents of their own: its HTML, its source, its attachments. Nothing in them is trusted.

use std::fmt::Write;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Mailbox, api::find, problem::Problem, safety::MAIL_POLICY, templates::Templates};
use crate::message::{Attachment, Content, attachment_content};

/// Pictures that a browser shows and that cannot carry a script.
const PICTURES: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];

pub(super) async fn html(
    State((mailbox, _)): State<(Mailbox, Templates)>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let summary = find(&mailbox, &id)?;
    let raw = mailbox.store.raw(summary.id).await?;
    let content = Content::of(&raw);
    if content.html.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "this mail has no HTML"));
    }
    Ok(untrusted(
        "text/html; charset=utf-8",
        "inline",
        prepare(&content, &raw),
    )
    .into_response())
}

pub(super) async fn source(
    State((mailbox, _)): State<(Mailbox, Templates)>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let summary = find(&mailbox, &id)?;
    let raw = mailbox.store.raw(summary.id).await?;
    let disposition = format!("attachment; filename=\"{}.eml\"", summary.id);
    Ok(untrusted("message/rfc822", &disposition, raw).into_response())
}

pub(super) async fn attachment(
    State((mailbox, _)): State<(Mailbox, Templates)>,
    Path((id, index)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    send_attachment(&mailbox, &id, index).await
}

pub(super) async fn attachment_of_api(
    State(mailbox): State<Mailbox>,
    Path((id, index)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    send_attachment(&mailbox, &id, index).await
}

async fn send_attachment(mailbox: &Mailbox, id: &str, index: usize) -> Result<Response, Problem> {
    let summary = find(mailbox, id)?;
    let raw = mailbox.store.raw(summary.id).await?;
    let (attachment, bytes) = attachment_content(&raw, index)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "this mail has no such attachment"))?;
    let disposition = format!(
        "{}; filename*=UTF-8''{}",
        if is_picture(&attachment) {
            "inline"
        } else {
            "attachment"
        },
        encode(&attachment.file_name)
    );
    Ok(untrusted(&attachment.content_type, &disposition, bytes).into_response())
}

fn untrusted(content_type: &str, disposition: &str, body: impl IntoResponse) -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, MAIL_POLICY),
    ] {
        // A content type that no header can carry comes from the mail.
        let value = HeaderValue::from_str(value)
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.insert(name, value);
    }
    (headers, body)
}

/// Puts the mail's own pictures into it and lets its links open in a new tab. The frame in which it is shown belongs to no origin,
/// so it could not fetch the pictures from here wherever a proxy keeps answers to their own origin.
fn prepare(content: &Content, raw: &[u8]) -> String {
    const OPEN_LINKS_ELSEWHERE: &str = "<base target=\"_blank\">";
    let mut html = content.html.clone();
    let pictures = content
        .attachments
        .iter()
        .filter(|attachment| attachment.inline && is_picture(attachment));
    for Attachment {
        index, content_id, ..
    } in pictures
    {
        if let (Some(id), Some((picture, bytes))) = (content_id, attachment_content(raw, *index)) {
            let data = format!(
                "data:{};base64,{}",
                picture.content_type,
                STANDARD.encode(bytes)
            );
            html = html.replace(&format!("cid:{id}"), &data);
        }
    }
    let head = html
        .to_ascii_lowercase()
        .find("<head")
        .and_then(|start| html[start..].find('>').map(|end| start + end + 1));
    html.insert_str(head.unwrap_or_default(), OPEN_LINKS_ELSEWHERE);
    html
}

fn is_picture(attachment: &Attachment) -> bool {
    PICTURES.contains(&attachment.content_type.as_str())
}

/// RFC 8187 encoding of a file name.
fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
