//! `images`: look up digests, and make the images that `up` would make.

use bollard::Docker;

use super::converge::selection;
use crate::{
    cli::{Images, ImagesAction, ImagesBuild, ImagesLock},
    events::{Event, ImageInUse},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    images::{self, Images as Provided, Lock, Site, lock},
    packages::Consent,
    reporter::table,
    runtime::docker::engine::Engine,
    session::Session,
};

pub(super) async fn run(session: &Session, args: &Images) -> Result<Exit, Failures> {
    match &args.action {
        ImagesAction::Lock(args) => lock(session, args).await,
        ImagesAction::Build(args) => build(session, args).await,
    }
}

/// Brings the lock file's list up to date and asks the registries for the digests.
async fn lock(session: &Session, args: &ImagesLock) -> Result<Exit, Failures> {
    let project = &session.paths.project;
    let wanted = lock::wanted(&session.environment, project)?;
    let before = Lock::read(project)?;
    let mut lock = before.clone().with(&wanted);
    if args.check {
        return check(&before, &lock);
    }
    let engine = Engine::connect(session.global.docker_host.as_deref()).await?;
    let answers = lock.look_up(&engine.docker).await;
    let mut open = 0;
    for answer in &answers {
        match &answer.digest {
            Ok(digest) if answer.moved => session.reporter.note(format!(
                "{}: the tag has been moved, it is {digest} now",
                answer.image
            )),
            Ok(digest) => session.reporter.note(format!("{}: {digest}", answer.image)),
            Err(why) => {
                open += 1;
                let message = format!("{}: not looked up ({why})", answer.image);
                session.reporter.note(message);
            }
        }
    }
    let path = lock.write(project)?;
    let known = answers.len() - open;
    session.reporter.note(format!(
        "{}: {known} looked up, {open} could not be",
        path.display()
    ));
    Ok(Exit::Done)
}

fn check(before: &Lock, wanted: &Lock) -> Result<Exit, Failures> {
    if before == wanted {
        return Ok(Exit::Done);
    }
    let detail = format!(
        "{} does not list the images that the project names",
        lock::FILE
    );
    let hint = "cargo xtask images lock";
    Err(Failure::new("images", Kind::ConfigRejected, detail, hint).into())
}

async fn build(session: &Session, args: &ImagesBuild) -> Result<Exit, Failures> {
    let selected = selection(session, &args.only)?;
    crate::build::ensure(
        &session.cargo,
        &session.environment,
        &selected,
        &session.reporter,
    )?;
    let engine = Engine::connect(session.global.docker_host.as_deref()).await?;
    let site = Site {
        environment: &session.environment,
        paths: &session.paths,
        cargo: &session.cargo,
    };
    let consent = if session.global.yes {
        Consent::Given
    } else {
        Consent::Ask
    };
    let (choice, docker) = (args.images, &engine.docker);
    let reporter = &session.reporter;
    let images = if args.refresh {
        images::renew(&site, docker, choice, &selected, consent, reporter).await?
    } else {
        images::provide(&site, docker, choice, &selected, consent, reporter).await?
    };
    tell(session, docker, &images).await?;
    Ok(Exit::Done)
}

async fn tell(session: &Session, docker: &Docker, images: &Provided) -> Result<(), Failure> {
    images::name_current(docker, images).await?;
    let reporter = &session.reporter;
    reporter.note(&images.taken);
    for warning in &images.warnings {
        reporter.note(warning);
    }
    for (name, reason) in &images.left_out {
        reporter.note(format!("{name} is left out: {reason}"));
    }
    let mut rows = Vec::new();
    for (name, image) in &images.by_unit {
        let id = image.id.clone().unwrap_or_default();
        rows.push([
            name.to_string(),
            image.reference.clone(),
            id.trim_start_matches("sha256:").chars().take(12).collect(),
            image.why.clone(),
        ]);
        if reporter.is_json() {
            reporter.emit(Event::Image(ImageInUse {
                component: name.to_string(),
                reference: image.reference.clone(),
                id,
                why: image.why.clone(),
            }));
        }
    }
    reporter.print(&table(["NAME", "IMAGE", "ID", "WHY"], &rows));
    Ok(())
}
