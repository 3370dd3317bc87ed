//! A form as it was typed: read from a request's body, refused field by field, and shown again with everything still in it.
//!
//! Reading never fails: what is missing is empty, what is too long is cut, and what no field asks for is left out. What was
//! typed into a secret field never comes back in a page.

use axum::{
    Form as UrlEncoded,
    extract::{FromRequest, Request},
};
use serde::Serialize;

use crate::{
    pages::failure::Failure,
    services::{FieldError, Problem},
};

/// Longer than anything that a field of ours takes; what is longer still says so when it is checked.
const LONGEST_VALUE: usize = 10_000;

/// A field that a form has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    name: &'static str,
    label: &'static str,
    is_secret: bool,
}

impl Input {
    /// A field whose text comes back when the form is shown again.
    pub(crate) const fn new(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            is_secret: false,
        }
    }

    /// A field for a password or a code.
    pub(crate) const fn secret(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            is_secret: true,
        }
    }
}

/// What a browser sent: names and values in their order.
pub(crate) struct Typed(pub(crate) Vec<(String, String)>);

impl Typed {
    /// The value of the first field of this name; empty without one.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// Every value of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }
}

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match UrlEncoded::<Vec<(String, String)>>::from_request(request, state).await {
            Ok(UrlEncoded(pairs)) => Ok(Self(pairs)),
            Err(_) => Err(Failure::NotAForm),
        }
    }
}

/// One field with what was typed and why that is refused.
#[derive(Debug, Clone, Serialize)]
struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    error: Option<String>,
}

/// A form with its fields, ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    fields: Vec<(Input, Field)>,
    /// What is wrong with the form as a whole.
    message: Option<String>,
}

impl Form {
    /// With nothing in it.
    pub(crate) fn empty(inputs: &[Input]) -> Self {
        Self::filled(inputs, |_| String::new())
    }

    /// With what was typed.
    pub(crate) fn read(inputs: &[Input], typed: &Typed) -> Self {
        Self::filled(inputs, |name| typed.text(name).to_owned())
    }

    /// With what `value` says for each field's name.
    pub(crate) fn filled(inputs: &[Input], value: impl Fn(&str) -> String) -> Self {
        let field = |input: &Input| Field {
            name: input.name,
            label: input.label,
            value: bounded(value(input.name)),
            error: None,
        };
        Self {
            fields: inputs.iter().map(|input| (*input, field(input))).collect(),
            message: None,
        }
    }

    /// What is in a field.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(input, _)| input.name == name)
            .map_or("", |(_, field)| &field.value)
    }

    /// The same with another value in a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        for (_, field) in self
            .fields
            .iter_mut()
            .filter(|(input, _)| input.name == name)
        {
            value.clone_into(&mut field.value);
        }
        self
    }

    /// Whether a box is ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Says what is wrong with a field: `message` goes on where its label stops, as in "must not be empty".
    pub(crate) fn refuse(&mut self, name: &str, message: &str) {
        let found = self.fields.iter_mut().find(|(input, _)| input.name == name);
        match found {
            Some((_, field)) => {
                field.error.get_or_insert_with(|| {
                    format!("{} {}.", field.label, message.trim_end_matches('.'))
                });
            }
            None => self.refuse_whole(message),
        }
    }

    /// Says what is wrong with the form as a whole, in a sentence of its own.
    pub(crate) fn refuse_whole(&mut self, message: &str) {
        self.message.get_or_insert_with(|| sentence(message));
    }

    /// Takes over what a service says about its fields; `prefix` is what it puts before our names.
    pub(crate) fn refuse_all(&mut self, errors: &[FieldError], prefix: &str) {
        for error in errors {
            let name = error.field.strip_prefix(prefix).unwrap_or(&error.field);
            self.refuse(name, &error.message);
        }
    }

    /// Takes over a service's refusal: what it says about fields, else what it says as a whole.
    pub(crate) fn refuse_by(&mut self, problem: &Problem) {
        if problem.errors.is_empty() {
            self.refuse_whole(&problem.detail);
        }
        self.refuse_all(&problem.errors, "");
    }

    /// Refuses each of these fields that is empty.
    pub(crate) fn require(&mut self, names: &[&str]) {
        for name in names {
            if self.text(name).is_empty() {
                self.refuse(name, "must not be empty");
            }
        }
    }

    /// Refuses a field with more characters than this.
    pub(crate) fn limit(&mut self, name: &str, most: usize) {
        let length = self.text(name).chars().count();
        if length > most {
            self.refuse(
                name,
                &format!("must have at most {most} characters, has {length}"),
            );
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.message.is_some() || self.fields.iter().any(|(_, field)| field.error.is_some())
    }

    /// As the templates show it.
    pub(crate) fn view(&self) -> FormView {
        let fields = self.fields.iter().map(|(input, field)| {
            let mut field = field.clone();
            if input.is_secret {
                field.value.clear();
            }
            (input.name, field)
        });
        let refused = self.fields.iter().filter_map(|(input, field)| {
            Some(Refused {
                href: format!("#{}", input.name),
                text: field.error.clone()?,
            })
        });
        FormView {
            fields: fields.collect(),
            refused: refused.collect(),
            message: self.message.clone(),
        }
    }
}

/// A form as the templates show it: `form.fields.email.value`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FormView {
    fields: std::collections::BTreeMap<&'static str, Field>,
    /// Each refused field, for the summary that leads to them.
    refused: Vec<Refused>,
    message: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Refused {
    href: String,
    text: String,
}

fn bounded(text: String) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(['.'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &[Input] = &[
        Input::new("email", "E-mail address"),
        Input::secret("password", "Password"),
    ];

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Typed(pairs.collect())
    }

    #[test]
    fn what_was_typed_is_kept_and_a_secret_is_not_shown() {
        let mut form = Form::read(
            LOGIN,
            &typed(&[("email", " a@b.c "), ("password", "s3cret"), ("extra", "x")]),
        );
        form.refuse("email", "is already in use");
        let view = serde_json::to_value(form.view()).unwrap();
        assert_eq!(view["fields"]["email"]["value"], "a@b.c");
        assert_eq!(view["fields"]["password"]["value"], "");
        assert_eq!(form.text("password"), "s3cret");
        assert_eq!(
            view["refused"],
            serde_json::json!([{"href": "#email", "text": "E-mail address is already in use."}])
        );
    }

    #[test]
    fn a_field_that_the_form_does_not_have_is_about_the_whole() {
        let mut form = Form::empty(LOGIN);
        let error = FieldError {
            field: "body.shoe".to_owned(),
            message: "does not fit".to_owned(),
        };
        form.refuse_all(&[error], "body.");
        assert!(form.is_refused());
        let view = serde_json::to_value(form.view()).unwrap();
        assert_eq!(view["message"], "Does not fit.");
    }

    #[test]
    fn what_is_empty_or_too_long_is_refused_once() {
        let mut form = Form::read(LOGIN, &typed(&[("password", &"é".repeat(20_000))]));
        form.require(&["email", "password"]);
        form.limit("password", 128);
        form.refuse("email", "is something else too");
        let view = serde_json::to_value(form.view()).unwrap();
        assert_eq!(
            view["refused"][0]["text"],
            "E-mail address must not be empty."
        );
        assert!(
            view["refused"][1]["text"]
                .as_str()
                .unwrap()
                .contains("at most 128")
        );
    }
}
