//! How files are made so that a crash leaves the old one or the new one, never half of one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use tracing::error;

/// A file that is deleted unless it is given its final name.
#[derive(Debug)]
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    /// Names a file in `folder`; nothing is created yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join(uuid::Uuid::new_v4().to_string()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the file to its final name, making the folders above it. The content must be synced already.
    pub(crate) fn rename_to(self, destination: &Path) -> io::Result<()> {
        create_folders(parent(destination))?;
        self.rename_within(destination)
    }

    /// Moves the file to its final name in a folder that must exist.
    pub(crate) fn rename_within(self, destination: &Path) -> io::Result<()> {
        fs::rename(&self.0, destination)?;
        sync_folder(parent(destination))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name, and at the next start the folder is emptied anyway.
        let _ = fs::remove_file(&self.0);
    }
}

/// Replaces a small file as a whole.
pub(crate) fn replace(temporary: &Path, destination: &Path, content: &[u8]) -> io::Result<()> {
    let draft = TemporaryFile::new(temporary);
    fs::write(draft.path(), content)?;
    File::open(draft.path())?.sync_all()?;
    draft.rename_to(destination)
}

/// Makes folders; each new one is synced into the one above it.
fn create_folders(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(parent(folder)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_folders(parent(folder))?;
            create_folders(folder)
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .expect("BUG: every path of the store lies below its root")
}

/// The answer to a client when the disk refuses. The path stays in the log: it is nobody else's business.
#[track_caller]
pub(crate) fn refused(error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            error!(%error, "the disk is full");
            // MinIO's code for it. 507 is not a status that clients retry, and rightly so.
            let mut answer = S3Error::with_message(
                S3ErrorCode::Custom("XMinioStorageFull".into()),
                "the object store's disk is full: nothing was stored",
            );
            answer.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
            answer
        }
        io::ErrorKind::InvalidFilename => {
            s3_error!(KeyTooLongError, "this key is too long for the file system")
        }
        _ => {
            error!(%error, location = %std::panic::Location::caller(), "the disk refused");
            S3Error::internal_error(error)
        }
    }
}

/// Runs what waits for the disk where it blocks nobody else.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(S3Error::internal_error)?
}
