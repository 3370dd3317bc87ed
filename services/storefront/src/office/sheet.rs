//! A form of the back office: its fields in their order, what was typed, and, where something is destroyed, what that is.

use axum::{http::StatusCode, response::Response};
use serde::Serialize;

use super::parts::{Choice, Frame};
use crate::{
    Storefront,
    form::{Form, FormView, Input},
    links::Link,
    pages::failure::Failure,
    render::Head,
};

/// How a field is filled in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(super) enum Way {
    Line {
        most: u16,
    },
    Text {
        most: u16,
    },
    /// A decimal amount.
    Amount,
    /// A whole number, perhaps with a sign.
    Number,
    Choice {
        choices: Vec<Choice>,
    },
    File {
        accept: &'static str,
    },
    /// Nobody sees it.
    Hidden,
}

/// A field of the form, in addition to what `Form` knows of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    is_required: bool,
    #[serde(flatten)]
    way: Way,
}

impl Entry {
    pub(super) fn new(name: &'static str, label: &'static str, way: Way) -> Self {
        Self {
            name,
            label,
            hint: "",
            is_required: true,
            way,
        }
    }

    /// It may stay empty.
    pub(super) fn optional(mut self) -> Self {
        self.is_required = false;
        self
    }

    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// Its name, if it must be filled in.
    pub(super) fn required_name(&self) -> Option<&'static str> {
        (self.is_required && !matches!(self.way, Way::Hidden)).then_some(self.name)
    }

    fn input(&self) -> Input {
        Input::new(self.name, self.label)
    }
}

/// What `Form` is made of.
pub(super) fn inputs(entries: &[Entry]) -> Vec<Input> {
    entries.iter().map(Entry::input).collect()
}

/// A form as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    frame: Frame,
    /// Where it is sent.
    action: String,
    entries: Vec<Entry>,
    form: FormView,
    /// What is about to happen, sentence by sentence.
    consequences: Vec<String>,
    submit: &'static str,
    /// Whether something is destroyed.
    is_danger: bool,
    is_upload: bool,
    back: Link,
}

impl Sheet {
    pub(super) fn new(
        frame: Frame,
        action: impl Into<String>,
        entries: Vec<Entry>,
        form: &Form,
        submit: &'static str,
        back: Link,
    ) -> Self {
        let is_upload = entries
            .iter()
            .any(|entry| matches!(entry.way, Way::File { .. }));
        Self {
            frame,
            action: action.into(),
            entries,
            form: form.view(),
            consequences: Vec::new(),
            submit,
            is_danger: false,
            is_upload,
            back,
        }
    }

    /// Says what is about to happen.
    pub(super) fn saying(mut self, consequence: impl Into<String>) -> Self {
        self.consequences.push(consequence.into());
        self
    }

    /// Marks it as something that destroys.
    pub(super) fn danger(mut self) -> Self {
        self.is_danger = true;
        self
    }

    /// Shows it: again with 422 where something is not right.
    pub(super) async fn show(
        self,
        storefront: &Storefront,
        is_refused: bool,
    ) -> Result<Response, Failure> {
        let head = Head::own(self.frame.heading(), &self.action);
        let status = if is_refused {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        storefront
            .refused_page(status, "office/sheet.html", head, self)
            .await
    }
}
