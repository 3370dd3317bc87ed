//! One thing with all that is known of it: facts, tables, and what can be done.

use axum::response::Response;
use serde::Serialize;

use super::parts::{Cell, Frame, Table};
use crate::{Storefront, links::Link, pages::failure::Failure, render::Head, views::Picture};

/// A label and what stands behind it.
#[derive(Debug, Clone, Serialize)]
struct Fact {
    label: &'static str,
    value: Cell,
}

/// A table under a heading of its own.
#[derive(Debug, Clone, Serialize)]
struct Section {
    id: String,
    heading: &'static str,
    table: Table,
    next_url: Option<String>,
}

/// Something that happens when its button is pressed, and that nobody can regret.
#[derive(Debug, Clone, Serialize)]
struct Button {
    name: &'static str,
    action: String,
}

/// Everything that a page about one thing shows.
#[derive(Debug, Serialize)]
pub(super) struct DetailsPage {
    frame: Frame,
    path: String,
    facts: Vec<Fact>,
    pictures: Vec<Picture>,
    sections: Vec<Section>,
    messages: Vec<String>,
    actions: Vec<Link>,
    /// Those that destroy something; each leads to a page that says what.
    dangers: Vec<Link>,
    buttons: Vec<Button>,
}

impl DetailsPage {
    pub(super) fn new(frame: Frame, path: impl Into<String>) -> Self {
        Self {
            frame,
            path: path.into(),
            facts: Vec::new(),
            pictures: Vec::new(),
            sections: Vec::new(),
            messages: Vec::new(),
            actions: Vec::new(),
            dangers: Vec::new(),
            buttons: Vec::new(),
        }
    }

    pub(super) fn fact(mut self, label: &'static str, value: Cell) -> Self {
        self.facts.push(Fact { label, value });
        self
    }

    /// The fact, if there is one.
    pub(super) fn maybe(self, label: &'static str, value: Option<String>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.fact(label, Cell::text(value)),
            None => self,
        }
    }

    pub(super) fn pictures(mut self, pictures: Vec<Picture>) -> Self {
        self.pictures = pictures;
        self
    }

    pub(super) fn section(self, heading: &'static str, table: Table) -> Self {
        self.paged_section(heading, table, None)
    }

    pub(super) fn paged_section(
        mut self,
        heading: &'static str,
        table: Table,
        next_url: Option<String>,
    ) -> Self {
        let id = format!("section-{}", self.sections.len() + 1);
        self.sections.push(Section {
            id,
            heading,
            table,
            next_url,
        });
        self
    }

    pub(super) fn message(mut self, text: impl Into<String>) -> Self {
        self.messages.push(text.into());
        self
    }

    /// The link, if it is of use now.
    pub(super) fn action(mut self, is_useful: impl Into<bool>, name: &str, url: String) -> Self {
        if is_useful.into() {
            self.actions.push(Link::new(name, url));
        }
        self
    }

    /// The same for what destroys something.
    pub(super) fn danger(mut self, is_useful: impl Into<bool>, name: &str, url: String) -> Self {
        if is_useful.into() {
            self.dangers.push(Link::new(name, url));
        }
        self
    }

    pub(super) fn button(mut self, name: &'static str, action: String) -> Self {
        self.buttons.push(Button { name, action });
        self
    }

    pub(super) async fn show(self, storefront: &Storefront) -> Result<Response, Failure> {
        let head = Head::own(self.frame.heading(), &self.path);
        storefront.own_page("office/details.html", head, self).await
    }
}
