//! `Stripe-Signature`: by it a receiver knows that an event is from here, and from now.

use chassis::Secret;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// `t=<seconds>,v1=<hex of HMAC-SHA256 over "t.payload">`.
pub(super) fn sign(secret: &Secret, at: i64, payload: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("BUG: HMAC takes keys of every length");
    mac.update(format!("{at}.{payload}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_openssl_makes_of_it() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test
        let expected =
            "t=1700000000,v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91";
        assert_eq!(
            sign(&Secret::new("whsec_test"), 1_700_000_000, "{}"),
            expected
        );
    }
}
