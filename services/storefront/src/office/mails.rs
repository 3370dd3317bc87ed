//! `GET /office/mails`: what the shop wrote to people, without addresses and contents; and what was given up, once more.

use axum::{
    extract::{Path, RawQuery, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answers::Mail,
    list::{ListPage, Listed},
    orders,
    outcome::{fail, refused},
    parts::{Cell, FilterField, Frame, Table, Tone, choices},
    query::Query,
    sheet::Sheet,
    staff::{Admin, Staff},
};
use crate::{
    Storefront, flash::Flash, form::Form, links::Link, pages::failure::Failure, session::see_other,
};

const PATH: &str = "/office/mails";

/// `GET /office/mails`
pub(crate) async fn mails(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), &["status", "order", "after"]);
    let notifications = &storefront.office().notifications;
    let listed = Listed::ask(notifications, &staff, "/api/notifications?limit=25", &query).await?;
    let frame = Frame::new(&staff, PATH, Vec::new(), "Mails");
    ListPage::new(frame, PATH, &query, &listed, table(&listed.items))
        .filters(vec![
            FilterField::chosen(
                &query,
                "status",
                "Status",
                choices(&[
                    ("", "Every status"),
                    ("DEAD", "Given up"),
                    ("PENDING", "Waiting"),
                    ("SENDING", "Being sent"),
                    ("SENT", "Sent"),
                    ("SUPERSEDED", "No longer true"),
                ]),
            ),
            FilterField::typed(&query, "order", "Order’s id"),
        ])
        .show(&storefront)
        .await
}

/// Mails as a table.
pub(super) fn table(mails: &[Mail]) -> Table {
    let table = Table::new(
        "Mails, newest first",
        &[
            "Subject",
            "Due",
            "Status",
            "#Attempts",
            "Why not",
            "About",
            "Again",
        ],
        "No mail was written.",
    );
    table.with(mails.iter().map(|mail| {
        let about = match &mail.order_id {
            Some(order) => Cell::link("The order", orders::path(order)),
            None => Cell::text(mail.template.replace('_', " ")),
        };
        let again = if mail.status == "DEAD" {
            Cell::link("Send again", format!("{PATH}/{}/retry", mail.id))
        } else {
            Cell::text("–")
        };
        vec![
            Cell::text(&mail.subject),
            Cell::time(mail.created_at),
            status(&mail.status),
            Cell::number(mail.attempts),
            Cell::or_dash(mail.reason.clone()),
            about,
            again,
        ]
    }))
}

fn status(status: &str) -> Cell {
    match status {
        "SENT" => Cell::badge("Sent", Tone::Good),
        "DEAD" => Cell::badge("Given up", Tone::Bad),
        "PENDING" => Cell::badge("Waiting", Tone::Busy),
        "SENDING" => Cell::badge("Being sent", Tone::Busy),
        _ => Cell::badge("No longer true", Tone::Plain),
    }
}

async fn find(storefront: &Storefront, staff: &Staff, id: &str) -> Result<Mail, Failure> {
    let id: Uuid = id
        .parse()
        .map_err(|_| Failure::NotFound("There is no such mail."))?;
    let notifications = &storefront.office().notifications;
    let api = format!("/api/notifications/{id}");
    notifications.get(&staff.visit, &api).await.map_err(fail)
}

/// `GET /office/mails/{mail}/retry`
pub(crate) async fn ask_to_retry(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mail = find(&storefront, &staff, &id).await?;
    show(&storefront, &staff, &mail, &Form::empty(&[])).await
}

/// `POST /office/mails/{mail}/retry`
pub(crate) async fn retry(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mail = find(&storefront, &staff, &id).await?;
    let api = format!("/api/notifications/{}/retry", mail.id);
    let notifications = &storefront.office().notifications;
    match notifications
        .change::<Value>(&staff.visit, Method::POST, &api, &json!({}))
        .await
    {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_MAIL);
            let page = mail.order_id.as_deref().map(orders::path);
            Ok(see_other(page.as_deref().unwrap_or(PATH)))
        }
        Err(error) => {
            let mut form = Form::empty(&[]);
            refused(&mut form, error)?;
            show(&storefront, &staff, &mail, &form).await
        }
    }
}

async fn show(
    storefront: &Storefront,
    staff: &Staff,
    mail: &Mail,
    form: &Form,
) -> Result<Response, Failure> {
    let trail = vec![Link::new("Mails", PATH)];
    let frame = Frame::new(staff, PATH, trail, "Send again");
    let back = Link::new("Back without sending", PATH);
    let action = format!("{PATH}/{}/retry", mail.id);
    Sheet::new(frame, action, Vec::new(), form, "Send it again", back)
        .saying(format!(
            "“{}” is sent once more, with as many attempts as a new mail has.",
            mail.subject
        ))
        .show(storefront, form.is_refused())
        .await
}
