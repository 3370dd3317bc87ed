//! Multipart uploads: each has a folder with a description and one file per part, until it is completed or aborted.
//!
//! Completing removes the folder last, so that a client whose connection broke can ask again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::{
    bucket::Bucket,
    disk,
    object_file::{self, Attributes, Info},
};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) key: String,
    /// Seconds since 1970.
    pub(crate) initiated: u64,
    pub(crate) attributes: Attributes,
    #[serde(skip)]
    pub(crate) id: String,
    #[serde(skip)]
    folder: PathBuf,
}

const DESCRIPTION: &str = "upload.json";
const PART: &str = "part-";

impl Upload {
    pub(crate) fn create(
        bucket: &Bucket,
        temporary: &Path,
        key: String,
        attributes: Attributes,
    ) -> S3Result<Self> {
        let id = uuid::Uuid::new_v4().to_string();
        let folder = bucket.uploads().join(&id);
        let initiated = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let upload = Self {
            key,
            initiated,
            attributes,
            id,
            folder,
        };
        let description = serde_json::to_vec(&upload).map_err(s3s::S3Error::internal_error)?;
        disk::replace(temporary, &upload.folder.join(DESCRIPTION), &description)
            .map_err(disk::refused)?;
        Ok(upload)
    }

    /// Finds an upload of this key.
    pub(crate) fn find(bucket: &Bucket, id: &str, key: &str) -> S3Result<Self> {
        let unknown = || {
            s3_error!(
                NoSuchUpload,
                "The upload does not exist: it was completed or aborted, or its id is wrong"
            )
        };
        // Nothing but an id of ours may become part of a path.
        let id = uuid::Uuid::try_parse(id)
            .map_err(|_| unknown())?
            .to_string();
        let folder = bucket.uploads().join(&id);
        match Self::load(folder, id) {
            Ok(upload) if upload.key == key => Ok(upload),
            Ok(_) => Err(unknown()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unknown()),
            Err(error) => Err(disk::refused(error)),
        }
    }

    /// All uploads of a bucket, by key, then by age.
    pub(crate) fn list(bucket: &Bucket) -> S3Result<Vec<Self>> {
        let mut uploads = Vec::new();
        for entry in fs::read_dir(bucket.uploads()).map_err(disk::refused)? {
            let entry = entry.map_err(disk::refused)?;
            match Self::load(
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            ) {
                Ok(upload) => uploads.push(upload),
                // It was completed a moment ago, or a crash left its folder without a description.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(disk::refused(error)),
            }
        }
        uploads.sort_by(|left, right| {
            (&left.key, left.initiated, &left.id).cmp(&(&right.key, right.initiated, &right.id))
        });
        Ok(uploads)
    }

    pub(crate) fn part_file(&self, number: i32) -> S3Result<PathBuf> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        Ok(self.folder.join(format!("{PART}{number:05}")))
    }

    /// The parts that have arrived, by number.
    pub(crate) fn parts(&self) -> S3Result<Vec<(i32, Info)>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(disk::refused)? {
            let entry = entry.map_err(disk::refused)?;
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix(PART))
                .and_then(|number| number.parse().ok());
            if let Some(number) = number {
                let (_, info) = object_file::open(&entry.path()).map_err(disk::refused)?;
                parts.push((number, info));
            }
        }
        parts.sort_unstable_by_key(|(number, _)| *number);
        Ok(parts)
    }

    pub(crate) fn remove(&self) -> S3Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk::refused(error)),
            _ => Ok(()),
        }
    }

    fn load(folder: PathBuf, id: String) -> io::Result<Self> {
        let description: Self = serde_json::from_slice(&fs::read(folder.join(DESCRIPTION))?)?;
        Ok(Self {
            id,
            folder,
            ..description
        })
    }
}
