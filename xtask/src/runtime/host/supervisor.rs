//! The background supervisor: keeps the processes of one environment running, and answers on a unix socket.
//!
//! `__supervise` is started by the guard (see [`super::guard`]), which has its standard input hold the lock.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal as RawSignal};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    board::Board,
    clock, journal,
    launch::LaunchError,
    log_writer::LogWriter,
    memory,
    process::{Order, Process},
    procfs::{Family, Identity},
    protocol::{PROTOCOL_VERSION, ProcessSpec, StartCause},
    record::Record,
    server,
};
use crate::{
    model::{Name, Signal},
    paths::Paths,
};

/// The supervisor's own log is called this.
pub(super) const OWN_NAME: &str = "supervisor";

pub(super) struct Supervisor {
    pub(super) board: Arc<Board>,
    logs: LogWriter,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    starts: AtomicU64,
    processes: TaskTracker,
    /// Cancelled when the end begins: nothing new is taken on.
    closing: CancellationToken,
    ended: CancellationToken,
    shutdowns: mpsc::Sender<Shutdown>,
}

/// The place of one name. The gate lets one start or stop of it happen at a time.
#[derive(Default)]
struct Slot {
    gate: tokio::sync::Mutex<Option<Running>>,
}

struct Running {
    orders: mpsc::Sender<Order>,
    /// The how manieth start it was.
    number: u64,
}

pub(super) struct Shutdown {
    order: Vec<Vec<String>>,
    done: oneshot::Sender<()>,
}

/// Runs until it is told to end.
pub(super) async fn run(paths: &Paths, environment: &str, guard: Pid) -> anyhow::Result<()> {
    // Without the guard nobody would clear up after us: better to end in order then.
    rustix::process::set_parent_process_death_signal(Some(RawSignal::TERM))
        .context("cannot tie itself to its guard")?;
    anyhow::ensure!(
        rustix::process::getppid() == Some(guard),
        "the guard has ended"
    );
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    // Listened to so that it does not end us: the terminal goes, we stay.
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;

    let listener = server::bind(&paths.socket())
        .with_context(|| format!("cannot listen on {}", paths.socket().display()))?;
    fs::set_permissions(paths.socket(), fs::Permissions::from_mode(0o600))
        .context("cannot protect the socket")?;
    write_record(paths, environment, guard)
        .with_context(|| format!("cannot write to {}", paths.run().display()))?;

    let (shutdowns, mut requested) = mpsc::channel(4);
    let supervisor = Arc::new(Supervisor {
        board: Arc::new(Board::new()),
        logs: LogWriter::start(paths.home.join("logs")).context("cannot start the log writer")?,
        slots: Mutex::default(),
        starts: AtomicU64::new(0),
        processes: TaskTracker::new(),
        closing: CancellationToken::new(),
        ended: CancellationToken::new(),
        shutdowns,
    });
    journal::note(&format!(
        "supervising environment {environment} with pid {}",
        std::process::id()
    ));
    let mut serving = JoinSet::new();
    serving.spawn(server::serve(listener, supervisor.clone()));
    let (order, done) = loop {
        tokio::select! {
            Some(shutdown) = requested.recv() => break (shutdown.order, Some(shutdown.done)),
            _ = terminate.recv() => break (Vec::new(), None),
            _ = interrupt.recv() => break (Vec::new(), None),
            _ = hangup.recv() => {}
        }
    };
    supervisor.shut_down(order).await;
    supervisor.logs.flush().await;
    // In this order: whoever finds no record takes it that all has ended well.
    let _ = fs::remove_file(paths.socket());
    Record::remove(paths);
    journal::note("ended in order");
    supervisor.ended.cancel();
    answer_all(done, &mut requested, &mut serving).await;
    Ok(())
}

fn write_record(paths: &Paths, environment: &str, guard: Pid) -> io::Result<()> {
    let record = Record {
        identity: Identity::of(std::process::id())?,
        guard_pid: guard.as_raw_nonzero().get().unsigned_abs(),
        protocol: PROTOCOL_VERSION,
        environment: environment.to_owned(),
        started_at: clock::now(),
        death: None,
    };
    record.write(paths)
}

/// Everybody who asked for the end hears of it before the sockets go.
async fn answer_all(
    first: Option<oneshot::Sender<()>>,
    requested: &mut mpsc::Receiver<Shutdown>,
    serving: &mut JoinSet<()>,
) {
    requested.close();
    let mut waiting: Vec<_> = first.into_iter().collect();
    while let Ok(shutdown) = requested.try_recv() {
        waiting.push(shutdown.done);
    }
    for done in waiting {
        let _ = done.send(());
    }
    // The connections' tasks write their last lines now.
    let last_lines = async { while serving.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), last_lines).await;
}

impl Supervisor {
    /// Cancelled when nothing runs any more: there is nothing more to tell.
    pub(super) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Starts it, in place of the one that runs under that name.
    pub(super) async fn start(&self, spec: ProcessSpec) -> Result<(), LaunchError> {
        check_name(&spec.name).map_err(|message| LaunchError::new(StartCause::Other, message))?;
        let slot = self.slot(&spec.name);
        let mut running = slot.gate.lock().await;
        if self.closing.is_cancelled() {
            return Err(LaunchError::new(
                StartCause::Other,
                "the supervisor is shutting down".into(),
            ));
        }
        stop(running.take()).await;
        let (orders, queue) = mpsc::channel(16);
        let (started, start) = oneshot::channel();
        let process = Process::new(spec, self.board.clone(), self.logs.clone());
        self.processes.spawn(process.supervise(queue, started));
        *running = Some(Running {
            orders,
            number: self.starts.fetch_add(1, Ordering::Relaxed),
        });
        let answer = start.await.unwrap_or_else(|_| {
            Err(LaunchError::new(
                StartCause::Other,
                "a bug: its task has ended".into(),
            ))
        });
        if answer.is_err() {
            *running = None;
        }
        answer
    }

    pub(super) async fn stop(&self, name: &str) {
        if let Some(slot) = self.known_slot(name) {
            let mut running = slot.gate.lock().await;
            stop(running.take()).await;
        }
    }

    pub(super) async fn signal(&self, name: &str, signal: Signal) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.order(name, Order::Signal { signal, answer }).await?;
        answered
            .await
            .unwrap_or_else(|_| Err(format!("{name} does not run")))
    }

    pub(super) async fn applied(
        &self,
        name: &str,
        inputs: BTreeMap<String, String>,
    ) -> Result<(), String> {
        let (done, noted) = oneshot::channel();
        self.order(name, Order::Applied { inputs, done }).await?;
        noted.await.map_err(|_| format!("{name} does not run"))
    }

    /// Brings what the board says of memory up to date.
    pub(super) async fn weigh(&self) {
        let board = self.board.clone();
        let weigh = move || {
            let family = Family::read();
            for (name, pid) in board
                .all()
                .into_iter()
                .filter_map(|status| Some((status.name, status.pid?)))
            {
                board.remember_memory(&name, pid, memory::of_tree(pid, &family));
            }
        };
        // A status without memory is better than none.
        let _ = tokio::task::spawn_blocking(weigh).await;
    }

    /// Returns when everything has ended; the supervisor ends right after.
    pub(super) async fn request_shutdown(&self, order: Vec<Vec<String>>) {
        let (done, ended) = oneshot::channel();
        if self.shutdowns.send(Shutdown { order, done }).await.is_ok() {
            let _ = ended.await;
        }
    }

    async fn shut_down(&self, order: Vec<Vec<String>>) {
        journal::note("ending every process");
        self.closing.cancel();
        for group in order {
            self.stop_all(&group).await;
        }
        for name in self.latest_first().await {
            self.stop(&name).await;
        }
        self.processes.close();
        self.processes.wait().await;
    }

    async fn stop_all(&self, names: &[String]) {
        futures::future::join_all(names.iter().map(|name| self.stop(name))).await;
    }

    /// What runs, the last started first. A start that is under way is waited for, so that it cannot be missed.
    async fn latest_first(&self) -> Vec<String> {
        let slots: Vec<_> = self
            .slots()
            .iter()
            .map(|(name, slot)| (name.clone(), slot.clone()))
            .collect();
        let mut running = Vec::new();
        for (name, slot) in slots {
            running.extend(
                slot.gate
                    .lock()
                    .await
                    .as_ref()
                    .map(|running| (running.number, name)),
            );
        }
        running.sort_unstable_by(|a, b| b.cmp(a));
        running.into_iter().map(|(_, name)| name).collect()
    }

    async fn order(&self, name: &str, order: Order) -> Result<(), String> {
        let gone = || format!("{name} does not run");
        let slot = self.known_slot(name).ok_or_else(gone)?;
        let orders = slot
            .gate
            .lock()
            .await
            .as_ref()
            .map(|running| running.orders.clone())
            .ok_or_else(gone)?;
        orders.send(order).await.map_err(|_| gone())
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        // Each change of the map is one insertion: a panic elsewhere leaves nothing half done.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        self.slots().entry(name.to_owned()).or_default().clone()
    }

    fn known_slot(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots().get(name).cloned()
    }
}

async fn stop(running: Option<Running>) {
    let Some(running) = running else { return };
    let (done, stopped) = oneshot::channel();
    if running.orders.send(Order::Stop { done }).await.is_ok() {
        let _ = stopped.await;
    }
}

/// A name becomes a file's name.
fn check_name(name: &str) -> Result<(), String> {
    name.parse::<Name>()?;
    if name == OWN_NAME {
        return Err(format!("`{OWN_NAME}` is the supervisor's own name"));
    }
    Ok(())
}
