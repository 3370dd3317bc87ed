//! `GET /products/{slug}`: one product, in the version that the address names.

use std::time::Duration;

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use contracts::Money;
use serde::Serialize;
use tokio::time::timeout;

use super::{cart::MOST_OF_ONE, failure::Failure};
use crate::{
    Storefront,
    catalog::{self, Attribute, Kind, Pair, Product, ProductCard, Variant},
    filters::Filters,
    links::{self, Link},
    price,
    render::Head,
    services::inventory::Availability,
    views::{Card, Picture, cards},
    visit::Visit,
};

/// What the badge is worth waiting for.
const PATIENCE_FOR_STOCK: Duration = Duration::from_millis(300);

/// One row on a wide screen.
const RELATED: usize = 4;

#[derive(Debug, Serialize)]
struct ProductPage {
    crumbs: Vec<Link>,
    product: ProductView,
    related: Vec<Card>,
}

#[derive(Debug, Serialize)]
struct ProductView {
    name: String,
    summary: String,
    price: PriceView,
    pictures: Vec<Picture>,
    variants: Vec<VariantView>,
    paragraphs: Vec<String>,
    details: Vec<Detail>,
    category: Link,
    vendor: Option<String>,
    /// What the cart is told. Without a version there is nothing to put in.
    buying: Option<Buying>,
}

/// What can be put into the cart, and how many of it.
#[derive(Debug, Serialize)]
struct Buying {
    product: String,
    variant: String,
    most: i64,
    /// What is known of the stock; nothing while that cannot be asked.
    stock: Option<StockBadge>,
    is_sold_out: bool,
}

#[derive(Debug, Serialize)]
struct StockBadge {
    text: String,
    tone: &'static str,
}

#[derive(Debug, Serialize)]
struct PriceView {
    text: String,
    amount: String,
    currency: &'static str,
}

#[derive(Debug, Serialize)]
struct VariantView {
    name: String,
    price: String,
    url: String,
    chosen: bool,
}

#[derive(Debug, Serialize)]
struct Detail {
    name: String,
    value: String,
}

/// `GET /products/{slug}`
pub(crate) async fn product(
    State(storefront): State<Storefront>,
    visit: Visit,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (departments, product) = tokio::join!(
        storefront.departments().current(),
        storefront.catalog().product(&slug)
    );
    let product = product.map_err(Failure::of_a_product)?;
    let inventory = &storefront.services().inventory;
    let (related, stock) = tokio::join!(
        related(storefront.catalog(), &product),
        timeout(PATIENCE_FOR_STOCK, inventory.of_product(&visit, product.id)),
    );
    // Without the inventory there is no badge; the cart and the order still ask.
    let stock = stock.ok().and_then(Result::ok).unwrap_or_default();
    let path = links::product_path(&product.slug);

    let head = Head {
        title: format!("{} · Argosy", product.name),
        description: if product.summary.is_empty() {
            product.name.clone()
        } else {
            product.summary.clone()
        },
        canonical_url: Some(storefront.public_url(&path)),
        path,
        search_text: String::new(),
    };
    let departments = departments.unwrap_or_default();
    let category = links::to_item_category(&product.category);
    let kinds = departments
        .iter()
        .find(|other| other.slug == product.category.slug)
        .map_or(&[][..], |known| &known.attributes);
    let view = ProductPage {
        crumbs: vec![Link::home(), category, Link::here(&product.name)],
        product: ProductView::new(
            &product,
            chosen_sku(&query.unwrap_or_default()).as_deref(),
            kinds,
            &stock,
        ),
        related: cards(&related),
    };
    Ok(storefront.page("product.html", &head, &departments, view)?)
}

/// Others of the same category. The page is whole without them, so that a failure here is none of the shopper's business.
async fn related(catalog: &catalog::Catalog, product: &Product) -> Vec<ProductCard> {
    let mut question: Vec<Pair> = Filters::default().question(RELATED + 1);
    question.push(("category".to_owned(), product.category.slug.clone()));
    let found = catalog
        .find(Kind::List, &question)
        .await
        .map(|page| page.items)
        .unwrap_or_default();
    found
        .into_iter()
        .filter(|other| other.slug != product.slug)
        .take(RELATED)
        .collect()
}

impl ProductView {
    fn new(
        product: &Product,
        sku: Option<&str>,
        kinds: &[Attribute],
        stock: &[Availability],
    ) -> Self {
        let variant = chosen_variant(product, sku);
        let images = variant
            .map(|variant| &variant.images)
            .filter(|images| !images.is_empty())
            .unwrap_or(&product.images);
        Self {
            name: product.name.clone(),
            summary: product.summary.clone(),
            price: PriceView::from(variant.map_or(product.price, |variant| variant.price)),
            pictures: images
                .iter()
                .map(|image| Picture::new(image, &product.name))
                .collect(),
            variants: variants(product, variant),
            paragraphs: product
                .description
                .split("\n\n")
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            details: details(product, variant, kinds),
            category: links::to_item_category(&product.category),
            vendor: product.vendor.name.clone(),
            buying: variant.map(|variant| Buying::new(product, variant, stock)),
        }
    }
}

impl Buying {
    fn new(product: &Product, variant: &Variant, stock: &[Availability]) -> Self {
        let left = stock.iter().find(|left| left.variant_id == variant.id);
        let is_low = left.is_some_and(|left| left.state == "low");
        Self {
            product: product.id.to_string(),
            variant: variant.id.to_string(),
            most: match left {
                Some(left) if is_low && left.available > 0 => left.available,
                _ => i64::from(MOST_OF_ONE),
            },
            is_sold_out: left.is_some_and(|left| left.state == "out"),
            stock: left.map(StockBadge::from),
        }
    }
}

impl From<&Availability> for StockBadge {
    fn from(left: &Availability) -> Self {
        let (text, tone) = match left.state.as_str() {
            "out" => ("Sold out at present".to_owned(), "bad"),
            "low" => (format!("Only {} left", left.available), "waiting"),
            _ => ("In stock".to_owned(), "good"),
        };
        Self { text, tone }
    }
}

impl From<Money> for PriceView {
    fn from(price: Money) -> Self {
        Self {
            text: price::text(price),
            amount: price.amount(),
            currency: price.currency.code(),
        }
    }
}

/// The SKU in `?variant=…`.
fn chosen_sku(query: &str) -> Option<String> {
    let pairs: Vec<Pair> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs
        .into_iter()
        .find_map(|(name, value)| (name == "variant").then_some(value))
}

/// The version that was asked for, else the first one.
fn chosen_variant<'a>(product: &'a Product, sku: Option<&str>) -> Option<&'a Variant> {
    let named = product
        .variants
        .iter()
        .find(|variant| Some(variant.sku.as_str()) == sku);
    named.or_else(|| product.variants.first())
}

/// The versions to choose from; one version is no choice.
fn variants(product: &Product, chosen: Option<&Variant>) -> Vec<VariantView> {
    if product.variants.len() < 2 {
        return Vec::new();
    }
    let path = links::product_path(&product.slug);
    let view = |variant: &Variant| VariantView {
        name: variant.name.clone(),
        price: price::text(variant.price),
        url: format!(
            "{path}?{}",
            serde_urlencoded::to_string([("variant", &variant.sku)])
                .expect("BUG: a string always encodes")
        ),
        chosen: chosen.is_some_and(|chosen| chosen.sku == variant.sku),
    };
    product.variants.iter().map(view).collect()
}

/// What is known about the product, said more exactly where this version of it does, in the order of its category.
fn details(product: &Product, variant: Option<&Variant>, kinds: &[Attribute]) -> Vec<Detail> {
    let mut facts = product.attributes.clone();
    facts.extend(
        variant
            .into_iter()
            .flat_map(|variant| variant.options.clone()),
    );
    let mut details: Vec<Detail> = kinds
        .iter()
        .filter_map(|kind| {
            Some(Detail {
                name: kind.label.clone(),
                value: facts.remove(&kind.key)?,
            })
        })
        .collect();
    details.extend(facts.into_iter().map(|(key, value)| Detail {
        name: capitalised(&key),
        value,
    }));
    details.extend(variant.map(|variant| Detail {
        name: "Article number".to_owned(),
        value: variant.sku.clone(),
    }));
    details
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
