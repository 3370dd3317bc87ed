//! With real programs.

use super::*;

fn script(text: &str) -> JobSpec {
    JobSpec {
        name: "job".into(),
        program: "/bin/bash".into(),
        args: vec!["-c".into(), text.into()],
        env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
        working_directory: "/".into(),
        run_as: None,
        timeout: Duration::from_secs(30),
    }
}

struct Log(tempfile::TempDir);

impl Log {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("logs/job.log")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }

    async fn run(&self, spec: JobSpec) -> Result<JobOutcome, LaunchError> {
        run_job(&spec, &self.path()).await
    }
}

fn texts(outcome: &JobOutcome) -> Vec<&str> {
    outcome
        .log_tail
        .iter()
        .map(|line| line.text.as_str())
        .collect()
}

#[tokio::test]
async fn a_job_that_succeeds_leaves_its_output_in_its_log() {
    let log = Log::new();
    let outcome = log
        .run(script("echo done; echo with care >&2"))
        .await
        .unwrap();
    assert_eq!(
        (&outcome.end, texts(&outcome)),
        (&JobEnd::Succeeded, vec![])
    );
    assert!(
        log.text().contains(" o done\n") && log.text().contains(" e with care\n"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn a_job_that_fails_says_how_and_gives_its_own_last_lines() {
    let log = Log::new();
    log.run(script("echo an earlier run")).await.unwrap();
    let outcome = log.run(script("echo no such table; exit 4")).await.unwrap();
    assert_eq!(outcome.end, JobEnd::Failed("exited with code 4".into()));
    assert_eq!(texts(&outcome), ["no such table"]);
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_killed_with_all_that_it_started() {
    let log = Log::new();
    let pids = log.0.path().join("pids");
    let text = format!(
        "echo so far; setsid sleep 1000 & echo $! >> {0}; sleep 1000 & echo $! >> {0}; wait",
        pids.display()
    );
    let outcome = log
        .run(JobSpec {
            timeout: Duration::from_millis(700),
            ..script(&text)
        })
        .await
        .unwrap();
    assert_eq!(
        (&outcome.end, texts(&outcome)),
        (&JobEnd::TimedOut, vec!["so far"])
    );
    let pids = std::fs::read_to_string(pids).unwrap();
    let alive =
        |pid: &str| procfs::stat(pid.parse().unwrap()).is_some_and(|stat| stat.state != 'Z');
    assert_eq!(pids.lines().count(), 2, "{pids}");
    // They have been sent the signal; on a busy machine they die a moment after that.
    let deadline = Instant::now() + Duration::from_secs(10);
    while pids.lines().any(alive) {
        assert!(Instant::now() < deadline, "{pids}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_that_is_no_longer_waited_for_is_killed() {
    let log = Log::new();
    let spec = script("echo $$; sleep 1000");
    let path = log.path();
    let mut job = Box::pin(run_job(&spec, &path));
    let mut pid = None;
    while pid.is_none() {
        let _ = tokio::time::timeout(Duration::from_millis(5), &mut job).await;
        pid = log
            .text()
            .lines()
            .find_map(|line| line.split_once(" o ")?.1.parse::<u32>().ok());
    }
    drop(job);
    let deadline = Instant::now() + Duration::from_secs(10);
    while procfs::stat(pid.unwrap()).is_some_and(|stat| stat.state != 'Z') {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_whose_program_is_missing_is_told_from_one_that_fails() {
    let log = Log::new();
    let error = log
        .run(JobSpec {
            program: "/no/such".into(),
            ..script("")
        })
        .await
        .unwrap_err();
    assert_eq!(error.cause, StartCause::ProgramNotFound);
    assert!(
        log.text()
            .contains(" s could not be started: there is no program /no/such\n")
    );
}

#[tokio::test]
async fn a_job_with_an_account_of_its_own_runs_as_that() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may become another account");
        return;
    }
    let log = Log::new();
    let nobody = Account {
        name: "nobody".into(),
        uid: 65534,
        gid: 65534,
    };
    log.run(JobSpec {
        run_as: Some(nobody),
        ..script("id -u; id -g; id -G; grep PPid /proc/self/status")
    })
    .await
    .unwrap();
    let text = log.text();
    let said: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once(" o "))
        .map(|(_, said)| said)
        .collect();
    assert_eq!(said[..3], ["65534"; 3]);
}
