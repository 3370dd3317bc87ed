//! Access tokens: which ones count, and whose keys they are checked with.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use testkit::{Issuer, TestDatabase};

use crate::app::{NOWHERE, Person, TestApp};

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Signs with the key that the service is given by `seed`.
fn sign(seed: u8, kid: &Value, claims: &Value) -> String {
    let der = [
        [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ]
        .as_slice(),
        &[seed; 32],
    ]
    .concat();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = kid.as_str().map(ToOwned::to_owned);
    encode(&header, claims, &EncodingKey::from_ed_der(&der)).unwrap()
}

fn changed(claims: &Value, field: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[field] = value;
    claims
}

#[tokio::test]
async fn a_token_says_what_other_services_need() {
    let app = TestApp::start().await;
    let person = app.person_as("demo", "vendor").await;
    let (header, claims) = (part(&person.token, 0), part(&person.token, 1));
    assert_eq!(header["alg"], "EdDSA");
    let keys = app
        .anonymous
        .get("/.well-known/jwks.json")
        .await
        .expect(200);
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    assert_eq!(keys.json()["keys"][0]["kid"], header["kid"]);
    assert!(keys.json()["keys"][0].get("d").is_none());
    assert_eq!(claims["sub"], json!(person.id));
    assert_eq!(
        (&claims["email"], &claims["role"]),
        (&json!("demo@example.com"), &json!("vendor"))
    );
    assert_eq!(
        (&claims["roles"], &claims["permissions"]),
        (&json!(["vendor"]), &json!([]))
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("argosy"), &json!("argosy"))
    );
    assert!(claims["sid"].is_string() && claims["jti"].is_string());
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!(
        lifetime <= 900 && claims["nbf"] == claims["iat"],
        "{claims}"
    );
}

/// Tokens that look like this person's and are not.
fn improper(person: &Person, other: &Person) -> Vec<(&'static str, String)> {
    let (header, claims) = (part(&person.token, 0), part(&person.token, 1));
    let kid = &header["kid"];
    let now = claims["iat"].as_i64().unwrap();
    let with = |field: &str, value: Value| sign(7, kid, &changed(&claims, field, value));
    let none = json!({ "alg": "none", "kid": kid }).to_string();
    let payload = person.token.split('.').nth(1).unwrap();
    let mut shared = Header::new(Algorithm::HS256);
    shared.kid = kid.as_str().map(ToOwned::to_owned);
    let secret = EncodingKey::from_secret(&[7; 32]);
    let (head, _) = person.token.rsplit_once('.').unwrap();
    let (_, signature) = other.token.rsplit_once('.').unwrap();
    let others_session = part(&other.token, 1)["sid"].clone();
    vec![
        ("expired", with("exp", json!(now - 60))),
        ("not valid yet", with("nbf", json!(now + 600))),
        ("another issuer", with("iss", json!("somebody"))),
        ("another audience", with("aud", json!("argosy-device"))),
        ("no session", with("sid", Value::Null)),
        ("somebody else's session", with("sid", others_session)),
        ("no user", with("sub", json!("root"))),
        ("a foreign key under our id", sign(8, kid, &claims)),
        ("a foreign key", Issuer::default().sign(&claims)),
        ("altered", format!("{head}.{signature}")),
        (
            "unsigned",
            format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(none)),
        ),
        (
            "signed with a shared secret",
            encode(&shared, &claims, &secret).unwrap(),
        ),
        ("a refresh token", person.refresh.clone()),
        ("nothing", String::new()),
        ("very long", "x".repeat(9000)),
    ]
}

#[tokio::test]
async fn a_token_counts_only_if_everything_about_it_is_right() {
    let app = TestApp::start().await;
    let (person, other) = (app.person("demo").await, app.person("other").await);
    let (header, claims) = (part(&person.token, 0), part(&person.token, 1));
    let kid = &header["kid"];
    assert!(
        app.knows(&sign(7, kid, &claims)).await,
        "the test signs as the service does"
    );
    for (what, token) in improper(&person, &other) {
        let answer = app.anonymous.with_token(&token).get("/api/users/me").await;
        assert_eq!(
            answer.status,
            401,
            "{what}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    }
    // A role that the token claims and the account does not have is worth nothing here.
    let claimed = sign(7, kid, &changed(&claims, "role", json!("admin")));
    let claimed = app.anonymous.with_token(&claimed).get("/api/users").await;
    claimed.expect_problem(403, "forbidden");
    assert!(app.knows(&person.token).await);
}

#[tokio::test]
async fn replacing_the_key_logs_nobody_out() {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let before = TestApp::on(database.clone(), &[7], NOWHERE).await;
    let person = before.person("demo").await;
    let after = TestApp::on(database.clone(), &[9, 7], NOWHERE).await;
    let keys = after
        .anonymous
        .get("/.well-known/jwks.json")
        .await
        .expect(200)
        .json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert!(after.knows(&person.token).await, "the old key still counts");
    let session = after.refresh(&person.refresh).await.expect(200).json();
    let token = session["token"].as_str().unwrap();
    assert_eq!(
        part(token, 0)["kid"],
        keys["keys"][0]["kid"],
        "the new key signs"
    );
    // A tab that sends the old refresh token a moment later gets the same successor.
    let again = after.refresh(&person.refresh).await.expect(200).json();
    assert_eq!(again["refreshToken"], session["refreshToken"]);
    let withdrawn = TestApp::on(database, &[9], NOWHERE).await;
    assert!(
        !withdrawn.knows(&person.token).await,
        "a withdrawn key does not count"
    );
    assert!(withdrawn.knows(token).await);
}
