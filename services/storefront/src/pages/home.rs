//! `GET /`: the harbour, from which everything can be seen.

use axum::{extract::State, response::Response};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    catalog::{Category, Kind, Page, ProductCard},
    filters::Filters,
    flags, links,
    render::Head,
    views::{Card, Picture, cards, products_counted},
};

/// One row on a wide screen: who wants more of it follows the shelf's link. The whole page with its pictures weighs less than
/// 150 kB.
const FEATURED: usize = 4;
const NEWEST: usize = 4;
const FIRST_ROW: usize = 4;

#[derive(Debug, Serialize)]
struct Home {
    lead: String,
    departments: Vec<Department>,
    shelves: Vec<Shelf>,
}

#[derive(Debug, Serialize)]
struct Department {
    name: String,
    url: String,
    letter: &'static str,
    count_text: String,
    picture: Option<Picture>,
}

#[derive(Debug, Serialize)]
struct Shelf {
    id: &'static str,
    name: &'static str,
    url: String,
    link_text: &'static str,
    cards: Vec<Card>,
    /// How many pictures are fetched before anybody scrolls.
    eager_count: usize,
}

/// `GET /`
pub(crate) async fn home(State(storefront): State<Storefront>) -> Result<Response, Failure> {
    let (featured, newest) = (sorted_by("featured"), sorted_by("newest"));
    let questions = [
        featured.question(FEATURED),
        newest.question(FEATURED + NEWEST),
    ];
    let (departments, featured_page, newest_page) = tokio::try_join!(
        storefront.departments().current(),
        storefront.catalog().find(Kind::List, &questions[0]),
        storefront.catalog().find(Kind::List, &questions[1]),
    )?;
    let view = Home {
        lead: lead(&featured_page, &departments),
        departments: departments.iter().map(department).collect(),
        shelves: vec![
            Shelf {
                id: "featured",
                name: "First off the ship",
                url: featured.url(links::SEARCH),
                link_text: "See everything",
                cards: cards(&featured_page.items),
                eager_count: FIRST_ROW,
            },
            Shelf {
                id: "newest",
                name: "Just landed",
                url: newest.url(links::SEARCH),
                link_text: "See the newest",
                cards: cards(&not_in(&featured_page, newest_page)),
                eager_count: 0,
            },
        ],
    };
    let head = Head {
        title: "Argosy · Well-made things, fairly carried".to_owned(),
        description: view.lead.clone(),
        path: links::HOME.to_owned(),
        search_text: String::new(),
        canonical_url: Some(storefront.public_url(links::HOME)),
    };
    Ok(storefront.page("home.html", &head, &departments, view)?)
}

fn sorted_by(sort: &str) -> Filters {
    Filters::default().with_sort(sort)
}

fn lead(all: &Page, departments: &[Category]) -> String {
    let count = departments.len();
    let departments = if count == 1 {
        "one department".to_owned()
    } else {
        format!("{count} departments")
    };
    format!(
        "{} in {departments}, from the people who make them.",
        products_counted(all.total_count)
    )
}

fn department(category: &Category) -> Department {
    Department {
        name: category.name.clone(),
        url: links::category_path(&category.slug),
        letter: flags::letter_for(&category.name),
        count_text: products_counted(category.product_count),
        picture: category
            .image
            .as_ref()
            .map(|image| Picture::new(image, &category.name)),
    }
}

/// A shelf of what does not stand on the other one already.
fn not_in(other: &Page, page: Page) -> Vec<ProductCard> {
    let is_new = |product: &ProductCard| other.items.iter().all(|shown| shown.slug != product.slug);
    page.items.into_iter().filter(is_new).take(NEWEST).collect()
}
