//! Draws the demo's pictures and puts them into the bucket, as far as they are not there.

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::demo::Demo;
use crate::{
    db,
    domain::product::Picture,
    pictures::{Rendition, Store},
};

/// Questions to the bucket at a time.
const LOOKUPS: usize = 16;

/// What has been drawn, by the digest of the drawing.
#[derive(Debug)]
pub(super) struct Drawn(BTreeMap<String, Picture>);

impl Drawn {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Picture)> {
        self.0
            .iter()
            .map(|(digest, picture)| (digest.as_str(), picture))
    }
}

/// Identifies what a picture looks like: the vector document, before it becomes pixels.
pub(super) fn digest(picture: &artwork::Picture) -> anyhow::Result<String> {
    let document = artwork::svg(picture)?;
    Ok(hex::encode(Sha256::digest(document.as_bytes())))
}

/// Every picture of the demo, drawn if need be.
pub(super) async fn ensure(
    demo: &Demo,
    connection: &mut PgConnection,
    store: &Store,
) -> anyhow::Result<Drawn> {
    let mut wanted = BTreeMap::new();
    for picture in demo.pictures() {
        wanted.insert(digest(&picture)?, picture);
    }
    let mut known = BTreeMap::new();
    for digest in wanted.keys() {
        if let Some(picture) = db::pictures::get(connection, digest).await? {
            known.insert(digest.clone(), picture);
        }
    }
    let mut drawn = present(known, store).await?;
    wanted.retain(|digest, _| !drawn.contains_key(digest));
    if !wanted.is_empty() {
        tracing::info!(pictures = wanted.len(), "drawing");
        drawn.extend(draw(wanted, store).await?);
    }
    Ok(Drawn(drawn))
}

/// Those of which the bucket has every size. (It may have been emptied while the database was kept.)
async fn present(
    known: BTreeMap<String, Picture>,
    store: &Store,
) -> anyhow::Result<BTreeMap<String, Picture>> {
    let checked = stream::iter(known).map(|(digest, picture)| async move {
        for key in [&picture.small, &picture.medium, &picture.large] {
            if !store.has(key).await? {
                return anyhow::Ok(None);
            }
        }
        Ok(Some((digest, picture)))
    });
    checked
        .buffer_unordered(LOOKUPS)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await
}

/// Draws on as many threads as there are cores, and stores what is drawn meanwhile.
async fn draw(
    wanted: BTreeMap<String, artwork::Picture>,
    store: &Store,
) -> anyhow::Result<BTreeMap<String, Picture>> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let drawn = stream::iter(wanted).map(|(digest, picture)| async move {
        let name = picture.drawing.clone();
        let renditions = tokio::task::spawn_blocking(move || artwork::render(&picture)).await?;
        let renditions = renditions.with_context(|| format!("cannot draw {name}"))?;
        let picture = upload(renditions, store).await?;
        anyhow::Ok((digest, picture))
    });
    drawn.buffer_unordered(cores + 1).try_collect().await
}

async fn upload(renditions: artwork::Renditions, store: &Store) -> anyhow::Result<Picture> {
    let (width, height) = (renditions.large.width, renditions.large.height);
    let artwork::Renditions {
        small,
        medium,
        large,
    } = renditions;
    let sizes = [small, medium, large]
        .map(|size| Rendition::new(size.bytes, size.content_type, size.extension));
    futures::future::try_join_all(sizes.iter().map(|rendition| store.put(rendition))).await?;
    let [small, medium, large] = sizes.map(|rendition| rendition.key);
    let pixels = |side: u32| {
        i32::try_from(side).context("a drawing has more pixels than the database takes")
    };
    Ok(Picture {
        small,
        medium,
        large,
        width: pixels(width)?,
        height: pixels(height)?,
        alt: String::new(),
    })
}
