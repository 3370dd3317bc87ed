//! With a real supervisor in the background.

use super::*;
use crate::runtime::host::{
    protocol::{HealthCheck, HealthState},
    record::{LastRun, last_run},
};

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn paths(&self) -> Paths {
        Paths {
            project: self.folder.path().into(),
            home: self.folder.path().into(),
        }
    }

    /// Of the running supervisor.
    fn pid(&self) -> u32 {
        match last_run(&self.paths()).unwrap() {
            LastRun::Running(pid) => pid,
            other => panic!("none runs: {other:?}"),
        }
    }

    async fn start(&self) -> Supervisor {
        fs::create_dir_all(self.paths().run()).unwrap();
        Supervisor::spawn_and_connect(&self.paths(), "test")
            .await
            .unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A test that has failed leaves its supervisor behind; its guard clears up.
        if let Ok(LastRun::Running(pid)) = last_run(&self.paths()) {
            let _ = super::super::procfs::signal(pid, rustix::process::Signal::KILL);
        }
    }
}

fn sleeper(name: &str) -> ProcessSpec {
    ProcessSpec {
        name: name.into(),
        program: "/bin/sleep".into(),
        args: vec!["1000".into()],
        env: BTreeMap::new(),
        working_directory: "/".into(),
        run_as: None,
        health: HealthCheck::Tcp {
            address: "127.0.0.1:1".into(),
        },
        start_timeout: crate::model::Span::from_secs(1),
        stop_signal: Signal::Term,
        stop_timeout: crate::model::Span::from_secs(1),
        ports: BTreeMap::new(),
        inputs: BTreeMap::new(),
    }
}

#[tokio::test]
async fn where_none_runs_there_is_none() {
    let home = Home::new();
    assert!(Supervisor::connect(&home.paths()).await.unwrap().is_none());
    assert_eq!(last_run(&home.paths()).unwrap(), LastRun::StoppedCleanly);
}

#[tokio::test]
async fn it_is_started_found_again_and_ended() {
    let home = Home::new();
    let supervisor = home.start().await;
    let pid = home.pid();
    supervisor.start(sleeper("x")).await.unwrap();
    let again = Supervisor::connect(&home.paths()).await.unwrap().unwrap();
    assert_eq!(home.pid(), pid);
    let status = again.status().await.unwrap();
    assert_eq!(
        (status.len(), status[0].name.as_str(), status[0].health),
        (1, "x", HealthState::Starting)
    );
    again.shutdown(Vec::new()).await.unwrap();
    assert_eq!(last_run(&home.paths()).unwrap(), LastRun::StoppedCleanly);
    assert!(Supervisor::connect(&home.paths()).await.unwrap().is_none());
    assert!(matches!(supervisor.status().await, Err(Error::Gone)));
}

#[tokio::test]
async fn two_that_start_it_at_once_share_it() {
    let home = Home::new();
    fs::create_dir_all(home.paths().run()).unwrap();
    let paths = home.paths();
    let (one, other) = futures::join!(
        Supervisor::spawn_and_connect(&paths, "test"),
        Supervisor::spawn_and_connect(&paths, "test")
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    one.start(sleeper("x")).await.unwrap();
    assert_eq!(other.status().await.unwrap().len(), 1);
    one.shutdown(Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_killed_one_is_told_from_one_that_was_stopped() {
    let home = Home::new();
    let supervisor = home.start().await;
    let mut news = supervisor.watch().await.unwrap();
    assert_eq!(news.next().await.unwrap().unwrap(), Update::All(Vec::new()));
    let killed = home.pid();
    super::super::procfs::signal(killed, rustix::process::Signal::KILL).unwrap();
    assert!(matches!(news.next().await, Some(Err(Error::Gone))));
    assert!(news.next().await.is_none());
    let deadline = Instant::now() + Duration::from_secs(10);
    while record::is_locked(&home.paths()).unwrap() {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    let LastRun::Died { pid, how, .. } = last_run(&home.paths()).unwrap() else {
        panic!("it was killed")
    };
    assert_eq!(
        (pid, how.as_deref()),
        (killed, Some("killed by signal 9 (SIGKILL)"))
    );
    assert!(Supervisor::connect(&home.paths()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_refusal_carries_its_cause() {
    let home = Home::new();
    let supervisor = home.start().await;
    let refused = supervisor
        .start(ProcessSpec {
            program: "/no/such".into(),
            ..sleeper("x")
        })
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Refused {
                cause: Some(StartCause::ProgramNotFound),
                ..
            }
        ),
        "{refused:?}"
    );
    supervisor.shutdown(Vec::new()).await.unwrap();
}

#[tokio::test]
async fn one_that_cannot_start_says_why() {
    let home = Home::new();
    // A folder where the socket should be.
    fs::create_dir_all(home.paths().socket()).unwrap();
    let error = Supervisor::spawn_and_connect(&home.paths(), "test")
        .await
        .unwrap_err();
    let Error::NotStarted { log_tail, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(
        log_tail
            .iter()
            .any(|line| line.contains("cannot listen on")),
        "{log_tail:?}"
    );
}

#[tokio::test]
async fn one_of_another_version_is_not_talked_to_except_to_end_it() {
    let home = Home::new();
    fs::create_dir_all(home.paths().run()).unwrap();
    let listener = server::bind(&home.paths().socket()).unwrap();
    let old = async {
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.unwrap();
            let mut client = Framed::new(stream, LinesCodec::new());
            assert_eq!(
                client.next().await.unwrap().unwrap(),
                r#"{"request":"hello"}"#
            );
            client
                .send(r#"{"reply":"hello","protocol":0,"pid":7,"colour":"red"}"#)
                .await
                .unwrap();
        }
    };
    let paths = home.paths();
    let new = async {
        (
            Supervisor::connect(&paths).await,
            Supervisor::connect_to_end(&paths).await,
        )
    };
    let ((), (refused, accepted)) = futures::join!(old, new);
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::OtherVersion { pid: 7, theirs: 0 }));
    assert_eq!(refused.hint(), Some("cargo xtask down && cargo xtask up"));
    assert!(accepted.unwrap().is_some());
}

#[tokio::test]
async fn a_home_too_deep_for_a_socket_address_is_no_obstacle() {
    let home = Home::new();
    let deep = home.folder.path().join("d".repeat(150));
    let paths = Paths {
        project: deep.clone(),
        home: deep,
    };
    fs::create_dir_all(paths.run()).unwrap();
    let supervisor = Supervisor::spawn_and_connect(&paths, "test").await.unwrap();
    supervisor.shutdown(Vec::new()).await.unwrap();
}

#[tokio::test]
async fn one_that_hangs_does_not_hang_us() {
    let home = Home::new();
    fs::create_dir_all(home.paths().run()).unwrap();
    let _listener = server::bind(&home.paths().socket()).unwrap();
    let silent = Supervisor::connect(&home.paths()).await;
    assert!(matches!(silent, Err(Error::Silent(_))), "{silent:?}");
}
