//! A list of products with everything to narrow, order and leaf through it: what the category and the search page share.

use contracts::Money;
use serde::Serialize;

use crate::{
    alternatives,
    catalog::{Catalog, CategoryCount, Error, Facet, FacetValue, Kind, Page, Pair},
    filters::{Filters, PriceField},
    links::Link,
    views::{Card, cards, products_counted},
};

/// Divisible by two, three and four: no row of the grid ends early.
pub(crate) const PAGE_SIZE: usize = 24;

/// Values of an attribute that are shown without unfolding the rest.
const MOST_VALUES: usize = 8;

/// A page number can only be judged when everything else is right, so one question may be refused twice.
const MOST_CORRECTIONS: usize = 2;

/// The orders that the catalogue knows, in the words of the shop.
const SORTS: [(&str, &str); 5] = [
    ("featured", "Featured"),
    ("newest", "Newest"),
    ("price", "Price, lowest first"),
    ("-price", "Price, highest first"),
    ("name", "Name"),
];

/// A list that is being asked for: where it is shown, and what the shopper wants of it.
pub(crate) struct Listing<'a> {
    pub path: &'a str,
    /// What the page itself adds to the question, such as its category.
    pub fixed: &'a [Pair],
    /// Whether departments can be chosen here, rather than being given by the page.
    pub offers_departments: bool,
    /// The order in force when the address names none.
    pub default_sort: &'a str,
}

/// A value to choose or, when chosen, to give up.
#[derive(Debug, Serialize)]
struct Choice {
    name: String,
    url: String,
    chosen: bool,
    count: Option<u64>,
}

#[derive(Debug, Serialize)]
struct FacetView {
    name: String,
    values: Vec<Choice>,
    /// The rarer ones, behind a fold.
    more: Vec<Choice>,
    /// Whether one of those is chosen.
    more_open: bool,
}

impl FacetView {
    /// Nothing when there is nothing to choose between.
    fn new(name: &str, mut values: Vec<Choice>, found: u64) -> Option<Self> {
        let is_choice = values.len() > 1 && found > 1;
        if !is_choice && values.iter().all(|value| !value.chosen) {
            return None;
        }
        let more = values.split_off(values.len().min(MOST_VALUES));
        let more_open = more.iter().any(|value| value.chosen);
        Some(Self {
            name: name.to_owned(),
            values,
            more,
            more_open,
        })
    }
}

#[derive(Debug, Serialize)]
struct FieldView {
    text: String,
    /// What would exclude nothing.
    hint: String,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct HiddenField {
    name: String,
    value: String,
}

/// The list as the macros in `parts.html` show it.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    path: String,
    kept_fields: Vec<HiddenField>,
    min_price: FieldView,
    max_price: FieldView,
    facets: Vec<FacetView>,
    /// Whether there is anything that could be narrowed down, or is.
    filterable: bool,
    filters_open: bool,
    active_filters: Vec<Link>,
    unfiltered_url: String,
    sorts: Vec<Choice>,
    messages: Vec<String>,
    count_text: String,
    cards: Vec<Card>,
    first_url: Option<String>,
    next_url: Option<String>,
    page_size: usize,
}

impl Listing<'_> {
    /// Asks the catalogue. What it refuses is left out, kept in `filters` with the reason, and the rest asked again. While only
    /// its search is away there is still the plain list.
    pub(crate) async fn ask(
        &self,
        catalog: &Catalog,
        filters: &mut Filters,
    ) -> Result<Page, Error> {
        match self.search(catalog, filters).await {
            // It runs, so that asking once more costs nobody a wait.
            Err(Error::Failed { .. }) => self.without_search(catalog, filters).await,
            answer => answer,
        }
    }

    async fn search(&self, catalog: &Catalog, filters: &mut Filters) -> Result<Page, Error> {
        let mut corrections = 0;
        let mut page = loop {
            match catalog.find(Kind::Search, &self.question(filters)).await {
                Err(Error::Refused(fields)) if corrections < MOST_CORRECTIONS => {
                    filters.refuse(&fields);
                }
                answer => break answer?,
            }
            corrections += 1;
        };
        alternatives::add(catalog, filters, self.fixed, &mut page).await;
        Ok(page)
    }

    /// Goods without what they could be narrowed down by, and without words, which nothing can find.
    async fn without_search(
        &self,
        catalog: &Catalog,
        filters: &mut Filters,
    ) -> Result<Page, Error> {
        filters.give_up_searching();
        catalog.find(Kind::List, &self.question(filters)).await
    }

    fn question(&self, filters: &Filters) -> Vec<Pair> {
        let mut question = filters.question(PAGE_SIZE);
        question.extend_from_slice(self.fixed);
        question
    }

    /// What was found, with the way to every neighbouring list.
    pub(crate) fn view(&self, filters: &Filters, page: &Page) -> View {
        let range = page.price_range.as_ref();
        View {
            path: self.path.to_owned(),
            kept_fields: kept_fields(filters),
            min_price: FieldView::new(&filters.min_price, range.map(|range| range.min)),
            max_price: FieldView::new(&filters.max_price, range.map(|range| range.max)),
            facets: self.facets(filters, page),
            filterable: page.total_count > 1 || filters.narrows() || has_price_error(filters),
            filters_open: has_price_error(filters),
            active_filters: self.active_filters(filters, page),
            unfiltered_url: filters.unfiltered().url(self.path),
            sorts: if page.total_count > 1 {
                self.sorts(filters)
            } else {
                Vec::new()
            },
            messages: filters.messages.clone(),
            count_text: count_text(filters, page),
            cards: cards(&page.items),
            first_url: filters
                .after
                .is_some()
                .then(|| filters.first_page().url(self.path)),
            next_url: page
                .next
                .as_deref()
                .map(|cursor| filters.after(cursor).url(self.path)),
            page_size: PAGE_SIZE,
        }
    }

    fn facets(&self, filters: &Filters, page: &Page) -> Vec<FacetView> {
        let attributes = page
            .facets
            .iter()
            .filter_map(|facet| self.facet(filters, facet, page.total_count));
        self.departments(filters, page)
            .into_iter()
            .chain(attributes)
            .collect()
    }

    /// The departments of what was found, where more than one is possible. They exclude one another.
    fn departments(&self, filters: &Filters, page: &Page) -> Option<FacetView> {
        let choice = |category: &CategoryCount| {
            let chosen = filters.category.as_deref() == Some(&category.slug);
            let other = filters.with_category((!chosen).then_some(&category.slug));
            Choice {
                name: category.name.clone(),
                url: other.url(self.path),
                chosen,
                count: Some(category.count),
            }
        };
        if !self.offers_departments {
            return None;
        }
        FacetView::new(
            "Department",
            page.categories.iter().map(choice).collect(),
            page.total_count,
        )
    }

    /// An attribute. Its values are alternatives: choosing another one adds it.
    fn facet(&self, filters: &Filters, facet: &Facet, found: u64) -> Option<FacetView> {
        let choice = |value: &FacetValue| {
            let chosen = filters.has_attribute(&facet.key, &value.value);
            let other = if chosen {
                filters.without_attribute(&facet.key, &value.value)
            } else {
                filters.with_attribute(&facet.key, &value.value)
            };
            Choice {
                name: value.value.clone(),
                url: other.url(self.path),
                chosen,
                count: Some(value.count),
            }
        };
        FacetView::new(
            &facet.label,
            facet.values.iter().map(choice).collect(),
            found,
        )
    }

    fn active_filters(&self, filters: &Filters, page: &Page) -> Vec<Link> {
        let department = filters.category.as_ref().map(|slug| {
            let known = page
                .categories
                .iter()
                .find(|category| category.slug == *slug);
            let name = known.map_or(slug, |category| &category.name);
            Link::new(
                &format!("Department: {name}"),
                filters.with_category(None).url(self.path),
            )
        });
        let attributes = filters.attributes.iter().map(|(key, value)| {
            let label = page
                .facets
                .iter()
                .find(|facet| facet.key == *key)
                .map_or(key, |facet| &facet.label);
            Link::new(
                &format!("{label}: {value}"),
                filters.without_attribute(key, value).url(self.path),
            )
        });
        let prices = price_range(filters)
            .map(|range| Link::new(&range, filters.without_prices().url(self.path)));
        department
            .into_iter()
            .chain(attributes)
            .chain(prices)
            .collect()
    }

    fn sorts(&self, filters: &Filters) -> Vec<Choice> {
        let current = filters.sort.as_deref().unwrap_or(self.default_sort);
        let choice = |(sort, name): (&str, &str)| Choice {
            name: name.to_owned(),
            url: filters.with_sort(sort).url(self.path),
            chosen: sort == current,
            count: None,
        };
        let best_match = (!filters.words.is_empty()).then_some(("relevance", "Best match"));
        best_match.into_iter().chain(SORTS).map(choice).collect()
    }
}

impl FieldView {
    fn new(field: &PriceField, bound: Option<Money>) -> Self {
        let hint = bound.map_or_else(String::new, |bound| bound.amount());
        Self {
            text: field.text.clone(),
            hint,
            error: field.error.clone(),
        }
    }
}

/// What the price form must not lose: everything but its own fields and the page.
fn kept_fields(filters: &Filters) -> Vec<HiddenField> {
    let kept = filters.without_prices().pairs().into_iter();
    kept.map(|(name, value)| HiddenField { name, value })
        .collect()
}

/// `€10.00 to €20.00`, or the one end that is set.
fn price_range(filters: &Filters) -> Option<String> {
    let text = |field: &PriceField| field.value.map(crate::price::text);
    match (text(&filters.min_price), text(&filters.max_price)) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("{min} and more")),
        (None, Some(max)) => Some(format!("Up to {max}")),
        (None, None) => None,
    }
}

fn has_price_error(filters: &Filters) -> bool {
    filters.min_price.error.is_some() || filters.max_price.error.is_some()
}

fn count_text(filters: &Filters, page: &Page) -> String {
    match (page.total_count, filters.after.is_some()) {
        (0, _) => "Nothing found".to_owned(),
        (count, true) => format!("{}, continued", products_counted(count)),
        (count, false) => products_counted(count),
    }
}
