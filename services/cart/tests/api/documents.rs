//! What the service says of itself: its API's description, whose cart is reached, problems, metrics.

use serde_json::{Value, json};
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};

use crate::{
    app::{Person, TestApp, adding},
    shop::Product,
};

/// Everybody with a cart of their own.
struct Shop {
    app: TestApp,
    mug: Product,
    people: [Person; 5],
}

impl Shop {
    async fn open() -> Self {
        let app = TestApp::start().await;
        Self {
            mug: app.catalogue.product("Mug", "12.50").await,
            people: ["customer", "customer", "vendor", "vendor", "admin"]
                .map(|role| app.person(role)),
            app,
        }
    }

    /// With a mug in the actor's cart; a guest's is found by its cookie.
    async fn with_mug(&self, actor: Actor) -> Call {
        let call = Call::plain().with("variantId", &self.mug.variants[0]);
        if actor != Actor::Anonymous {
            let client = self.client(actor);
            client.delete("/api/cart").await.expect(200);
            let mug = adding(&self.mug, 1);
            client.post("/api/cart/items", &mug).await.expect(200);
            return call;
        }
        let guest = self.app.browser();
        guest.add(&self.mug, 1).await.expect(200);
        let cookie = format!("argosy_cart={}", guest.guest_cookie().unwrap());
        call.header("cookie", &cookie)
            .header("origin", &self.app.url)
    }
}

impl Subject for Shop {
    fn client(&self, actor: Actor) -> Client {
        let [customer, other_customer, vendor, other_vendor, admin] = &self.people;
        match actor {
            Actor::Anonymous => &self.app.anonymous,
            Actor::Customer => &customer.client,
            Actor::OtherCustomer => &other_customer.client,
            Actor::Vendor => &vendor.client,
            Actor::OtherVendor => &other_vendor.client,
            Actor::Admin => &admin.client,
        }
        .clone()
    }

    async fn call(&self, operation: &str, actor: Actor) -> Call {
        match operation {
            "get_cart" | "empty_cart" | "merge_carts" => Call::plain(),
            "add_item" => Call::plain().json(adding(&self.mug, 1)),
            "set_quantity" => self
                .with_mug(actor)
                .await
                .json(json!({ "quantity": 2 }))
                .once(),
            "remove_item" => self.with_mug(actor).await.once(),
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }

    async fn stored(&self) -> Value {
        self.app.stored().await
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(cart::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(cart::metrics::CATALOGUE);
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
