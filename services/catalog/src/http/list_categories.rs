//! `GET /api/categories`: the shelves of the shop.

use axum::extract::State as FromState;
use chassis::{Json, Problem};
use contracts::CategoryId;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::ImageBody;
use crate::{
    assembly::State,
    db::{self, categories::Category},
    domain::product::Picture,
    pictures::Pictures,
};

/// Every category.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Categories {
    /// In the order of the shop's navigation.
    items: Vec<CategoryBody>,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CategoryBody {
    id: CategoryId,
    /// Its name in URLs and filters.
    slug: String,
    name: String,
    /// One line for its card.
    description: String,
    /// How many products it shows.
    product_count: i64,
    /// Its cover.
    image: Option<ImageBody>,
    /// What its products are described by, in display order.
    attributes: Vec<AttributeBody>,
}

/// Something that products are described by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttributeBody {
    /// As in `attr.<key>`.
    key: String,
    /// As people read it.
    label: String,
    /// Whether it is offered as a filter.
    facet: bool,
}

impl CategoryBody {
    fn new(category: Category, pictures: &Pictures) -> Self {
        let cover = cover(&category);
        let attributes = category.attributes.0.into_iter();
        Self {
            image: cover.map(|cover| ImageBody::new(&cover, &category.name, pictures)),
            id: category.id,
            slug: category.slug,
            name: category.name,
            description: category.summary,
            product_count: category.product_count,
            attributes: attributes
                .map(|kind| AttributeBody {
                    key: kind.key,
                    label: kind.label,
                    facet: kind.facet,
                })
                .collect(),
        }
    }
}

fn cover(category: &Category) -> Option<Picture> {
    Some(Picture {
        small: category.small.clone()?,
        medium: category.medium.clone()?,
        large: category.large.clone()?,
        width: category.width?,
        height: category.height?,
        alt: String::new(),
    })
}

/// List categories.
#[utoipa::path(
    get,
    path = "/api/categories",
    tag = "categories",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    responses((status = 200, description = "Every category", body = Categories))
)]
pub(crate) async fn list_categories(
    FromState(state): FromState<State>,
) -> Result<Json<Categories>, Problem> {
    let mut connection = state.database.acquire().await?;
    let categories = db::categories::list(&mut connection).await?;
    let items = categories
        .into_iter()
        .map(|category| CategoryBody::new(category, &state.pictures))
        .collect();
    Ok(Json(Categories { items }))
}
