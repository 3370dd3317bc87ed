//! How much memory a process and its descendants take.

use std::fs;

use super::procfs::Family;

/// Bytes. The proportional set size of each process where the kernel tells it (shared pages, such as `PostgreSQL`'s
/// buffers, are then counted once), else its resident set.
pub(super) fn of_tree(pid: u32, family: &Family) -> Option<u64> {
    let own = of(pid)?;
    Some(
        own + family
            .descendants(pid)
            .into_iter()
            .filter_map(|(child, _)| of(child))
            .sum::<u64>(),
    )
}

fn of(pid: u32) -> Option<u64> {
    proportional(pid).or_else(|| resident(pid))
}

fn proportional(pid: u32) -> Option<u64> {
    kibibytes(
        &fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?,
        "Pss:",
    )
}

fn resident(pid: u32) -> Option<u64> {
    kibibytes(
        &fs::read_to_string(format!("/proc/{pid}/status")).ok()?,
        "VmRSS:",
    )
}

fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(value.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_a_plausible_amount() {
        let bytes = of_tree(std::process::id(), &Family::read()).unwrap();
        assert!((1 << 20..4 << 30).contains(&bytes), "{bytes}");
    }
}
