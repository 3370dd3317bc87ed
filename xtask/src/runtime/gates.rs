//! Who has got where during one `up`: each component and job opens its gate when it is ready, and those that depend on
//! it wait there.

use std::collections::BTreeMap;

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Shut,
    Open,
    /// It will not open in this run.
    Barred,
}

pub(crate) struct Gates {
    gates: BTreeMap<String, watch::Sender<Gate>>,
}

impl Gates {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        Self {
            gates: names
                .map(|name| (name.clone(), watch::Sender::new(Gate::Shut)))
                .collect(),
        }
    }

    pub(crate) fn set(&self, name: &str, gate: Gate) {
        if let Some(sender) = self.gates.get(name) {
            sender.send_replace(gate);
        }
    }

    /// Those of `names` whose gate is not open yet. A name without a gate is not part of this run and counts as open.
    pub(crate) fn shut<'a>(&self, names: impl Iterator<Item = &'a String>) -> Vec<String> {
        let is_shut = |name: &&String| {
            self.gates
                .get(*name)
                .is_some_and(|sender| *sender.borrow() != Gate::Open)
        };
        names.filter(is_shut).cloned().collect()
    }

    /// Waits until one of `names` moves, and says whether all can still open.
    pub(crate) async fn moved(&self, names: &[String]) -> bool {
        let waits = names
            .iter()
            .filter_map(|name| self.gates.get(name))
            .map(|sender| {
                let mut receiver = sender.subscribe();
                Box::pin(async move {
                    receiver
                        .wait_for(|gate| *gate != Gate::Shut)
                        .await
                        .map_or(Gate::Barred, |gate| *gate)
                })
            });
        let (gate, _, _) = futures::future::select_all(waits).await;
        gate == Gate::Open
    }
}
