//! What the service says of itself: its API's description, who may do what, problems, metrics.

use serde_json::{Value, json};
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};
use uuid::Uuid;

use crate::{
    app::TestApp,
    books,
    restocks::{Catalog, with_catalog},
};

/// An inventory with a vendor's goods, and a catalogue to ask what it has not heard of.
struct Warehouse {
    app: TestApp,
    _catalog: Catalog,
}

impl Warehouse {
    async fn open() -> Self {
        let (app, catalog, _) = with_catalog().await;
        Self {
            app,
            _catalog: catalog,
        }
    }
}

impl Subject for Warehouse {
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
        let product = self.app.product_without_stock().await;
        let stock = self.app.restock(product, 10, "Warehouse A").await;
        let call = Call::plain().owned_by(Actor::Vendor);
        let of_stock = call.clone().with("stock", stock["id"].as_str().unwrap());
        match operation {
            "list_stock" => call,
            "get_availability" => call.with("product", &product.id),
            "list_ledger" => of_stock,
            "adjust_stock" => of_stock.json(json!({ "delta": 1, "reason": "Counted again" })),
            "add_stock" => call.json(json!({
                "productId": product.id, "variantId": product.variant, "quantity": 1,
                "warehouseLocation": "Warehouse A", "lowStockThreshold": 3, "reason": "Delivery 4711"
            })),
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }

    async fn stored(&self) -> Value {
        books::stored(&self.app.database).await
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(inventory::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(inventory::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test]
async fn the_description_is_checked_in_and_complete() {
    let subject = Warehouse::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Warehouse::open().await).await;
}

#[tokio::test]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Warehouse::open().await, &promises()).await;
}
