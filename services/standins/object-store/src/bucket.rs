//! A bucket: its folder, and the settings that are kept beside its objects.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use s3s::{
    dto::{BucketLifecycleConfiguration, CORSConfiguration, Timestamp},
    xml,
};
use serde::{Deserialize, Serialize};

use crate::{disk, policy::Policy};

/// A bucket as it is at one moment; a changed setting makes a new one.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) region: Option<String>,
    pub(crate) policy: Option<Policy>,
    pub(crate) cors: Option<CORSConfiguration>,
    pub(crate) lifecycle: Option<BucketLifecycleConfiguration>,
    created: u64,
    folder: PathBuf,
}

/// A setting of a bucket, each in a file of its own, in the form in which S3 transports it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Setting {
    Policy,
    Cors,
    Lifecycle,
}

#[derive(Debug, Serialize, Deserialize)]
struct Description {
    /// Seconds since 1970.
    created: u64,
    region: Option<String>,
}

const DESCRIPTION: &str = "bucket.json";

impl Setting {
    fn file_name(self) -> &'static str {
        match self {
            Self::Policy => "policy.json",
            Self::Cors => "cors.xml",
            Self::Lifecycle => "lifecycle.xml",
        }
    }
}

impl Bucket {
    /// Writes a new bucket's folder.
    pub(crate) fn create(
        folder: &Path,
        temporary: &Path,
        region: Option<String>,
    ) -> io::Result<()> {
        fs::create_dir(folder)?;
        fs::create_dir(folder.join("objects"))?;
        fs::create_dir(folder.join("uploads"))?;
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let description = serde_json::to_vec(&Description { created, region })?;
        disk::replace(temporary, &folder.join(DESCRIPTION), &description)
    }

    pub(crate) fn load(folder: PathBuf) -> io::Result<Self> {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        let description: Description =
            serde_json::from_slice(&fs::read(folder.join(DESCRIPTION))?)?;
        let policy = match read(&folder, Setting::Policy)? {
            Some(text) => Some(Policy::parse(&name, &text).map_err(io::Error::other)?),
            None => None,
        };
        Ok(Self {
            cors: read_xml(&folder, Setting::Cors)?,
            lifecycle: read_xml(&folder, Setting::Lifecycle)?,
            created: description.created,
            region: description.region,
            name,
            policy,
            folder,
        })
    }

    pub(crate) fn created(&self) -> Timestamp {
        (UNIX_EPOCH + Duration::from_secs(self.created)).into()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }

    pub(crate) fn setting_file(&self, setting: Setting) -> PathBuf {
        self.folder.join(setting.file_name())
    }
}

pub(crate) fn to_xml<T: xml::Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut xml::Serializer::new(&mut bytes))
        .map_err(io::Error::other)?;
    Ok(bytes)
}

fn read_xml<T: for<'xml> xml::Deserialize<'xml>>(
    folder: &Path,
    setting: Setting,
) -> io::Result<Option<T>> {
    let Some(text) = read(folder, setting)? else {
        return Ok(None);
    };
    let value =
        T::deserialize(&mut xml::Deserializer::new(text.as_bytes())).map_err(io::Error::other)?;
    Ok(Some(value))
}

fn read(folder: &Path, setting: Setting) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(setting.file_name())) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
