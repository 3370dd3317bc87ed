//! The base image: Debian 12, pulled where a registry can be reached, else made by debootstrap. Either way the same
//! Dockerfile comes on top, so that what follows cannot tell the two apart.

use std::{collections::BTreeMap, path::Path, process::Command};

use bollard::{Docker, query_parameters::CreateImageOptionsBuilder};
use futures::TryStreamExt as _;
use tokio_util::io::ReaderStream;

use super::{
    Lock, Recipe, Site,
    build::{self, Steps},
    id, pull,
    recipe::{Context, Folder},
};
use crate::{
    failure::{Failure, IoContext as _, Kind},
    packages::{self, Consent},
    reporter::Reporter,
    runtime::docker::engine::refused,
};

/// The release whose packages we install; the base's Dockerfile checks that it has got its C library.
const RELEASE: &str = "bookworm";

/// Makes the root file system of $1 in the folder $2 from the mirror $3 (may be empty), with the package sources $4, and
/// packs it into the file $5. Documents are left out here, as they would stay in a lower layer for ever.
const BOOTSTRAP: &str = r#"
set -eu
debootstrap --variant=minbase "$1" "$2" $3
if [ -n "$4" ]; then printf '%s\n' "$4" > "$2/etc/apt/sources.list"; fi
rm -rf "$2"/var/cache/apt/archives "$2"/var/lib/apt/lists "$2"/usr/share/man "$2"/usr/share/info "$2"/usr/share/locale
mkdir -p "$2"/var/cache/apt/archives/partial "$2"/var/lib/apt/lists/partial
find "$2"/usr/share/doc -type f ! -name copyright -delete
tar --create --file "$5" --numeric-owner --one-file-system --exclude './dev/*' --directory "$2" .
"#;

/// What the project's files say about the base.
pub(super) struct Origin {
    /// Its name, by the digest of its Dockerfile.
    pub(super) reference: String,
    pub(super) glibc: Option<String>,
    folder: Folder,
    /// The published image that it is made from.
    published: String,
}

pub(super) fn origin(site: &Site<'_>) -> Result<Origin, Failure> {
    let folder = Folder::read(&site.paths.project, "base")?;
    let published = folder.default_of("BASE").ok_or_else(|| {
        Failure::new(
            "images",
            Kind::ConfigRejected,
            "infra/images/base/Dockerfile does not say what it begins with",
            "add a line `ARG BASE=<image>:<tag>` before its FROM",
        )
    })?;
    Ok(Origin {
        reference: format!("{}-base:{}", site.environment.stack.name, folder.digest),
        glibc: folder.label("argosy.glibc").map(Into::into),
        published: published.to_owned(),
        folder,
    })
}

/// Brings the base image to the engine.
pub(super) async fn ensure(
    site: &Site<'_>,
    engine: &Docker,
    consent: Consent,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let origin = origin(site)?;
    if id(engine, &origin.reference).await?.is_some() {
        return Ok(());
    }
    make(site, engine, origin, Steps::Reuse, consent, reporter).await
}

/// Makes it again, with today's packages.
pub(super) async fn renew(
    site: &Site<'_>,
    engine: &Docker,
    consent: Consent,
    reporter: &Reporter,
) -> Result<(), Failure> {
    if id(engine, &bootstrapped(site)).await?.is_some() {
        bootstrap(site, engine, consent, reporter).await?;
    }
    make(
        site,
        engine,
        origin(site)?,
        Steps::Repeat,
        consent,
        reporter,
    )
    .await
}

async fn make(
    site: &Site<'_>,
    engine: &Docker,
    origin: Origin,
    steps: Steps,
    consent: Consent,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let lock = Lock::read(&site.paths.project)?;
    let published = lock.pinned(&origin.published);
    let root = match root(site, engine, &published).await? {
        Some(root) => root,
        None => match pull::pull(engine, &published, reporter).await {
            Ok(()) => published,
            Err(failure) => {
                reporter.note(format!("{}; making it with debootstrap", failure.detail));
                bootstrap(site, engine, consent, reporter).await?
            }
        },
    };
    let recipe = Recipe {
        name: "base".into(),
        current: format!("{}-base:local", site.environment.stack.name),
        reference: origin.reference,
        why: format!("on {root}"),
        dockerfile: origin.folder.dockerfile,
        arguments: BTreeMap::from([("BASE".to_owned(), root)]),
        context: Context::Files(origin.folder.files),
    };
    build::all(engine, &[&recipe], steps, reporter).await
}

/// The first of the images to begin with that the engine has already.
async fn root(
    site: &Site<'_>,
    engine: &Docker,
    published: &str,
) -> Result<Option<String>, Failure> {
    for candidate in [published.to_owned(), bootstrapped(site)] {
        if id(engine, &candidate).await?.is_some() {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

fn bootstrapped(site: &Site<'_>) -> String {
    format!("{}-root:{RELEASE}", site.environment.stack.name)
}

async fn bootstrap(
    site: &Site<'_>,
    engine: &Docker,
    consent: Consent,
    reporter: &Reporter,
) -> Result<String, Failure> {
    packages::ensure(&["debootstrap".to_owned()].into(), consent, reporter)?;
    reporter.note("making Debian's root file system: half a minute");
    let archive = tempfile::NamedTempFile::new()?;
    let folder = site.paths.run().join("bootstrap");
    std::fs::create_dir_all(site.paths.run()).doing("create", &site.paths.run())?;
    tokio::task::block_in_place(|| make_root(&folder, archive.path()))?;
    let reference = bootstrapped(site);
    import(engine, &reference, archive.path()).await?;
    Ok(reference)
}

/// As root, and nothing is left of the folder, whatever happens.
fn make_root(folder: &Path, archive: &Path) -> Result<(), Failure> {
    let (mirror, sources) = package_sources();
    let folder = folder.to_string_lossy();
    let archive = archive.to_string_lossy();
    let remove = || packages::run_as_root(&["rm", "-rf", "--one-file-system", &folder]);
    let failed = |what: &str, log: String| {
        let tail = log
            .lines()
            .rev()
            .take(12)
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let hint = "see that Debian's package mirror can be reached, and that you are root or may use sudo";
        Failure::new("images", Kind::BuildFailed, what, hint)
            .with_log_tail(tail.into_iter().rev().collect())
    };
    remove().map_err(|log| failed("an earlier root file system cannot be removed", log))?;
    let made = packages::run_as_root(&[
        "sh", "-c", BOOTSTRAP, "sh", RELEASE, &folder, &mirror, &sources, &archive,
    ]);
    let removed = remove();
    made.map_err(|log| failed("debootstrap could not make Debian's root file system", log))?;
    removed.map_err(|log| failed("the root file system cannot be removed", log))
}

/// Where this machine gets the release's packages from: the mirror, and lines for `sources.list`. Both empty on a machine
/// of another release, where debootstrap's own choice is as good.
fn package_sources() -> (String, String) {
    let format = "$(REPO_URI) $(CODENAME) $(COMPONENT)";
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", format, "Identifier: Packages"])
        .output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    sources_of_release(&text)
}

fn sources_of_release(targets: &str) -> (String, String) {
    let mut mirror = String::new();
    let mut lines = Vec::new();
    for line in targets.lines() {
        let [uri, codename, "main"] = line.split(' ').collect::<Vec<_>>()[..] else {
            continue;
        };
        let suites = ["", "-updates", "-security"].map(|suffix| format!("{RELEASE}{suffix}"));
        if suites.iter().any(|suite| suite == codename) {
            lines.push(format!("deb {uri} {codename} main"));
            if codename == RELEASE && mirror.is_empty() {
                uri.clone_into(&mut mirror);
            }
        }
    }
    if mirror.is_empty() {
        lines.clear();
    }
    (mirror, lines.join("\n"))
}

/// What `docker import` does.
async fn import(engine: &Docker, reference: &str, archive: &Path) -> Result<(), Failure> {
    let (repository, tag) = reference.split_once(':').unwrap_or((reference, "latest"));
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(repository)
        .tag(tag)
        .build();
    let file = tokio::fs::File::open(archive)
        .await
        .doing("read", archive)?;
    let body = bollard::body_try_stream(ReaderStream::with_capacity(file, 1 << 20));
    build::patient(engine)
        .create_image(Some(options), Some(body), None)
        .try_collect::<Vec<_>>()
        .await
        .map_err(|error| refused("images", "take the root file system", &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_has_the_package_sources_of_this_machine() {
        let targets = "http://mirror.example/debian/ bookworm main\n\
                       http://mirror.example/debian/ bookworm-updates main\n\
                       http://mirror.example/security/ bookworm-security main\n\
                       http://mirror.example/debian/ bookworm contrib\n\
                       http://other.example/ nodistro main\n";
        let (mirror, sources) = sources_of_release(targets);
        assert_eq!(mirror, "http://mirror.example/debian/");
        assert_eq!(
            sources,
            "deb http://mirror.example/debian/ bookworm main\n\
             deb http://mirror.example/debian/ bookworm-updates main\n\
             deb http://mirror.example/security/ bookworm-security main"
        );
    }

    #[test]
    fn a_machine_of_another_release_leaves_the_choice_to_debootstrap() {
        let targets =
            "http://mirror.example/ubuntu/ noble main\nhttp://x.example/ bookworm-security main\n";
        assert_eq!(sources_of_release(targets), (String::new(), String::new()));
    }
}
