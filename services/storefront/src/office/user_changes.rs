//! `/office/users/{user}/role` and `/end-sessions`: somebody gets another role, or is logged out everywhere.

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    answers::User,
    outcome::refused,
    parts::{Frame, choices},
    sheet::{Entry, Sheet, Way, inputs},
    staff::{Admin, Staff},
    user::{find, is_oneself},
    users::{PATH, ROLES, path},
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Typed},
    links::Link,
    pages::failure::Failure,
    session::see_other,
};

fn role_entries() -> Vec<Entry> {
    let way = Way::Choice {
        choices: choices(&ROLES),
    };
    vec![Entry::new("role", "Role", way)]
}

/// The role that was chosen, to be looked at once more.
fn settled_entries() -> Vec<Entry> {
    ["role", "confirmed"]
        .map(|name| Entry::new(name, "The role", Way::Hidden))
        .into()
}

/// `GET /office/users/{user}/role`
pub(crate) async fn ask_for_role(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let user = find(&storefront, &staff, &id).await?;
    let form = Form::filled(&inputs(&role_entries()), |_| user.role.clone());
    show_role(&storefront, &staff, &user, &form).await
}

/// `POST /office/users/{user}/role`: first the form, which leads to a page that says what changes; then that page.
pub(crate) async fn change_role(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let user = find(&storefront, &staff, &id).await?;
    let mut form = Form::read(&inputs(&role_entries()), &typed);
    let role = form.text("role").to_owned();
    if !ROLES.iter().any(|(name, _)| *name == role) {
        form.refuse("role", "must be customer, vendor or admin");
    } else if is_oneself(&staff, &user) {
        form.refuse_whole("Nobody takes their own role away: another admin has to");
    }
    if form.is_refused() {
        return show_role(&storefront, &staff, &user, &form).await;
    }
    if typed.text("confirmed") != "yes" {
        return confirm_role(&storefront, &staff, &user, &role).await;
    }
    let api = format!("/api/users/{}/roles", user.id);
    let identity = &storefront.office().identity;
    let body = json!({ "role": role });
    match identity
        .change::<Value>(&staff.visit, Method::PATCH, &api, &body)
        .await
    {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_ROLE);
            Ok(see_other(&path(&user.id)))
        }
        Err(error) => {
            refused(&mut form, error)?;
            show_role(&storefront, &staff, &user, &form).await
        }
    }
}

async fn show_role(
    storefront: &Storefront,
    staff: &Staff,
    user: &User,
    form: &Form,
) -> Result<Response, Failure> {
    let action = format!("{}/role", path(&user.id));
    let (frame, back) = frame(staff, user, "Change the role");
    Sheet::new(frame, action, role_entries(), form, "Go on", back)
        .saying(format!("{} is {} now.", user.email, article(&user.role)))
        .show(storefront, form.is_refused())
        .await
}

async fn confirm_role(
    storefront: &Storefront,
    staff: &Staff,
    user: &User,
    role: &str,
) -> Result<Response, Failure> {
    let entries = settled_entries();
    let form = Form::filled(&inputs(&entries), |name| match name {
        "role" => role.to_owned(),
        _ => "yes".to_owned(),
    });
    let action = format!("{}/role", path(&user.id));
    let (frame, back) = frame(staff, user, "Change the role");
    Sheet::new(frame, action, entries, &form, "Change the role", back)
        .saying(format!(
            "{}, who is {}, becomes {}.",
            user.email,
            article(&user.role),
            article(role)
        ))
        .saying(
            "All of their sessions end: they sign in again, with the rights that they have then.",
        )
        .danger()
        .show(storefront, false)
        .await
}

fn article(role: &str) -> String {
    match role {
        "admin" => "an admin".to_owned(),
        other => format!("a {other}"),
    }
}

/// `GET /office/users/{user}/end-sessions`
pub(crate) async fn ask_to_end_sessions(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let user = find(&storefront, &staff, &id).await?;
    show_end(&storefront, &staff, &user, &Form::empty(&[])).await
}

/// `POST /office/users/{user}/end-sessions`
pub(crate) async fn end_sessions(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let user = find(&storefront, &staff, &id).await?;
    let api = format!("/api/users/{}/end-sessions", user.id);
    let identity = &storefront.office().identity;
    match identity
        .change::<Value>(&staff.visit, Method::POST, &api, &json!({}))
        .await
    {
        Ok(_) => {
            staff.visit.say(Flash::OFFICE_SESSIONS);
            Ok(see_other(&path(&user.id)))
        }
        Err(error) => {
            let mut form = Form::empty(&[]);
            refused(&mut form, error)?;
            show_end(&storefront, &staff, &user, &form).await
        }
    }
}

async fn show_end(
    storefront: &Storefront,
    staff: &Staff,
    user: &User,
    form: &Form,
) -> Result<Response, Failure> {
    let action = format!("{}/end-sessions", path(&user.id));
    let (frame, back) = frame(staff, user, "End all sessions");
    let whose = if is_oneself(staff, user) {
        " This one ends too: you sign in again."
    } else {
        ""
    };
    Sheet::new(frame, action, Vec::new(), form, "End all sessions", back)
        .saying(format!(
            "{} is logged out on every device, within a second.{whose}",
            user.email
        ))
        .danger()
        .show(storefront, form.is_refused())
        .await
}

fn frame(staff: &Staff, user: &User, heading: &str) -> (Frame, Link) {
    let own = path(&user.id);
    let trail = vec![Link::new("Users", PATH), Link::new(&user.email, &own)];
    let back = Link::new("Back without a change", &own);
    (Frame::new(staff, PATH, trail, heading), back)
}
