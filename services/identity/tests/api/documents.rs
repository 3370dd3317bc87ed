//! The API's description, its page, and the page of each problem.

use std::{collections::BTreeSet, path::Path};

use crate::app::TestApp;

#[tokio::test]
async fn every_documented_operation_exists_and_every_schema_is_defined() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    app.anonymous.get("/docs").await.expect(200);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path
                .replace("{user}", "nobody")
                .replace("{address}", "nothing");
            let method = method.to_uppercase().parse().unwrap();
            let answer = app.anonymous.send(method, &path, |request| request).await;
            assert!(
                ![404, 405].contains(&answer.status.as_u16()),
                "{}",
                answer.request
            );
        }
    }
    let text = document.to_string();
    let references = text.split("#/components/schemas/").skip(1);
    for reference in references.map(|rest| rest.split('"').next().unwrap()) {
        assert!(
            document["components"]["schemas"][reference].is_object(),
            "{reference} is not defined"
        );
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

#[test]
fn every_metric_name_is_in_a_catalogue_once() {
    let names: Vec<&str> = chassis::metrics::CATALOGUE
        .iter()
        .chain(identity::metrics::CATALOGUE)
        .map(|family| family.name)
        .collect();
    assert_eq!(
        names.len(),
        names.iter().copied().collect::<BTreeSet<_>>().len()
    );
}
