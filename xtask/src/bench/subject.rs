//! What `bench catalog` asks for: paths made from what the catalogue holds at the moment.

use hyper::StatusCode;
use serde_json::Value;

use crate::http::{self, encode};

/// Load of an operation. Low enough for two cores that also run everything else: latency is measured, not capacity.
pub(super) const PER_SECOND: u32 = 40;
/// People read far more than they search, and a search reads far more rows.
const SEARCHES_PER_SECOND: u32 = 5;
/// Products that are asked for in turn, so that no answer comes from one hot row.
const VARIETY: usize = 40;
/// Products of a page of the shop.
pub(super) const PAGE: usize = 24;
/// The most that the API gives at once, for walking to the last page.
const LONGEST_PAGE: usize = 100;

/// One kind of request, and how often it is made.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Asked for in turn.
    pub(super) paths: Vec<String>,
    pub(super) per_second: u32,
}

/// What there is to ask for.
pub(super) struct Subject {
    pub(super) total: u64,
    slugs: Vec<String>,
    names: Vec<String>,
    categories: Vec<String>,
    /// `category=tea&attr.colour=Blue`, encoded.
    attribute: Option<String>,
    /// Cursor of a page near the end, by name.
    last: Option<String>,
}

impl Subject {
    pub(super) async fn read(service: &str) -> Result<Self, String> {
        let list = get(
            service,
            &format!("/api/products?sort=newest&limit={VARIETY}"),
        )
        .await?;
        let items = items(&list);
        let field = |field: &str| {
            items
                .iter()
                .filter_map(|item| item.get(field)?.as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let (slugs, names) = (field("slug"), field("name"));
        if slugs.is_empty() {
            return Err("the catalogue is empty".to_owned());
        }
        let categories = get(service, "/api/categories").await?;
        let categories: Vec<String> = self::items(&categories)
            .iter()
            .filter_map(|category| category.get("slug")?.as_str().map(str::to_owned))
            .collect();
        let category = categories.first().ok_or("the catalogue has no category")?;
        let found = get(service, &format!("/api/search?category={category}&limit=1")).await?;
        let attribute =
            attribute(&found).map(|attribute| format!("category={category}&{attribute}"));
        let total = list
            .get("totalCount")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        Ok(Self {
            total,
            slugs,
            names,
            categories,
            attribute,
            last: last_cursor(service).await?,
        })
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        let search = |words: String| format!("/api/search?q={}&limit={PAGE}", encode(&words));
        let by_category = self.categories.iter().map(|slug| {
            format!("/api/products?category={slug}&minPrice=10&maxPrice=80&limit={PAGE}")
        });
        let by_attribute = self
            .attribute
            .iter()
            .map(|attribute| format!("/api/products?{attribute}&limit={PAGE}"));
        let words = self
            .names
            .iter()
            .map(|name| search(last_word(name).to_owned()));
        let typos = self
            .names
            .iter()
            .map(|name| search(misspelt(last_word(name))));
        let details = self
            .slugs
            .iter()
            .map(|slug| format!("/api/products/{slug}"));
        let list = vec![format!("/api/products?limit={PAGE}")];
        let mut operations = vec![
            Operation {
                name: "list",
                paths: list,
                per_second: PER_SECOND,
            },
            Operation {
                name: "filter by category and price",
                paths: by_category.collect(),
                per_second: PER_SECOND,
            },
            Operation {
                name: "filter by attribute",
                paths: by_attribute.collect(),
                per_second: PER_SECOND,
            },
            Operation {
                name: "search",
                paths: words.collect(),
                per_second: SEARCHES_PER_SECOND,
            },
            Operation {
                name: "search with a typo",
                paths: typos.collect(),
                per_second: SEARCHES_PER_SECOND,
            },
            Operation {
                name: "detail",
                paths: details.collect(),
                per_second: PER_SECOND,
            },
        ];
        operations.retain(|operation| !operation.paths.is_empty());
        operations
    }

    pub(super) fn first_page() -> String {
        format!("/api/products?sort=name&limit={PAGE}")
    }

    pub(super) fn last_page(&self) -> String {
        let after = self
            .last
            .as_deref()
            .map(|after| format!("&after={}", encode(after)))
            .unwrap_or_default();
        format!("{}{after}", Self::first_page())
    }
}

/// Walks to the end and keeps the cursor of the last page but one, from where a page is still full.
async fn last_cursor(service: &str) -> Result<Option<String>, String> {
    let mut connection = http::Connection::open(service).await?;
    let (mut current, mut previous) = (None::<String>, None);
    loop {
        let after = current
            .as_deref()
            .map(|after| format!("&after={}", encode(after)))
            .unwrap_or_default();
        let answer = connection
            .get(&format!(
                "/api/products?sort=name&limit={LONGEST_PAGE}{after}"
            ))
            .await?;
        let page = answer.json()?;
        let Some(next) = page.get("next").and_then(Value::as_str) else {
            break;
        };
        previous = current.replace(next.to_owned());
    }
    // A catalogue of two pages has no last but one: its only cursor must do.
    Ok(previous.or(current))
}

async fn get(service: &str, path: &str) -> Result<Value, String> {
    let answer = http::get(&format!("http://{service}{path}")).await?;
    if answer.status != StatusCode::OK {
        return Err(format!(
            "{path} answers with {}: {}",
            answer.status,
            answer.excerpt()
        ));
    }
    answer.json()
}

fn items(answer: &Value) -> &[Value] {
    answer
        .get("items")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The most frequent value of the first facet.
fn attribute(found: &Value) -> Option<String> {
    let facet = found.get("facets")?.as_array()?.first()?;
    let value = facet
        .get("values")?
        .as_array()?
        .first()?
        .get("value")?
        .as_str()?;
    Some(format!(
        "attr.{}={}",
        encode(facet.get("key")?.as_str()?),
        encode(value)
    ))
}

fn last_word(name: &str) -> &str {
    name.split_whitespace()
        .rev()
        .find(|word| word.chars().count() > 3)
        .unwrap_or(name)
}

/// Leaves out the third letter.
fn misspelt(word: &str) -> String {
    word.chars()
        .enumerate()
        .filter(|(at, _)| *at != 2)
        .map(|(_, letter)| letter)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_a_name_are_searched_for_and_misspelt() {
        assert_eq!(last_word("Cast iron kettle XL"), "kettle");
        assert_eq!(misspelt("kettle"), "ketle");
    }

    #[test]
    fn the_first_facet_becomes_a_filter() {
        let found =
            json!({"facets": [{"key": "colour", "values": [{"value": "Matt black", "count": 3}]}]});
        assert_eq!(attribute(&found).unwrap(), "attr.colour=Matt%20black");
        assert_eq!(attribute(&json!({"facets": []})), None);
    }
}
