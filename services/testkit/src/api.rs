//! What a service's own description of its API promises, tried out on the running service: that it is complete
//! ([`documents`]), that each operation is open to whom it says ([`matrix`]), and that wrong input is the client's fault
//! ([`fuzz`]).
//!
//! A test binary gives a [`Subject`]: the service with things in it, and for each operation a request that works.

mod attempts;
pub mod documents;
pub mod fuzz;
pub mod matrix;
mod mutation;
mod schema;

use std::{fmt::Display, future::Future};

use http::{HeaderName, HeaderValue, Method, header};
use serde_json::Value;

use crate::{Answer, Client};

pub use documents::Promises;

/// Who calls. Things belong to `Customer` or to `Vendor`; the others have nothing to do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Anonymous,
    OtherCustomer,
    OtherVendor,
    Customer,
    Vendor,
    Admin,
}

impl Actor {
    /// Strangers first: what they could not do is there for whoever may.
    pub const ALL: [Self; 6] = [
        Self::Anonymous,
        Self::OtherCustomer,
        Self::OtherVendor,
        Self::Customer,
        Self::Vendor,
        Self::Admin,
    ];

    fn role(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Customer | Self::OtherCustomer => "customer",
            Self::Vendor | Self::OtherVendor => "vendor",
            Self::Admin => "admin",
        }
    }
}

/// A service under test, with things that belong to [`Actor::Customer`] and [`Actor::Vendor`].
pub trait Subject {
    /// The service, as this actor.
    fn client(&self, actor: Actor) -> Client;

    /// A request to this operation that is answered well when whoever may make it does. It panics for an operation that it
    /// does not know: somebody has to say how it is called.
    fn call(&self, operation: &str, actor: Actor) -> impl Future<Output = Call>;

    /// Everything that must be as it was after a request that was refused.
    fn stored(&self) -> impl Future<Output = Value> {
        std::future::ready(Value::Null)
    }
}

/// A request to an operation.
#[derive(Debug, Clone)]
pub struct Call {
    parameters: Vec<(String, String)>,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    owner: Actor,
    answers: Option<u16>,
    is_used_up: bool,
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Json(Value),
    Raw(Option<HeaderValue>, Vec<u8>),
}

impl Default for Call {
    fn default() -> Self {
        Self {
            parameters: Vec::new(),
            query: String::new(),
            headers: Vec::new(),
            body: Body::None,
            owner: Actor::Customer,
            answers: None,
            is_used_up: false,
        }
    }
}

impl Call {
    /// Without parameters and body.
    pub fn plain() -> Self {
        Self::default()
    }

    /// A parameter of the path.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &(impl Display + ?Sized)) -> Self {
        self.parameters
            .push((parameter.to_owned(), value.to_string()));
        self
    }

    /// A header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// A body of another type.
    #[must_use]
    pub fn bytes(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Body::Raw(Some(HeaderValue::from_static(content_type)), body);
        self
    }

    /// Whose the thing is that is asked for; the customer's unless said.
    #[must_use]
    pub fn owned_by(mut self, owner: Actor) -> Self {
        self.owner = owner;
        self
    }

    /// The status that it is answered with where no 2xx can be had by a plain request.
    #[must_use]
    pub fn answered(mut self, status: u16) -> Self {
        self.answers = Some(status);
        self
    }

    /// A success uses up what it is about, down to the caller's session: for another one the subject is asked again.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.is_used_up = true;
        self
    }

    fn is_good(&self, answer: &Answer) -> bool {
        match self.answers {
            Some(status) => answer.status == status,
            None => answer.status.is_success(),
        }
    }

    async fn send(&self, client: &Client, operation: &Operation) -> Answer {
        let mut path = operation.path.clone();
        for (name, value) in &self.parameters {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        assert!(!path.contains('{'), "{path}: a parameter has no value");
        if !self.query.is_empty() {
            path = format!("{path}?{}", self.query);
        }
        let complete = |mut request: reqwest::RequestBuilder| {
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            match &self.body {
                Body::None => request,
                Body::Json(body) => request.json(body),
                Body::Raw(content_type, body) => {
                    if let Some(content_type) = content_type {
                        request = request.header(header::CONTENT_TYPE, content_type);
                    }
                    request.body(body.clone())
                }
            }
        };
        client.send(operation.method.clone(), &path, complete).await
    }
}

/// An OpenAPI document.
#[derive(Debug)]
struct Document(Value);

/// One operation of it.
#[derive(Debug)]
struct Operation {
    id: String,
    method: Method,
    path: String,
    definition: Value,
}

impl Document {
    async fn of(client: &Client) -> Self {
        Self(client.get("/openapi.json").await.expect(200).json())
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, definition) in methods.as_object().unwrap() {
                operations.push(Operation {
                    id: definition["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    definition: definition.clone(),
                });
            }
        }
        assert!(!operations.is_empty(), "the document has no operation");
        operations
    }
}

impl Operation {
    /// Who may call it.
    fn roles(&self) -> Vec<&str> {
        let stated = self.definition["x-roles"].as_array();
        let stated = stated.unwrap_or_else(|| {
            panic!(
                "{} {} does not say who may call it: state `x-roles`",
                self.method, self.path
            )
        });
        stated.iter().map(|role| role.as_str().unwrap()).collect()
    }

    fn admits(&self, actor: Actor, call: &Call) -> bool {
        self.roles().into_iter().any(|role| match role {
            "owner" => actor == call.owner,
            "seller" => actor == Actor::Vendor,
            role => role == actor.role(),
        })
    }

    fn documents(&self, status: u16) -> bool {
        !self.definition["responses"][status.to_string()].is_null()
    }

    /// Its parameters in `path`, `query` or `header`.
    fn parameters<'o>(&'o self, place: &'o str) -> impl Iterator<Item = &'o Value> + use<'o> {
        let all = self.definition["parameters"].as_array();
        all.into_iter()
            .flatten()
            .filter(move |parameter| parameter["in"] == place)
    }
}
