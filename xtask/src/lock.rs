//! One run at a time for each environment: an advisory lock on `run/up.lock` that dies with its holder.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    failure::{Failure, IoContext as _, Kind},
    paths::Paths,
    reporter,
};

/// Held until it is dropped, or the process ends in whatever way.
pub(crate) struct RunLock {
    _file: File,
}

/// Takes the lock, or says who has it.
pub(crate) fn take(paths: &Paths, command: &str) -> Result<RunLock, Failure> {
    let run = paths.run();
    std::fs::create_dir_all(&run).doing("create", &run)?;
    let path = run.join("up.lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .doing("open", &path)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        file.read_to_string(&mut holder).doing("read", &path)?;
        let holder = holder.trim();
        let pid = holder.split_whitespace().nth(1).unwrap_or("?");
        let detail = format!("another run is under way: {holder}");
        return Err(Failure::new(
            "toolkit",
            Kind::LockHeld,
            detail,
            format!("wait for it to end, or end it: kill {pid}"),
        ));
    }
    let holder = format!(
        "pid {} runs `{command}` since {}\n",
        std::process::id(),
        crate::events::timestamp(reporter::now())
    );
    file.set_len(0).doing("write", &path)?;
    file.rewind().doing("write", &path)?;
    file.write_all(holder.as_bytes()).doing("write", &path)?;
    Ok(RunLock { _file: file })
}
