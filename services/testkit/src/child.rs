//! Server processes that cannot outlive the test: the kernel ends them when the test's process ends, however it ends.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Mutex, mpsc},
    thread,
};

/// A running server.
///
/// The kernel's "signal me when my parent dies" is about the *thread* that started the child. So each child is started by
/// a thread that does nothing else and waits for it.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    exited: Mutex<mpsc::Receiver<ExitStatus>>,
}

impl Child {
    /// Starts `program` with its output going to `log`, under another account if `account` names one and we are root.
    pub fn start(
        program: &Path,
        arguments: &[String],
        variables: &[(String, String)],
        account: Option<&str>,
        log: &Path,
    ) -> Self {
        let mut command = Command::new("setpriv");
        if let Some(account) = account.filter(|_| is_root()) {
            command.args([
                format!("--reuid={account}"),
                format!("--regid={account}"),
                "--init-groups".to_owned(),
            ]);
        }
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = std::fs::File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let (started, pid) = mpsc::channel();
        let (ended, exited) = mpsc::channel();
        let name = program.display().to_string();
        thread::spawn(move || {
            let mut child = command
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
            started.send(child.id()).unwrap();
            let status = child.wait().unwrap();
            // Nobody listens when the test did not care how it ended.
            let _ = ended.send(status);
        });
        Self {
            pid: pid
                .recv()
                .expect("the server's thread ended before it started the server"),
            exited: Mutex::new(exited),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends `TERM`, `KILL`, `STOP`, …
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.pid.to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "cannot send SIG{name} to {}", self.pid);
    }

    /// Waits until it has ended.
    pub fn wait(&self) -> ExitStatus {
        self.exited
            .lock()
            .unwrap()
            .recv()
            .expect("the process has been waited for already")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if matches!(
            self.exited.lock().unwrap().try_recv(),
            Err(mpsc::TryRecvError::Empty)
        ) {
            let _ = Command::new("kill")
                .args(["-s", "KILL", &self.pid.to_string()])
                .status();
        }
    }
}

/// Whether this process may take on other accounts.
pub(crate) fn is_root() -> bool {
    let own = std::fs::metadata("/proc/self").unwrap();
    std::os::unix::fs::MetadataExt::uid(&own) == 0
}

/// Finds `program` in `directories` or on the PATH.
pub(crate) fn find(program: &str, directories: &[&str]) -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = directories
        .iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&on_path));
    let found = candidates
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "{program} is not installed; `cargo xtask doctor --fix` installs what the tests need"
        )
    })
}
