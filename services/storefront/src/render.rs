//! Templates into pages: the environment of minijinja, and what every page has around its own content.

use std::{fmt, sync::Arc};

use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use minijinja::{
    AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value, context,
    escape_formatter,
    value::{Serde, merge_maps},
};
use serde::Serialize;

use crate::{
    assets::Assets,
    catalog::Category,
    flash::{Flash, FlashView},
    links,
    views::things_counted,
    visit::Visit,
};

/// Name and text of each template, compiled in.
macro_rules! templates {
    ($($name:literal)+) => { [$(($name, include_str!(concat!("../templates/", $name)))),+] };
}

/// The shop's own.
const TEMPLATES: &[(&str, &str)] = &templates![
    "layout.html" "parts.html" "forms.html" "home.html" "category.html" "search.html" "product.html" "about.html"
    "error.html" "cart.html" "login.html" "register.html" "forgotten_password.html" "reset_password.html" "checkout.html"
    "orders.html" "order.html" "account.html" "addresses.html" "address.html" "address_remove.html" "contact.html"
];

/// The back office's.
const OFFICE_TEMPLATES: &[(&str, &str)] = &templates![
    "office/parts.html" "office/list.html" "office/details.html" "office/sheet.html"
];

/// What the frame of a page says about it.
#[derive(Debug, Serialize)]
pub(crate) struct Head {
    pub title: String,
    pub description: String,
    /// For marking where one is in the navigation.
    pub path: String,
    /// What stands in the search field.
    pub search_text: String,
    /// The one address under which search engines should know the page; without one they should not.
    pub canonical_url: Option<String>,
}

impl Head {
    /// Of a page that is one visitor's affair.
    pub(crate) fn own(title: &str, path: &str) -> Self {
        Self {
            title: format!("{title} · Argosy"),
            description: format!("{title} at Argosy."),
            path: path.to_owned(),
            search_text: String::new(),
            canonical_url: None,
        }
    }
}

/// What the frame says to the visitor.
#[derive(Debug, Default, Serialize)]
struct Visitor {
    is_signed_in: bool,
    /// Whether the back office has something for them; the services decide what they may do there.
    has_office: bool,
    /// Whose live updates to open, if anybody's.
    live_user: Option<String>,
    items: u32,
    items_text: String,
    flash: Option<FlashView>,
    nonce: String,
}

impl Visitor {
    fn of(visit: &Visit) -> Self {
        let account = visit.account();
        let items = visit.items();
        Self {
            is_signed_in: visit.is_signed_in(),
            has_office: account
                .as_ref()
                .is_some_and(|account| matches!(account.role.as_str(), "vendor" | "admin")),
            live_user: account.map(|account| account.user.to_string()),
            items,
            items_text: things_counted(items),
            flash: visit.take_flash().map(Flash::view),
            nonce: visit.nonce().to_owned(),
        }
    }
}

/// Fills templates in.
#[derive(Debug)]
pub(crate) struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    /// Compiles every template, so that a mistake in one shows at start and not on a page.
    pub(crate) fn new(assets: Arc<Assets>) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(write_value);
        let none = |name: &str| {
            minijinja::Error::new(
                ErrorKind::InvalidOperation,
                format!("there is no asset {name}"),
            )
        };
        let named = Arc::clone(&assets);
        environment.add_function("asset", move |name: &str| {
            named.url(name).ok_or_else(|| none(name))
        });
        environment.add_function("integrity", move |name: &str| {
            assets.integrity(name).ok_or_else(|| none(name))
        });
        for (name, source) in TEMPLATES.iter().chain(OFFICE_TEMPLATES) {
            environment.add_template(name, source)?;
        }
        Ok(Self { environment })
    }

    /// The page made of `template`, the frame and the page's own `view`.
    pub(crate) fn page(
        &self,
        template: &str,
        head: &Head,
        departments: &[Category],
        view: impl Serialize,
    ) -> Result<Response, minijinja::Error> {
        let navigation: Vec<_> = departments.iter().map(links::to_category).collect();
        let visitor = Visit::current().map_or_else(Visitor::default, |visit| Visitor::of(&visit));
        let frame = context! {
            page => Value::from(Serde(head)),
            navigation => Value::from(Serde(&navigation)),
            visitor => Value::from(Serde(&visitor)),
        };
        let html = self
            .environment
            .get_template(template)?
            .render(merge_maps([Value::from(Serde(view)), frame]))?;
        Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
    }
}

/// Writes a value into a page. Like minijinja's own way, except that a slash is left as it is: escaping it protects
/// nothing in HTML and makes every address in the source unreadable.
fn write_value(
    output: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html) => {
            write_escaped(output, text).map_err(minijinja::Error::from)
        }
        _ => escape_formatter(output, state, value),
    }
}

fn write_escaped(output: &mut Output<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(position) = rest.find(['&', '<', '>', '"', '\'']) {
        output.write_str(&rest[..position])?;
        output.write_str(match rest.as_bytes()[position] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[position + 1..];
    }
    output.write_str(rest)
}
