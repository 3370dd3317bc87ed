//! The parameters of lists of orders, and how a page is put together.

use chassis::{Problem, query};
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

/// A page of orders, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderPage {
    pub(super) items: Vec<ListedOrder>,
    /// How many there are on all pages.
    pub(super) total_count: i64,
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
        let mut list = query::ListQuery::read(query)?;
        let parsed = Self {
            limit: list.limit(DEFAULT_LIMIT),
            after: list.after(),
            state: list.take_one_of("state", State::ALL, State::name),
            number: list.words("number", 40).map(|number| number.to_uppercase()),
            oldest_first: list.take("sort", |text| match text {
                "newest" => Ok(false),
                "oldest" => Ok(true),
                _ => Err("must be newest or oldest"),
            }) == Some(true),
            all: takes_all
                .then(|| {
                    list.take("all", |text| {
                        text.parse().map_err(|_| "must be true or false")
                    })
                })
                .flatten()
                .unwrap_or(false),
        };
        list.finish()?;
        Ok(parsed)
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
            total_count: db::lists::count(connection, filter).await?,
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
