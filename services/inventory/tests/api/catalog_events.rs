//! What the catalogue tells: taken over once, in whatever order it arrives.

use contracts::{
    Currency, Event, Money, ProductId, VariantId, VendorId,
    catalog::{ProductArchived, ProductCreated, ProductUpdated, Variant},
};
use serde_json::{Value, json};
use testkit::Nats;
use uuid::Uuid;

use crate::app::TestApp;

struct Story {
    product: ProductId,
    vendor: VendorId,
    variants: [VariantId; 2],
}

impl Story {
    fn new(app: &TestApp) -> Self {
        Self {
            product: ProductId::generate(),
            vendor: VendorId(app.vendor_id),
            variants: [VariantId::generate(), VariantId::generate()],
        }
    }

    fn variants(&self, number: usize) -> Vec<Variant> {
        let variants = self.variants.iter().take(number).zip(["ONE", "TWO"]);
        variants
            .map(|(variant, name)| Variant {
                variant_id: *variant,
                sku: format!("{name}-{}", self.product),
                name: name.to_owned(),
                price: Money::from_minor(100, Currency::Eur),
            })
            .collect()
    }

    fn created(&self) -> ProductCreated {
        ProductCreated {
            product_id: self.product,
            version: 1,
            vendor_id: self.vendor,
            slug: "a-thing".to_owned(),
            name: "A thing".to_owned(),
            category: "things".to_owned(),
            price: Money::from_minor(100, Currency::Eur),
            variants: self.variants(1),
        }
    }

    fn updated(&self, version: i64, name: &str, variants: usize) -> ProductUpdated {
        ProductUpdated {
            product_id: self.product,
            version,
            vendor_id: self.vendor,
            slug: "a-thing".to_owned(),
            name: name.to_owned(),
            category: "things".to_owned(),
            price: Money::from_minor(100, Currency::Eur),
            variants: self.variants(variants),
        }
    }
}

async fn tell<E: Event>(nats: &Nats, event: &E) {
    nats.tell("CATALOG", Uuid::now_v7(), event).await;
}

/// The product's variants as stored: SKU prefix, name, archived.
async fn facts(app: &TestApp, story: &Story) -> Value {
    let mut connection = app.database.connect().await;
    sqlx::query_scalar(
        "select coalesce(json_agg(json_build_array(split_part(sku, '-', 1), product_name, is_archived) order by position), '[]')
         from variant where product_id = $1",
    )
    .bind(story.product.0)
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

async fn until_handled(app: &TestApp, number: i64) {
    testkit::eventually("every event has been handled", || async {
        let handled: i64 = app
            .one("select count(*) from inbox where consumer like 'inventory_product_%'")
            .await;
        (handled == number).then_some(())
    })
    .await;
}

#[tokio::test]
async fn products_are_known_before_anybody_asks() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let story = Story::new(&app);
    tell(&nats, &story.created()).await;
    until_handled(&app, 1).await;
    // The catalogue is away: this answers from what its event said.
    let body =
        json!({ "productId": story.product, "quantity": 5, "warehouseLocation": "Warehouse A" });
    let stock = app
        .vendor
        .post("/api/inventory", &body)
        .await
        .expect(201)
        .json();
    assert_eq!(stock["productName"], "A thing");
    assert_eq!(stock["variantId"], json!(story.variants[0]));
}

#[tokio::test]
async fn the_newest_facts_win_in_whatever_order_they_arrive() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let orders: [[usize; 4]; 6] = [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [1, 0, 3, 2],
        [3, 0, 1, 2],
        [2, 0, 3, 1],
    ];
    let mut handled = 0;
    for order in orders {
        let story = Story::new(&app);
        for event in order {
            match event {
                0 => tell(&nats, &story.created()).await,
                1 => tell(&nats, &story.updated(2, "A better thing", 2)).await,
                2 => tell(&nats, &story.updated(3, "The thing", 2)).await,
                _ => {
                    let gone = ProductArchived {
                        product_id: story.product,
                        version: 4,
                    };
                    tell(&nats, &gone).await;
                }
            }
            handled += 1;
            until_handled(&app, handled).await;
        }
        let expected = json!([["ONE", "The thing", true], ["TWO", "The thing", true]]);
        assert_eq!(facts(&app, &story).await, expected, "{order:?}");
    }
}

#[tokio::test]
async fn a_variant_that_is_not_named_any_more_is_archived() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let story = Story::new(&app);
    tell(&nats, &story.updated(2, "A thing", 2)).await;
    until_handled(&app, 1).await;
    tell(&nats, &story.updated(3, "A thing", 1)).await;
    until_handled(&app, 2).await;
    let expected = json!([["ONE", "A thing", false], ["TWO", "A thing", true]]);
    assert_eq!(facts(&app, &story).await, expected);
    // Older facts, late, do not bring it back.
    tell(&nats, &story.created()).await;
    until_handled(&app, 3).await;
    assert_eq!(facts(&app, &story).await, expected);
}

#[tokio::test]
async fn what_is_archived_can_neither_be_held_nor_stocked() {
    let nats = Nats::start();
    let app = TestApp::with_broker(&nats.url()).await;
    let product = app.product(5).await;
    let gone = ProductArchived {
        product_id: product.id,
        version: 2,
    };
    tell(&nats, &gone).await;
    until_handled(&app, 1).await;
    app.hold(contracts::OrderId::generate(), &[product.line(1)])
        .await
        .expect_problem(409, "out-of-stock");
    assert_eq!(app.available(product).await, 0);
    let body =
        json!({ "productId": product.id, "quantity": 5, "warehouseLocation": "Warehouse A" });
    app.vendor
        .post("/api/inventory", &body)
        .await
        .expect_problem(409, "product-archived");
}
