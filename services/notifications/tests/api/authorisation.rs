//! Who may do what: every route of the API's own description, by every kind of caller.

use http::Method;
use serde_json::json;
use testkit::Client;

use crate::{
    app::World,
    events::{Order, Person, tell},
};

async fn call(client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    client
        .send(method, path, |request| request)
        .await
        .status
        .as_u16()
}

/// What an operation answers to: nobody, its owner, another customer, a vendor, another vendor, an admin.
fn expected(method: &str, path: &str) -> [u16; 6] {
    match (method, path) {
        ("get", "/api/notifications") => [401, 200, 200, 200, 200, 200],
        ("get", "/api/notifications/{notification}") => [401, 200, 404, 404, 404, 200],
        ("post", "/api/notifications/{notification}/retry") => [401, 202, 404, 404, 404, 202],
        // Without a body: whoever has one may.
        ("post", "/api/messages") => [415; 6],
        ("get", "/api/messages/{message}/document") => [401, 403, 403, 403, 403, 404],
        // Open to everybody with a token, as a WebSocket.
        ("get", "/ws/notifications") => [401, 400, 400, 400, 400, 400],
        _ => panic!("{method} {path} is new: say who may do it"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_refuses_whoever_may_not() {
    let world = World::new().await;
    world
        .mailbox
        .fault(json!({ "reject": 550, "stage": "recipient" }))
        .await;
    let app = world.app().await;
    let owner = Person::new();
    tell(&world.nats, &Order::of(&owner).placed()).await;
    world.settled(1, "DEAD").await;
    let list = app
        .customer(&owner)
        .get("/api/notifications")
        .await
        .expect(200)
        .json();
    let id = list["items"][0]["id"].as_str().unwrap();
    let vendor = |person: Person| {
        app.anonymous
            .with_token(&world.issuer.token(person.id.0, "vendor"))
    };
    let callers = [
        ("nobody", app.anonymous.clone()),
        ("its owner", app.customer(&owner)),
        ("another customer", app.customer(&Person::new())),
        ("a vendor", vendor(Person::new())),
        ("another vendor", vendor(Person::new())),
        ("an admin", app.admin()),
    ];
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let mut operations = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        if testkit::admin::is_for_admins(template) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            assert!(
                operation["security"].is_array(),
                "{method} {template} needs a token"
            );
            let path = template.replace("{notification}", id);
            for ((who, client), status) in callers.iter().zip(expected(method, template)) {
                // Whoever may retry finds it given up.
                world.settled(1, "DEAD").await;
                assert_eq!(
                    call(client, method, &path).await,
                    status,
                    "{method} {template} as {who}"
                );
            }
        }
    }
    assert_eq!(operations, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_admins_is_for_nobody_else() {
    let world = World::new().await;
    let app = world.app().await;
    let vendor = world.issuer.token(Person::new().id.0, "vendor");
    let others = [
        &app.customer(&Person::new()),
        &app.anonymous.with_token(&vendor),
    ];
    let admin = app.admin();
    testkit::admin::assert_for_admins_only("notifications", &app.anonymous, &others, &admin).await;
}
