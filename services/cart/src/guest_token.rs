//! What a browser shows to get its cart back: 32 random bytes in a cookie, of which only the digest is stored.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chassis::planted;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// The secret of one guest's cart.
pub(crate) struct GuestToken([u8; 32]);

impl GuestToken {
    /// One that nobody can guess.
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
    pub(crate) fn digest(&self) -> [u8; 32] {
        if planted::is_planted("cart_of_anybody") {
            // The defect: whoever asks gets the same cart.
            return [0; 32];
        }
        Sha256::digest(self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text_and_no_two_are_alike() {
        let (one, other) = (GuestToken::generate(), GuestToken::generate());
        let read = GuestToken::parse(&one.text()).unwrap();
        assert_eq!(read.digest(), one.digest());
        assert_ne!(one.digest(), other.digest());
        assert_ne!(one.digest(), one.0, "the stored bytes open nothing");
    }

    #[test]
    fn what_we_did_not_hand_out_is_no_token() {
        let padded = format!("{}=", GuestToken::generate().text());
        for text in ["", "x", "AAAA", padded.as_str(), "💣"] {
            assert!(GuestToken::parse(text).is_none(), "{text}");
        }
    }
}
