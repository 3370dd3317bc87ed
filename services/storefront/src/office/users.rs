//! `GET /office/users`: every account.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};

use super::{
    answers::User,
    list::{ListPage, Listed},
    parts::{Cell, FilterField, Frame, Table, Tone, choices},
    query::Query,
    staff::Admin,
};
use crate::{Storefront, pages::failure::Failure};

pub(super) const PATH: &str = "/office/users";

/// What an account can be, and in words.
pub(super) const ROLES: [(&str, &str); 3] = [
    ("customer", "Customer"),
    ("vendor", "Vendor"),
    ("admin", "Admin"),
];

/// `GET /office/users`
pub(crate) async fn users(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), &["email", "role", "sort", "after"]);
    let identity = &storefront.office().identity;
    let listed = Listed::ask(identity, &staff, "/api/users?limit=25", &query).await?;
    let frame = Frame::new(&staff, PATH, Vec::new(), "Users");
    let table = Table::new(
        "Accounts",
        &["E-mail", "Name", "Role", "Since"],
        "No account matches.",
    );
    let mut roles = choices(&ROLES);
    roles.insert(0, super::parts::Choice::new("", "Every role"));
    ListPage::new(
        frame,
        PATH,
        &query,
        &listed,
        table.with(listed.items.iter().map(row)),
    )
    .filters(vec![
        FilterField::typed(&query, "email", "E-mail contains"),
        FilterField::chosen(&query, "role", "Role", roles),
        FilterField::chosen(
            &query,
            "sort",
            "Order",
            choices(&[("", "Newest first"), ("email", "By e-mail")]),
        ),
    ])
    .show(&storefront)
    .await
}

fn row(user: &User) -> Vec<Cell> {
    vec![
        Cell::link(&user.email, path(&user.id)),
        Cell::text(user.name()),
        role(&user.role),
        Cell::time(user.created_at),
    ]
}

/// A role as a badge.
pub(super) fn role(role: &str) -> Cell {
    match role {
        "admin" => Cell::badge("Admin", Tone::Busy),
        "vendor" => Cell::badge("Vendor", Tone::Good),
        _ => Cell::badge("Customer", Tone::Plain),
    }
}

/// The page of an account.
pub(super) fn path(user: &str) -> String {
    format!("{PATH}/{user}")
}
