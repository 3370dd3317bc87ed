//! The mails: one file each, written to disk before the sender is told that its mail is safe, and an index of them in memory.
//!
//! A file holds the envelope as one line of JSON, then the mail as it came. It is written under another name, synced, and renamed,
//! so a crash leaves a whole mail or none. Ids are UUIDs of version 7: their order is the order of arrival.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tracing::warn;
use uuid::Uuid;

use crate::{message::Outline, smtp::Envelope};

pub(crate) struct Store {
    mails: PathBuf,
    temporary: PathBuf,
    limit: usize,
    index: RwLock<BTreeMap<Uuid, Arc<Summary>>>,
    /// Goes up with every change, to wake those who wait.
    changed: watch::Sender<u64>,
    received: AtomicU64,
    removed: AtomicU64,
    /// Held as long as the mailbox runs.
    _lock: File,
}

/// A mail that has just come in.
pub(crate) struct Received {
    pub(crate) envelope: Envelope,
    pub(crate) client: IpAddr,
    pub(crate) content: Vec<u8>,
}

/// What is known of a kept mail without reading it again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) id: Uuid,
    #[serde(flatten)]
    pub(crate) outline: Outline,
    pub(crate) envelope: KeptEnvelope,
    /// Bytes.
    pub(crate) size: usize,
}

/// The first line of a mail's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeptEnvelope {
    /// When the mail was kept, RFC 3339.
    pub(crate) received: String,
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) hello: String,
    pub(crate) client: IpAddr,
    pub(crate) user: Option<String>,
}

/// Which mails, newest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Part of an address, name or subject, in any case.
    pub(crate) text: Option<String>,
    /// A whole address among the recipients, in any case.
    pub(crate) to: Option<String>,
    /// Part of the subject, in any case.
    pub(crate) subject: Option<String>,
    /// Only mails older than this one.
    pub(crate) before: Option<Uuid>,
    /// Only mails newer than this one.
    pub(crate) after: Option<Uuid>,
    pub(crate) limit: usize,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) mails: Vec<Arc<Summary>>,
    /// How many mails fit the query, `before` and `limit` left out.
    pub(crate) matching: usize,
    /// Whether there are older ones.
    pub(crate) more: bool,
}

impl Store {
    pub(crate) fn open(root: &Path, limit: usize) -> anyhow::Result<Self> {
        let shown = root.display();
        let (mails, temporary) = (root.join("mails"), root.join("temporary"));
        fs::create_dir_all(root)
            .with_context(|| format!("cannot create the folder {shown} (MAILBOX_ROOT)"))?;
        let lock = File::create(root.join("lock"))
            .with_context(|| format!("cannot write in {shown} (MAILBOX_ROOT)"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another mailbox already uses {shown}: stop it or choose another MAILBOX_ROOT"
            ),
            Err(TryLockError::Error(cause)) => {
                return Err(cause).with_context(|| format!("cannot lock {shown}/lock"));
            }
        }
        // Whatever lies here is what a crash left unfinished.
        match fs::remove_dir_all(&temporary) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(cause).with_context(|| format!("cannot empty {}", temporary.display()));
            }
            _ => fs::create_dir(&temporary)?,
        }
        fs::create_dir_all(&mails)?;
        let index = load(&mails)?;
        let store = Self {
            mails,
            temporary,
            limit,
            index: RwLock::new(index),
            changed: watch::Sender::new(0),
            received: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            _lock: lock,
        };
        store.remove_beyond_limit();
        Ok(store)
    }

    /// Keeps a mail; when this returns, it survives a crash.
    pub(crate) async fn keep(self: &Arc<Self>, received: Received) -> io::Result<Uuid> {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || store.write(received)).await?
    }

    fn write(&self, received: Received) -> io::Result<Uuid> {
        let Received {
            envelope,
            client,
            content,
        } = received;
        let id = Uuid::now_v7();
        let envelope = KeptEnvelope {
            received: DateTime::<Utc>::from(SystemTime::now())
                .to_rfc3339_opts(SecondsFormat::Millis, true),
            sender: envelope.sender,
            recipients: envelope.recipients,
            hello: envelope.hello,
            client,
            user: envelope.user,
        };
        let draft = self.temporary.join(id.to_string());
        let written = self.write_file(&draft, &self.file(id), &envelope, &content);
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written?;
        let summary = Summary {
            id,
            outline: Outline::of(&content),
            envelope,
            size: content.len(),
        };
        self.write_index().insert(id, Arc::new(summary));
        self.received.fetch_add(1, Ordering::Relaxed);
        self.remove_beyond_limit();
        self.changed.send_modify(|version| *version += 1);
        Ok(id)
    }

    fn write_file(
        &self,
        draft: &Path,
        path: &Path,
        envelope: &KeptEnvelope,
        content: &[u8],
    ) -> io::Result<()> {
        let mut file = File::create_new(draft)?;
        serde_json::to_writer(&mut file, envelope)?;
        file.write_all(b"\n")?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(draft, path)?;
        File::open(&self.mails)?.sync_all()
    }

    fn file(&self, id: Uuid) -> PathBuf {
        self.mails.join(format!("{id}.mail"))
    }

    pub(crate) fn find(&self, id: Uuid) -> Option<Arc<Summary>> {
        self.read_index().get(&id).cloned()
    }

    /// The mail as it came.
    pub(crate) async fn raw(self: &Arc<Self>, id: Uuid) -> io::Result<Vec<u8>> {
        let path = self.file(id);
        tokio::task::spawn_blocking(move || read(&path).map(|(_, content)| content)).await?
    }

    pub(crate) fn query(&self, query: &Query) -> Page {
        let index = self.read_index();
        let text = query.text.as_ref().map(|text| text.to_lowercase());
        let subject = query.subject.as_ref().map(|text| text.to_lowercase());
        let fits = |summary: &Summary| {
            text.as_ref().is_none_or(|text| summary.mentions(text))
                && query.to.as_ref().is_none_or(|to| summary.is_to(to))
                && subject
                    .as_ref()
                    .is_none_or(|subject| summary.outline.subject.to_lowercase().contains(subject))
        };
        let newer = |id: &Uuid| query.after.is_none_or(|after| *id > after);
        let matching: Vec<_> = index
            .values()
            .rev()
            .take_while(|mail| newer(&mail.id))
            .filter(|mail| fits(mail))
            .collect();
        let mut older = matching
            .iter()
            .filter(|mail| query.before.is_none_or(|before| mail.id < before));
        let mails: Vec<_> = older
            .by_ref()
            .take(query.limit)
            .map(|mail| Arc::clone(mail))
            .collect();
        Page {
            more: older.next().is_some(),
            mails,
            matching: matching.len(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.read_index().len()
    }

    /// Tells of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// How many mails came in, and how many went, since the start.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (
            self.received.load(Ordering::Relaxed),
            self.removed.load(Ordering::Relaxed),
        )
    }

    pub(crate) async fn remove(self: &Arc<Self>, ids: Vec<Uuid>) -> io::Result<usize> {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let mut removed = 0;
            for id in ids {
                removed += usize::from(store.remove_one(id)?);
            }
            store.changed.send_modify(|version| *version += 1);
            Ok(removed)
        })
        .await?
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.read_index().keys().copied().collect()
    }

    /// Whether the folder can still be written to.
    pub(crate) async fn check_disk(self: &Arc<Self>) -> io::Result<()> {
        let probe = self.temporary.join(format!("probe-{}", Uuid::now_v7()));
        tokio::task::spawn_blocking(move || {
            fs::write(&probe, b"probe")?;
            fs::remove_file(&probe)
        })
        .await?
    }

    fn remove_one(&self, id: Uuid) -> io::Result<bool> {
        let known = self.write_index().remove(&id).is_some();
        match fs::remove_file(self.file(id)) {
            Ok(()) => {
                self.removed.fetch_add(1, Ordering::Relaxed);
                Ok(true)
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(known),
            Err(cause) => Err(cause),
        }
    }

    fn remove_beyond_limit(&self) {
        let surplus: Vec<Uuid> = {
            let index = self.read_index();
            index
                .keys()
                .take(index.len().saturating_sub(self.limit))
                .copied()
                .collect()
        };
        for id in surplus {
            if let Err(cause) = self.remove_one(id) {
                warn!(%id, %cause, "the oldest mail could not be removed");
            }
        }
    }

    fn read_index(&self) -> RwLockReadGuard<'_, BTreeMap<Uuid, Arc<Summary>>> {
        self.index
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write_index(&self) -> RwLockWriteGuard<'_, BTreeMap<Uuid, Arc<Summary>>> {
        self.index
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Summary {
    fn is_to(&self, address: &str) -> bool {
        self.envelope.recipients.iter().any(|recipient| {
            recipient.eq_ignore_ascii_case(address)
                || recipient.to_lowercase() == address.to_lowercase()
        })
    }

    fn mentions(&self, text: &str) -> bool {
        let outline = &self.outline;
        let people = outline.from.iter().chain(&outline.to).chain(&outline.cc);
        let names = people.flat_map(|mailbox| [&mailbox.name, &mailbox.address]);
        let mut all = self
            .envelope
            .recipients
            .iter()
            .chain([&self.envelope.sender, &outline.subject])
            .chain(names);
        all.any(|field| field.to_lowercase().contains(text))
    }
}

fn load(mails: &Path) -> anyhow::Result<BTreeMap<Uuid, Arc<Summary>>> {
    let mut index = BTreeMap::new();
    for entry in fs::read_dir(mails)? {
        let path = entry?.path();
        let id = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| Uuid::try_parse(stem).ok());
        let Some(id) = id else {
            warn!(path = %path.display(), "this file is not a mail of the mailbox and is left alone");
            continue;
        };
        match read(&path) {
            Ok((envelope, content)) => {
                let summary = Summary {
                    id,
                    outline: Outline::of(&content),
                    envelope,
                    size: content.len(),
                };
                index.insert(id, Arc::new(summary));
            }
            Err(cause) => {
                warn!(path = %path.display(), %cause, "this mail cannot be read and is left alone");
            }
        }
    }
    Ok(index)
}

fn read(path: &Path) -> io::Result<(KeptEnvelope, Vec<u8>)> {
    let mut bytes = fs::read(path)?;
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or(io::ErrorKind::InvalidData)?;
    let envelope = serde_json::from_slice(&bytes[..end])?;
    bytes.drain(..=end);
    Ok((envelope, bytes))
}
