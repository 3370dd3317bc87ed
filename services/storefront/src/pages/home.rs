//! `GET /`: the harbour, from which everything can be seen.

use axum::{extract::State, response::Response};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    catalog::{Category, Kind, Page},
    filters::Filters,
    flags, links,
    render::Head,
    views::{Card, Picture, cards, products_counted},
};

/// Two rows on a wide screen.
const SHELF_SIZE: usize = 8;

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
}

/// `GET /`
pub(crate) async fn home(State(storefront): State<Storefront>) -> Result<Response, Failure> {
    let (featured, newest) = (sorted_by("featured"), sorted_by("newest"));
    let questions = [featured.question(SHELF_SIZE), newest.question(SHELF_SIZE)];
    let (departments, featured_page, newest_page) = tokio::try_join!(
        storefront.departments().current(),
        storefront.catalog().find(Kind::List, &questions[0]),
        storefront.catalog().find(Kind::List, &questions[1]),
    )?;
    let view = Home {
        lead: lead(&featured_page, &departments),
        departments: departments.iter().map(department).collect(),
        shelves: vec![
            shelf(
                "featured",
                "First off the ship",
                "See everything",
                &featured,
                &featured_page,
            ),
            shelf(
                "newest",
                "Just landed",
                "See the newest",
                &newest,
                &newest_page,
            ),
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

fn shelf(
    id: &'static str,
    name: &'static str,
    link_text: &'static str,
    filters: &Filters,
    page: &Page,
) -> Shelf {
    Shelf {
        id,
        name,
        url: filters.url(links::SEARCH),
        link_text,
        cards: cards(&page.items),
    }
}
