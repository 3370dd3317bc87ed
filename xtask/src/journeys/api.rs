//! A program reads the catalogue: a list page by page, filters, a mistake, one product, the categories.

use std::{collections::BTreeSet, time::Instant};

use serde_json::Value;

use super::{
    PAGES_ARE_FRESH, World,
    trip::{Found, POLL, Trip},
};
use crate::http::encode;

const CATALOG: [&str; 3] = ["caddy", "catalog", "postgres"];

/// Products a page: small, so that the demo catalogue has several pages.
const PAGE: usize = 25;
/// Pages that are read of a large catalogue.
const MAX_PAGES: usize = 5;

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    let Some(first) = trip
        .hop(
            "list of products",
            &CATALOG,
            list(world, "/api/products?limit=5"),
        )
        .await
    else {
        return;
    };
    trip.hop("page by page", &CATALOG, page_by_page(world))
        .await;
    let Some(product) = first.items.first() else {
        return;
    };
    if let Some(slug) = trip
        .hop("one product", &CATALOG, detail(world, product))
        .await
    {
        trip.hop(
            "filter by category and price",
            &CATALOG,
            filters(world, &slug),
        )
        .await;
    }
    trip.hop("a wrong sort is refused", &CATALOG, refusal(world))
        .await;
    trip.hop("categories", &CATALOG, categories(world)).await;
    trip.hop("search", &CATALOG, search(world, product)).await;
    trip.hop(
        "pictures of the list",
        &["caddy", "object-store"],
        pictures(world, &first.items),
    )
    .await;
}

struct Page {
    items: Vec<Value>,
    total: u64,
    next: Option<String>,
}

async fn list(world: &World, path: &str) -> Found<Page> {
    let answer = world.get_ok(path).await?;
    let mut page = answer.json()?;
    let items = match page.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if !items.is_empty() => items,
        Some(Value::Array(_)) => {
            return Err(format!(
                "{path} is empty: {} fills the catalogue",
                world.command("seed")
            ));
        }
        _ => return Err(format!("{path} has no `items`: {}", answer.excerpt())),
    };
    let total = page
        .get("totalCount")
        .and_then(Value::as_u64)
        .ok_or_else(|| format!("{path} has no `totalCount`"))?;
    let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
    let detail = format!("{} of {total}", items.len());
    Ok((Page { items, total, next }, detail))
}

/// Reads on until the end, or until enough pages have been read. The total may be some seconds older than the list.
async fn page_by_page(world: &World) -> Found<()> {
    let deadline = Instant::now() + PAGES_ARE_FRESH;
    loop {
        let walk = walk(world).await?;
        let detail = format!("{} products on {} pages", walk.seen, walk.pages);
        if !walk.to_the_end || walk.seen == walk.total {
            return Ok(((), format!("{detail}, none twice")));
        }
        if Instant::now() > deadline {
            return Err(format!("{detail}, but `totalCount` is {}", walk.total));
        }
        tokio::time::sleep(POLL).await;
    }
}

struct Walk {
    seen: u64,
    pages: usize,
    total: u64,
    to_the_end: bool,
}

async fn walk(world: &World) -> Result<Walk, String> {
    let mut seen = BTreeSet::new();
    let mut after: Option<String> = None;
    for pages in 1..=MAX_PAGES {
        let cursor = after
            .as_deref()
            .map(|after| format!("&after={}", encode(after)))
            .unwrap_or_default();
        let path = format!("/api/products?sort=name&limit={PAGE}{cursor}");
        let (page, _) = list(world, &path).await?;
        for item in &page.items {
            let slug = text(item, "slug")?;
            if !seen.insert(slug.to_owned()) {
                return Err(format!("`{slug}` is on two pages"));
            }
        }
        let to_the_end = page.next.is_none();
        if to_the_end || pages == MAX_PAGES {
            return Ok(Walk {
                seen: seen.len() as u64,
                pages,
                total: page.total,
                to_the_end,
            });
        }
        after = page.next;
    }
    Err("BUG: there is a last page".to_owned())
}

/// Reads a product by its slug; what comes back is its category's.
async fn detail(world: &World, product: &Value) -> Found<String> {
    let slug = text(product, "slug")?;
    let found = world
        .get_ok(&format!("/api/products/{slug}"))
        .await?
        .json()?;
    for field in ["slug", "name", "price"] {
        if found.get(field) != product.get(field) {
            return Err(format!(
                "`{field}` of {slug} is {:?}, but {:?} in the list",
                found.get(field),
                product.get(field)
            ));
        }
    }
    let category = found
        .get("category")
        .ok_or_else(|| format!("{slug} has no `category`"))?;
    Ok((
        text(category, "slug")?.to_owned(),
        format!("{slug}: {}", text(product, "name")?),
    ))
}

async fn filters(world: &World, category: &str) -> Found<()> {
    let (within, _) = list(
        world,
        &format!("/api/products?category={category}&sort=price&limit={PAGE}"),
    )
    .await?;
    let prices: Vec<i64> = within.items.iter().map(minor).collect::<Result<_, _>>()?;
    if !prices.is_sorted() {
        return Err(format!("sorted by price, yet the prices are {prices:?}"));
    }
    let most = prices[prices.len() / 2];
    let bound = format!("{}.{:02}", most / 100, most % 100);
    let (cheaper, _) = list(
        world,
        &format!("/api/products?category={category}&maxPrice={bound}&limit={PAGE}"),
    )
    .await?;
    for item in &cheaper.items {
        let (price, of) = (
            minor(item)?,
            text(item.get("category").unwrap_or(item), "slug")?,
        );
        if price > most {
            return Err(format!(
                "{} costs {price}, more than {most}",
                text(item, "slug")?
            ));
        }
        if item.get("category").is_some() && of != category {
            return Err(format!(
                "{} is in `{of}`, not in `{category}`",
                text(item, "slug")?
            ));
        }
    }
    Ok((
        (),
        format!(
            "{} of {} in `{category}` cost at most {bound}",
            cheaper.total, within.total
        ),
    ))
}

async fn refusal(world: &World) -> Found<()> {
    let path = "/api/products?sort=nonsense";
    let answer = world.get(path).await?;
    if answer.status != hyper::StatusCode::BAD_REQUEST
        || answer.media_type() != "application/problem+json"
    {
        return Err(format!(
            "{path} answers with {} and `{}`, expected a problem with 400",
            answer.status,
            answer.media_type()
        ));
    }
    let problem = answer.json()?;
    let names_field = problem.pointer("/errors/0/field").and_then(Value::as_str) == Some("sort");
    let kind = text(&problem, "type")?;
    if names_field && kind.starts_with("/problems/") && problem.get("requestId").is_some() {
        return Ok((
            (),
            format!(
                "{kind}: {}",
                problem
                    .pointer("/errors/0/message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            ),
        ));
    }
    Err(format!(
        "the problem does not name the field: {}",
        answer.excerpt()
    ))
}

async fn categories(world: &World) -> Found<()> {
    let answer = world.get_ok("/api/categories").await?.json()?;
    let items = answer
        .get("items")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if items > 0 {
        Ok(((), format!("{items} categories")))
    } else {
        Err("there is no category".to_owned())
    }
}

async fn search(world: &World, product: &Value) -> Found<()> {
    let name = text(product, "name")?;
    let path = format!("/api/search?q={}", encode(name));
    let (page, _) = list(world, &path).await?;
    let found = page
        .items
        .iter()
        .any(|item| item.get("slug") == product.get("slug"));
    if found {
        Ok(((), format!("\"{name}\" finds {} products", page.total)))
    } else {
        Err(format!("\"{name}\" does not find itself"))
    }
}

/// Every size of every picture in the list.
async fn pictures(world: &World, items: &[Value]) -> Found<()> {
    let mut count = 0;
    for item in items {
        let images = item
            .get("images")
            .and_then(Value::as_array)
            .filter(|images| !images.is_empty());
        let images = images.ok_or_else(|| {
            format!(
                "{} has no picture",
                text(item, "slug").unwrap_or("a product")
            )
        })?;
        for (image, size) in images
            .iter()
            .flat_map(|image| ["small", "medium", "large"].map(|size| (image, size)))
        {
            let path = text(image, size)?;
            let answer = world.get_ok(path).await?;
            if !answer.media_type().starts_with("image/") || answer.body.is_empty() {
                return Err(format!(
                    "{path} is `{}` with {} bytes",
                    answer.media_type(),
                    answer.body.len()
                ));
            }
            count += 1;
        }
    }
    Ok(((), format!("{count} files")))
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str, String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("there is no `{field}` in {value}"))
}

/// Cents of a price: `{"amount":"12.50",…}`.
fn minor(product: &Value) -> Result<i64, String> {
    let amount = text(product.get("price").unwrap_or(product), "amount")?;
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "00"));
    let cents = format!("{whole}{fraction:0<2}").parse();
    cents.map_err(|_| format!("`{amount}` is not an amount"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_read_as_cents() {
        assert_eq!(minor(&json!({"price": {"amount": "1299.99"}})), Ok(129_999));
        assert_eq!(minor(&json!({"price": {"amount": "5"}})), Ok(500));
        assert!(minor(&json!({"price": 5})).is_err());
    }
}
