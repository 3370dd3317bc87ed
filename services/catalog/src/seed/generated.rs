//! Products by the hundred thousand, to measure with: made from the demo's own, and copied in as fast as the database
//! takes them.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{Event as _, Money, catalog};
use sqlx::{Postgres, Transaction};

use super::{
    demo::{Demo, Product},
    ids, pictures,
};
use crate::{
    db::{self, bulk::Table},
    domain::product::{Attributes, facets},
};

/// Rows made and sent at a time.
const CHUNK: u32 = 5_000;

const WORDS: [&str; 48] = [
    "Alder", "Anchor", "Ash", "Aspen", "Bay", "Beacon", "Birch", "Bramble", "Brook", "Cedar",
    "Cinder", "Cliff", "Clover", "Copper", "Cove", "Dune", "Elm", "Ember", "Fern", "Fjord",
    "Flint", "Gale", "Granite", "Harbour", "Hazel", "Heath", "Heron", "Ivy", "Juniper", "Kestrel",
    "Lantern", "Larch", "Linden", "Marsh", "Meadow", "Mistral", "Moss", "North", "Orchard",
    "Otter", "Pebble", "Quay", "Reed", "Rowan", "Saltwind", "Slate", "Thistle", "Willow",
];
const COLOURS: [&str; 16] = [
    "Amber", "Black", "Blue", "Brick", "Charcoal", "Cream", "Forest", "Grey", "Indigo", "Ivory",
    "Moss", "Ochre", "Pearl", "Red", "Sage", "Slate",
];

/// A product of the demo, and the digest of its picture, which is worked out once and not a thousand times.
struct Template<'a> {
    category: &'a str,
    product: &'a Product,
    picture: String,
}

/// Makes what is missing to `total` products; says how many that were.
pub(super) async fn top_up(
    tx: &mut Transaction<'_, Postgres>,
    demo: &Demo,
    total: u32,
) -> anyhow::Result<u32> {
    let present = u32::try_from(db::bulk::count_products(tx).await?)?;
    let made = u32::try_from(db::bulk::count_generated(tx).await?)?;
    let missing = total.saturating_sub(present);
    let templates = demo.products.iter().map(|(category, product)| {
        let picture = pictures::digest(&product.picture)?;
        anyhow::Ok(Template {
            category,
            product,
            picture,
        })
    });
    let templates = templates.collect::<anyhow::Result<Vec<_>>>()?;
    let now = db::bulk::now(tx).await?;
    if missing == 0 {
        return Ok(0);
    }
    db::bulk::collect_index_entries(tx).await?;
    let mut next = made;
    while next < made + missing {
        let end = (next + CHUNK).min(made + missing);
        copy(tx, &templates, now, next..end).await?;
        next = end;
    }
    db::bulk::sort_in_index_entries(tx).await?;
    Ok(missing)
}

async fn copy(
    tx: &mut Transaction<'_, Postgres>,
    templates: &[Template<'_>],
    now: DateTime<Utc>,
    numbers: std::ops::Range<u32>,
) -> anyhow::Result<()> {
    let mut rows = Rows::default();
    for number in numbers {
        let mut dice = Dice(u64::from(number));
        let template = &templates[dice.below(templates.len())];
        rows.add(&Generated::new(number, template, now, &mut dice)?)?;
    }
    db::bulk::copy(tx, Table::Products, rows.products).await?;
    db::bulk::copy(tx, Table::Variants, rows.variants).await?;
    db::bulk::copy(tx, Table::Images, rows.images).await?;
    db::bulk::copy(tx, Table::Outbox, rows.outbox).await?;
    Ok(())
}

/// A product like one of the demo's, under another name, in another colour, at another price.
struct Generated<'a> {
    slug: String,
    name: String,
    template: &'a Template<'a>,
    price: Money,
    attributes: Attributes,
    rank: usize,
    created_at: DateTime<Utc>,
}

impl<'a> Generated<'a> {
    fn new(
        number: u32,
        template: &'a Template<'a>,
        now: DateTime<Utc>,
        dice: &mut Dice,
    ) -> anyhow::Result<Self> {
        let product = template.product;
        let word = WORDS[dice.below(WORDS.len())];
        let colour = COLOURS[dice.below(COLOURS.len())];
        // Between half and twice the template's price, ending in 90 cents.
        let percent = 50 + i64::try_from(dice.below(150))?;
        let minor = product.price.0.minor * percent / 100 / 100 * 100 + 90;
        let mut attributes = product.attributes.clone();
        attributes.insert("colour".to_owned(), colour.to_owned());
        Ok(Self {
            slug: format!("{}-{}-{number}", word.to_lowercase(), product.slug),
            name: format!(
                "{word} {} in {}",
                lower_first(&product.name),
                colour.to_lowercase()
            ),
            template,
            price: Money::from_minor(minor, product.price.0.currency),
            attributes,
            rank: dice.below(10),
            // After the demo's own in "newest": a week old and older, one per second.
            created_at: now - TimeDelta::days(7) - TimeDelta::seconds(i64::from(number)),
        })
    }
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}

/// Enough to be found by; the rest would only take time to index.
fn first_sentence(text: &str) -> &str {
    text.trim().split_inclusive('.').next().unwrap_or_default()
}

/// Lines of PostgreSQL's text format for COPY, per table.
#[derive(Default)]
struct Rows {
    products: String,
    variants: String,
    images: String,
    outbox: String,
}

impl Rows {
    fn add(&mut self, made: &Generated<'_>) -> anyhow::Result<()> {
        let id = ids::product(&made.slug);
        let product = made.template.product;
        let sku = format!("GEN-{}", made.slug.to_uppercase());
        let sku: String = sku.chars().take(64).collect();
        let facets = facets(&made.attributes, std::iter::empty());
        line(
            &mut self.products,
            &[
                &id,
                &made.slug,
                &ids::vendor(&product.vendor),
                &ids::category(made.template.category),
                &made.name,
                &product.summary,
                &first_sentence(&product.description),
                &db::bulk::GENERATED,
                &made.price.minor,
                &made.price.currency,
                &serde_json::to_string(&made.attributes)?,
                &serde_json::to_string(&facets)?,
                &made.rank,
                &made.created_at.to_rfc3339(),
            ],
        );
        line(
            &mut self.variants,
            &[&ids::variant(&sku), &id, &0, &sku, &"Standard"],
        );
        line(&mut self.images, &[&id, &0, &made.template.picture]);
        let event = catalog::ProductCreated {
            product_id: id,
            version: 1,
            vendor_id: ids::vendor(&product.vendor),
            slug: made.slug.clone(),
            name: made.name.clone(),
            category: made.template.category.to_owned(),
            price: made.price,
            variants: vec![catalog::Variant {
                variant_id: ids::variant(&sku),
                sku,
                name: "Standard".to_owned(),
                price: made.price,
            }],
        };
        let subject = catalog::ProductCreated::subject();
        line(
            &mut self.outbox,
            &[
                &ids::event(id),
                &subject,
                &id,
                &1,
                &serde_json::to_string(&event)?,
            ],
        );
        Ok(())
    }
}

/// One row: fields apart by tabs, with the characters escaped that would end a field.
fn line(rows: &mut String, fields: &[&dyn std::fmt::Display]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            rows.push('\t');
        }
        let start = rows.len();
        let _ = write!(rows, "{field}");
        if rows[start..].contains(['\\', '\t', '\n', '\r']) {
            let escaped = rows[start..]
                .replace('\\', "\\\\")
                .replace('\t', "\\t")
                .replace('\n', "\\n")
                .replace('\r', "\\r");
            rows.truncate(start);
            rows.push_str(&escaped);
        }
    }
    rows.push('\n');
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let bound = u64::try_from(bound).expect("BUG: a list has fewer than 2^64 entries");
        usize::try_from(mixed % bound).expect("BUG: it is less than a usize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_field_is_escaped() {
        let mut rows = String::new();
        line(&mut rows, &[&"a\tb", &1, &"c\\d\n"]);
        assert_eq!(rows, "a\\tb\t1\tc\\\\d\\n\n");
    }

    #[test]
    fn the_dice_fall_the_same_way_in_every_run() {
        let mut dice = Dice(7);
        let thrown: Vec<usize> = (0..5).map(|_| dice.below(100)).collect();
        let mut again = Dice(7);
        assert_eq!(thrown, (0..5).map(|_| again.below(100)).collect::<Vec<_>>());
    }
}
