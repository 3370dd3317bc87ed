//! `GET /about`: what the name means, what these pages do with data, and how to read the flags.

use axum::{extract::State, response::Response};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    flags::{ALPHABET, Flag},
    links::{self, Link},
    render::Head,
};

#[derive(Debug, Serialize)]
struct About {
    crumbs: Vec<Link>,
    alphabet: [Flag; 26],
}

/// `GET /about`
pub(crate) async fn about(State(storefront): State<Storefront>) -> Result<Response, Failure> {
    let departments = storefront.departments().current().await.unwrap_or_default();
    let head = Head {
        title: "About · Argosy".to_owned(),
        description:
            "What Argosy is called after, how it treats your data, and how to read its flags."
                .to_owned(),
        path: links::ABOUT.to_owned(),
        search_text: String::new(),
        canonical_url: Some(storefront.public_url(links::ABOUT)),
    };
    let view = About {
        crumbs: vec![Link::home(), Link::here("About")],
        alphabet: ALPHABET,
    };
    Ok(storefront.page("about.html", &head, &departments, view)?)
}
