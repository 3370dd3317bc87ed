//! Turns a letter into what a mail client shows: HTML and the same as text, from the files in `templates/`.
//!
//! The HTML is what mail clients of the last fifteen years understand: tables, inline styles, no pictures to load.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use contracts::{Money, OrderId, ResetKey, orders::Line, orders::ShippingAddress};
use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;

use crate::domain::{
    letter::{Letter, Template},
    order::Placed,
    price,
    text::{one_line, shortened},
};

/// File name and text of every template.
macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

const FILES: [(&str, &str); 28] = templates![
    "layout.html",
    "layout.txt",
    "parts.html",
    "parts.txt",
    "welcome.html",
    "welcome.txt",
    "order_placed.html",
    "order_placed.txt",
    "order_paid.html",
    "order_paid.txt",
    "order_shipped.html",
    "order_shipped.txt",
    "order_cancelled.html",
    "order_cancelled.txt",
    "order_failed.html",
    "order_failed.txt",
    "order_refunded.html",
    "order_refunded.txt",
    "low_stock.html",
    "low_stock.txt",
    "out_of_stock.html",
    "out_of_stock.txt",
    "message.html",
    "message.txt",
    "password_reset.html",
    "password_reset.txt",
    "password_changed.html",
    "password_changed.txt",
];

/// A mail's two bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bodies {
    pub(crate) html: String,
    pub(crate) text: String,
}

/// What a mail says.
pub(crate) struct Content<'c> {
    pub(crate) letter: &'c Letter,
    pub(crate) subject: &'c str,
    /// How to address the reader, where that is known.
    pub(crate) first_name: Option<&'c str>,
    /// The order that it is about.
    pub(crate) order: Option<OrderId>,
    /// What was ordered, where that is known.
    pub(crate) placed: Option<&'c Placed>,
}

/// Renders mails.
pub(crate) struct Renderer {
    environment: Environment<'static>,
    shop: Shop,
    reset_key: ResetKey,
}

#[derive(Serialize, Clone)]
struct Shop {
    url: String,
    host: String,
}

#[derive(Serialize)]
struct View<'v> {
    subject: &'v str,
    preheader: String,
    name: Option<String>,
    letter: &'v Letter,
    order: Option<OrderView>,
    reset: Option<ResetView>,
    changed_at: Option<String>,
    shop: &'v Shop,
}

#[derive(Serialize)]
struct ResetView {
    /// With the code, which is nowhere but in the mail.
    url: String,
    until: String,
}

#[derive(Serialize)]
struct OrderView {
    url: String,
    lines: Vec<LineView>,
    total: Option<String>,
    address: Vec<String>,
}

#[derive(Serialize)]
struct LineView {
    name: String,
    sku: String,
    quantity: i32,
    unit_price: String,
    amount: String,
}

impl Renderer {
    /// Reads every template once; links begin with `public_url`, and codes are made with the key.
    pub(crate) fn new(public_url: &str, reset_key: ResetKey) -> anyhow::Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()?,
        );
        environment.add_filter("money", money);
        environment.add_filter("href", href);
        for (name, text) in FILES {
            environment
                .add_template(name, text)
                .with_context(|| format!("templates/{name} is not a template"))?;
        }
        let host = public_url
            .split_once("://")
            .map_or(public_url, |(_, host)| host);
        let shop = Shop {
            url: public_url.to_owned(),
            host: host.to_owned(),
        };
        Ok(Self {
            environment,
            shop,
            reset_key,
        })
    }

    /// Both bodies of a mail.
    pub(crate) fn render(&self, content: &Content<'_>) -> anyhow::Result<Bodies> {
        let template = content.letter.template();
        let order = content.order.map(|id| {
            let url = format!("{}/orders/{id}", self.shop.url);
            order_view(url, content.placed)
        });
        let view = View {
            subject: content.subject,
            preheader: preheader(content.letter),
            name: content
                .first_name
                .map(one_line)
                .filter(|name| !name.is_empty()),
            letter: content.letter,
            order,
            reset: self.reset(content.letter),
            changed_at: changed_at(content.letter),
            shop: &self.shop,
        };
        Ok(Bodies {
            html: self.part(template, "html", &view)?,
            text: tidy(&self.part(template, "txt", &view)?),
        })
    }

    fn reset(&self, letter: &Letter) -> Option<ResetView> {
        let Letter::PasswordReset { reset, expires_at } = letter else {
            return None;
        };
        let code = self.reset_key.code(*reset).expose();
        Some(ResetView {
            url: format!("{}/reset-password?code={code}", self.shop.url),
            until: moment(*expires_at),
        })
    }

    fn part(&self, template: Template, kind: &str, view: &View<'_>) -> anyhow::Result<String> {
        let name = format!("{}.{kind}", template.name());
        let rendered = self.environment.get_template(&name)?.render(Serde(view));
        rendered.with_context(|| format!("cannot render {name}"))
    }
}

fn changed_at(letter: &Letter) -> Option<String> {
    match letter {
        Letter::PasswordChanged { at } => Some(moment(*at)),
        _ => None,
    }
}

/// A time as a mail says it, wherever it is read.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// What a list of mails shows beside the subject.
fn preheader(letter: &Letter) -> String {
    match letter {
        Letter::Welcome { .. } => "Your account is ready.".to_owned(),
        Letter::OrderPlaced { .. } => {
            "Everything in it is set aside for you. Next: the payment.".to_owned()
        }
        Letter::OrderPaid { total, .. } => {
            format!(
                "We have received {}. Your order is being packed.",
                price::text(*total)
            )
        }
        Letter::OrderShipped {
            tracking_number: Some(number),
            ..
        } => {
            format!("Tracking number {number}")
        }
        Letter::OrderShipped { .. } => "It has left our harbour.".to_owned(),
        Letter::OrderCancelled { .. } => "You have not been charged.".to_owned(),
        Letter::OrderFailed { .. } => "No money was taken.".to_owned(),
        Letter::OrderRefunded { amount, .. } => {
            format!("{} is on its way back to you.", price::text(*amount))
        }
        Letter::LowStock { sku, warehouse, .. } | Letter::OutOfStock { sku, warehouse, .. } => {
            format!("{sku} in {warehouse}")
        }
        Letter::Message { text, .. } => shortened(&one_line(text), 120),
        Letter::PasswordReset { .. } => "The link counts once, for 30 minutes.".to_owned(),
        Letter::PasswordChanged { .. } => "If that was not you, act at once.".to_owned(),
    }
}

fn order_view(url: String, placed: Option<&Placed>) -> OrderView {
    OrderView {
        url,
        lines: placed.map_or_else(Vec::new, |placed| {
            placed.lines.iter().map(line_view).collect()
        }),
        total: placed.map(|placed| price::text(placed.total)),
        address: placed.map_or_else(Vec::new, |placed| address(&placed.shipping_address)),
    }
}

fn line_view(line: &Line) -> LineView {
    let unit = line.unit_price;
    let amount = Money::from_minor(
        unit.minor.saturating_mul(i64::from(line.quantity)),
        unit.currency,
    );
    LineView {
        name: one_line(&line.name),
        sku: one_line(&line.sku),
        quantity: line.quantity,
        unit_price: price::text(unit),
        amount: price::text(amount),
    }
}

/// As it stands on a parcel.
fn address(to: &ShippingAddress) -> Vec<String> {
    let place = format!("{} {}", to.zip_code, to.city);
    let lines = [
        to.recipient.clone().unwrap_or_default(),
        to.street.clone(),
        place,
        to.state.clone().unwrap_or_default(),
        to.country.clone(),
    ];
    lines
        .iter()
        .map(|line| one_line(line))
        .filter(|line| !line.is_empty())
        .collect()
}

/// `{"amount":"12.30","currency":"EUR"}` as people read it.
fn money(value: &Value) -> Result<String, Error> {
    let wrong = |cause: String| Error::new(ErrorKind::InvalidOperation, cause);
    let member = |name: &str| value.get_attr(name).map(|member| member.to_string());
    let currency = member("currency")?
        .parse()
        .map_err(|error| wrong(format!("{error}")))?;
    let parsed = Money::parse(&member("amount")?, currency);
    parsed
        .map(price::text)
        .map_err(|error| wrong(error.to_string()))
}

/// An address of ours inside an attribute. The usual escaping also replaces slashes, which some programs that look for
/// links do not understand.
fn href(address: &str) -> Value {
    let escaped = address
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    Value::from_safe_string(escaped)
}

/// Macros leave blank lines behind: no more than one in a row, none at the ends.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        // "-- " marks what follows as a signature; its blank belongs to it.
        let line = if line == "-- " { line } else { line.trim_end() };
        if line.is_empty() && lines.last().is_none_or(|last| last.is_empty()) {
            continue;
        }
        lines.push(line);
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn renderer() -> Renderer {
        Renderer::new("https://shop.example", samples::reset_key().unwrap()).unwrap()
    }

    #[test]
    fn every_mails_text_is_as_it_was_written() {
        for sample in samples::all() {
            let bodies = renderer().render(&sample.content()).unwrap();
            insta::assert_snapshot!(sample.name, bodies.text);
        }
    }

    #[test]
    fn every_mail_says_the_same_in_both_parts_and_fits_its_frame() {
        for sample in samples::all() {
            let Bodies { html, text } = renderer().render(&sample.content()).unwrap();
            assert!(
                html.len() < 100_000,
                "{} is cut off by mail clients",
                sample.name
            );
            assert!(html.contains("max-width:600px"), "{}", sample.name);
            assert!(
                html.contains("prefers-color-scheme: dark"),
                "{}",
                sample.name
            );
            assert!(
                !html.contains("<img") && !html.contains("<script"),
                "{}",
                sample.name
            );
            if let Some(placed) = &sample.placed {
                assert!(text.contains(&price::text(placed.total)), "{text}");
                assert!(html.contains(&price::text(placed.total)), "{}", sample.name);
            }
            assert!(!text.contains("</") && !text.contains("&#"), "{text}");
        }
    }

    #[test]
    fn what_others_wrote_cannot_become_markup() {
        let letter = Letter::OrderCancelled {
            number: "A-1".to_owned(),
            reason: "<script>alert(1)</script>".to_owned(),
        };
        let bodies = renderer()
            .render(&Content {
                letter: &letter,
                subject: "</title><b>",
                first_name: Some("<i>Ada</i>"),
                order: Some(OrderId::generate()),
                placed: None,
            })
            .unwrap();
        assert!(!bodies.html.contains("<script>") && !bodies.html.contains("<b>"));
        assert!(bodies.html.contains("&lt;script&gt;"));
        assert!(bodies.text.contains("<script>alert(1)</script>"));
    }

    #[test]
    fn a_mail_without_its_orders_lines_is_whole() {
        for sample in samples::all() {
            let mut content = sample.content();
            content.placed = None;
            content.first_name = None;
            renderer().render(&content).unwrap();
        }
    }
}
