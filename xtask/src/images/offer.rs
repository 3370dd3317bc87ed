//! Which images of programs that are not ours can be had, and which of the two sources is taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bollard::Docker;
use futures::future::try_join_all;

use super::{
    Choice, Image, Lock, Recipe, Site,
    base::{self, Origin},
    c_library::Version,
    id,
    own::Base,
    recipe::{Context, Folder},
};
use crate::{
    digest,
    failure::{Failure, Kind},
    model::{HostProgram, ImageKind, ImageSource, Name, Program},
};

/// How long a registry may take to answer before it counts as out of reach.
const REACH: Duration = Duration::from_secs(5);

/// Everything that the project's files say about images.
pub(super) struct Offer<'a> {
    site: Site<'a>,
    lock: &'a Lock,
    pub(super) base: Base,
    /// By folder.
    debian: BTreeMap<Name, Recipe>,
}

impl<'a> Offer<'a> {
    pub(super) fn read(site: &Site<'a>, lock: &'a Lock) -> Result<Self, Failure> {
        let base = base(site)?;
        let mut debian = BTreeMap::new();
        for name in site.environment.names() {
            let Some(Program::Foreign {
                image: Some(image), ..
            }) = site.environment.origin_of(name)
            else {
                continue;
            };
            if let Some(folder) = &image.debian
                && !debian.contains_key(folder)
            {
                debian.insert(folder.clone(), recipe(site, &base, folder)?);
            }
        }
        Ok(Self {
            site: *site,
            lock,
            base,
            debian,
        })
    }

    pub(super) fn recipes(&self) -> impl Iterator<Item = (String, Recipe)> {
        self.debian
            .values()
            .map(|recipe| (recipe.reference.clone(), recipe.clone()))
    }

    /// The image of this kind, if the program has one.
    pub(super) fn image(
        &self,
        host: &HostProgram,
        image: Option<&ImageSource>,
        kind: ImageKind,
    ) -> Option<Image> {
        let image = image?;
        match kind {
            ImageKind::Upstream => {
                let tag = image.upstream.as_ref()?;
                let digest = self.lock.digest(tag);
                let program = image.program.as_ref().unwrap_or(&host.program);
                Some(Image {
                    reference: digest.map_or_else(
                        || tag.to_string(),
                        |digest| format!("{}@{digest}", tag.repository),
                    ),
                    id: None,
                    kind: Some(kind),
                    program: program.clone(),
                    why: format!("{tag}, published by its own project"),
                    digest: digest.map(Into::into),
                })
            }
            ImageKind::Debian => {
                let recipe = self.debian.get(image.debian.as_ref()?)?;
                Some(Image {
                    reference: recipe.reference.clone(),
                    id: None,
                    kind: Some(kind),
                    program: host.program.clone(),
                    why: recipe.why.clone(),
                    digest: None,
                })
            }
        }
    }

    /// The source to take, and the sentence that says why.
    pub(super) async fn choose(
        &self,
        engine: &Docker,
        choice: Choice,
        selected: &BTreeSet<Name>,
    ) -> Result<(ImageKind, String), Failure> {
        let asked = |kind, what: &str| Ok((kind, format!("images: {what}, as asked for")));
        match choice {
            Choice::Upstream => return asked(ImageKind::Upstream, "upstream"),
            Choice::Debian => return asked(ImageKind::Debian, "debian"),
            Choice::Auto => {}
        }
        for (kind, what) in [
            (ImageKind::Upstream, "upstream"),
            (ImageKind::Debian, "debian"),
        ] {
            if self.has_all(engine, kind, selected).await? {
                let why = "the engine has every image of this source already";
                return Ok((kind, format!("images: {what}, because {why}")));
            }
        }
        match self.reach(engine, selected).await {
            Ok(tag) => Ok((
                ImageKind::Upstream,
                format!("images: upstream, because the registry of {tag} can be reached"),
            )),
            Err(why) => Ok((
                ImageKind::Debian,
                format!("images: debian, because no container registry can be reached ({why})"),
            )),
        }
    }

    async fn has_all(
        &self,
        engine: &Docker,
        kind: ImageKind,
        selected: &BTreeSet<Name>,
    ) -> Result<bool, Failure> {
        let references: BTreeSet<String> = self
            .images(selected, kind)
            .into_iter()
            .map(|image| image.reference)
            .collect();
        let asked = references.iter().map(|reference| id(engine, reference));
        let found = try_join_all(asked).await?;
        Ok(!found.is_empty() && found.iter().all(Option::is_some))
    }

    fn images(&self, selected: &BTreeSet<Name>, kind: ImageKind) -> Vec<Image> {
        let programs = selected
            .iter()
            .filter_map(|name| self.site.environment.origin_of(name));
        let foreign = programs.filter_map(|program| match program {
            Program::Foreign { host, image } => self.image(host, image, kind),
            Program::Own(_) => None,
        });
        foreign.collect()
    }

    /// Asks the first registry through the engine, which knows the way there: mirrors, proxies, certificates.
    async fn reach(&self, engine: &Docker, selected: &BTreeSet<Name>) -> Result<String, String> {
        let images = self.images(selected, ImageKind::Upstream);
        let Some(image) = images.first() else {
            return Err("nothing here has an upstream image".into());
        };
        let asked = engine.inspect_registry_image(&image.reference, None);
        match tokio::time::timeout(REACH, asked).await {
            Ok(Ok(_)) => Ok(image.reference.clone()),
            Ok(Err(error)) => Err(super::lock::reason(&error)),
            Err(_) => Err(format!("no answer within {} s", REACH.as_secs())),
        }
    }
}

fn base(site: &Site<'_>) -> Result<Base, Failure> {
    let Origin {
        reference, glibc, ..
    } = base::origin(site)?;
    let glibc = glibc.as_deref().and_then(Version::parse).ok_or_else(|| {
        Failure::new(
            "images",
            Kind::ConfigRejected,
            "infra/images/base/Dockerfile does not say which C library the base has",
            "add a line `LABEL argosy.glibc=\"2.36\"` with the version that `getconf GNU_LIBC_VERSION` prints in it",
        )
    })?;
    Ok(Base { reference, glibc })
}

fn recipe(site: &Site<'_>, base: &Base, name: &Name) -> Result<Recipe, Failure> {
    let folder = Folder::read(&site.paths.project, name.as_str())?;
    let stack = &site.environment.stack.name;
    let parts = [base.reference.as_str(), folder.digest.as_str()];
    Ok(Recipe {
        name: name.to_string(),
        reference: format!("{stack}-{name}:{}", digest::of_parts(parts)),
        current: format!("{stack}-{name}:local"),
        why: "built from Debian's packages".into(),
        dockerfile: folder.dockerfile,
        arguments: BTreeMap::from([("BASE".to_owned(), base.reference.clone())]),
        context: Context::Files(folder.files),
    })
}
