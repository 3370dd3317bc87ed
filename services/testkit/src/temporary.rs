//! Directories of one test process, removed with it, or by the next one if it was killed.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::child::is_root;

const PREFIX: &str = "argosy-test-";

/// A directory that is removed when this is dropped.
#[derive(Debug)]
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// A fresh one, owned by `account` if it is named and we are root.
    pub fn new(account: Option<&str>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            remove_orphans();
        }
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        if let Some(account) = account.filter(|_| is_root()) {
            let status = Command::new("chown")
                .arg(account)
                .arg(&path)
                .status()
                .unwrap();
            assert!(
                status.success(),
                "cannot give {} to {account}",
                path.display()
            );
        }
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Those whose process is gone: a killed test, or one whose server is a static that is never dropped.
fn remove_orphans() {
    for entry in std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next())
            .map(ToOwned::to_owned);
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
