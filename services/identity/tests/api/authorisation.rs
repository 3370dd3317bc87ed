//! Who may do what: every route of the API's own description, by every kind of caller.

use http::Method;
use serde_json::{Value, json};
use testkit::Client;

use crate::app::TestApp;

/// Sends something that gets past everything but authorisation.
async fn call(client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = match path {
        "/api/users/me/addresses" => {
            json!({ "street": "1 Main St", "city": "London", "zipCode": "SW1A", "country": "UK" })
        }
        "/api/users/me/password" => {
            json!({ "currentPassword": "Wrong123!", "newPassword": "another one 1" })
        }
        _ => json!({}),
    };
    let answer = client.send(method.clone(), path, |request| match method {
        Method::POST | Method::PATCH => request.json(&body),
        _ => request,
    });
    answer.await.status.as_u16()
}

/// What an operation answers to: nobody, its owner, another customer, a vendor, an admin.
fn expected(method: &str, path: &str) -> [u16; 5] {
    match (method, path) {
        ("get", "/.well-known/jwks.json") => [200; 5],
        // Nothing useful is sent: open to everybody, and said to be wrong.
        ("post", "/api/users/register" | "/api/users/login" | "/api/auth/refresh") => [400; 5],
        ("post", "/api/auth/logout" | "/api/auth/logout-all") => [401, 204, 204, 204, 204],
        ("get" | "patch", "/api/users/me") | ("get", "/api/users/me/addresses") => {
            [401, 200, 200, 200, 200]
        }
        ("post", "/api/users/me/addresses") => [401, 201, 201, 201, 201],
        ("post", "/api/users/me/password") => [401, 400, 400, 400, 400],
        ("patch", "/api/users/me/addresses/{address}") => [401, 200, 404, 404, 404],
        ("delete", "/api/users/me/addresses/{address}") => [401, 204, 404, 404, 404],
        ("get", "/api/users/{user}") => [401, 200, 403, 403, 200],
        ("get", "/api/users") | ("patch", "/api/users/{user}/roles") => [401, 403, 403, 403, 200],
        // By the time its owner asks, the admin has ended the session.
        ("post", "/api/users/{user}/end-sessions") => [401, 401, 403, 403, 200],
        _ => panic!("{method} {path} is new: say who may do it"),
    }
}

#[tokio::test]
async fn every_documented_operation_refuses_whoever_may_not() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let admin = app.admin().await;
    let mut operations = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        if testkit::admin::is_for_admins(template) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let people = people(&app, operations).await;
            let address = call_for_address(&people[0]).await;
            let path = template
                .replace("{address}", &address)
                .replace("{user}", &people[0].id);
            let statuses = expected(method, template);
            let open = operation["security"].is_null();
            assert_eq!(
                open,
                statuses[0] != 401,
                "{method} {template} says who needs a token"
            );
            // Whoever may not comes first: what they did not do is there for whoever may.
            let admin = app.person_of(
                &app.login_from("192.0.2.1", &admin.email, crate::app::PASSWORD)
                    .await
                    .expect(200),
            );
            let callers = [
                (0, &app.anonymous, "nobody"),
                (2, &people[1].client, "another customer"),
                (3, &people[2].client, "a vendor"),
                (4, &admin.client, "an admin"),
                (1, &people[0].client, "its owner"),
            ];
            for (index, client, who) in callers {
                let status = call(client, method, &path).await;
                assert_eq!(status, statuses[index], "{method} {template} as {who}");
            }
        }
    }
    assert_eq!(operations, 17);
}

async fn people(app: &TestApp, round: usize) -> [crate::app::Person; 3] {
    app.run("delete from attempts").await;
    [
        app.person(&format!("owner{round}")).await,
        app.person(&format!("customer{round}")).await,
        app.person_as(&format!("vendor{round}"), "vendor").await,
    ]
}

async fn call_for_address(owner: &crate::app::Person) -> String {
    let body =
        json!({ "street": "1 Main St", "city": "London", "zipCode": "SW1A", "country": "UK" });
    let address: Value = owner
        .client
        .post("/api/users/me/addresses", &body)
        .await
        .expect(201)
        .json();
    address["id"].as_str().unwrap().to_owned()
}
