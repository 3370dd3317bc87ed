//! The catalogue as the storefront sees it: four questions over HTTP, each with a deadline and an answer that can be
//! "not now".

mod answers;
mod departments;

use axum::http::StatusCode;
use chassis::correlation;
use serde::de::DeserializeOwned;

use answers::Problem;
pub(crate) use answers::{
    Attribute, Category, CategoryCount, Facet, FacetValue, FieldError, Image, ItemCategory, Page,
    Product, ProductCard, Variant,
};
pub(crate) use departments::Departments;

/// Why the catalogue gave no answer that can be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such product or category.
    #[error("the catalogue does not have it")]
    NotFound,
    /// A filter that it does not accept, by the name it has in the address.
    #[error("the catalogue refused {}", field_names(.0))]
    Refused(Vec<FieldError>),
    /// No connection, or no answer in time.
    #[error("the catalogue cannot be reached at {url}")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    /// It answered, but with a failure of its own.
    #[error("the catalogue answered {status} at {url}")]
    Failed { url: String, status: StatusCode },
    /// It failed a moment ago and is left alone for a moment.
    #[error("the catalogue failed a moment ago")]
    Resting,
}

fn field_names(fields: &[FieldError]) -> String {
    fields
        .iter()
        .map(|error| error.field.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A name and a value in an address.
pub(crate) type Pair = (String, String);

/// How products are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// The plain list.
    List,
    /// With the facets of everything that matches, and by words if there are any.
    Search,
}

/// Asks the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    http: reqwest::Client,
    base_url: String,
}

impl Catalog {
    /// `base_url` is where the catalogue listens, such as `http://127.0.0.1:7101`; `http` has the deadline.
    pub(crate) fn new(http: reqwest::Client, base_url: &str) -> Self {
        Self {
            http,
            base_url: base_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Products that answer the question.
    pub(crate) async fn find(&self, kind: Kind, question: &[Pair]) -> Result<Page, Error> {
        let path = match kind {
            Kind::List => "/api/products",
            Kind::Search => "/api/search",
        };
        self.get(path, question).await
    }

    /// One product, by the name it has in its address.
    pub(crate) async fn product(&self, slug: &str) -> Result<Product, Error> {
        let is_slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if slug.is_empty() || !slug.bytes().all(is_slug) {
            return Err(Error::NotFound);
        }
        self.get(&format!("/api/products/{slug}"), &[]).await
    }

    /// Every category, in the order of the navigation.
    pub(crate) async fn categories(&self) -> Result<Vec<Category>, Error> {
        self.get::<answers::Categories>("/api/categories", &[])
            .await
            .map(|answer| answer.items)
    }

    /// Whether the catalogue runs.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let url = format!("{}/livez", self.base_url);
        let unreachable = |source: reqwest::Error| Error::Unreachable {
            url: url.clone(),
            source: source.without_url(),
        };
        match self
            .http
            .get(&url)
            .send()
            .await
            .map_err(unreachable)?
            .status()
        {
            status if status.is_success() => Ok(()),
            status => Err(Error::Failed { url, status }),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[Pair]) -> Result<T, Error> {
        let url = format!("{}{path}", self.base_url);
        let unreachable = |source: reqwest::Error| Error::Unreachable {
            url: url.clone(),
            source: source.without_url(),
        };
        let answer = self
            .http
            .get(&url)
            .query(query)
            .headers(correlation::headers())
            .send()
            .await
            .map_err(unreachable)?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(unreachable),
            StatusCode::NOT_FOUND => Err(Error::NotFound),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Err(Error::Refused(
                answer.json::<Problem>().await.map_err(unreachable)?.errors,
            )),
            status => Err(Error::Failed { url, status }),
        }
    }
}
