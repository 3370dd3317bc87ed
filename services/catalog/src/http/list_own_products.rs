//! `GET /api/vendor/products`: what a vendor sells or sold, or for admins what everybody does, a page at a time.

use axum::extract::{RawQuery, State as FromState};
use chassis::{
    FieldError, Json, Problem,
    auth::{Role, Vendor},
    query::ListQuery,
};
use chrono::{DateTime, Utc};
use contracts::{Money, ProductId, VendorId};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{CategoryRefBody, ProblemBody, VendorBody, money};
use crate::{
    assembly::State,
    db::{
        self,
        assortment::{Item, Wanted},
    },
    domain::{
        cursor::{Cursor, Key},
        filter::{Filter, Sort},
        product::Status,
    },
};

const DEFAULT_LIMIT: u8 = 50;

/// A product as those see it who sell it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnProductBody {
    id: ProductId,
    /// Its name in URLs.
    slug: String,
    name: String,
    /// `active` or `archived`.
    status: &'static str,
    price: Money,
    category: CategoryRefBody,
    vendor: VendorBody,
    /// How many variants it has.
    variants: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Item> for OwnProductBody {
    fn from(item: Item) -> Self {
        let status = if item.is_archived {
            Status::Archived
        } else {
            Status::Active
        };
        Self {
            id: item.id,
            slug: item.slug,
            name: item.name,
            status: status.name(),
            price: money(item.price_minor, &item.currency),
            category: CategoryRefBody {
                slug: item.category_slug,
                name: item.category_name,
            },
            vendor: VendorBody {
                id: item.vendor_id,
                name: item.vendor_name,
            },
            variants: item.variants,
            version: item.version,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}

/// A page of products.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnProductPage {
    items: Vec<OwnProductBody>,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
}

/// The list that a cursor belongs to, and which part of it is wanted.
struct Query {
    filter: Filter,
    status: Option<Status>,
    sort: Sort,
    after: Option<Cursor>,
    limit: u8,
}

/// List what I sell.
///
/// A vendor sees their own products, an admin everybody's; archived ones are there too. Pages follow one another by `after`,
/// which is `next` of the page before.
#[utoipa::path(
    get,
    path = "/api/vendor/products",
    tag = "vendors",
    extensions(("x-roles" = json!(chassis::auth::VENDORS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("q" = Option<String>, Query, max_length = 200, description = "A part of the name, or the beginning of a SKU."),
        ("category" = Option<String>, Query, description = "A category's slug."),
        ("status" = Option<String>, Query, description = "`active` or `archived`; both unless said."),
        ("sort" = Option<String>, Query, description = "newest (default), name, price or -price."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Products per page, 50 unless said."),
        ("after" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of products", body = OwnProductPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Neither vendor nor admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_own_products(
    FromState(state): FromState<State>,
    Vendor(principal): Vendor,
    RawQuery(query): RawQuery,
) -> Result<Json<OwnProductPage>, Problem> {
    let vendor = (principal.role != Role::Admin).then_some(VendorId::from(principal.user));
    let query = Query::read(query.as_deref(), vendor)?;
    let mut connection = state.database.acquire().await?;
    let category = match &query.filter.category {
        None => None,
        Some(slug) => {
            let category = db::categories::find(&mut connection, slug).await?;
            Some(category.ok_or_else(|| no_such_category(slug))?.id)
        }
    };
    let wanted = Wanted {
        vendor,
        category,
        status: query.status,
        words: query.filter.words.clone(),
    };
    let after = query.after.map(Cursor::parts).unwrap_or_default();
    // One more than asked for tells whether there is a next page.
    let rows = i64::from(query.limit) + 1;
    let mut items =
        db::assortment::page(&mut connection, &wanted, query.sort, &after, rows).await?;
    let more = items.len() > usize::from(query.limit);
    items.truncate(usize::from(query.limit));
    let last = items.last().filter(|_| more);
    Ok(Json(OwnProductPage {
        next: last.map(|last| behind(last, query.sort).encode(&query.filter, query.sort)),
        items: items.into_iter().map(OwnProductBody::from).collect(),
    }))
}

fn no_such_category(slug: &str) -> Problem {
    let message = format!("there is no category {slug:?}; GET /api/categories lists them");
    Problem::invalid(vec![FieldError::new("category", message)])
}

fn behind(item: &Item, sort: Sort) -> Cursor {
    let key = match sort {
        Sort::Name => Key::Text(item.sort_name.clone()),
        Sort::Price | Sort::PriceDescending => Key::Number(item.price_minor),
        Sort::Newest | Sort::Rank | Sort::Relevance => {
            Key::Time(item.created_at.timestamp_micros())
        }
    };
    Cursor { key, id: item.id }
}

impl Query {
    fn read(query: Option<&str>, vendor: Option<VendorId>) -> Result<Self, Problem> {
        let mut query = ListQuery::read(query)?;
        let limit = query.limit(DEFAULT_LIMIT);
        let filter = Filter {
            vendor,
            category: query.words("category", 80),
            words: query.words("q", 200),
            ..Filter::default()
        };
        let status = query.take("status", |text| match text {
            "" => Ok(None),
            text => Status::ALL
                .into_iter()
                .find(|status| status.name() == text)
                .map(Some)
                .ok_or("must be active or archived"),
        });
        let sort = query.take("sort", |text| match Sort::parse(text) {
            Some(sort @ (Sort::Newest | Sort::Name | Sort::Price | Sort::PriceDescending)) => {
                Ok(sort)
            }
            _ => Err("must be newest, name, price or -price"),
        });
        let sort = sort.unwrap_or(Sort::Newest);
        let after = query.take("after", |text| {
            Cursor::decode(text, &filter, sort)
                .map_err(|_| "must be `next` of the page before, with the same filter and order")
        });
        query.finish()?;
        Ok(Self {
            filter,
            status: status.flatten(),
            sort,
            after,
            limit,
        })
    }
}
