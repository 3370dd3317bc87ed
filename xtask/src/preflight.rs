//! Looks at the machine before anything is touched: can the home be written, is there room, are the programs there and
//! for this machine, are the ports free.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use crate::{
    failure::{Failure, IoContext as _, Kind},
    model::{Environment, HostProgram, Name, Unit},
    packages,
    paths::Paths,
    runtime::host::ports,
};

/// Below this `up` refuses to begin: PostgreSQL's first files alone are 40 MB, its journal 32 MB more.
const NEEDED_BYTES: u64 = 200 << 20;

/// Makes the environment's folders and sees that they can be written and have room.
pub(crate) fn home(paths: &Paths) -> Result<(), Failure> {
    for folder in [
        paths.home.clone(),
        paths.run(),
        paths.jobs(),
        paths.home.join("logs"),
        paths.home.join("data"),
        paths.home.join("config"),
    ] {
        fs::create_dir_all(&folder)
            .doing("create", &folder)
            .map_err(home_hint)?;
    }
    let trial = paths.run().join("trial");
    fs::write(&trial, "trial")
        .doing("write", &trial)
        .map_err(home_hint)?;
    fs::remove_file(&trial)
        .doing("remove", &trial)
        .map_err(home_hint)?;
    let free = free_bytes(&paths.home)?;
    if free < NEEDED_BYTES {
        let detail = format!(
            "{} has {} MB free; at least {} MB are needed",
            paths.home.display(),
            free >> 20,
            NEEDED_BYTES >> 20
        );
        return Err(Failure::new(
            "machine",
            Kind::DiskFull,
            detail,
            "free some space, or set ARGOSY_HOME to a folder on another disk",
        ));
    }
    Ok(())
}

fn home_hint(mut failure: Failure) -> Failure {
    if failure.kind == Kind::NotWritable {
        failure.hint =
            "make the folder writable for your account, or set ARGOSY_HOME to one that is".into();
    }
    failure
}

/// Free for this account on the disk that holds `path`.
pub(crate) fn free_bytes(path: &Path) -> Result<u64, Failure> {
    let status = rustix::fs::statvfs(path)
        .map_err(std::io::Error::from)
        .doing("look at", path)?;
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

/// Every program of the distribution that these components and jobs use.
fn host_programs<'a>(
    environment: &'a Environment,
    selected: &'a BTreeSet<Name>,
) -> Vec<(&'a Name, &'a HostProgram)> {
    let host = |name: &'a Name| match environment.unit(name)? {
        Unit::Component(component) => component.host.as_ref(),
        Unit::Job(job) => job.host.as_ref(),
    };
    selected
        .iter()
        .filter_map(|name| Some((name, host(name)?)))
        .collect()
}

/// The packages of those programs that are not there.
pub(crate) fn missing_packages(
    environment: &Environment,
    selected: &BTreeSet<Name>,
) -> BTreeSet<String> {
    let programs = host_programs(environment, selected);
    let absent = programs
        .iter()
        .filter(|(_, host)| packages::find_program(&host.program, &host.search).is_none());
    absent
        .flat_map(|(_, host)| host.packages.iter().cloned())
        .collect()
}

/// Says which programs are still not there.
pub(crate) fn programs(environment: &Environment, selected: &BTreeSet<Name>) -> Vec<Failure> {
    let absent = |(name, host): (&Name, &HostProgram)| {
        if packages::find_program(&host.program, &host.search).is_some() {
            return None;
        }
        let detail = format!("the program `{}` is not on this machine", host.program);
        Some(Failure::new(
            name.as_str(),
            Kind::PackageMissing,
            detail,
            packages::install_command(&host.packages),
        ))
    };
    host_programs(environment, selected)
        .into_iter()
        .filter_map(absent)
        .collect()
}

/// A port that another program listens on.
pub(crate) fn port(
    environment: &Environment,
    component: &str,
    port_name: &str,
    number: u16,
) -> Option<Failure> {
    let holder = ports::holder(number)?;
    let free = (number + 1..=u16::MAX)
        .find(|port| ports::holder(*port).is_none())
        .unwrap_or(0);
    let detail = format!("port {number} ({component}'s `{port_name}`) is taken by {holder}");
    let hint = format!(
        "end that process (kill {}), or choose another port in infra/environments/{}.yaml: components: {{ {component}: {{ ports: {{ {port_name}: {free} }} }} }}",
        holder
            .pid
            .map_or_else(|| "<pid>".into(), |pid| pid.to_string()),
        environment.name
    );
    Some(Failure::new(component, Kind::PortTaken, detail, hint))
}

/// Whether a program is made for this machine's processor: the same ELF machine number as our own.
pub(crate) fn architecture(component: &str, program: &Path) -> Option<Failure> {
    let ours = elf_machine(Path::new("/proc/self/exe"))?;
    let theirs = elf_machine(program)?;
    if ours == theirs {
        return None;
    }
    let detail = format!(
        "{} is made for another processor (ELF machine {theirs}, this machine has {ours})",
        program.display()
    );
    Some(Failure::new(
        component,
        Kind::WrongArchitecture,
        detail,
        format!("install the right one and see `file {}`", program.display()),
    ))
}

/// `e_machine` of an ELF file (System V ABI, chapter 4); `None` for scripts and what cannot be read.
fn elf_machine(path: &Path) -> Option<u16> {
    let mut head = [0; 20];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    (head[..4] == *b"\x7fELF").then(|| u16::from_le_bytes([head[18], head[19]]))
}
