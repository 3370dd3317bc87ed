//! `/office/dead-letters`: messages that a service could not handle. What they say may tell of people: it is shown as an
//! outline, and in full only to who asks for it, which is written down.

use axum::{
    extract::{Path, RawQuery, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    answers::DeadLetter,
    audit::services,
    desk::NAMES,
    details::DetailsPage,
    list::{ListPage, Listed},
    outcome::{fail, refused},
    parts::{Cell, FilterField, Frame, Table, Tone, choices},
    query::Query,
    sheet::Sheet,
    staff::{Admin, Staff},
};
use crate::{
    Storefront, flash::Flash, form::Form, links::Link, pages::failure::Failure, services::Service,
    session::see_other,
};

const PATH: &str = "/office/dead-letters";
const PARAMETERS: &[&str] = &["service", "state", "consumer", "after"];
const NO_SUCH_LETTER: Failure = Failure::NotFound("There is no such dead letter.");

/// `GET /office/dead-letters`
pub(crate) async fn dead_letters(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), PARAMETERS);
    let name = match query.text("service") {
        "" => NAMES[0],
        name => name,
    };
    let service = storefront.office().service(name).ok_or(NO_SUCH_LETTER)?;
    let api = format!("/api/admin/{name}/dead-letters?limit=25");
    let listed = Listed::ask(service, &staff, &api, &query.without("service")).await?;
    let frame = Frame::new(&staff, PATH, Vec::new(), "Dead letters");
    let table = Table::new(
        format!("What {name} could not handle, newest first"),
        &[
            "Letter",
            "Event",
            "Consumer",
            "Failed",
            "State",
            "#Deliveries",
            "Why",
        ],
        "There is no dead letter. That is how it should be.",
    );
    let rows = listed.items.iter().map(|letter| row(name, letter));
    ListPage::new(frame, PATH, &query, &listed, table.with(rows))
        .filters(vec![
            FilterField::chosen(&query, "service", "Service", services()),
            FilterField::chosen(
                &query,
                "state",
                "State",
                choices(&[
                    ("", "Every state"),
                    ("open", "Waiting for you"),
                    ("requested", "About to be replayed"),
                    ("replayed", "Handled"),
                ]),
            ),
            FilterField::typed(&query, "consumer", "Consumer"),
        ])
        .show(&storefront)
        .await
}

fn row(service: &str, letter: &DeadLetter) -> Vec<Cell> {
    vec![
        Cell::link(format!("{service} {}", letter.id), path(service, letter.id)),
        Cell::text(&letter.subject),
        Cell::text(&letter.consumer),
        Cell::time(letter.failed_at),
        state(&letter.state),
        Cell::number(letter.deliveries),
        Cell::text(&letter.reason),
    ]
}

fn state(state: &str) -> Cell {
    match state {
        "open" => Cell::badge("Waiting for you", Tone::Bad),
        "requested" => Cell::badge("About to be replayed", Tone::Busy),
        _ => Cell::badge("Handled", Tone::Good),
    }
}

fn path(service: &str, letter: i64) -> String {
    format!("{PATH}/{service}/{letter}")
}

/// Where a letter is at its service.
fn api<'s>(
    storefront: &'s Storefront,
    name: &str,
    letter: &str,
) -> Result<(&'s Service, String), Failure> {
    let letter: i64 = letter.parse().map_err(|_| NO_SUCH_LETTER)?;
    let service = storefront.office().service(name).ok_or(NO_SUCH_LETTER)?;
    Ok((service, format!("/api/admin/{name}/dead-letters/{letter}")))
}

/// `GET /office/dead-letters/{service}/{letter}`
pub(crate) async fn dead_letter(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path((name, letter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (service, api) = api(&storefront, &name, &letter)?;
    let letter: DeadLetter = service.get(&staff.visit, &api).await.map_err(fail)?;
    let reveal = format!("{}/reveal", path(&name, letter.id));
    details(&staff, &name, &letter)
        .message("Texts that may tell of people are replaced by their length.")
        .button("Show everything, and note that I looked", reveal)
        .show(&storefront)
        .await
}

/// `GET /office/dead-letters/{service}/{letter}/reveal`: where somebody comes who had to sign in meanwhile. Nothing is shown
/// unless they ask for it.
pub(crate) async fn back(
    Admin(_staff): Admin,
    Path((name, letter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let letter: i64 = letter.parse().map_err(|_| NO_SUCH_LETTER)?;
    if !NAMES.contains(&name.as_str()) {
        return Err(NO_SUCH_LETTER);
    }
    Ok(see_other(&path(&name, letter)))
}

/// `POST /office/dead-letters/{service}/{letter}/reveal`
pub(crate) async fn reveal(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path((name, letter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (service, api) = api(&storefront, &name, &letter)?;
    let api = format!("{api}/reveal");
    let letter: DeadLetter = service
        .change(&staff.visit, Method::POST, &api, &json!({}))
        .await
        .map_err(fail)?;
    details(&staff, &name, &letter)
        .message("This is all that it says. That you looked is in the audit trail.")
        .show(&storefront)
        .await
}

fn details(staff: &Staff, name: &str, letter: &DeadLetter) -> DetailsPage {
    let own = path(name, letter.id);
    let trail = vec![Link::new("Dead letters", PATH)];
    let heading = format!("Dead letter {} of {name}", letter.id);
    let payload = letter.payload.clone().unwrap_or_default();
    DetailsPage::new(Frame::new(staff, PATH, trail, &heading), &own)
        .fact("State", state(&letter.state))
        .fact("Event", Cell::text(&letter.subject))
        .maybe("Event’s id", letter.event_id.clone())
        .fact("Consumer", Cell::text(&letter.consumer))
        .fact("Failed", Cell::time(letter.failed_at))
        .fact("Deliveries", Cell::number(letter.deliveries))
        .fact("Why", Cell::text(&letter.reason))
        .fact("What it says", Cell::code(payload))
        .action(letter.state == "open", "Replay", format!("{own}/replay"))
}

/// `GET /office/dead-letters/{service}/{letter}/replay`
pub(crate) async fn ask_to_replay(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path((name, letter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (service, api) = api(&storefront, &name, &letter)?;
    let letter: DeadLetter = service.get(&staff.visit, &api).await.map_err(fail)?;
    show_replay(&storefront, &staff, &name, &letter, &Form::empty(&[])).await
}

/// `POST /office/dead-letters/{service}/{letter}/replay`
pub(crate) async fn replay(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path((name, letter)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (service, api) = api(&storefront, &name, &letter)?;
    let letter: DeadLetter = service.get(&staff.visit, &api).await.map_err(fail)?;
    let change = format!("{api}/replay");
    match service
        .change::<Value>(&staff.visit, Method::POST, &change, &json!({}))
        .await
    {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_REPLAYED);
            Ok(see_other(&path(&name, letter.id)))
        }
        Err(error) => {
            let mut form = Form::empty(&[]);
            refused(&mut form, error)?;
            show_replay(&storefront, &staff, &name, &letter, &form).await
        }
    }
}

async fn show_replay(
    storefront: &Storefront,
    staff: &Staff,
    name: &str,
    letter: &DeadLetter,
    form: &Form,
) -> Result<Response, Failure> {
    let own = path(name, letter.id);
    let heading = format!("Dead letter {} of {name}", letter.id);
    let trail = vec![Link::new("Dead letters", PATH), Link::new(&heading, &own)];
    let frame = Frame::new(staff, PATH, trail, "Replay");
    let back = Link::new("Back without a replay", &own);
    Sheet::new(
        frame,
        format!("{own}/replay"),
        Vec::new(),
        form,
        "Replay it",
        back,
    )
    .saying(format!(
        "{} is handed the event {} again. What had its effect already has it no second time.",
        letter.consumer, letter.subject
    ))
    .show(storefront, form.is_refused())
    .await
}
