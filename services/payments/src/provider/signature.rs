//! `Stripe-Signature`: whether a webhook is from the provider, and from now.

use chassis::Secret;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// How far the signature's time may be from ours, in seconds: an older one may be a recording.
const TOLERANCE_S: i64 = 300;
/// During a change of the secret there are two signatures.
const MAX_SIGNATURES: usize = 8;

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("the header Stripe-Signature is missing or is not of the form t=…,v1=…")]
    Malformed,
    #[error("no signature in Stripe-Signature fits the body")]
    Forged,
    #[error("the signature is not from the last {TOLERANCE_S} s")]
    Stale,
}

/// Checks `t=<seconds>,v1=<hex of HMAC-SHA256 over "t.body">[,v1=…]` in constant time.
pub(crate) fn verify(
    secret: &Secret,
    header: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let (time, signatures) = header.and_then(parse).ok_or(SignatureError::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("BUG: HMAC takes keys of every length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    // The library compares in constant time.
    let fits = |signature: &Vec<u8>| mac.clone().verify_slice(signature).is_ok();
    if !signatures.iter().any(fits) {
        return Err(SignatureError::Forged);
    }
    // After the signature: of a forged time nothing is said.
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if now.timestamp().abs_diff(seconds) > TOLERANCE_S.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// The time as it was signed, and every signature of the scheme that counts.
fn parse(header: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", value) => time = Some(value),
            ("v1", value) => signatures.extend(hex::decode(value)),
            // Other schemes, such as the test one v0.
            _ => {}
        }
    }
    signatures.truncate(MAX_SIGNATURES);
    let time =
        time.filter(|time| !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit()));
    time.filter(|_| !signatures.is_empty())
        .map(|time| (time, signatures))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test
    const SIGNED: &str = "35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91";

    fn check(header: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        verify(&Secret::new("whsec_test"), Some(header), body, now)
    }

    #[test]
    fn what_openssl_signs_is_genuine_for_five_minutes_each_way() {
        let header = format!("t=1700000000,v1={SIGNED}");
        for (now, expected) in [
            (1_700_000_000, Ok(())),
            (1_700_000_300, Ok(())),
            (1_699_999_700, Ok(())),
            (1_700_000_301, Err(SignatureError::Stale)),
            (1_699_999_699, Err(SignatureError::Stale)),
        ] {
            assert_eq!(check(&header, b"{}", now), expected, "{now}");
        }
    }

    #[test]
    fn one_of_several_signatures_is_enough_and_other_schemes_do_not_count() {
        let other = "00".repeat(32);
        let now = 1_700_000_000;
        let several = format!("t=1700000000,v0=abc,v1={other},v1={SIGNED}");
        assert_eq!(check(&several, b"{}", now), Ok(()));
        let old_scheme = format!("t=1700000000,v0={SIGNED},v1={other}");
        assert_eq!(check(&old_scheme, b"{}", now), Err(SignatureError::Forged));
    }

    #[test]
    fn a_changed_body_time_or_signature_is_forged() {
        let now = 1_700_000_000;
        let cut = &SIGNED[..62];
        for (header, body) in [
            (format!("t=1700000000,v1={SIGNED}"), "{ }"),
            (format!("t=1700000001,v1={SIGNED}"), "{}"),
            (format!("t=1700000000,v1={cut}"), "{}"),
        ] {
            assert_eq!(
                check(&header, body.as_bytes(), now),
                Err(SignatureError::Forged)
            );
        }
        for header in [
            "",
            "t=1700000000",
            "v1=00",
            "t=,v1=00",
            "t=-1,v1=00",
            "t=1;v1=00",
            "x",
        ] {
            assert_eq!(
                check(header, b"{}", now),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
        let missing = verify(&Secret::new("x"), None, b"{}", DateTime::UNIX_EPOCH);
        assert_eq!(missing, Err(SignatureError::Malformed));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header: String, body: Vec<u8>) {
            prop_assert!(check(&header, &body, 1_700_000_000).is_err());
        }
    }
}
