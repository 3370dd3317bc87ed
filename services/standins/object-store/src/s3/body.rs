//! Takes a request's body in: to a file, within a time limit, checked against every checksum that the client sent.

use std::{path::Path, time::Duration};

use futures::StreamExt;
use http::HeaderMap;
use s3s::{
    S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    dto::{ChecksumAlgorithm, StreamingBlob},
    s3_error,
};
use tokio::{io::AsyncReadExt, time::timeout};

use crate::{
    disk,
    object_file::{Checksums, Content, Draft},
};

/// How long a client may send nothing in the middle of an upload.
const STALL: Duration = Duration::from_mins(1);

/// What the client says the body must be.
pub(super) struct Expected {
    /// `Content-MD5`, base64.
    pub(super) md5: Option<String>,
    pub(super) checksums: Checksums,
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    /// Where a checksum is that is known only when the body has been sent.
    pub(super) trailing_headers: Option<TrailingHeaders>,
    pub(super) length: Option<i64>,
}

pub(super) async fn receive(
    temporary: &Path,
    body: Option<StreamingBlob>,
    mut expected: Expected,
    headers: &HeaderMap,
) -> S3Result<Content> {
    let mut draft = Draft::create(temporary, expected.hasher(headers)).await?;
    if let Some(mut body) = body {
        loop {
            let chunk = timeout(STALL, body.next()).await.map_err(|_| {
                s3_error!(RequestTimeout, "No data came in for {} s", STALL.as_secs())
            })?;
            match chunk {
                Some(Ok(bytes)) => draft.write(&bytes).await?,
                Some(Err(_)) => {
                    return Err(s3_error!(
                        IncompleteBody,
                        "The body ended early or is not what was signed"
                    ));
                }
                None => break,
            }
        }
    }
    let content = draft.finish().await?;
    expected.read_trailers();
    expected.check(&content)?;
    Ok(content)
}

/// Copies a part of an object's content.
pub(super) async fn copy(
    file: std::fs::File,
    range: std::ops::Range<u64>,
    draft: &mut Draft,
) -> S3Result<()> {
    use std::io::SeekFrom;
    use tokio::io::AsyncSeekExt;

    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(range.start))
        .await
        .map_err(disk::refused)?;
    let mut content = file.take(range.end - range.start);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = content.read(&mut buffer).await.map_err(disk::refused)?;
        if read == 0 {
            return Ok(());
        }
        draft.write(&buffer[..read]).await?;
    }
}

impl Expected {
    fn hasher(&self, headers: &HeaderMap) -> ChecksumHasher {
        let announced = headers
            .get("x-amz-trailer")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let wants = |given: &Option<String>, algorithm: &str| {
            given.is_some()
                || self
                    .algorithm
                    .as_ref()
                    .is_some_and(|wanted| wanted.as_str() == algorithm)
                || announced == format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase())
        };
        let Checksums {
            crc32,
            crc32c,
            crc64nvme,
            sha1,
            sha256,
        } = &self.checksums;
        ChecksumHasher {
            crc32: wants(crc32, ChecksumAlgorithm::CRC32).then(Default::default),
            crc32c: wants(crc32c, ChecksumAlgorithm::CRC32C).then(Default::default),
            crc64nvme: wants(crc64nvme, ChecksumAlgorithm::CRC64NVME).then(Default::default),
            sha1: wants(sha1, ChecksumAlgorithm::SHA1).then(Default::default),
            sha256: wants(sha256, ChecksumAlgorithm::SHA256).then(Default::default),
        }
    }

    fn read_trailers(&mut self) {
        let Some(trailers) = self
            .trailing_headers
            .as_ref()
            .and_then(TrailingHeaders::take)
        else {
            return;
        };
        let read = |field: &mut Option<String>, name: &str| {
            if let Some(value) = trailers.get(name).and_then(|value| value.to_str().ok()) {
                *field = Some(value.to_owned());
            }
        };
        read(&mut self.checksums.crc32, "x-amz-checksum-crc32");
        read(&mut self.checksums.crc32c, "x-amz-checksum-crc32c");
        read(&mut self.checksums.crc64nvme, "x-amz-checksum-crc64nvme");
        read(&mut self.checksums.sha1, "x-amz-checksum-sha1");
        read(&mut self.checksums.sha256, "x-amz-checksum-sha256");
    }

    fn check(&self, content: &Content) -> S3Result<()> {
        if self
            .length
            .is_some_and(|length| u64::try_from(length) != Ok(content.size))
        {
            return Err(s3_error!(
                IncompleteBody,
                "Content-Length says {} bytes, {} came",
                self.length.unwrap_or_default(),
                content.size
            ));
        }
        if let Some(md5) = &self.md5 {
            let Some(wanted) = decode_base64(md5).filter(|bytes| bytes.len() == 16) else {
                return Err(s3_error!(
                    InvalidDigest,
                    "Content-MD5 is not the base64 of an MD5"
                ));
            };
            if hex::encode(wanted) != content.md5 {
                return Err(s3_error!(
                    BadDigest,
                    "The Content-MD5 you specified did not match what we received"
                ));
            }
        }
        let Checksums {
            crc32,
            crc32c,
            crc64nvme,
            sha1,
            sha256,
        } = &self.checksums;
        let received = &content.checksums;
        for (name, wanted, got) in [
            ("CRC32", crc32, &received.crc32),
            ("CRC32C", crc32c, &received.crc32c),
            ("CRC64NVME", crc64nvme, &received.crc64nvme),
            ("SHA1", sha1, &received.sha1),
            ("SHA256", sha256, &received.sha256),
        ] {
            if wanted.is_some() && wanted != got {
                return Err(s3_error!(
                    BadDigest,
                    "The {name} you specified did not match what we received"
                ));
            }
        }
        Ok(())
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
