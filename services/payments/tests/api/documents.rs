//! What the service says of itself: its API's description, who may do what, problems, metrics; and its fail-points.

use std::{collections::BTreeSet, path::Path};

use contracts::UserId;
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};

use crate::{
    app::{Order, Shop, WEBHOOK_SECRET},
    webhooks::{captured, now, sign},
};

/// A shop with a payment of the customer's.
struct Till {
    shop: Shop,
    paid: Order,
    strangers: [UserId; 4],
}

impl Till {
    async fn open() -> Self {
        let shop = Shop::open().await;
        Self {
            paid: shop.paid().await,
            shop,
            strangers: std::array::from_fn(|_| UserId::generate()),
        }
    }
}

impl Subject for Till {
    fn client(&self, actor: Actor) -> Client {
        let [customer, vendor, other_vendor, admin] = self.strangers;
        match actor {
            Actor::Anonymous => self.shop.client(),
            Actor::Customer => self.shop.client_of(self.paid.user, "customer"),
            Actor::OtherCustomer => self.shop.client_of(customer, "customer"),
            Actor::Vendor => self.shop.client_of(vendor, "vendor"),
            Actor::OtherVendor => self.shop.client_of(other_vendor, "vendor"),
            Actor::Admin => self.shop.client_of(admin, "admin"),
        }
    }

    async fn call(&self, operation: &str, _: Actor) -> Call {
        match operation {
            "list_payment_methods" | "list_payments" => Call::plain(),
            "get_payment" => Call::plain().with("payment", &self.paid.id),
            // It is captured already; only whoever may try it again is told so.
            "retry_payment" => Call::plain().with("payment", &self.paid.id).answered(409),
            // Signed with what a thief would guess.
            "receive_webhook" => {
                let body = captured(&self.shop, &self.paid).await;
                let signature = sign(&WEBHOOK_SECRET.to_uppercase(), now(), &body);
                Call::plain()
                    .header("stripe-signature", &signature)
                    .bytes("application/json", body.into_bytes())
            }
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(payments::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(payments::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test]
async fn the_description_is_checked_in_and_complete() {
    let subject = Till::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Till::open().await).await;
}

#[tokio::test]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Till::open().await, &promises()).await;
}

/// The sweep of `crashes.rs` visits every fail-point that the sources and the README name.
#[test]
fn every_fail_point_is_visited_and_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join("src")];
    let mut named = BTreeSet::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let found = text
            .split("\"payments.")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned());
        named.extend(found.filter(|name| !name.contains(' ')));
    }
    assert!(named.len() >= 12, "{named:?}");
    let sweep = std::fs::read_to_string(root.join("tests/api/crashes.rs")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for name in named {
        assert!(
            sweep.contains(&format!("\"payments.{name}\"")),
            "the sweep does not visit payments.{name}"
        );
        assert!(
            readme.contains(&format!("`payments.{name}`")),
            "the README does not name payments.{name}"
        );
    }
}
