#![doc = include_str!("../README.md")]

mod config;
mod http;

mod alternatives;
mod listing;
mod office;
mod pages;
mod render;
mod views;

mod filters;
mod flags;
mod links;
mod price;

mod api;
pub mod assets;
mod catalog;
mod health;

mod security;

mod address;
mod flash;
mod form;
mod services;
mod session;
mod visit;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::Response,
};
use chassis::{
    Process, RateLimiter,
    health::{Need, Readiness},
    metrics::HttpMetrics,
    server,
};
use serde::Serialize;

use assets::Assets;
use catalog::{Catalog, Category, Departments};
use health::{Health, Plan};
use office::Desk;
use pages::failure::Failure;
use render::{Head, Renderer};
use services::Services;

pub use config::{Arguments, Command, Config};

/// The name of the package, the binary and the component.
pub const SERVICE: &str = "storefront";

/// How long a shopper waits for the catalogue before being told that it does not answer.
const CATALOG_DEADLINE: Duration = Duration::from_secs(2);

/// Routes whose series exist from the start.
const ROUTES: [&str; 14] = [
    "/",
    "/categories/{slug}",
    "/search",
    "/products/{slug}",
    "/about",
    "/cart",
    "/checkout",
    "/orders",
    "/orders/{order}",
    "/account",
    "/assets/{name}",
    "/health",
    "/openapi.json",
    "/docs",
];

/// What every page is made with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Storefront(Arc<Parts>);

struct Parts {
    catalog: Catalog,
    departments: Departments,
    services: Services,
    office: Desk,
    assets: Arc<Assets>,
    renderer: Renderer,
    health: Health,
    public_url: String,
}

impl Storefront {
    fn new(config: &Config) -> anyhow::Result<Self> {
        let plan = Plan::load(&config.health_file)?;
        let health = Health::new(plan)?;
        let assets = Arc::new(Assets::embedded());
        let catalog = Catalog::new(
            chassis::http_client::new(CATALOG_DEADLINE),
            config.catalog_url.as_str(),
        );
        Ok(Self(Arc::new(Parts {
            departments: Departments::new(catalog.clone()),
            catalog,
            services: Services::new(config),
            office: Desk::new(config),
            renderer: Renderer::new(Arc::clone(&assets))?,
            assets,
            health,
            public_url: config.public_url.as_str().trim_end_matches('/').to_owned(),
        })))
    }

    fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    fn departments(&self) -> &Departments {
        &self.0.departments
    }

    fn services(&self) -> &Services {
        &self.0.services
    }

    /// The services as the back office asks them.
    fn office(&self) -> &Desk {
        &self.0.office
    }

    fn assets(&self) -> &Assets {
        &self.0.assets
    }

    fn health(&self) -> &Health {
        &self.0.health
    }

    /// The full address of the page at `path`.
    fn public_url(&self, path: &str) -> String {
        format!("{}{path}", self.0.public_url)
    }

    /// A page made of a template, its frame and its own view.
    fn page(
        &self,
        template: &str,
        head: &Head,
        departments: &[Category],
        view: impl Serialize,
    ) -> Result<Response, minijinja::Error> {
        self.0.renderer.page(template, head, departments, view)
    }

    /// A page that is one visitor's affair: nobody keeps it, so that going back shows what is true then.
    async fn own_page(
        &self,
        template: &str,
        head: Head,
        view: impl Serialize,
    ) -> Result<Response, Failure> {
        let departments = self.departments().current().await.unwrap_or_default();
        let mut page = self.page(template, &head, &departments, view)?;
        let no_store = HeaderValue::from_static("no-store");
        page.headers_mut().insert(header::CACHE_CONTROL, no_store);
        Ok(page)
    }

    /// The same for a form that is shown again because something in it is not right.
    async fn refused_page(
        &self,
        status: StatusCode,
        template: &str,
        head: Head,
        view: impl Serialize,
    ) -> Result<Response, Failure> {
        let mut page = self.own_page(template, head, view).await?;
        *page.status_mut() = status;
        Ok(page)
    }
}

/// Everything that the storefront answers, ready to be served. Fails on a configuration that cannot work.
pub fn router(config: &Config, process: &Process) -> anyhow::Result<Router> {
    let storefront = Storefront::new(config)?;
    let http = HttpMetrics::new(&process.metrics);
    for route in ROUTES {
        http.expect("GET", route, "200");
    }
    let readiness = readiness(&storefront, process);
    let limiter = RateLimiter::new(&config.limits, &process.metrics);
    let routes = server::router(http::routes(storefront, limiter), process, readiness, http);
    Ok(routes.layer(middleware::from_fn(security::add_policy)))
}

/// Listens and serves until the process is asked to end.
pub async fn serve(config: Config, process: Process) -> anyhow::Result<()> {
    let router = router(&config, &process)?;
    let listener = server::bind(config.listen).await?;
    server::serve(listener, router, &process).await
}

/// Without the others the storefront still explains itself, so it stays in service.
fn readiness(storefront: &Storefront, process: &Process) -> Readiness {
    let catalog = storefront.catalog().clone();
    let readiness = Readiness::new(process.shutdown.clone());
    let readiness = readiness.check("catalog", Need::Optional, move || {
        let catalog = catalog.clone();
        async move { Ok(catalog.ping().await?) }
    });
    let services = storefront.services().all().into_iter();
    services.fold(readiness, |readiness, (name, service)| {
        readiness.check(name, Need::Optional, move || {
            let service = service.clone();
            async move { service.ping().await }
        })
    })
}
