//! `xtask __exec PARENT`: what a child is between its birth and its program.
//!
//! It ties its life to its parent's, leaves the terminal, drops privileges, and becomes the program. All of that
//! would usually happen between fork and exec, where Rust needs `unsafe`; as a program of its own it needs none.
//!
//! Its standard input is one end of a socket. It reads a [`Launch`] from there as one line of JSON, so that neither
//! arguments nor environment stand in a process list before their time, and keeps the socket open until exec: the end
//! of the stream tells the parent that the program runs, a [`LaunchError`] on it why it does not.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, ErrorKind, Read as _, Write as _},
    os::unix::{net::UnixStream, process::CommandExt as _},
    path::Path,
    process::{Command, ExitCode},
};

use rustix::{
    fs::{Access, Mode},
    process::{Gid, Pid, Resource, Rlimit, Signal, Uid},
};

use super::{
    launch::{Launch, LaunchError},
    protocol::{Account, StartCause},
};

/// What a shell answers for a program that it cannot run.
const CANNOT_EXECUTE: u8 = 126;

pub(super) fn main(mut args: impl Iterator<Item = String>) -> ExitCode {
    let parent = args
        .next()
        .and_then(|pid| pid.parse().ok())
        .and_then(Pid::from_raw);
    let (Some(parent), Ok((launch, mut answer))) = (parent, take_over()) else {
        // Started by hand, or the parent is gone already.
        return ExitCode::from(CANNOT_EXECUTE);
    };
    let error = execute(&launch, parent);
    // The parent may have gone meanwhile.
    let _ = serde_json::to_vec(&error).map(|json| answer.write_all(&json));
    ExitCode::from(CANNOT_EXECUTE)
}

/// Reads what to run, moves the socket out of the way and puts nothing in its place as standard input.
fn take_over() -> io::Result<(Launch, UnixStream)> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let launch = serde_json::from_str(&line)?;
    let answer = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok((launch, answer.into()))
}

fn execute(launch: &Launch, parent: Pid) -> LaunchError {
    match prepare(launch, parent) {
        Ok(()) => {
            let mut command = Command::new(&launch.program);
            command.args(&launch.args).env_clear().envs(&launch.env);
            why_not_executed(&launch.program, &command.exec())
        }
        Err(error) => error,
    }
}

fn prepare(launch: &Launch, parent: Pid) -> Result<(), LaunchError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| {
            LaunchError::new(StartCause::Other, format!("cannot {what}: {error}"))
        }
    };
    // Its own session: no terminal's signals, and a group that can be killed as a whole.
    rustix::process::setsid()
        .map_err(io::Error::from)
        .map_err(failed("start a session"))?;
    if let Some(account) = &launch.account {
        become_account(account).map_err(failed(&format!("become {}", account.name)))?;
    }
    // Only now: the kernel forgets this wish when credentials change.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(io::Error::from)
        .map_err(failed("tie itself to its parent"))?;
    if rustix::process::getppid() != Some(parent) {
        // The parent ended before the wish was made.
        return Err(LaunchError::new(
            StartCause::Other,
            "its parent has ended".into(),
        ));
    }
    raise_file_limit();
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    std::env::set_current_dir(&launch.working_directory).map_err(|error| {
        let cause = if error.kind() == ErrorKind::PermissionDenied {
            StartCause::PermissionDenied
        } else {
            StartCause::WorkingDirectoryMissing
        };
        LaunchError::new(
            cause,
            format!(
                "cannot enter the working directory {}: {error}",
                launch.working_directory.display()
            ),
        )
    })?;
    check_format(&launch.program)
}

/// To what is allowed: the low limit that a login gets is for programs that still use `select`.
fn raise_file_limit() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // A server with the low limit is better than none.
    let _ = rustix::process::setrlimit(Resource::Nofile, raised);
}

/// The groups, then the group, then the user: each step needs what the next one gives up.
fn become_account(account: &Account) -> io::Result<()> {
    if rustix::process::geteuid().as_raw() == account.uid {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let mut groups: Vec<Gid> = supplementary_groups(&groups, &account.name)
        .into_iter()
        .map(Gid::from_raw)
        .collect();
    groups.push(gid);
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

fn supplementary_groups(groups: &str, user: &str) -> Vec<u32> {
    let member = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let listed = fields.get(3)?.split(',').any(|name| name == user);
        listed.then(|| fields.get(2)?.parse().ok()).flatten()
    };
    groups.lines().filter_map(member).collect()
}

/// Refuses what the kernel would not run. It must be looked at here because `execvp` hands such a file to the shell,
/// which then complains about its syntax.
fn check_format(program: &Path) -> Result<(), LaunchError> {
    let head = |path: &Path| {
        let mut head = [0_u8; 20];
        File::open(path)
            .and_then(|mut file| file.read_exact(&mut head))
            .map(|()| head)
    };
    let executable = rustix::fs::access(program, Access::EXEC_OK).is_ok();
    let (true, Ok(head), Ok(own)) = (executable, head(program), head(Path::new("/proc/self/exe")))
    else {
        // Missing, not executable, not readable, or very short: exec itself has the better answer.
        return Ok(());
    };
    let machine = |head: &[u8; 20]| u16::from_le_bytes([head[18], head[19]]);
    if head.starts_with(b"\x7fELF") {
        // Word size, byte order, machine.
        if head[4..6] != own[4..6] || machine(&head) != machine(&own) {
            return if emulated(&head) {
                Ok(())
            } else {
                Err(wrong_architecture(program, machine(&head), machine(&own)))
            };
        }
        return Ok(());
    }
    if head.starts_with(b"#!") || emulated(&head) {
        return Ok(());
    }
    let message = format!(
        "{} is neither a program for this machine nor a script that begins with `#!`",
        program.display()
    );
    Err(LaunchError::new(StartCause::WrongArchitecture, message))
}

fn wrong_architecture(program: &Path, found: u16, expected: u16) -> LaunchError {
    let name = |machine: u16| match machine {
        3 => "32-bit x86".into(),
        40 => "32-bit ARM".into(),
        62 => "x86-64".into(),
        183 => "64-bit ARM".into(),
        243 => "RISC-V".into(),
        other => format!("machine number {other}"),
    };
    let message = format!(
        "{} is built for {}, this machine is {}",
        program.display(),
        name(found),
        name(expected)
    );
    LaunchError::new(StartCause::WrongArchitecture, message)
}

/// Whether the kernel was told (`binfmt_misc`) of an interpreter for files that begin like this.
fn emulated(head: &[u8; 20]) -> bool {
    let Ok(entries) = fs::read_dir("/proc/sys/fs/binfmt_misc") else {
        return false;
    };
    entries
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path()).ok())
        .any(|entry| interprets(&entry, head))
}

fn interprets(entry: &str, head: &[u8; 20]) -> bool {
    let field = |name: &str| {
        entry
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let bytes = |name: &str| field(name).and_then(|text| hex::decode(text).ok());
    let (Some(magic), true, Some("0")) = (
        bytes("magic"),
        entry.starts_with("enabled"),
        field("offset"),
    ) else {
        return false;
    };
    let mask = bytes("mask").unwrap_or_else(|| vec![0xff; magic.len()]);
    magic
        .iter()
        .zip(&mask)
        .zip(head)
        .all(|((magic, mask), byte)| byte & mask == magic & mask)
}

fn why_not_executed(program: &Path, error: &io::Error) -> LaunchError {
    let shown = program.display();
    let (cause, message) = match error.kind() {
        ErrorKind::NotFound if program.exists() => (
            StartCause::ProgramNotFound,
            format!("{shown} is there, but the interpreter or loader that it names is not"),
        ),
        ErrorKind::NotFound => (
            StartCause::ProgramNotFound,
            format!("there is no program {shown}"),
        ),
        ErrorKind::PermissionDenied => (
            StartCause::PermissionDenied,
            format!("not allowed to execute {shown}"),
        ),
        _ => (
            StartCause::Other,
            format!("cannot execute {shown}: {error}"),
        ),
    };
    LaunchError::new(cause, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_that_list_the_user_are_found() {
        let groups = "root:x:0:\nssl-cert:x:103:postgres,caddy\npostgres:x:104:\nbroken\n";
        assert_eq!(supplementary_groups(groups, "postgres"), [103]);
        assert_eq!(supplementary_groups(groups, "post"), [0_u32; 0]);
    }

    #[test]
    fn an_emulator_counts_only_for_what_it_is_registered_for() {
        let entry = "enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: F\noffset 0\nmagic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
        let mut head = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0";
        assert!(interprets(entry, &head));
        head[18] = 40;
        assert!(!interprets(entry, &head));
        assert!(!interprets(&entry.replace("enabled", "disabled"), &head));
    }
}
