//! Pulls a published image. The engine does it, with its own mirrors, proxies and certificates.

use bollard::{Docker, query_parameters::CreateImageOptionsBuilder};
use futures::TryStreamExt as _;

use super::{build, id, lock, missing_image};
use crate::{failure::Failure, reporter::Reporter};

pub(super) async fn pull(
    engine: &Docker,
    reference: &str,
    reporter: &Reporter,
) -> Result<(), Failure> {
    reporter.note(format!("pulling {reference}"));
    let (repository, version) = split(reference);
    let options = CreateImageOptionsBuilder::default()
        .from_image(repository)
        .tag(version)
        .build();
    let pulled = build::patient(engine)
        .create_image(Some(options), None, None)
        .try_collect::<Vec<_>>()
        .await;
    // The stream can end badly after everything has arrived, so what counts is what is there now.
    if id(engine, reference).await?.is_some() {
        return Ok(());
    }
    let why = match pulled {
        Err(error) => lock::reason(&error),
        Ok(_) => "the registry sent something else".into(),
    };
    Err(missing_image(
        reference,
        &format!("it cannot be pulled ({why})"),
    ))
}

/// Name and tag, or name and digest.
fn split(reference: &str) -> (&str, &str) {
    reference
        .split_once('@')
        .or_else(|| reference.rsplit_once(':'))
        .unwrap_or((reference, "latest"))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_digest_holds_a_colon_and_so_does_a_registry() {
        assert_eq!(split("postgres:15"), ("postgres", "15"));
        assert_eq!(
            split("localhost:5000/shop/api:1.2"),
            ("localhost:5000/shop/api", "1.2")
        );
        assert_eq!(
            split("localhost:5000/api@sha256:ab"),
            ("localhost:5000/api", "sha256:ab")
        );
    }
}
