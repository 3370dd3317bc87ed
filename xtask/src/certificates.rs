//! Until when the certificates among the rendered files hold. A server with one that has expired starts without a word, and
//! whoever connects to it is told by his own library, far from the file that has to be renewed.

use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use x509_cert::{Certificate, der::DecodePem as _};

use crate::{
    failure::{Failure, Kind},
    model::{Environment, Name},
    render::Rendered,
};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// One failure for each certificate in the selected components' files that is past its last day. What cannot be read as a
/// certificate is left to the program that the file is for.
pub(crate) fn expired(
    environment: &Environment,
    rendered: &Rendered,
    selected: &BTreeSet<Name>,
    now: DateTime<Utc>,
) -> Vec<Failure> {
    let units = rendered
        .units
        .iter()
        .filter(|(name, _)| selected.contains(*name));
    let mut failures = Vec::new();
    for (name, unit) in units {
        for file in unit.files.values() {
            let ended = certificates(&file.content)
                .into_iter()
                .filter(|found| found.until < now);
            failures.extend(ended.map(|certificate| {
                let detail = format!(
                    "the certificate of {} in {} has expired on {}",
                    certificate.of,
                    file.template,
                    certificate.until.format("%Y-%m-%d at %H:%M UTC")
                );
                let hint = format!("put a renewed certificate into {}", file.template);
                let failure = Failure::new(name.as_str(), Kind::CertificateExpired, detail, hint);
                failure.with_victims(environment.stack.dependents(name.as_str()))
            }));
        }
    }
    failures
}

struct Found {
    /// Its subject, such as `CN=shop.example`.
    of: String,
    until: DateTime<Utc>,
}

fn certificates(text: &str) -> Vec<Found> {
    let blocks = text.split(BEGIN).skip(1);
    let whole = blocks.filter_map(|rest| {
        let body = rest.split(END).next()?;
        let certificate = Certificate::from_pem(format!("{BEGIN}{body}{END}\n")).ok()?;
        let fields = certificate.tbs_certificate;
        let until: Duration = fields.validity.not_after.to_unix_duration();
        Some(Found {
            of: fields.subject.to_string(),
            until: (UNIX_EPOCH + until).into(),
        })
    });
    whole.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_whole_certificate_has_none() {
        assert!(certificates("listen: 127.0.0.1:4222\n").is_empty());
        assert!(certificates(&format!("{BEGIN}\nnot base64\n{END}\n")).is_empty());
        assert!(certificates(BEGIN).is_empty());
    }
}
