//! An S3 server answers a GET of `/` in S3's manner: the list of buckets, or a refusal in S3's own XML.

use super::{excerpt, http};

pub(super) async fn probe(address: &str) -> Result<(), String> {
    let (status, body) = http::get(address, "/").await?;
    let speaks_s3 = body.contains("<ListAllMyBucketsResult")
        || (body.contains("<Error>") && body.contains("<Code>"));
    match (speaks_s3, status.is_server_error()) {
        (true, false) => Ok(()),
        (_, true) => Err(format!("answered {}: {}", status.as_u16(), excerpt(&body))),
        (false, false) => Err(format!(
            "{address} does not answer as S3 does: {} {}",
            status.as_u16(),
            excerpt(&body)
        )),
    }
}
