//! The code in the link of a forgotten password, as identity and notifications make it of the request's id.
//!
//! Identity only stores that somebody asked, and tells of it in an event that names the request. Both services make the code
//! from that name with a key that nobody else has. So it stands in no table, no event and no log, and whoever reads all of
//! these cannot make it.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::ResetId;

/// Fewer characters could be guessed.
const FEWEST_CHARACTERS: usize = 32;
/// What the key is used for; for anything else it would give another proof.
const PURPOSE: &[u8] = b"argosy password reset 1\0";

/// What codes are made with. It cannot be printed.
#[derive(Clone)]
pub struct ResetKey(Hmac<Sha256>);

/// A key that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key for resets must have at least {FEWEST_CHARACTERS} characters")]
pub struct KeyTooShort;

/// A code as it stands in a link, which nobody may have made: see [`ResetKey::has_made`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResetCode {
    reset: ResetId,
    proof: [u8; 32],
}

/// A text that is no code, such as half of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a whole code")]
pub struct NotACode;

impl ResetKey {
    /// With this secret, which both services have.
    pub fn new(secret: &str) -> Result<Self, KeyTooShort> {
        if secret.chars().count() < FEWEST_CHARACTERS {
            return Err(KeyTooShort);
        }
        let mut mac =
            Hmac::new_from_slice(secret.as_bytes()).expect("BUG: HMAC takes keys of every length");
        mac.update(PURPOSE);
        Ok(Self(mac))
    }

    /// The code that opens this reset.
    pub fn code(&self, reset: ResetId) -> ResetCode {
        let proof = self.of(reset).finalize().into_bytes().into();
        ResetCode { reset, proof }
    }

    /// Whether the code was made with this key. How long it takes says nothing about the right one.
    pub fn has_made(&self, code: &ResetCode) -> bool {
        self.of(code.reset).verify_slice(&code.proof).is_ok()
    }

    fn of(&self, reset: ResetId) -> Hmac<Sha256> {
        self.0.clone().chain_update(reset.0.as_bytes())
    }
}

impl fmt::Debug for ResetKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ResetKey(…)")
    }
}

impl ResetCode {
    /// Which reset it says it opens.
    pub fn reset(&self) -> ResetId {
        self.reset
    }

    /// As it stands in a link.
    pub fn expose(&self) -> String {
        let proof = BASE64_URL_SAFE_NO_PAD.encode(self.proof);
        format!("{}.{proof}", self.reset.0.simple())
    }
}

impl fmt::Debug for ResetCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ResetCode({}, …)", self.reset)
    }
}

impl FromStr for ResetCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        let (reset, proof) = text.trim().split_once('.').ok_or(NotACode)?;
        let reset = Uuid::try_parse(reset).map_err(|_| NotACode)?;
        let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).map_err(|_| NotACode)?;
        Ok(Self {
            reset: ResetId(reset),
            proof: proof.try_into().map_err(|_| NotACode)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(letter: &str) -> ResetKey {
        ResetKey::new(&letter.repeat(64)).unwrap()
    }

    #[test]
    fn a_code_opens_its_own_reset_and_is_made_by_its_own_key() {
        let reset = ResetId::generate();
        let code: ResetCode = key("a").code(reset).expose().parse().unwrap();
        assert_eq!(code.reset(), reset);
        assert!(key("a").has_made(&code));
        assert!(!key("b").has_made(&code));
        let (_, proof) = code
            .expose()
            .split_once('.')
            .map(|(id, proof)| (id.to_owned(), proof.to_owned()))
            .unwrap();
        let other = format!("{}.{proof}", ResetId::generate().0.simple());
        assert!(!key("a").has_made(&other.parse().unwrap()));
    }

    #[test]
    fn every_replica_and_both_services_make_the_same_code() {
        let reset = ResetId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0001));
        assert_eq!(
            key("a").code(reset).expose(),
            "0190a000000070008000000000000001.th58t4hj_wlCwJWYqkaKC3UKrgD4ug8Gmblra_7lwHA"
        );
    }

    #[test]
    fn neither_key_nor_code_is_printed() {
        let code = key("a").code(ResetId::generate());
        let shown = format!("{:?} {code:?}", key("a"));
        let (_, proof) = code
            .expose()
            .split_once('.')
            .map(|(id, proof)| (id.to_owned(), proof.to_owned()))
            .unwrap();
        assert!(
            !shown.contains(&proof) && !shown.contains("aaaa"),
            "{shown}"
        );
        assert_eq!(ResetKey::new("short").unwrap_err(), KeyTooShort);
    }

    proptest! {
        #[test]
        fn what_was_altered_is_not_ours(position in 0_usize..76, letter in "[A-Za-z0-9_.-]") {
            let code = key("a").code(ResetId::generate());
            let mut text = code.expose();
            text.replace_range(position..=position, &letter);
            if let Ok(read) = text.parse::<ResetCode>() {
                prop_assert_eq!(key("a").has_made(&read), read == code);
            }
        }

        #[test]
        fn any_text_can_be_looked_at(text in any::<String>()) {
            let _: Result<ResetCode, NotACode> = text.parse();
        }
    }
}
