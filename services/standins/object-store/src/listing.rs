//! Lists a bucket in key order by walking its tree, without reading what a page does not need.

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use s3s::S3Result;
use tracing::warn;

use crate::{
    disk,
    key_path::{self, Entry},
    object_file::{self, Info},
};

/// What part of a bucket to list.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    /// Only what comes after this key. If it is a common prefix, nothing that begins with it.
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
}

/// One page, in key order.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<(String, Info)>,
    pub(crate) common_prefixes: Vec<String>,
    /// Where the next page begins; none when this is the last one.
    pub(crate) next: Option<String>,
}

struct Walk<'a> {
    query: &'a Query,
    page: Page,
    last: Option<String>,
}

/// A name in a folder, with the beginning of the keys (or the whole key) that it stands for.
struct Found {
    key: String,
    path: PathBuf,
    folder: bool,
}

pub(crate) fn list(objects: &Path, query: &Query) -> S3Result<Page> {
    let mut walk = Walk {
        query,
        page: Page::default(),
        last: None,
    };
    if query.limit > 0 {
        let _ = walk.folder(objects, "").map_err(disk::refused)?;
    }
    Ok(walk.page)
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, base: &str) -> io::Result<ControlFlow<()>> {
        for found in read_folder(folder, base)? {
            let next = if found.folder {
                if self.is_out_of_question(&found.key) {
                    continue;
                }
                self.folder(&found.path, &found.key)?
            } else {
                self.object(found)
            };
            if next.is_break() {
                return Ok(next);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether no key that begins like this belongs on the page.
    fn is_out_of_question(&self, base: &str) -> bool {
        let prefix = &self.query.prefix;
        if !base.starts_with(prefix.as_str()) && !prefix.starts_with(base) {
            return true;
        }
        if self
            .page
            .common_prefixes
            .last()
            .is_some_and(|listed| base.starts_with(listed.as_str()))
        {
            return true;
        }
        self.query.after.as_ref().is_some_and(|after| {
            (base < after.as_str() && !after.starts_with(base)) || self.is_skipped(base, after)
        })
    }

    /// Whether a page before this one ended with a common prefix that covers the key.
    fn is_skipped(&self, key: &str, after: &str) -> bool {
        key.starts_with(after)
            && self
                .common_prefix(after)
                .is_some_and(|common| common == after)
    }

    /// The beginning under which this key is listed together with others, if it is.
    fn common_prefix(&self, key: &str) -> Option<String> {
        let delimiter = self.query.delimiter.as_ref()?;
        let rest = key.strip_prefix(self.query.prefix.as_str())?;
        let end = self.query.prefix.len() + rest.find(delimiter.as_str())? + delimiter.len();
        Some(key[..end].to_owned())
    }

    fn object(&mut self, found: Found) -> ControlFlow<()> {
        let key = found.key;
        if !key.starts_with(self.query.prefix.as_str()) {
            return ControlFlow::Continue(());
        }
        if self
            .query
            .after
            .as_ref()
            .is_some_and(|after| key <= *after || self.is_skipped(&key, after))
        {
            return ControlFlow::Continue(());
        }
        let common_prefix = self.common_prefix(&key);
        if common_prefix.is_some() && common_prefix.as_ref() == self.page.common_prefixes.last() {
            return ControlFlow::Continue(());
        }
        if self.page.objects.len() + self.page.common_prefixes.len() == self.query.limit {
            self.page.next = self.last.take();
            return ControlFlow::Break(());
        }
        if let Some(common_prefix) = common_prefix {
            self.last = Some(common_prefix.clone());
            self.page.common_prefixes.push(common_prefix);
            return ControlFlow::Continue(());
        }
        match object_file::open(&found.path) {
            Ok((_, info)) => {
                self.last = Some(key.clone());
                self.page.objects.push((key, info));
            }
            // Deleted since its folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                warn!(%error, key, "an object cannot be read and is left out of the listing");
            }
        }
        ControlFlow::Continue(())
    }
}

/// A folder's content in key order. Its own encoding keeps that order, except that names must be decoded before they are compared.
fn read_folder(folder: &Path, base: &str) -> io::Result<Vec<Found>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(parsed) = name.to_str().and_then(key_path::parse_name) else {
            warn!(path = %entry.path().display(), "this file is not the store's and is left alone");
            continue;
        };
        let (part, folder) = match parsed {
            Entry::Object(part) => (part, false),
            Entry::Folder(part) => (part, true),
        };
        found.push(Found {
            key: format!("{base}{part}"),
            path: entry.path(),
            folder,
        });
    }
    found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    Ok(found)
}
