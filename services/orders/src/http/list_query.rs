//! The parameters of lists of orders, and how a page is put together.

use chassis::{FieldError, Problem};
use contracts::VendorId;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::order_body::ListedOrder;
use crate::{
    db::{
        self,
        lists::{Filter, Scope},
    },
    domain::{cursor::Cursor, order::State},
};

const DEFAULT_LIMIT: u8 = 20;
const MAX_LIMIT: u8 = 100;

/// A page of orders, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPage {
    pub(super) items: Vec<ListedOrder>,
    /// How many there are on all pages.
    pub(super) total: i64,
    /// `after` of the next page; null on the last one.
    pub(super) next: Option<String>,
}

/// Which page of which orders.
pub(super) struct ListQuery {
    pub(super) limit: u8,
    pub(super) after: Option<Cursor>,
    pub(super) state: Option<State>,
    pub(super) number: Option<String>,
    pub(super) oldest_first: bool,
    pub(super) all: bool,
}

impl ListQuery {
    /// `takes_all` says whether the list knows the parameter `all`.
    pub(super) fn parse(query: Option<&str>, takes_all: bool) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default())
            .map_err(|error| {
                let message = format!("is not URL-encoded: {error}");
                Problem::invalid(vec![FieldError::new("", message)])
            })?;
        let mut parsed = Self {
            limit: DEFAULT_LIMIT,
            after: None,
            state: None,
            number: None,
            oldest_first: false,
            all: false,
        };
        let mut errors = Vec::new();
        for (name, value) in pairs {
            if let Err(message) = parsed.take(&name, &value, takes_all) {
                errors.push(FieldError::new(name, message));
            }
        }
        if errors.is_empty() {
            Ok(parsed)
        } else {
            Err(Problem::invalid(errors))
        }
    }

    fn take(&mut self, name: &str, value: &str, takes_all: bool) -> Result<(), String> {
        match name {
            "limit" => {
                let limit = value.parse().ok();
                self.limit = limit
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                    .ok_or_else(|| format!("must be a number from 1 to {MAX_LIMIT}"))?;
            }
            "after" => {
                let cursor = value.parse::<Cursor>();
                self.after = Some(cursor.map_err(|error| error.to_string())?);
            }
            "state" => {
                let names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
                let state = State::parse(value);
                self.state =
                    Some(state.ok_or_else(|| format!("must be one of {}", names.join(", ")))?);
            }
            "number" => {
                let number = value.trim().to_uppercase();
                if number.chars().count() > 40 || number.chars().any(char::is_control) {
                    return Err("must be an order's number, such as ARG-2026-000123".to_owned());
                }
                self.number = Some(number).filter(|number| !number.is_empty());
            }
            "sort" => {
                self.oldest_first = match value {
                    "newest" => false,
                    "oldest" => true,
                    _ => return Err("must be newest or oldest".to_owned()),
                };
            }
            "all" if takes_all => {
                let all = value.parse();
                self.all = all.map_err(|_| "must be true or false".to_owned())?;
            }
            _ => {
                let all = if takes_all { ", all" } else { "" };
                return Err(format!(
                    "is not a parameter of this list; it takes limit, after, state, number, sort{all}"
                ));
            }
        }
        Ok(())
    }

    /// Reads the page. Where a vendor is named, only their lines are shown.
    pub(super) async fn page(
        &self,
        connection: &mut PgConnection,
        scope: Scope,
        vendor: Option<VendorId>,
    ) -> sqlx::Result<OrderPage> {
        let filter = Filter {
            scope,
            state: self.state,
            number: self.number.as_deref(),
            oldest_first: self.oldest_first,
        };
        let limit = usize::from(self.limit);
        let first = if filter.oldest_first {
            Cursor::OLDEST
        } else {
            Cursor::NEWEST
        };
        let after = self.after.unwrap_or(first);
        // One more than asked for tells whether there is a next page.
        let mut heads =
            db::lists::page(connection, filter, after, i64::from(self.limit) + 1).await?;
        let more = heads.len() > limit;
        heads.truncate(limit);
        let next = heads.last().filter(|_| more).map(|last| {
            Cursor {
                placed_at: last.placed_at,
                id: last.id,
            }
            .to_string()
        });
        let ids: Vec<_> = heads.iter().map(|head| head.id).collect();
        let lines = db::views::lines(connection, &ids).await?;
        let items = heads
            .into_iter()
            .map(|head| ListedOrder::new(head, &lines, vendor));
        Ok(OrderPage {
            items: items.collect(),
            total: db::lists::count(connection, filter).await?,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_strictly() {
        let parse = |query: &str| ListQuery::parse(Some(query), true);
        assert_eq!(parse("").map(|query| query.limit).ok(), Some(20));
        assert_eq!(
            parse("state=PAID").map(|query| query.state).ok(),
            Some(Some(State::Paid))
        );
        for query in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "after=x",
            "after=1-2",
            "state=paid",
            "all=1",
            "page=2",
        ] {
            assert_eq!(parse(query).err().unwrap().errors.len(), 1, "{query}");
        }
        assert!(ListQuery::parse(Some("all=true"), false).is_err());
    }
}
