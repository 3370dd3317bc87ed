//! `POST /api/messages`: a message to the people of the shop. It is kept, and a mail that tells them of it is owed, when this
//! answers.

use axum::{
    extract::{FromRequestParts, State as FromState},
    http::{StatusCode, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chassis::{
    FieldError, Json, Problem,
    auth::{ACCESS_COOKIE, Caller, cookie},
    clock, correlation,
};
use contracts::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::ProblemBody;
use crate::{
    assembly::State,
    db::{self, mails::Owed, messages::NewMessage},
    domain::{
        letter::Letter,
        mail::{self, Occasion},
        message::{self, Document, Topic},
        text::one_line,
    },
    problems::TOO_MANY_MESSAGES,
};

/// The document in base64 with what else a message has.
pub(super) const MOST_BYTES: usize = 6 * 1024 * 1024;
/// Messages of one sender in an hour.
const MOST_LATELY: i64 = 10;
const MOST_CHARACTERS: usize = 4_000;
const MOST_EMAIL_CHARACTERS: usize = 254;
const MOST_FILE_NAME_CHARACTERS: usize = 255;

/// What somebody wants to tell the shop.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SendMessage {
    topic: Topic,
    /// Who writes. Not needed of somebody who is signed in.
    #[schema(max_length = 120)]
    name: Option<String>,
    /// Where the answer goes. For somebody who is signed in it is the account's address, whatever stands here.
    #[schema(max_length = 254)]
    email: Option<String>,
    #[schema(max_length = 40, example = "ARG-2026-000123")]
    order_number: Option<String>,
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    document: Option<SentDocument>,
}

/// A file that goes with it: PDF, PNG, JPEG or plain text, at most 4 MiB.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentDocument {
    #[schema(max_length = 255)]
    name: String,
    /// In base64.
    content: String,
}

/// A message that is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageBody {
    id: Uuid,
}

/// Whoever writes, signed in or not. A token that does not count is an error.
pub(crate) struct Writer(Option<Caller>);

impl FromRequestParts<State> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let is_signed_in = parts.headers.contains_key(header::AUTHORIZATION)
            || cookie(&parts.headers, ACCESS_COOKIE).is_some();
        if !is_signed_in {
            return Ok(Self(None));
        }
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(Some(caller)))
    }
}

/// A message that may be kept.
struct Checked {
    topic: Topic,
    user: Option<UserId>,
    name: String,
    email: String,
    order_number: Option<String>,
    text: String,
    document: Option<Document>,
}

/// Send a message.
///
/// For everybody. It is read by people, who answer by e-mail.
#[utoipa::path(
    post,
    path = "/api/messages",
    tag = "messages",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    security((), ("accessToken" = []), ("cookie" = [])),
    request_body = SendMessage,
    responses(
        (status = 201, description = "It is kept", body = MessageBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "An access token that is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A cookie came from another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The sender has written often lately", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send_message(
    FromState(state): FromState<State>,
    writer: Writer,
    Json(request): Json<SendMessage>,
) -> Result<(StatusCode, Json<MessageBody>), Problem> {
    let message = request.checked(writer.0.as_ref())?;
    let id = Uuid::now_v7();
    let mut tx = state.database.begin().await?;
    if db::messages::count_lately(&mut tx, &message.email).await? >= MOST_LATELY {
        let detail = format!("At most {MOST_LATELY} messages an hour: we have yours, and answer.");
        return Err(Problem::new(&TOO_MANY_MESSAGES, detail));
    }
    db::messages::insert(&mut tx, &message.row(id)).await?;
    if let Some(document) = &message.document {
        db::messages::insert_document(&mut tx, id, document).await?;
    }
    db::mails::insert(&mut tx, &[message.mail(id, &state)]).await?;
    tx.commit().await?;
    state.mails.wake();
    let media_type = message.document.map(|document| document.media_type);
    state.metrics.message(message.topic, media_type);
    Ok((StatusCode::CREATED, Json(MessageBody { id })))
}

impl SendMessage {
    fn checked(self, caller: Option<&Caller>) -> Result<Checked, Problem> {
        let mut errors = Vec::new();
        let mut keep = |field: &str, outcome: Result<String, String>| {
            outcome.unwrap_or_else(|message| {
                errors.push(FieldError::new(field, message));
                String::new()
            })
        };
        let text = keep("text", message::text(&self.text, MOST_CHARACTERS));
        let (name, known) = (
            self.name.unwrap_or_default(),
            caller.and_then(|caller| caller.email.clone()),
        );
        let name = match (&known, name.trim()) {
            (Some(_), "") => String::new(),
            (_, name) => keep("name", line(name, 120)),
        };
        let given = self.email.unwrap_or_default();
        let email = match known {
            Some(known) => {
                if given.chars().count() > MOST_EMAIL_CHARACTERS {
                    keep("email", Err("is too long".to_owned()));
                }
                known
            }
            None => keep("email", email(&given)),
        };
        let order_number = self.order_number.unwrap_or_default();
        let order_number = match order_number.trim() {
            "" => None,
            number => Some(keep("orderNumber", line(number, 40))),
        };
        let document = self.document.and_then(|document| {
            if document.name.chars().count() > MOST_FILE_NAME_CHARACTERS {
                errors.push(FieldError::new("document.name", "is too long"));
            }
            let content = BASE64.decode(&document.content);
            let content = content.map_err(|_| "is not base64".to_owned());
            let read = content.and_then(|content| Document::new(&document.name, content));
            read.map_err(|message| errors.push(FieldError::new("document.content", message)))
                .ok()
        });
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        Ok(Checked {
            topic: self.topic,
            user: caller.map(|caller| caller.principal.user),
            name,
            email,
            order_number,
            text,
            document,
        })
    }
}

impl Checked {
    fn row(&self, id: Uuid) -> NewMessage<'_> {
        NewMessage {
            id,
            topic: self.topic,
            user: self.user,
            name: &self.name,
            email: &self.email,
            order_number: self.order_number.as_deref(),
            body: &self.text,
        }
    }

    /// What tells the shop of it. It is the shop's own mail, and not the writer's.
    fn mail(&self, id: Uuid, state: &State) -> Owed {
        let letter = Letter::Message {
            message: id,
            topic: self.topic,
            name: self.name.clone(),
            email: self.email.clone(),
            order_number: self.order_number.clone(),
            text: self.text.clone(),
            document: self.document.as_ref().map(|document| document.name.clone()),
        };
        let mail = mail::id(Occasion::Once(id), letter.template().name());
        Owed {
            id: mail,
            message_id: mail::message_id(mail, state.shop.0.email.domain()),
            user_id: UserId(Uuid::nil()),
            order_id: None,
            recipient: state.shop.0.email.to_string(),
            letter,
            event_at: clock::now(),
            correlation: correlation::current(),
        }
    }
}

/// Text of one line.
fn line(text: &str, most: usize) -> Result<String, String> {
    message::text(text, most).map(|text| one_line(&text))
}

/// An address that mail can be sent to, in lower case.
fn email(text: &str) -> Result<String, String> {
    let text = line(text, MOST_EMAIL_CHARACTERS)?.to_lowercase();
    match text.parse::<lettre::Address>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err("must be an e-mail address".to_owned()),
    }
}
