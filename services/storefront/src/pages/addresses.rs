//! `/account/addresses`: the address book, and the pages on which an entry is added, changed and removed.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;
use serde_json::json;

use super::failure::Failure;
use crate::{
    Storefront, address,
    flash::Flash,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::{Error, identity::Address},
    session::see_other,
    visit::{Member, Visit},
};

const FIELDS: [Input; 8] = {
    let [recipient, street, city, state, zip_code, country] = address::FIELDS;
    let label = Input::new("label", "What you call it");
    let default = Input::new("default", "Usual address");
    [
        label, recipient, street, city, state, zip_code, country, default,
    ]
};

#[derive(Debug, Serialize)]
struct AddressesPage {
    crumbs: Vec<Link>,
    addresses: Vec<Entry>,
    form: FormView,
    countries: Vec<address::Choice>,
    is_adding: bool,
}

#[derive(Debug, Serialize)]
struct Entry {
    label: String,
    lines: Vec<String>,
    is_default: bool,
    url: String,
    remove_url: String,
}

#[derive(Debug, Serialize)]
struct AddressPage {
    crumbs: Vec<Link>,
    entry: Entry,
    form: FormView,
    countries: Vec<address::Choice>,
}

impl From<&Address> for Entry {
    fn from(entry: &Address) -> Self {
        let url = format!("{}/{}", links::ADDRESSES, entry.id);
        Self {
            label: entry.label.clone(),
            lines: address::lines(&address::chosen(entry)),
            is_default: entry.default,
            remove_url: format!("{url}/remove"),
            url,
        }
    }
}

/// `GET /account/addresses`
pub(crate) async fn addresses(
    State(storefront): State<Storefront>,
    Member(visit): Member,
) -> Result<Response, Failure> {
    list(&storefront, &visit, StatusCode::OK, &Form::empty(&FIELDS)).await
}

/// `POST /account/addresses`
pub(crate) async fn add(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = checked(&typed);
    if !form.is_refused() {
        let mut entry = address::entry(&form);
        entry["default"] = json!(form.is_ticked("default"));
        let identity = &storefront.services().identity;
        if is_done(identity.add_address(&visit, &entry).await, &mut form)? {
            visit.say(Flash::ADDRESS);
            return Ok(see_other(links::ADDRESSES));
        }
    }
    list(&storefront, &visit, StatusCode::UNPROCESSABLE_ENTITY, &form).await
}

/// `GET /account/addresses/{address}`
pub(crate) async fn address(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let entry = find(&storefront, &visit, &id).await?;
    let form = filled(&entry);
    show(&storefront, StatusCode::OK, "address.html", &entry, &form).await
}

/// `POST /account/addresses/{address}`
pub(crate) async fn change(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
    typed: Typed,
) -> Result<Response, Failure> {
    let entry = find(&storefront, &visit, &id).await?;
    let mut form = checked(&typed);
    if !form.is_refused() {
        let mut change = address::entry(&form);
        if form.is_ticked("default") {
            change["default"] = json!(true);
        }
        let identity = &storefront.services().identity;
        let changed = identity.change_address(&visit, &entry.id, &change).await;
        if is_done(changed, &mut form)? {
            visit.say(Flash::ADDRESS);
            return Ok(see_other(links::ADDRESSES));
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    show(&storefront, status, "address.html", &entry, &form).await
}

/// `GET /account/addresses/{address}/remove`: says what would be removed.
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let entry = find(&storefront, &visit, &id).await?;
    let form = Form::empty(&FIELDS);
    show(
        &storefront,
        StatusCode::OK,
        "address_remove.html",
        &entry,
        &form,
    )
    .await
}

/// `POST /account/addresses/{address}/remove`
pub(crate) async fn remove(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let entry = find(&storefront, &visit, &id).await?;
    let removed = storefront
        .services()
        .identity
        .remove_address(&visit, &entry.id)
        .await;
    match removed {
        // Somebody was faster, and wanted the same.
        Ok(()) | Err(Error::NotFound(_)) => visit.say(Flash::ADDRESS_REMOVED),
        Err(error) => return Err(error.into()),
    }
    Ok(see_other(links::ADDRESSES))
}

async fn find(storefront: &Storefront, visit: &Visit, id: &str) -> Result<Address, Failure> {
    let book = storefront.services().identity.addresses(visit).await?;
    book.into_iter()
        .find(|entry| entry.id == id)
        .ok_or(Failure::NO_SUCH_ADDRESS)
}

fn checked(typed: &Typed) -> Form {
    let mut form = Form::read(&FIELDS, typed);
    form.limit("label", 60);
    address::check(&mut form);
    form
}

/// Whether identity did it; what it refused is in the form then.
fn is_done(outcome: Result<(), Error>, form: &mut Form) -> Result<bool, Failure> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Error::Refused { problem, .. }) => {
            form.refuse_by(&problem);
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn filled(entry: &Address) -> Form {
    Form::filled(&FIELDS, |name| match name {
        "label" => entry.label.clone(),
        "recipient" => entry.recipient.clone(),
        "street" => entry.street.clone(),
        "city" => entry.city.clone(),
        "state" => entry.state.clone(),
        "zipCode" => entry.zip_code.clone(),
        "country" => entry.country.clone(),
        _ if entry.default => "yes".to_owned(),
        _ => String::new(),
    })
}

fn crumbs(here: &str) -> Vec<Link> {
    let account = Link::new("Your account", links::ACCOUNT);
    match here {
        "" => vec![Link::home(), account, Link::here("Addresses")],
        here => vec![
            Link::home(),
            account,
            Link::new("Addresses", links::ADDRESSES),
            Link::here(here),
        ],
    }
}

async fn list(
    storefront: &Storefront,
    visit: &Visit,
    status: StatusCode,
    form: &Form,
) -> Result<Response, Failure> {
    let book = storefront.services().identity.addresses(visit).await?;
    let view = AddressesPage {
        crumbs: crumbs(""),
        is_adding: form.is_refused() || book.is_empty(),
        addresses: book.iter().map(Entry::from).collect(),
        form: form.view(),
        countries: address::countries(form.text("country")),
    };
    let head = Head::own("Your addresses", links::ADDRESSES);
    storefront
        .refused_page(status, "addresses.html", head, view)
        .await
}

async fn show(
    storefront: &Storefront,
    status: StatusCode,
    template: &str,
    entry: &Address,
    form: &Form,
) -> Result<Response, Failure> {
    let view = AddressPage {
        crumbs: crumbs(if template == "address.html" {
            "Change"
        } else {
            "Remove"
        }),
        entry: Entry::from(entry),
        form: form.view(),
        countries: address::countries(form.text("country")),
    };
    let head = Head::own("An address", links::ADDRESSES);
    storefront.refused_page(status, template, head, view).await
}
