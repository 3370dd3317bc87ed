//! A token issuer as the identity service will be: an Ed25519 key, its public half published, and tokens signed with it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::TemporaryDirectory;

/// What comes before the 32 bytes of an Ed25519 private key in PKCS #8.
const PKCS8_HEADER: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a token says; a test may change any of it.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    pub sub: String,
    pub email: String,
    pub role: String,
    pub iss: String,
    pub aud: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

impl Claims {
    /// What a token for this user says that is valid for five minutes.
    pub fn new(user: Uuid, role: &str) -> Self {
        let now = i64::try_from(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
        .unwrap();
        Self {
            sub: user.to_string(),
            email: format!("{role}@example.com"),
            role: role.to_owned(),
            iss: "argosy".to_owned(),
            aud: "argosy".to_owned(),
            iat: now,
            nbf: now,
            exp: now + 300,
        }
    }
}

struct Key {
    kid: String,
    private: EncodingKey,
}

/// Signs tokens and publishes its keys in a file, and over HTTP when asked to.
pub struct Issuer {
    key: Key,
    published: Arc<Mutex<Vec<Value>>>,
    directory: TemporaryDirectory,
}

impl Default for Issuer {
    fn default() -> Self {
        let issuer = Self {
            key: Key::generate(),
            published: Arc::default(),
            directory: TemporaryDirectory::new(None),
        };
        issuer.publish();
        issuer
    }
}

impl Issuer {
    /// The file with the public keys.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("jwks.json")
    }

    /// Signs with a new key from now on; the old one stays published.
    pub fn rotate(&mut self) {
        self.key = Key::generate();
        self.publish();
    }

    /// A token for a user in a role.
    pub fn token(&self, user: Uuid, role: &str) -> String {
        self.sign(&Claims::new(user, role))
    }

    /// A token that says what the test wants it to say.
    pub fn sign(&self, claims: &impl Serialize) -> String {
        encode(&self.header(), claims, &self.key.private).unwrap()
    }

    /// The header of a proper token, to make improper ones from.
    pub fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key.kid.clone());
        header
    }

    /// The claims and a key id in a token without a signature (`alg: none`).
    pub fn unsigned(&self, claims: &impl Serialize) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.key.kid });
        format!(
            "{}.{}.",
            part(&header),
            part(&serde_json::to_value(claims).unwrap())
        )
    }

    /// Publishes the keys over HTTP too, for as long as the test's runtime runs; says where.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let published = Arc::clone(&self.published);
        let keys = move || async move { Json(json!({ "keys": *published.lock().unwrap() })) };
        let router = Router::new().route("/.well-known/jwks.json", get(keys));
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(async move { axum::serve(listener, router).await });
        servers.detach_all();
        format!("http://{address}/.well-known/jwks.json")
    }

    fn publish(&self) {
        let mut published = self.published.lock().unwrap();
        published.push(self.key.public());
        let set = json!({ "keys": *published });
        // Written beside and moved, as a deployment does: nobody reads half a file.
        let next = self.directory.path().join("jwks.json.next");
        std::fs::write(&next, set.to_string()).unwrap();
        std::fs::rename(next, self.file()).unwrap();
    }
}

impl Key {
    fn generate() -> Self {
        let mut der = PKCS8_HEADER.to_vec();
        der.extend_from_slice(Uuid::new_v4().as_bytes());
        der.extend_from_slice(Uuid::new_v4().as_bytes());
        Self {
            kid: Uuid::new_v4().to_string(),
            private: EncodingKey::from_ed_der(&der),
        }
    }

    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).unwrap()
    }
}
