//! What the catalogue says of itself: its API's description, who may do what, problems, metrics.

use image::ImageFormat;
use serde_json::{Value, json};
use testkit::{
    Client, ObjectStore, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};
use uuid::Uuid;

use crate::{
    app::{TestApp, laptop},
    images::picture,
};

/// A catalogue with a place for pictures.
struct Catalogue {
    app: TestApp,
    _store: ObjectStore,
}

impl Catalogue {
    async fn open() -> Self {
        let store = ObjectStore::start("product-images").await;
        Self {
            app: TestApp::with_store(&store).await,
            _store: store,
        }
    }
}

impl Subject for Catalogue {
    fn client(&self, actor: Actor) -> Client {
        match actor {
            Actor::Anonymous => self.app.anonymous.clone(),
            Actor::Customer => self.app.customer.clone(),
            Actor::OtherCustomer => {
                let token = self.app.issuer.token(Uuid::new_v4(), "customer");
                self.app.anonymous.with_token(&token)
            }
            Actor::Vendor => self.app.vendor.clone(),
            Actor::OtherVendor => self.app.other_vendor.clone(),
            Actor::Admin => self.app.admin.clone(),
        }
    }

    async fn call(&self, operation: &str, _: Actor) -> Call {
        let of_product = async || {
            let product = self.app.product("Laptop", json!({})).await;
            let call = Call::plain().owned_by(Actor::Vendor);
            call.with("product", product["id"].as_str().unwrap())
        };
        match operation {
            "list_categories" | "list_products" | "search_products" | "list_own_products" => {
                Call::plain()
            }
            "create_product" => Call::plain().json(whole_product()),
            "get_product" | "get_own_product" => of_product().await,
            "archive_product" => of_product().await.once(),
            "update_product" => of_product().await.once().json(json!({
                "version": 1, "name": "Notebook", "summary": "Light", "description": "A light one", "price": "12.30",
                "category": "garden", "attributes": { "material": "Steel" }
            })),
            "add_variant" => {
                let sku = Uuid::new_v4().to_string();
                of_product().await.json(json!({
                    "sku": sku, "name": "Green", "price": 1399, "options": { "colour": "Green" }
                }))
            }
            "update_variant" => {
                let product = self.app.product("Laptop", json!({})).await;
                let variant = product["variants"][0]["id"].as_str().unwrap();
                Call::plain()
                    .owned_by(Actor::Vendor)
                    .with("product", product["id"].as_str().unwrap())
                    .with("variant", variant)
                    .json(json!({
                        "version": 1, "name": "Blue", "price": "12.30", "options": { "colour": "Blue" }
                    }))
                    .once()
            }
            "upload_picture" => {
                let picture = picture(64, 64, ImageFormat::Png);
                of_product().await.bytes("image/png", picture)
            }
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }

    async fn stored(&self) -> Value {
        self.app.stored().await
    }
}

/// With everything that one may have.
fn whole_product() -> Value {
    let mut product = laptop();
    product["summary"] = json!("For games");
    product["currency"] = json!("EUR");
    product["attributes"] = json!({ "material": "Steel" });
    let sku = Uuid::new_v4().to_string();
    product["variants"] = json!([
        { "sku": sku, "name": "Green", "price": 1399, "options": { "colour": "Green" } }
    ]);
    product
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(catalog::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(catalog::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test]
async fn the_description_is_checked_in_and_complete() {
    let subject = Catalogue::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Catalogue::open().await).await;
}

#[tokio::test]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Catalogue::open().await, &promises()).await;
}
