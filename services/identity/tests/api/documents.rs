//! What the service says of itself: its API's description, who may do what, problems, metrics.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use serde_json::{Value, json};
use testkit::{
    Client, admin,
    api::{Actor, Call, Promises, Subject, documents, fuzz, matrix},
};

use crate::app::{PASSWORD, Person, TestApp, demo, with};

/// People with accounts, who are replaced when their sessions have ended.
struct Town {
    app: TestApp,
    people: Mutex<BTreeMap<&'static str, Person>>,
    next: AtomicU32,
}

/// The role of an actor, and the key of whoever plays it.
fn part(actor: Actor) -> (&'static str, &'static str) {
    match actor {
        Actor::Anonymous => panic!("nobody has no account"),
        Actor::Customer => ("customer", "customer"),
        Actor::OtherCustomer => ("other customer", "customer"),
        Actor::Vendor => ("vendor", "vendor"),
        Actor::OtherVendor => ("other vendor", "vendor"),
        Actor::Admin => ("admin", "admin"),
    }
}

impl Town {
    async fn open() -> Self {
        let town = Self {
            app: TestApp::start().await,
            people: Mutex::default(),
            next: AtomicU32::new(0),
        };
        for actor in Actor::ALL {
            town.replace(actor).await;
        }
        town
    }

    /// Somebody new, whom no throttle knows.
    async fn stranger(&self, role: &str) -> Person {
        self.app.run("delete from attempts").await;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let asked = if role == "vendor" { role } else { "customer" };
        let person = self.app.person_as(&format!("{role}{number}"), asked).await;
        if role == "admin" {
            self.app
                .run("update users set role = 'admin' where email like 'admin%'")
                .await;
            let answer = self.app.login(&person.email, PASSWORD).await.expect(200);
            return self.app.person_of(&answer);
        }
        person
    }

    async fn replace(&self, actor: Actor) {
        if actor != Actor::Anonymous {
            let (name, role) = part(actor);
            let person = self.stranger(role).await;
            self.people.lock().unwrap().insert(name, person);
        }
    }

    fn of<T>(&self, actor: Actor, read: impl FnOnce(&Person) -> T) -> T {
        read(&self.people.lock().unwrap()[part(actor).0])
    }

    async fn address(&self) -> String {
        let owner = self.of(Actor::Customer, |person| person.client.clone());
        let address: Value = owner
            .post("/api/users/me/addresses", &home())
            .await
            .expect(201)
            .json();
        address["id"].as_str().unwrap().to_owned()
    }
}

fn home() -> Value {
    json!({
        "label": "Home", "recipient": "Demo", "street": "1 Main St", "city": "London", "state": "Greater London",
        "zipCode": "SW1A", "country": "UK", "default": true
    })
}

impl Subject for Town {
    fn client(&self, actor: Actor) -> Client {
        if actor == Actor::Anonymous {
            return self.app.anonymous.clone();
        }
        self.of(actor, |person| person.client.clone())
    }

    async fn call(&self, operation: &str, actor: Actor) -> Call {
        self.app.run("delete from attempts").await;
        match operation {
            "jwks" | "get_me" | "list_addresses" | "list_users" => Call::plain(),
            "register" => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let email = format!("somebody{number}@example.com");
                Call::plain().json(with(demo(), "email", email)).once()
            }
            "login" => {
                let email = self.of(Actor::Customer, |person| person.email.clone());
                Call::plain()
                    .json(json!({ "email": email, "password": PASSWORD }))
                    .once()
            }
            "refresh" => {
                self.replace(Actor::Customer).await;
                let token = self.of(Actor::Customer, |person| person.refresh.clone());
                Call::plain().json(json!({ "refreshToken": token }))
            }
            "logout" | "logout_all" => {
                self.replace(actor).await;
                Call::plain().once()
            }
            "change_password" => {
                self.replace(actor).await;
                let body = json!({ "currentPassword": PASSWORD, "newPassword": "another one 1" });
                Call::plain().json(body).once()
            }
            "request_password_reset" => {
                let email = self.of(Actor::Customer, |person| person.email.clone());
                Call::plain().json(json!({ "email": email }))
            }
            "reset_password" => {
                let code = self.app.reset_code(&self.stranger("customer").await).await;
                let body = json!({ "code": code, "newPassword": "another one 1" });
                Call::plain().json(body).once()
            }
            "update_me" => Call::plain().json(json!({ "firstName": "Ada", "lastName": "L" })),
            "add_address" => {
                self.replace(actor).await;
                Call::plain().json(home()).once()
            }
            "update_address" => {
                self.replace(Actor::Customer).await;
                Call::plain()
                    .with("address", &self.address().await)
                    .json(home())
            }
            "remove_address" => {
                self.replace(Actor::Customer).await;
                Call::plain().with("address", &self.address().await).once()
            }
            "get_user" => Call::plain().with(
                "user",
                &self.of(Actor::Customer, |person| person.id.clone()),
            ),
            "change_roles" => {
                let somebody = self.stranger("customer").await;
                Call::plain()
                    .with("user", &somebody.id)
                    .json(json!({ "role": "vendor", "permissions": ["orders:refund"] }))
            }
            "end_sessions" => Call::plain().with("user", &self.stranger("customer").await.id),
            other => admin::example(other)
                .unwrap_or_else(|| panic!("{other} is new: say how it is called")),
        }
    }
}

fn promises() -> Promises {
    let problems = chassis::problem::CATALOGUE
        .iter()
        .chain(identity::problems::CATALOGUE);
    let metrics = chassis::metrics::CATALOGUE
        .iter()
        .chain(identity::metrics::CATALOGUE);
    Promises::of(env!("CARGO_MANIFEST_DIR"))
        .problems(problems.map(|kind| (kind.slug, kind.title, kind.status().as_u16())))
        .metrics(metrics.map(|family| family.name))
}

#[tokio::test]
async fn the_description_is_checked_in_and_complete() {
    let subject = Town::open().await;
    documents::check(&subject.client(Actor::Anonymous), &promises()).await;
}

#[tokio::test]
async fn every_operation_is_open_to_whom_the_description_names_and_to_nobody_else() {
    matrix::check(&Town::open().await).await;
}

#[tokio::test]
async fn wrong_input_is_the_clients_fault_and_named() {
    fuzz::check(&Town::open().await, &promises()).await;
}
