//! What the service says of itself: its API's description, who may do what, problems, metrics.

use contracts::UserId;
use serde_json::{Value, json};
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};

use crate::{
    app::{TestApp, World},
    events::{Order, Person, tell},
};

/// A service that had to give up a mail to the customer.
struct Post {
    world: World,
    app: TestApp,
    owner: Person,
    strangers: [UserId; 4],
    mail: String,
    /// A message to the shop, with a document.
    message: String,
}

impl Post {
    async fn open() -> Self {
        let world = World::new().await;
        let fault = json!({ "reject": 550, "stage": "recipient" });
        world.mailbox.fault(fault).await;
        let (app, owner) = (world.app().await, Person::new());
        tell(&world.nats, &Order::of(&owner).placed()).await;
        world.settled(1, "DEAD").await;
        let list = app.customer(&owner).get("/api/notifications").await;
        let mail = list.expect(200).json()["items"][0]["id"].clone();
        let message = app.anonymous.post("/api/messages", &message()).await;
        let message = message.expect(201).json()["id"].clone();
        Self {
            message: message.as_str().unwrap().to_owned(),
            mail: mail.as_str().unwrap().to_owned(),
            world,
            app,
            owner,
            strangers: std::array::from_fn(|_| UserId::generate()),
        }
    }
}

/// With everything that one may have, from somebody who has not written before.
fn message() -> Value {
    json!({
        "topic": "order", "name": "Ada", "email": format!("{}@example.com", UserId::generate()),
        "orderNumber": "ARG-2026-000001", "text": "It leaks.",
        "document": { "name": "bill.pdf", "content": "JVBERi0xLjcgaGVsbG8=" }
    })
}

impl Subject for Post {
    fn client(&self, actor: Actor) -> Client {
        let [customer, vendor, other_vendor, admin] = self.strangers;
        let (user, role) = match actor {
            Actor::Anonymous => return self.app.anonymous.clone(),
            Actor::Customer => (self.owner.id, "customer"),
            Actor::OtherCustomer => (customer, "customer"),
            Actor::Vendor => (vendor, "vendor"),
            Actor::OtherVendor => (other_vendor, "vendor"),
            Actor::Admin => (admin, "admin"),
        };
        let token = self.world.issuer.token(user.0, role);
        self.app.anonymous.with_token(&token)
    }

    async fn call(&self, operation: &str, _: Actor) -> Call {
        match operation {
            "list_notifications" => Call::plain(),
            "get_notification" => Call::plain().with("notification", &self.mail),
            "retry_notification" => {
                // Whoever may retry finds it given up.
                self.world.given_up(&self.mail).await;
                Call::plain().with("notification", &self.mail)
            }
            "send_message" => Call::plain().json(message()),
            "get_document" => Call::plain().with("message", &self.message),
            "open_socket" => Call::plain()
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
                .answered(101),
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(notifications::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(notifications::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_checked_in_and_complete() {
    let subject = Post::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Post::open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Post::open().await, &promises()).await;
}
