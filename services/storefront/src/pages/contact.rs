//! `GET` and `POST /contact`: a message to the people of the shop, with a document if there is one.

use axum::{
    extract::{FromRequest as _, Multipart, Request, State},
    http::{StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::{
        Error,
        notifications::{Document, Message, Topic},
    },
    session::see_other,
    visit::Visit,
};

/// What a document may have, as the page says.
const MOST_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
/// The same with the text and what a form puts around its fields.
pub(crate) const MOST_BYTES: usize = MOST_DOCUMENT_BYTES + 128 * 1024;

const FIELDS: &[Input] = &[
    Input::new("topic", "What it is about"),
    Input::new("name", "Your name"),
    Input::new("email", "E-mail address"),
    Input::new("orderNumber", "Order number"),
    Input::new("message", "Message"),
    Input::new("document", "Document"),
];

const TOPICS: [(&str, &str, Topic); 4] = [
    ("question", "A question", Topic::Question),
    ("order", "An order of mine", Topic::Order),
    ("return", "Something to return", Topic::Return),
    ("selling", "Selling at Argosy", Topic::Selling),
];

#[derive(Debug, Serialize)]
struct ContactPage {
    crumbs: Vec<Link>,
    form: FormView,
    topics: Vec<TopicChoice>,
}

#[derive(Debug, Serialize)]
struct TopicChoice {
    value: &'static str,
    name: &'static str,
    is_chosen: bool,
}

/// A file as it came.
struct File {
    name: String,
    content: Vec<u8>,
}

/// `GET /contact`
pub(crate) async fn contact(State(storefront): State<Storefront>) -> Result<Response, Failure> {
    show(&storefront, StatusCode::OK, &Form::empty(FIELDS)).await
}

/// `POST /contact`
pub(crate) async fn send(
    State(storefront): State<Storefront>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let (typed, file) = read(request).await?;
    let mut form = Form::read(FIELDS, &typed);
    check(&mut form, visit.is_signed_in(), file.as_ref());
    if form.is_refused() {
        return show(&storefront, StatusCode::UNPROCESSABLE_ENTITY, &form).await;
    }
    let status = match storefront
        .services()
        .notifications
        .send(&visit, &message(&form, file.as_ref()))
        .await
    {
        Ok(()) => {
            visit.say(Flash::MESSAGE);
            return Ok(see_other(links::CONTACT));
        }
        Err(Error::Refused { problem, .. }) => {
            refuse(&mut form, &problem.errors, &problem.detail);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Error::Away { service, source }) => {
            tracing::warn!(
                service,
                error = format!("{source:#}"),
                "a message was not taken"
            );
            form.refuse_whole("Your message could not be taken just now. It is still here: send it again in a moment");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Err(error) => return Err(error.into()),
    };
    show(&storefront, status, &form).await
}

/// What the service calls otherwise than the form does.
fn refuse(form: &mut Form, errors: &[crate::services::FieldError], detail: &str) {
    for error in errors {
        let name = match error.field.as_str() {
            "text" => "message",
            document if document.starts_with("document") => "document",
            other => other,
        };
        form.refuse(name, &error.message);
    }
    if !form.is_refused() {
        form.refuse_whole(detail);
    }
}

fn check(form: &mut Form, is_signed_in: bool, file: Option<&File>) {
    form.require(&["message"]);
    form.limit("message", 4000);
    form.limit("orderNumber", 40);
    if !is_signed_in {
        form.require(&["name", "email"]);
    }
    if file.is_some_and(|file| file.content.len() > MOST_DOCUMENT_BYTES) {
        form.refuse("document", "must have at most 4 MiB");
    }
}

fn message<'a>(form: &'a Form, file: Option<&'a File>) -> Message<'a> {
    let given = |name| Some(form.text(name)).filter(|text| !text.is_empty());
    let topic = TOPICS
        .iter()
        .find(|(value, ..)| *value == form.text("topic"));
    Message {
        topic: topic.map_or(Topic::Question, |(.., topic)| *topic),
        name: given("name"),
        email: given("email"),
        order_number: given("orderNumber"),
        text: form.text("message"),
        document: file.map(|file| Document {
            name: &file.name,
            content: BASE64.encode(&file.content),
        }),
    }
}

/// The fields and the file, if one was chosen.
async fn read(request: Request) -> Result<(Typed, Option<File>), Failure> {
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if !is_multipart {
        return Ok((Typed::from_request(request, &()).await?, None));
    }
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|_| Failure::NotAForm)?;
    let (mut pairs, mut file) = (Vec::new(), None);
    while let Some(part) = parts.next_field().await.map_err(|_| Failure::NotAForm)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content = part.bytes().await.map_err(|_| Failure::NotAForm)?;
        match file_name {
            Some(file_name) if !content.is_empty() => {
                file = Some(File {
                    name: file_name,
                    content: content.to_vec(),
                });
            }
            Some(_) => {}
            None => pairs.push((name, String::from_utf8_lossy(&content).into_owned())),
        }
    }
    Ok((Typed(pairs), file))
}

async fn show(
    storefront: &Storefront,
    status: StatusCode,
    form: &Form,
) -> Result<Response, Failure> {
    let chosen = form.text("topic");
    let topics = TOPICS.iter().map(|(value, name, _)| TopicChoice {
        value,
        name,
        is_chosen: *value == chosen,
    });
    let view = ContactPage {
        crumbs: vec![Link::home(), Link::here("Contact")],
        form: form.view(),
        topics: topics.collect(),
    };
    let head = Head {
        canonical_url: Some(storefront.public_url(links::CONTACT)),
        ..Head::own("Contact", links::CONTACT)
    };
    storefront
        .refused_page(status, "contact.html", head, view)
        .await
}
