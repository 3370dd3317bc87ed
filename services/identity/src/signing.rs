//! The service's keys: what signs access tokens, what is published of it, and what is derived from it.
//!
//! The keys come from a file, one Ed25519 seed a line. The first one signs; all are published and verified with. To rotate,
//! add the next key as the last line, wait until every service has fetched it (5 minutes), move it to the top, and take the
//! old one away after another 15.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::Secret;
use chrono::{DateTime, Utc};
use contracts::UserId;
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::account::User;

/// What comes before the 32 bytes of an Ed25519 private key in PKCS #8.
const PKCS8_HEADER: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The audience of the cookie by which a browser is known again: no service takes it for an access token.
const DEVICE_AUDIENCE: &str = "argosy-device";
/// How long a browser is known.
pub(crate) const DEVICE_LIFETIME: Duration = Duration::from_hours(24 * 365);

/// The service's keys. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Vec<Key>>);

struct Key {
    id: String,
    seed: [u8; 32],
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

impl FromStr for Keys {
    type Err = anyhow::Error;

    /// Reads the file with this path.
    fn from_str(path: &str) -> anyhow::Result<Self> {
        let secret: Secret = path.parse()?;
        let lines = secret.expose().lines().enumerate();
        let keys = lines.map(|(index, line)| {
            Key::read(line.trim()).with_context(|| {
                format!("line {} of {path} is not 64 hexadecimal digits", index + 1)
            })
        });
        Ok(Self(Arc::new(keys.collect::<anyhow::Result<_>>()?)))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|key| &key.id);
        formatter.debug_list().entries(ids).finish()
    }
}

impl Key {
    fn read(line: &str) -> anyhow::Result<Self> {
        let seed: [u8; 32] = hex::decode(line)?.try_into().ok().context("wrong length")?;
        let private = EncodingKey::from_ed_der(&[PKCS8_HEADER.as_slice(), &seed].concat());
        let mut jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk)?;
        Ok(Self {
            id,
            seed,
            private,
            public,
            jwk,
        })
    }

    /// A key for one purpose, from which this one cannot be found.
    fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed)
            .expect("BUG: HMAC takes keys of every length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac
    }
}

/// What an access token says.
#[derive(Debug, Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    email: &'a str,
    role: &'a str,
    roles: [&'a str; 1],
    permissions: Vec<String>,
    sid: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
}

/// What a browser's device cookie says.
#[derive(Debug, Serialize, Deserialize)]
struct DeviceClaims {
    aud: String,
    sub: Uuid,
    jti: Uuid,
    exp: i64,
}

/// A refresh token: 32 bytes that mean nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken([u8; 32]);

impl RefreshToken {
    /// The first one of a session.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Reads one as it was handed out; nothing if it cannot be ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// As it is handed out.
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    pub(crate) fn digest(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// Who issues tokens, to whom they are addressed, and how long they live.
#[derive(Debug, Clone)]
pub(crate) struct Issue<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) lifetime: Duration,
}

impl Keys {
    fn signing(&self) -> &Key {
        self.0.first().expect("BUG: a secret is never empty")
    }

    /// The public halves, as the set that is published.
    pub(crate) fn published(&self) -> JwkSet {
        JwkSet {
            keys: self.0.iter().map(|key| key.jwk.clone()).collect(),
        }
    }

    /// An access token of this user in this session.
    pub(crate) fn access_token(
        &self,
        user: &User,
        session: Uuid,
        issue: &Issue<'_>,
    ) -> anyhow::Result<String> {
        let now = issue.now.timestamp();
        let claims = AccessClaims {
            iss: issue.issuer,
            aud: issue.audience,
            sub: user.id.to_string(),
            email: &user.email,
            role: user.role.name(),
            roles: [user.role.name()],
            permissions: user.effective_permissions(),
            sid: session,
            iat: now,
            nbf: now,
            exp: now + i64::try_from(issue.lifetime.as_secs())?,
            jti: Uuid::now_v7(),
        };
        self.sign(&claims)
    }

    /// What a browser is known by when this user comes back.
    pub(crate) fn device_token(&self, user: UserId, now: DateTime<Utc>) -> anyhow::Result<String> {
        self.sign(&DeviceClaims {
            aud: DEVICE_AUDIENCE.to_owned(),
            sub: user.0,
            jti: Uuid::now_v7(),
            exp: now.timestamp() + i64::try_from(DEVICE_LIFETIME.as_secs())?,
        })
    }

    /// Which browser this is, and whose, if we have made the token.
    pub(crate) fn known_device(&self, token: &str) -> Option<(UserId, Uuid)> {
        let kid = decode_header(token).ok()?.kid?;
        let key = self.0.iter().find(|key| key.id == kid)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[DEVICE_AUDIENCE]);
        let claims = decode::<DeviceClaims>(token, &key.public, &rules)
            .ok()?
            .claims;
        Some((UserId(claims.sub), claims.jti))
    }

    fn sign(&self, claims: &impl Serialize) -> anyhow::Result<String> {
        let key = self.signing();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.id.clone());
        encode(&header, claims, &key.private).context("a token cannot be signed")
    }

    /// The token that follows this one. It follows from the key, so that the same one can be handed out again in the
    /// moments in which that is allowed although only its digest is stored.
    pub(crate) fn successor(&self, of: &RefreshToken) -> RefreshToken {
        successor(self.signing(), of)
    }

    /// The token that was made from this one and is stored as `digest`, perhaps with a key that has been replaced since.
    pub(crate) fn successor_stored_as(
        &self,
        digest: &[u8],
        of: &RefreshToken,
    ) -> Option<RefreshToken> {
        self.0
            .iter()
            .map(|key| successor(key, of))
            .find(|token| token.digest() == digest)
    }

    /// What stands for `text` where it must be recognised, but not be readable.
    pub(crate) fn pseudonym(&self, text: &str) -> Vec<u8> {
        let mut mac = self.signing().mac("pseudonym");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

fn successor(key: &Key, of: &RefreshToken) -> RefreshToken {
    let mut mac = key.mac("refresh token");
    mac.update(&of.0);
    RefreshToken(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seeds: &[u8]) -> Keys {
        let keys = seeds
            .iter()
            .map(|seed| Key::read(&hex::encode([*seed; 32])).unwrap());
        Keys(Arc::new(keys.collect()))
    }

    #[test]
    fn the_key_is_the_one_of_rfc_8037() {
        let key =
            Key::read("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let jwk = serde_json::to_value(&key.jwk).unwrap();
        assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(jwk["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(
            jwk.get("d").is_none(),
            "the private half is published: {jwk}"
        );
    }

    #[test]
    fn a_successor_is_found_again_after_the_key_was_replaced() {
        let token = RefreshToken::generate();
        let next = keys(&[1]).successor(&token);
        let rotated = keys(&[2, 1]);
        assert!(rotated.successor(&token) != next);
        assert!(rotated.successor_stored_as(&next.digest(), &token) == Some(next));
        assert!(
            keys(&[2])
                .successor_stored_as(&token.digest(), &token)
                .is_none()
        );
    }

    #[test]
    fn a_device_is_known_by_its_own_token_only() {
        let (keys, user, now) = (
            keys(&[1]),
            UserId::generate(),
            DateTime::<Utc>::from(std::time::SystemTime::now()),
        );
        let token = keys.device_token(user, now).unwrap();
        assert_eq!(keys.known_device(&token).unwrap().0, user);
        assert!(self::keys(&[2]).known_device(&token).is_none());
        let long_ago = now - chrono::TimeDelta::days(400);
        assert!(
            keys.known_device(&keys.device_token(user, long_ago).unwrap())
                .is_none()
        );
    }

    #[test]
    fn keys_are_not_printed() {
        let shown = format!("{:?}", keys(&[7]));
        assert!(
            !shown.contains(&hex::encode([7; 32])) && !shown.contains("[7, 7"),
            "{shown}"
        );
    }
}
