//! What the service says of itself: its API's description, who may do what, problems, metrics.

use serde_json::json;
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};
use tokio::sync::OnceCell;

use crate::app::{Product, TestApp, path, wish};

/// A shop with a product, of which `customer` orders.
struct Shop {
    app: TestApp,
    product: Product,
    /// Paid, for those who may not do anything with it.
    guarded: OnceCell<String>,
}

impl Shop {
    async fn open() -> Self {
        let app = TestApp::start().await;
        Self {
            product: app.product(900_000).await,
            app,
            guarded: OnceCell::new(),
        }
    }

    /// A paid order; one of their own for those who may change it.
    async fn paid(&self, actor: Actor) -> String {
        let make = async || {
            let order = self.app.paid_order(&self.product, 1).await;
            order["id"].as_str().unwrap().to_owned()
        };
        if matches!(actor, Actor::Vendor | Actor::Admin) {
            return make().await;
        }
        self.guarded.get_or_init(make).await.clone()
    }
}

impl Subject for Shop {
    fn client(&self, actor: Actor) -> Client {
        match actor {
            Actor::Anonymous => &self.app.anonymous,
            Actor::Customer => &self.app.customer,
            Actor::OtherCustomer => &self.app.other_customer,
            Actor::Vendor => &self.app.vendor,
            Actor::OtherVendor => &self.app.other_vendor,
            Actor::Admin => &self.app.admin,
        }
        .clone()
    }

    async fn call(&self, operation: &str, actor: Actor) -> Call {
        match operation {
            "list_orders" | "list_vendor_orders" => Call::plain(),
            "place_order" | "place_order_shortly" => {
                let mut body = wish(&self.product, 1);
                body["items"][0]["variantId"] = json!(self.product.variant);
                body["items"][0]["price"] = json!("12.50");
                body["shippingAddress"]["recipient"] = json!("Somebody");
                body["paymentMethod"] = json!("pm_card_visa");
                Call::plain().json(body)
            }
            "get_order" => Call::plain().with("order", &self.paid(Actor::Customer).await),
            "cancel_order" => {
                let order = self.app.order(&self.product, 1).await;
                Call::plain()
                    .with("order", order["id"].as_str().unwrap())
                    .json(json!({ "version": 1, "reason": "Changed my mind" }))
            }
            "ship_order" => {
                let order = self.paid(actor).await;
                let body = json!({ "carrier": "A van", "trackingNumber": "1", "version": 3 });
                Call::plain().with("order", &order).json(body)
            }
            "deliver_order" => {
                let order = self.paid(actor).await;
                let sent = json!({ "id": order });
                let ship = format!("{}/ship", path(&sent));
                self.app.vendor.post(&ship, &json!({})).await;
                Call::plain()
                    .with("order", &order)
                    .json(json!({ "version": 4 }))
            }
            "refund_order" => {
                let order = self.paid(actor).await;
                let body = json!({ "amount": "0.01", "reason": "Goodwill", "version": null });
                Call::plain().with("order", &order).json(body)
            }
            "user_dashboard" => Call::plain().with("user", &self.app.customer_id),
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(orders::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(orders::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test]
async fn the_description_is_checked_in_and_complete() {
    let subject = Shop::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Shop::open().await).await;
}

#[tokio::test]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Shop::open().await, &promises()).await;
}

#[tokio::test]
async fn every_series_is_there_from_the_start() {
    let app = TestApp::start().await;
    let scrape = app.anonymous.get("/metrics").await.expect(200);
    let text = String::from_utf8_lossy(&scrape.body);
    for family in orders::metrics::CATALOGUE {
        assert!(
            text.contains(&format!("# TYPE {} ", family.name)),
            "{}",
            family.name
        );
    }
    for series in [
        "shop_orders_total{outcome=\"placed\"} 0",
        "shop_order_turns_total{state=\"REFUNDED\"} 0",
        "shop_order_value_minor_units_total{currency=\"EUR\"} 0",
    ] {
        assert!(text.contains(series), "{series}");
    }
}
