//! What the pages of the back office are made of: where one is, cells of tables, filters, pages.

use chrono::{DateTime, Utc};
use contracts::Money;
use serde::Serialize;

use super::{query::Query, staff::Staff};
use crate::{links::Link, price, views::Moment};

/// A page of the back office and whether one is on it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Tab {
    name: &'static str,
    url: &'static str,
    is_here: bool,
}

/// Every list, in the order of the navigation; and whether it is for admins only.
const TABS: [(&str, &str, bool); 7] = [
    ("Products", "/office/products", false),
    ("Stock", "/office/stock", false),
    ("Orders", "/office/orders", false),
    ("Mails", "/office/mails", true),
    ("Users", "/office/users", true),
    ("Dead letters", "/office/dead-letters", true),
    ("Audit trail", "/office/audit", true),
];

/// What every page of the back office says.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Frame {
    tabs: Vec<Tab>,
    crumbs: Vec<Link>,
    heading: String,
    /// Who works here.
    signed_in_as: String,
}

impl Frame {
    /// `trail` leads from the back office to the page, which is called `heading`.
    pub(super) fn new(staff: &Staff, here: &str, trail: Vec<Link>, heading: &str) -> Self {
        let tabs = TABS
            .into_iter()
            .filter(|(_, _, is_for_admins)| staff.is_admin || !is_for_admins)
            .map(|(name, url, _)| Tab {
                name,
                url,
                is_here: url == here,
            });
        let mut crumbs = vec![Link::new("Back office", "/office")];
        crumbs.extend(trail);
        crumbs.push(Link::here(heading));
        Self {
            tabs: tabs.collect(),
            crumbs,
            heading: heading.to_owned(),
            signed_in_as: format!("{}, {}", staff.account.email, staff.account.role),
        }
    }

    pub(super) fn heading(&self) -> &str {
        &self.heading
    }
}

/// How a word stands out.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Plain,
    Good,
    /// Somebody, or something, is at it.
    #[serde(rename = "waiting")]
    Busy,
    Bad,
}

/// What stands in a table, or behind a label.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(super) enum Cell {
    Text {
        text: String,
    },
    /// Right-aligned.
    Number {
        text: String,
    },
    Link {
        text: String,
        url: String,
    },
    Badge {
        text: String,
        tone: Tone,
    },
    Time {
        at: Moment,
    },
    /// Kept as it is, line ends and all.
    Code {
        text: String,
    },
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    pub(super) fn number(number: impl std::fmt::Display) -> Self {
        let text = number.to_string();
        Self::Number { text }
    }

    pub(super) fn money(amount: Money) -> Self {
        let text = price::text(amount);
        Self::Number { text }
    }

    pub(super) fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        let (text, url) = (text.into(), url.into());
        Self::Link { text, url }
    }

    pub(super) fn badge(text: impl Into<String>, tone: Tone) -> Self {
        let text = text.into();
        Self::Badge { text, tone }
    }

    pub(super) fn time(at: DateTime<Utc>) -> Self {
        Self::Time { at: at.into() }
    }

    pub(super) fn code(text: impl Into<String>) -> Self {
        Self::Code { text: text.into() }
    }

    /// Nothing is said by a dash.
    pub(super) fn or_dash(text: Option<String>) -> Self {
        Self::text(
            text.filter(|text| !text.is_empty())
                .unwrap_or_else(|| "–".to_owned()),
        )
    }
}

/// The name of a column. Lists are ordered by a filter, so its head leads nowhere.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Column {
    name: &'static str,
    is_number: bool,
    url: Option<String>,
    order: Option<&'static str>,
}

/// A table; the first cell of a row names it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Table {
    /// What it shows, for those who do not see it.
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    /// What to say when there is no row.
    empty: &'static str,
}

impl Table {
    /// Columns whose name begins with `#` hold numbers.
    pub(super) fn new(
        caption: impl Into<String>,
        names: &[&'static str],
        empty: &'static str,
    ) -> Self {
        let column = |name: &&'static str| Column {
            name: name.trim_start_matches('#'),
            is_number: name.starts_with('#'),
            url: None,
            order: None,
        };
        Self {
            caption: caption.into(),
            columns: names.iter().map(column).collect(),
            rows: Vec::new(),
            empty,
        }
    }

    pub(super) fn with(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        self
    }
}

/// One value that a filter takes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, name: impl Into<String>) -> Self {
        let (value, name) = (value.into(), name.into());
        Self { value, name }
    }
}

/// A field that narrows a list down or orders it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FilterField {
    name: &'static str,
    label: &'static str,
    value: String,
    /// Empty where anything may be typed.
    choices: Vec<Choice>,
}

impl FilterField {
    pub(super) fn typed(query: &Query, name: &'static str, label: &'static str) -> Self {
        Self::chosen(query, name, label, Vec::new())
    }

    pub(super) fn chosen(
        query: &Query,
        name: &'static str,
        label: &'static str,
        choices: Vec<Choice>,
    ) -> Self {
        let value = query.text(name).to_owned();
        Self {
            name,
            label,
            value,
            choices,
        }
    }
}

/// Choices from pairs of value and name.
pub(super) fn choices(pairs: &[(&str, &str)]) -> Vec<Choice> {
    pairs
        .iter()
        .map(|(value, name)| Choice::new(*value, *name))
        .collect()
}
