//! Who listens on a TCP port of this machine.

use std::{collections::HashSet, fmt, fs};

use super::procfs::{self, Family};

/// The state `LISTEN` in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Who holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Unknown when it belongs to another user and we are not root.
    pub(crate) pid: Option<u32>,
    /// The program's name, without its folder and arguments.
    pub(crate) program: Option<String>,
    /// The account's name, or its number when it has none.
    pub(crate) user: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, self.pid) {
            (Some(program), Some(pid)) => write!(f, "{program} (pid {pid}, user {})", self.user),
            (None, Some(pid)) => write!(f, "pid {pid} (user {})", self.user),
            _ => write!(f, "a process of user {}", self.user),
        }
    }
}

/// A listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Socket {
    inode: u64,
    uid: u32,
}

/// Who listens on the port, on whatever address.
pub(crate) fn holder(port: u16) -> Option<Holder> {
    let sockets = listeners(port);
    let socket = sockets.first()?;
    let inodes: HashSet<u64> = sockets.iter().map(|socket| socket.inode).collect();
    let pid = procfs::pids()
        .into_iter()
        .find(|pid| holds_any(*pid, &inodes) == Some(true));
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = account_name(&passwd, socket.uid).unwrap_or_else(|| socket.uid.to_string());
    Some(Holder {
        pid,
        program: pid.and_then(program),
        user,
    })
}

/// Who listens on the port when it is certain that neither this process nor a descendant of it does.
pub(super) fn foreign_holder(port: u16, pid: u32) -> Option<Holder> {
    let inodes: HashSet<u64> = listeners(port).iter().map(|socket| socket.inode).collect();
    if inodes.is_empty() {
        return None;
    }
    let mut family: Vec<u32> = Family::read()
        .descendants(pid)
        .into_iter()
        .map(|(child, _)| child)
        .collect();
    family.push(pid);
    for member in family {
        match holds_any(member, &inodes) {
            Some(false) => {}
            // Its own, or not to be known.
            Some(true) | None => return None,
        }
    }
    holder(port)
}

fn listeners(port: u16) -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|table| fs::read_to_string(table).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| parse_listener(line, port))
        .collect()
}

fn parse_listener(line: &str, port: u16) -> Option<Socket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let local = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
    if local != port || *fields.get(3)? != LISTEN {
        return None;
    }
    Some(Socket {
        uid: fields.get(7)?.parse().ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// `None` when we may not look.
fn holds_any(pid: u32, inodes: &HashSet<u64>) -> Option<bool> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let mut targets = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    Some(targets.any(|target| {
        let inode = target.to_str().and_then(|text| {
            text.strip_prefix("socket:[")?
                .strip_suffix(']')?
                .parse()
                .ok()
        });
        inode.is_some_and(|inode: u64| inodes.contains(&inode))
    }))
}

fn program(pid: u32) -> Option<String> {
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = command_line
        .split(|byte| *byte == 0)
        .next()
        .filter(|first| !first.is_empty())?;
    let first = String::from_utf8_lossy(first);
    // Servers that write their own title put more than a program there: `nginx: master process /usr/sbin/nginx`.
    let first = first.split_whitespace().next()?.trim_end_matches(':');
    Some(first.rsplit('/').next().unwrap_or(first).to_owned())
}

fn account_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == uid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_holder_of_a_port_is_found_with_its_program_and_user() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let holder = holder(port).unwrap();
            assert_eq!(holder.pid, Some(std::process::id()));
            assert!(
                holder
                    .program
                    .as_deref()
                    .is_some_and(|program| program.starts_with("xtask")),
                "{holder}"
            );
            assert_eq!(foreign_holder(port, std::process::id()), None);
            drop(listener);
            assert_eq!(super::holder(port), None);
        }
    }

    #[test]
    fn a_port_of_ours_is_foreign_to_another_process() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut other = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let holder = foreign_holder(listener.local_addr().unwrap().port(), other.id());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(holder.unwrap().pid, Some(std::process::id()));
    }

    #[test]
    fn an_account_is_found_by_its_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        assert_eq!(account_name(passwd, 101).as_deref(), Some("postgres"));
        assert_eq!(account_name(passwd, 104), None);
    }
}
