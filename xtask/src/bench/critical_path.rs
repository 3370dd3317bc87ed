//! The longest chain of a start: what no parallelism could have made shorter.

use std::collections::{BTreeMap, BTreeSet};

/// The chain of names with the greatest sum of times, in the order of the start, and that sum in milliseconds.
/// `needs` must have no cycle; what has no time counts as nothing.
pub(crate) fn longest(
    times_ms: &BTreeMap<String, u64>,
    needs: &BTreeMap<String, BTreeSet<String>>,
) -> (Vec<String>, u64) {
    let mut known: BTreeMap<&str, (u64, Option<&str>)> = BTreeMap::new();
    for name in times_ms.keys() {
        visit(name, times_ms, needs, &mut known);
    }
    let Some((mut last, total)) = known
        .iter()
        .map(|(name, (total, _))| (*name, *total))
        .max_by_key(|(_, total)| *total)
    else {
        return (Vec::new(), 0);
    };
    let mut chain = vec![last.to_owned()];
    while let Some((_, Some(before))) = known.get(last) {
        chain.push((*before).to_owned());
        last = before;
    }
    chain.reverse();
    (chain, total)
}

fn visit<'a>(
    name: &'a str,
    times_ms: &'a BTreeMap<String, u64>,
    needs: &'a BTreeMap<String, BTreeSet<String>>,
    known: &mut BTreeMap<&'a str, (u64, Option<&'a str>)>,
) -> u64 {
    if let Some((total, _)) = known.get(name) {
        return *total;
    }
    let mut longest = (0, None);
    for needed in needs.get(name).into_iter().flatten() {
        let total = visit(needed, times_ms, needs, known);
        if total > longest.0 {
            longest = (total, Some(needed.as_str()));
        }
    }
    let total = longest.0 + times_ms.get(name).copied().unwrap_or(0);
    known.insert(name, (total, longest.1));
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_slowest_chain_counts_and_not_the_longest_list() {
        let times = [
            ("postgres", 900),
            ("init", 100),
            ("migrate", 50),
            ("nats", 10),
            ("streams", 20),
            ("catalog", 200),
        ];
        let times = times
            .into_iter()
            .map(|(name, ms)| (name.to_owned(), ms))
            .collect();
        let needs = BTreeMap::from([
            ("init".to_owned(), names(&["postgres"])),
            ("migrate".to_owned(), names(&["init"])),
            ("streams".to_owned(), names(&["nats"])),
            ("catalog".to_owned(), names(&["migrate", "streams"])),
        ]);
        let (chain, total) = longest(&times, &needs);
        assert_eq!(
            (chain.join(" → ").as_str(), total),
            ("postgres → init → migrate → catalog", 1_250)
        );
    }

    #[test]
    fn nothing_has_no_path() {
        assert_eq!(longest(&BTreeMap::new(), &BTreeMap::new()), (Vec::new(), 0));
    }
}
