//! Whoever kills: at random times, random processes, without a word of warning.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    journeys::World,
    runtime::host::{client::Supervisor, protocol::ProcessStatus},
};

/// Who may be killed, the more often the more it matters.
const VICTIMS: [&str; 16] = [
    "orders",
    "orders",
    "orders",
    "payments",
    "payments",
    "payments",
    "inventory",
    "inventory",
    "inventory",
    "psp",
    "nats",
    "postgres",
    "notifications",
    "catalog",
    "identity",
    "caddy",
];
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Nemesis<'w> {
    pub(super) world: &'w World,
    pub(super) dice: StdRng,
    pub(super) kills: usize,
    pub(super) orders: usize,
    /// Orders that have been begun: the kills are spread over them.
    pub(super) taken: Arc<AtomicUsize>,
    pub(super) done: Arc<AtomicBool>,
}

impl Nemesis<'_> {
    /// Kills until it has killed enough or nobody shops any more.
    pub(super) async fn rage(
        mut self,
        tell: &(dyn Fn(String) + Sync),
    ) -> Result<BTreeMap<String, usize>, String> {
        let supervisor = Supervisor::connect(&self.world.paths)
            .await
            .map_err(|error| error.to_string())?
            .ok_or("nothing runs")?;
        let mut killed: BTreeMap<String, usize> = BTreeMap::new();
        let mut number = 0;
        while number < self.kills && !self.done.load(Ordering::Acquire) {
            // The n-th kill comes with the n-th part of the orders.
            let due = self.orders * (number + 1) / (self.kills + 2);
            if self.taken.load(Ordering::Acquire) < due {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.random_range(0..200))).await;
            let processes = supervisor
                .status()
                .await
                .map_err(|error| error.to_string())?;
            let victim = self.choose(&processes);
            if let Some((name, pid)) = victim
                && kill_process(pid, Signal::KILL).is_ok()
            {
                number += 1;
                *killed.entry(name.clone()).or_default() += 1;
                if number.is_multiple_of(10) {
                    tell(format!("{number} kills, the last one of {name}"));
                }
            }
        }
        Ok(killed)
    }

    fn choose(&mut self, processes: &[ProcessStatus]) -> Option<(String, Pid)> {
        let name = VICTIMS.choose(&mut self.dice)?;
        let process = processes.iter().find(|process| process.name == *name)?;
        let pid = Pid::from_raw(i32::try_from(process.pid?).ok()?)?;
        Some((process.name.clone(), pid))
    }
}
