//! One object is one file: its bytes, then what is known about them, so that a single rename publishes both.
//!
//! Because the bytes come first, most programs open a stored picture or document as it is. Behind them come a JSON text, its
//! length (4 bytes, little endian) and [`MAGIC`].

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use crate::disk::{self, TemporaryFile};

const MAGIC: &[u8; 8] = b"ARGOSYv1";
const FOOT_LEN: usize = 12;
/// Read at once from the end of a file: the trailer of almost every object fits.
const FIRST_READ: usize = 4096;
const TRAILER_LIMIT: usize = 64 * 1024;

/// What a client says of an object when it stores it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect_location: Option<String>,
    /// The `x-amz-meta-` headers, without that prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<HashMap<String, String>>,
}

/// Checksums in base64, as S3 writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Checksums {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
}

/// Everything that the store knows of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info {
    /// Bytes of content.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Seconds since 1970: S3 has no finer time, and HTTP dates neither.
    pub(crate) modified: u64,
    pub(crate) attributes: Attributes,
    #[serde(default)]
    pub(crate) checksums: Checksums,
}

impl Info {
    pub(crate) fn modified_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.modified)
    }

    pub(crate) fn last_modified(&self) -> Timestamp {
        self.modified_at().into()
    }
}

/// An object that is being written. Dropping it leaves nothing behind.
pub(crate) struct Draft {
    file: tokio::fs::File,
    temporary: TemporaryFile,
    size: u64,
    md5: Md5,
    checksums: ChecksumHasher,
}

/// What was written, before it is published.
pub(crate) struct Content {
    pub(crate) size: u64,
    /// MD5 in hexadecimal.
    pub(crate) md5: String,
    pub(crate) checksums: Checksums,
    file: File,
    temporary: TemporaryFile,
}

impl Draft {
    pub(crate) async fn create(folder: &Path, checksums: ChecksumHasher) -> S3Result<Self> {
        let temporary = TemporaryFile::new(folder);
        let file = tokio::fs::File::create_new(temporary.path())
            .await
            .map_err(disk::refused)?;
        Ok(Self {
            file,
            temporary,
            size: 0,
            md5: Md5::default(),
            checksums,
        })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> S3Result<()> {
        self.md5.update(bytes);
        self.checksums.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(disk::refused)
    }

    pub(crate) async fn finish(mut self) -> S3Result<Content> {
        self.file.flush().await.map_err(disk::refused)?;
        let sums = self.checksums.finalize();
        Ok(Content {
            size: self.size,
            md5: hex::encode(self.md5.finalize()),
            checksums: Checksums {
                crc32: sums.checksum_crc32,
                crc32c: sums.checksum_crc32c,
                crc64nvme: sums.checksum_crc64nvme,
                sha1: sums.checksum_sha1,
                sha256: sums.checksum_sha256,
            },
            file: self.file.into_std().await,
            temporary: self.temporary,
        })
    }
}

impl Content {
    /// Adds the trailer and syncs; what comes back only needs its final name.
    pub(crate) fn seal(
        self,
        etag: String,
        attributes: Attributes,
    ) -> io::Result<(TemporaryFile, Info)> {
        let modified = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let info = Info {
            size: self.size,
            etag,
            modified,
            attributes,
            checksums: self.checksums,
        };
        let mut trailer = serde_json::to_vec(&info)?;
        let len = u32::try_from(trailer.len()).map_err(io::Error::other)?;
        trailer.extend_from_slice(&len.to_le_bytes());
        trailer.extend_from_slice(MAGIC);
        self.file.write_all_at(&trailer, self.size)?;
        self.file.sync_all()?;
        Ok((self.temporary, info))
    }
}

/// Opens an object; its content is the first `size` bytes of the file.
pub(crate) fn open(path: &Path) -> io::Result<(File, Info)> {
    let file = File::open(path)?;
    let info = read_info(&file)?;
    Ok((file, info))
}

fn read_info(file: &File) -> io::Result<Info> {
    let len = file.metadata()?.len();
    let mut tail = read_tail(file, len, FIRST_READ)?;
    let trailer_len = match tail.last_chunk::<FOOT_LEN>() {
        Some([a, b, c, d, magic @ ..]) if magic == MAGIC => {
            u32::from_le_bytes([*a, *b, *c, *d]) as usize
        }
        _ => return Err(not_an_object("it does not end in the store's mark")),
    };
    if trailer_len > TRAILER_LIMIT {
        return Err(not_an_object("its description is too long"));
    }
    if trailer_len + FOOT_LEN > tail.len() {
        tail = read_tail(file, len, trailer_len + FOOT_LEN)?;
    }
    let start = tail
        .len()
        .checked_sub(trailer_len + FOOT_LEN)
        .ok_or_else(|| not_an_object("it is cut off"))?;
    let info: Info = serde_json::from_slice(&tail[start..tail.len() - FOOT_LEN])?;
    if info.size + (trailer_len + FOOT_LEN) as u64 != len {
        return Err(not_an_object("its length is not the one written down"));
    }
    Ok(info)
}

fn read_tail(file: &File, len: u64, wanted: usize) -> io::Result<Vec<u8>> {
    let start = len.saturating_sub(wanted as u64);
    let mut tail = vec![0; usize::try_from(len - start).map_err(io::Error::other)?];
    file.read_exact_at(&mut tail, start)?;
    Ok(tail)
}

fn not_an_object(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("this file is not an object of the store: {why}"),
    )
}
