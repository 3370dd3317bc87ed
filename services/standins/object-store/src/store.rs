//! The buckets and objects below the root folder, and the order in which they change on disk.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use anyhow::{Context, bail};
use s3s::{S3Result, dto::ETag, dto::ETagCondition, path::check_bucket_name, s3_error};

use crate::{
    bucket::{Bucket, Setting},
    disk::{self, TemporaryFile},
    key_path, object_file,
    object_file::Info,
};

pub(crate) struct Store {
    root: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// Held while a name in the tree appears or goes: a removed folder must not be one that somebody is about to fill, and
    /// a condition must still hold when its object is published.
    changes: Mutex<()>,
    /// Held as long as the server runs.
    _lock: File,
}

/// When an object may be published.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl Store {
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let shown = root.display();
        fs::create_dir_all(root)
            .with_context(|| format!("cannot create the folder {shown} (OBJECT_STORE_ROOT)"))?;
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot resolve {shown} (OBJECT_STORE_ROOT)"))?;
        let lock = File::create(root.join("lock"))
            .with_context(|| format!("cannot write in {shown} (OBJECT_STORE_ROOT)"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another object store already uses {shown}: stop it or choose another OBJECT_STORE_ROOT"
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {shown}/lock"));
            }
        }
        // Whatever lies here is what a crash left unfinished.
        let temporary = root.join("temporary");
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot empty {}", temporary.display()));
            }
            _ => fs::create_dir(&temporary)?,
        }
        let folder = root.join("buckets");
        fs::create_dir_all(&folder)?;
        let buckets = load_buckets(&folder)?;
        Ok(Self {
            root,
            buckets: RwLock::new(buckets),
            changes: Mutex::new(()),
            _lock: lock,
        })
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.root.join("temporary")
    }

    pub(crate) fn buckets(&self) -> Vec<Arc<Bucket>> {
        self.buckets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    pub(crate) fn find_bucket(&self, name: &str) -> Option<Arc<Bucket>> {
        self.buckets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    pub(crate) fn bucket(&self, name: &str) -> S3Result<Arc<Bucket>> {
        self.find_bucket(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist: {name}"))
    }

    pub(crate) fn create_bucket(&self, name: &str, region: Option<String>) -> S3Result<()> {
        if !check_bucket_name(name) {
            return Err(s3_error!(InvalidBucketName));
        }
        let _changing = self.change();
        if self.find_bucket(name).is_some() {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "The bucket already exists and is yours: {name}"
            ));
        }
        let draft = self.temporary().join(uuid::Uuid::new_v4().to_string());
        let folder = self.root.join("buckets").join(name);
        Bucket::create(&draft, &self.temporary(), region)
            .and_then(|()| fs::rename(&draft, &folder))
            .and_then(|()| disk::sync_folder(&self.root.join("buckets")))
            .map_err(disk::refused)?;
        self.reload(folder)
    }

    pub(crate) fn delete_bucket(&self, name: &str) -> S3Result<()> {
        let _changing = self.change();
        let bucket = self.bucket(name)?;
        let mut objects = fs::read_dir(bucket.objects()).map_err(disk::refused)?;
        if objects.next().is_some() {
            return Err(s3_error!(
                BucketNotEmpty,
                "The bucket is not empty: delete its objects first"
            ));
        }
        let discarded = self.temporary().join(uuid::Uuid::new_v4().to_string());
        fs::rename(bucket.folder(), &discarded).map_err(disk::refused)?;
        self.buckets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        fs::remove_dir_all(discarded).map_err(disk::refused)
    }

    /// Writes a setting, or removes it, and from then on goes by it.
    pub(crate) fn change_setting(
        &self,
        name: &str,
        setting: Setting,
        content: Option<&[u8]>,
    ) -> S3Result<()> {
        let _changing = self.change();
        let bucket = self.bucket(name)?;
        let file = bucket.setting_file(setting);
        let changed = match content {
            Some(content) => disk::replace(&self.temporary(), &file, content),
            None => fs::remove_file(&file),
        };
        match changed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(disk::refused(error));
            }
            _ => {}
        }
        self.reload(bucket.folder().to_owned())
    }

    /// Gives a sealed object its name; from that moment on it is what readers see.
    pub(crate) fn publish(
        &self,
        bucket: &str,
        key: &str,
        sealed: TemporaryFile,
        condition: &Condition,
    ) -> S3Result<()> {
        let _changing = self.change();
        // Looked up again: the bucket may have gone while the object came in.
        let path = key_path::object_path(&self.bucket(bucket)?.objects(), key);
        condition.check(&path)?;
        sealed.rename_to(&path).map_err(disk::refused)
    }

    /// Deletes an object and the folders that it leaves empty. Deleting what is not there is a success in S3.
    pub(crate) fn delete(
        &self,
        bucket: &Bucket,
        key: &str,
        only_if: impl Fn(&Info) -> bool,
    ) -> S3Result<bool> {
        let objects = bucket.objects();
        let path = key_path::object_path(&objects, key);
        let _changing = self.change();
        match object_file::open(&path) {
            Ok((_, info)) if !only_if(&info) => return Ok(false),
            Err(error) if is_absent(&error) => return Ok(false),
            _ => fs::remove_file(&path).map_err(disk::refused)?,
        }
        for folder in path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != objects)
        {
            if fs::remove_dir(folder).is_err() {
                // It still holds something.
                break;
            }
        }
        Ok(true)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self, folder: PathBuf) -> S3Result<()> {
        let bucket = Arc::new(Bucket::load(folder).map_err(disk::refused)?);
        self.buckets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(bucket.name.clone(), bucket);
        Ok(())
    }
}

impl Condition {
    fn check(&self, path: &Path) -> S3Result<()> {
        if self.if_match.is_none() && self.if_none_match.is_none() {
            return Ok(());
        }
        let existing = match object_file::open(path) {
            Ok((_, info)) => Some(ETag::Strong(info.etag)),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(disk::refused(error)),
        };
        let matches = |condition: &ETagCondition| match (condition, &existing) {
            (_, None) => false,
            (ETagCondition::Any, Some(_)) => true,
            (ETagCondition::ETag(wanted), Some(existing)) => wanted.strong_cmp(existing),
        };
        if self
            .if_match
            .as_ref()
            .is_some_and(|condition| !matches(condition))
        {
            return Err(s3_error!(
                PreconditionFailed,
                "If-Match does not hold: the object is another one or does not exist"
            ));
        }
        if self.if_none_match.as_ref().is_some_and(matches) {
            return Err(s3_error!(
                PreconditionFailed,
                "If-None-Match does not hold: the object exists already"
            ));
        }
        Ok(())
    }
}

pub(crate) fn open_object(bucket: &Bucket, key: &str) -> S3Result<(File, Info)> {
    match object_file::open(&key_path::object_path(&bucket.objects(), key)) {
        Ok(object) => Ok(object),
        Err(error) if is_absent(&error) => {
            Err(s3_error!(NoSuchKey, "The specified key does not exist."))
        }
        Err(error) => Err(disk::refused(error)),
    }
}

/// No such file, or a name too long for one to exist.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename
    )
}

fn load_buckets(folder: &Path) -> anyhow::Result<BTreeMap<String, Arc<Bucket>>> {
    let mut buckets = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let bucket = Bucket::load(path.clone())
            .with_context(|| format!("cannot load the bucket in {}", path.display()))?;
        buckets.insert(bucket.name.clone(), Arc::new(bucket));
    }
    Ok(buckets)
}
