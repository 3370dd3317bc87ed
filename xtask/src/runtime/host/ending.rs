//! How a process ended, in words.

use std::{fs, os::unix::process::ExitStatusExt as _, process::ExitStatus};

use rustix::process::Signal;

/// How often the kernel has killed a process for lack of memory: in our control group, and on the whole machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OutOfMemoryKills {
    ours: u64,
    machine: u64,
}

impl OutOfMemoryKills {
    pub(super) fn read() -> Self {
        Self {
            ours: in_our_group().unwrap_or(0),
            machine: counter("/proc/vmstat", "oom_kill").unwrap_or(0),
        }
    }
}

fn counter(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(' ')?
            .trim()
            .parse()
            .ok()
    })
}

fn in_our_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let unified = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    counter(
        &format!("/sys/fs/cgroup{unified}/memory.events"),
        "oom_kill",
    )
}

/// `before` was read while the process still ran.
pub(super) fn in_words(status: ExitStatus, before: OutOfMemoryKills) -> String {
    describe(status, before, OutOfMemoryKills::read())
}

fn describe(status: ExitStatus, before: OutOfMemoryKills, after: OutOfMemoryKills) -> String {
    let Some(signal) = status.signal() else {
        return format!("exited with code {}", status.code().unwrap_or(-1));
    };
    let killed = format!(
        "killed by signal {signal}{}",
        signal_name(signal)
            .map(|name| format!(" ({name})"))
            .unwrap_or_default()
    );
    if signal != Signal::KILL.as_raw() {
        return if status.core_dumped() {
            format!("{killed}, core dumped")
        } else {
            killed
        };
    }
    if after.ours > before.ours {
        "killed: out of memory (the limit of its control group)".into()
    } else if after.machine > before.machine {
        // The counter does not say whom; a SIGKILL at the same moment is telling, not a proof.
        "killed: out of memory, as it seems (SIGKILL while the kernel was killing for lack of memory)".into()
    } else {
        killed
    }
}

pub(super) fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match Signal::from_named_raw(signal)? {
        Signal::HUP => "SIGHUP",
        Signal::INT => "SIGINT",
        Signal::QUIT => "SIGQUIT",
        Signal::ILL => "SIGILL",
        Signal::TRAP => "SIGTRAP",
        Signal::ABORT => "SIGABRT",
        Signal::BUS => "SIGBUS",
        Signal::FPE => "SIGFPE",
        Signal::KILL => "SIGKILL",
        Signal::USR1 => "SIGUSR1",
        Signal::SEGV => "SIGSEGV",
        Signal::USR2 => "SIGUSR2",
        Signal::PIPE => "SIGPIPE",
        Signal::ALARM => "SIGALRM",
        Signal::TERM => "SIGTERM",
        Signal::XCPU => "SIGXCPU",
        Signal::XFSZ => "SIGXFSZ",
        Signal::SYS => "SIGSYS",
        _ => return None,
    })
}

/// The kernel's number for a signal of the model.
pub(super) fn number(signal: crate::model::Signal) -> Signal {
    use crate::model::Signal as Named;
    match signal {
        Named::Hup => Signal::HUP,
        Named::Int => Signal::INT,
        Named::Kill => Signal::KILL,
        Named::Quit => Signal::QUIT,
        Named::Term => Signal::TERM,
        Named::Usr1 => Signal::USR1,
        Named::Usr2 => Signal::USR2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: OutOfMemoryKills = OutOfMemoryKills {
        ours: 0,
        machine: 0,
    };

    #[test]
    fn an_exit_code_and_a_signal_are_named() {
        assert_eq!(
            describe(ExitStatus::from_raw(1 << 8), NONE, NONE),
            "exited with code 1"
        );
        assert_eq!(
            describe(ExitStatus::from_raw(9), NONE, NONE),
            "killed by signal 9 (SIGKILL)"
        );
        assert_eq!(
            describe(ExitStatus::from_raw(0x8b), NONE, NONE),
            "killed by signal 11 (SIGSEGV), core dumped"
        );
    }

    #[test]
    fn a_kill_for_lack_of_memory_is_told_from_a_plain_one() {
        let ours = OutOfMemoryKills {
            ours: 1,
            machine: 1,
        };
        assert!(describe(ExitStatus::from_raw(9), NONE, ours).starts_with("killed: out of memory"));
        let machine = OutOfMemoryKills {
            ours: 0,
            machine: 1,
        };
        assert!(
            describe(ExitStatus::from_raw(9), NONE, machine)
                .starts_with("killed: out of memory, as it seems")
        );
        assert_eq!(
            describe(ExitStatus::from_raw(15), NONE, ours),
            "killed by signal 15 (SIGTERM)"
        );
    }
}
