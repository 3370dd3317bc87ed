//! `GET /office/users/{user}`: an account, and what can be done with it.

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    answers::User,
    details::DetailsPage,
    outcome::fail,
    parts::{Cell, Frame},
    staff::{Admin, Staff},
    users::{self, PATH, path},
};
use crate::{Storefront, links::Link, pages::failure::Failure};

pub(super) async fn find(
    storefront: &Storefront,
    staff: &Staff,
    id: &str,
) -> Result<User, Failure> {
    let id: contracts::UserId = id
        .parse()
        .map_err(|_| Failure::NotFound("There is no such account."))?;
    let identity = &storefront.office().identity;
    let api = format!("/api/users/{id}");
    identity.get(&staff.visit, &api).await.map_err(fail)
}

/// Whether it is the account of whoever works here.
pub(super) fn is_oneself(staff: &Staff, user: &User) -> bool {
    staff.account.user.to_string() == user.id
}

/// `GET /office/users/{user}`
pub(crate) async fn user(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let user = find(&storefront, &staff, &id).await?;
    let trail = vec![Link::new("Users", PATH)];
    let own = path(&user.id);
    let is_self = is_oneself(&staff, &user);
    let mut page = DetailsPage::new(Frame::new(&staff, PATH, trail, &user.email), &own)
        .fact("Name", Cell::text(user.name()))
        .fact("Role", users::role(&user.role))
        .fact("May also", Cell::or_dash(Some(user.permissions.join(", "))))
        .fact("Since", Cell::time(user.created_at))
        .fact("Id", Cell::text(&user.id))
        .action(!is_self, "Change the role", format!("{own}/role"))
        .action(
            true,
            "What they changed",
            format!("/office/audit?service=catalog&actor={}", user.id),
        )
        .action(
            true,
            "Who changed their rights",
            format!("/office/audit?service=identity&subject={}", user.id),
        )
        .danger(true, "End all sessions", format!("{own}/end-sessions"));
    if is_self {
        page = page.message("This is you. Nobody takes their own role away: another admin has to.");
    }
    page.show(&storefront).await
}
