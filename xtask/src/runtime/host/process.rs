//! One supervised process: started, listened to, asked for its health, started again when it ends, stopped on request.

use std::{
    collections::BTreeMap,
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::MissedTickBehavior,
};

use super::{
    backoff::{Backoff, Pause},
    board::Board,
    clock,
    ending::{self, OutOfMemoryKills},
    launch::{Launch, LaunchError, Launched, launch},
    lines::Stream,
    log_writer::LogWriter,
    monitor::{Finding, Monitor},
    output::Output,
    procfs::{self, Family},
    protocol::{HealthState, ProcessSpec, ProcessState, ProcessStatus},
    supervisor::OWN_NAME,
};
use crate::model::Signal;

/// How long even a killed process may take to be gone.
const KILLED: Duration = Duration::from_secs(5);
/// How often the kernel's count of kills for lack of memory is read.
const TICK: Duration = Duration::from_secs(2);
/// Listeners hear of a detail that changes all the time no more often than this.
const DETAIL: Duration = Duration::from_millis(250);

/// What others may ask of it.
pub(super) enum Order {
    Stop {
        done: oneshot::Sender<()>,
    },
    Signal {
        signal: Signal,
        answer: oneshot::Sender<Result<(), String>>,
    },
    Applied {
        inputs: BTreeMap<String, String>,
        done: oneshot::Sender<()>,
    },
}

pub(super) struct Process {
    spec: ProcessSpec,
    log: Arc<str>,
    /// The supervisor's.
    own_log: Arc<str>,
    logs: LogWriter,
    board: Arc<Board>,
    status: ProcessStatus,
    backoff: Backoff,
    /// The detail that listeners know, and since when.
    told: (Option<String>, Instant),
}

/// A run, from its start to its end.
struct Run {
    launched: Launched,
    findings: mpsc::Receiver<Finding>,
    /// Aborted with this value: no finding of this run can be taken for one of the next.
    _monitor: JoinSet<()>,
    output: Output,
    /// As of the last two ticks: what is counted from the older one on may have to do with its end.
    kills: [OutOfMemoryKills; 2],
    healthy_since: Option<Instant>,
}

enum Leave {
    Ended(std::io::Result<ExitStatus>),
    Stop(Option<oneshot::Sender<()>>),
}

impl Process {
    pub(super) fn new(spec: ProcessSpec, board: Arc<Board>, logs: LogWriter) -> Self {
        let status = ProcessStatus {
            name: spec.name.clone(),
            state: ProcessState::Running,
            health: HealthState::Starting,
            detail: None,
            pid: None,
            restarts: 0,
            since: clock::now(),
            healthy_since: None,
            memory_bytes: None,
            ports: spec.ports.clone(),
            inputs: spec.inputs.clone(),
            last_exit: None,
        };
        let log = Arc::from(spec.name.as_str());
        Self {
            spec,
            log,
            own_log: Arc::from(OWN_NAME),
            logs,
            board,
            status,
            backoff: Backoff::default(),
            told: (None, Instant::now()),
        }
    }

    /// Until it is told to stop, or cannot be started the first time; `started` hears how that went.
    pub(super) async fn supervise(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        started: oneshot::Sender<Result<(), LaunchError>>,
    ) {
        let mut started = Some(started);
        loop {
            let pause = match self.start().await {
                Ok(mut run) => {
                    if let Some(started) = started.take() {
                        // Whoever asked may have hung up; the process stays.
                        let _ = started.send(Ok(()));
                    }
                    match self.attend(&mut run, &mut orders).await {
                        Leave::Ended(status) => self.ended(run, status).await,
                        Leave::Stop(done) => return self.stop(run, done).await,
                    }
                }
                Err(error) => match started.take() {
                    Some(started) => {
                        self.say(&format!("could not be started: {error}")).await;
                        let _ = started.send(Err(error));
                        return;
                    }
                    None => self.not_started(&error).await,
                },
            };
            if let Some(done) = self.wait_out(pause, &mut orders).await {
                return self.forget(done).await;
            }
            self.status.restarts += 1;
        }
    }

    async fn start(&mut self) -> Result<Run, LaunchError> {
        let kills = [OutOfMemoryKills::read(); 2];
        let mut launched = launch(&Launch {
            program: self.spec.program.clone(),
            args: self.spec.args.clone(),
            env: self.spec.env.clone(),
            working_directory: self.spec.working_directory.clone(),
            account: self
                .spec
                .run_as
                .clone()
                .filter(|_| rustix::process::geteuid().is_root()),
        })
        .await?;
        let pid = launched.pid;
        self.status = ProcessStatus {
            state: ProcessState::Running,
            health: HealthState::Starting,
            detail: None,
            pid: Some(pid),
            since: clock::now(),
            healthy_since: None,
            ..self.status.clone()
        };
        self.publish();
        self.say(&format!("started with pid {pid}")).await;
        let output = Output::of(&mut launched, &self.log, &self.logs);
        let (sender, findings) = mpsc::channel(8);
        let monitor = Monitor {
            check: self.spec.health.clone(),
            pid,
            start_timeout: self.spec.start_timeout.duration(),
            findings: sender,
        };
        let mut monitors = JoinSet::new();
        monitors.spawn(monitor.run());
        Ok(Run {
            launched,
            findings,
            _monitor: monitors,
            output,
            kills,
            healthy_since: None,
        })
    }

    async fn attend(&mut self, run: &mut Run, orders: &mut mpsc::Receiver<Order>) -> Leave {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                status = run.launched.wait() => return Leave::Ended(status),
                Some(finding) = run.findings.recv() => self.note(run, finding),
                _ = ticks.tick() => run.kills = [run.kills[1], OutOfMemoryKills::read()],
                order = orders.recv() => match order {
                    None => return Leave::Stop(None),
                    Some(Order::Stop { done }) => return Leave::Stop(Some(done)),
                    Some(Order::Applied { inputs, done }) => self.applied(inputs, done),
                    Some(Order::Signal { signal, answer }) => {
                        let sent = procfs::signal(run.launched.pid, ending::number(signal));
                        // Whoever asked may have hung up.
                        let _ = answer.send(sent.map_err(|error| error.to_string()));
                    }
                },
            }
        }
    }

    fn note(&mut self, run: &mut Run, finding: Finding) {
        let (health, detail) = match finding {
            Finding::Healthy => (HealthState::Healthy, None),
            Finding::Failing(detail) => (self.status.health, Some(detail)),
            Finding::Unhealthy(detail) => (HealthState::Unhealthy, Some(detail)),
        };
        if health == HealthState::Healthy && self.status.health != health {
            self.status.healthy_since = Some(clock::now());
            run.healthy_since = Some(run.healthy_since.unwrap_or_else(Instant::now));
        }
        let turned = self.status.health != health;
        self.status.health = health;
        self.status.detail = detail;
        if turned || (self.told.0 != self.status.detail && self.told.1.elapsed() >= DETAIL) {
            self.publish();
        } else {
            self.board.put(&self.status, false);
        }
    }

    /// It ended by itself.
    async fn ended(&mut self, mut run: Run, status: std::io::Result<ExitStatus>) -> Pause {
        let how = match status {
            Ok(status) => ending::in_words(status, run.kills[0]),
            Err(error) => format!("ended; how is not known: {error}"),
        };
        run.output.last_words().await;
        let pause = self.backoff.after_end(
            Instant::now(),
            run.healthy_since.map(|since| since.elapsed()),
            rand::random(),
        );
        self.back_off(how, pause).await;
        pause
    }

    async fn not_started(&mut self, error: &LaunchError) -> Pause {
        let pause = self.backoff.after_end(Instant::now(), None, rand::random());
        self.back_off(format!("could not be started: {error}"), pause)
            .await;
        pause
    }

    async fn back_off(&mut self, how: String, pause: Pause) {
        let state = if pause.crash_loop {
            ProcessState::CrashLoop
        } else {
            ProcessState::BackingOff
        };
        self.say(&format!(
            "{how}; next start in {:.1} s",
            pause.length.as_secs_f64()
        ))
        .await;
        // Whoever hears of the end may want to read the last lines.
        self.logs.flush().await;
        self.status = ProcessStatus {
            state,
            health: HealthState::Starting,
            detail: Some(how.clone()),
            pid: None,
            since: clock::now(),
            healthy_since: None,
            last_exit: Some(how),
            ..self.status.clone()
        };
        self.publish();
    }

    /// The pause before the next start, unless it is told to stop.
    async fn wait_out(
        &mut self,
        pause: Pause,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Option<Option<oneshot::Sender<()>>> {
        let over = tokio::time::sleep(pause.length);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return None,
                order = orders.recv() => match order {
                    None => return Some(None),
                    Some(Order::Stop { done }) => return Some(Some(done)),
                    Some(Order::Applied { inputs, done }) => self.applied(inputs, done),
                    Some(Order::Signal { answer, .. }) => {
                        let how = self.status.last_exit.as_deref().unwrap_or("it ended");
                        let _ = answer.send(Err(format!("{} does not run: {how}; it waits for its next start", self.spec.name)));
                    }
                },
            }
        }
    }

    async fn stop(mut self, mut run: Run, done: Option<oneshot::Sender<()>>) {
        let (signal, timeout) = (
            ending::number(self.spec.stop_signal),
            self.spec.stop_timeout.duration(),
        );
        let name = ending::signal_name(signal.as_raw()).unwrap_or("a signal");
        self.status.state = ProcessState::Stopping;
        self.publish();
        self.say(&format!("stopping with {name}")).await;
        // Descendants that left the group are no longer to be found once their parents are gone.
        let family = Family::read().descendants(run.launched.pid);
        // It may have ended meanwhile.
        let _ = procfs::signal(run.launched.pid, signal);
        let mut ended = tokio::time::timeout(timeout, run.launched.wait()).await;
        if ended.is_err() {
            self.say(&format!("still there {timeout:?} after {name}: killing it"))
                .await;
            procfs::kill_group(run.launched.pid);
            ended = tokio::time::timeout(KILLED, run.launched.wait()).await;
        }
        let ended = ended.ok().and_then(Result::ok);
        procfs::kill_all(&family);
        run.output.last_words().await;
        let how = ended.map_or_else(
            || "cannot be killed".to_owned(),
            |status| ending::in_words(status, run.kills[0]),
        );
        self.say(&format!("stopped: {how}")).await;
        self.forget(done).await;
    }

    async fn forget(self, done: Option<oneshot::Sender<()>>) {
        self.logs.flush().await;
        self.board.remove(&self.spec.name);
        if let Some(done) = done {
            // Whoever asked may have hung up.
            let _ = done.send(());
        }
    }

    fn applied(&mut self, inputs: BTreeMap<String, String>, done: oneshot::Sender<()>) {
        self.spec.inputs.clone_from(&inputs);
        self.status.inputs = inputs;
        self.publish();
        let _ = done.send(());
    }

    fn publish(&mut self) {
        self.told = (self.status.detail.clone(), Instant::now());
        self.board.put(&self.status, true);
    }

    /// In its log and in ours.
    async fn say(&self, text: &str) {
        self.logs
            .line(
                &self.own_log,
                Stream::Supervisor,
                format!("{}: {text}", self.spec.name),
            )
            .await;
        self.logs
            .line(&self.log, Stream::Supervisor, text.to_owned())
            .await;
    }
}
