//! What `/proc` says about processes: who is whose child, and whether a process id still means the same process.

use std::{collections::HashMap, fs, io};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

/// A process that cannot be mistaken for a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// Clock ticks between the machine's start and the process' start.
    pub(super) start_ticks: u64,
    /// The machine's start.
    pub(super) boot: String,
}

impl Identity {
    pub(super) fn of(pid: u32) -> io::Result<Self> {
        let stat = stat(pid)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no process {pid}")))?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?
            .trim()
            .to_owned();
        Ok(Self {
            pid,
            start_ticks: stat.start_ticks,
            boot,
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        Self::of(self.pid).is_ok_and(|now| now == *self)
            && stat(self.pid).is_some_and(|stat| stat.state != 'Z')
    }
}

/// The fields of `/proc/<pid>/stat` that we use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stat {
    pub(super) state: char,
    pub(super) parent: u32,
    pub(super) start_ticks: u64,
}

pub(super) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The program's name stands in parentheses and may hold anything, parentheses included.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

/// Every process id that there is.
pub(super) fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Who is whose child, as of one reading.
pub(super) struct Family {
    children: HashMap<u32, Vec<(u32, u64)>>,
}

impl Family {
    pub(super) fn read() -> Self {
        let mut children: HashMap<u32, Vec<(u32, u64)>> = HashMap::new();
        for pid in pids() {
            if let Some(stat) = stat(pid) {
                children
                    .entry(stat.parent)
                    .or_default()
                    .push((pid, stat.start_ticks));
            }
        }
        Self { children }
    }

    /// Children, their children and so on, each with its start time.
    pub(super) fn descendants(&self, ancestor: u32) -> Vec<(u32, u64)> {
        let mut found = Vec::new();
        let mut parents = vec![ancestor];
        while let Some(parent) = parents.pop() {
            for child in self.children.get(&parent).into_iter().flatten() {
                found.push(*child);
                parents.push(child.0);
            }
        }
        found
    }
}

/// Kills those that still are who they were when they were listed.
pub(super) fn kill_all(listed: &[(u32, u64)]) {
    for (pid, start_ticks) in listed {
        if stat(*pid).is_some_and(|now| now.start_ticks == *start_ticks) {
            // Already gone is as good as killed.
            let _ = signal(*pid, Signal::KILL);
        }
    }
}

pub(super) fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    Ok(kill_process(raw(pid)?, signal)?)
}

/// Kills whatever is left of a process group.
pub(super) fn kill_group(leader: u32) {
    if let Ok(leader) = raw(leader) {
        // An empty group is the usual case.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

fn raw(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{pid} is not a process id"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_named_with_parentheses_and_spaces_is_still_read() {
        let stat = parse_stat(
            "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 100",
        )
        .unwrap();
        assert_eq!((stat.state, stat.parent, stat.start_ticks), ('S', 7, 12345));
    }

    #[test]
    fn this_process_is_alive_and_a_later_one_with_its_id_would_not_be_it() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(
            !Identity {
                start_ticks: me.start_ticks + 1,
                ..me
            }
            .is_alive()
        );
    }
}
