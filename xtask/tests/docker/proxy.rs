//! Stands between the toolkit and the engine, and writes down what is asked.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use tempfile::TempDir;

use crate::engine::SOCKET;

pub(crate) struct Recorder {
    folder: TempDir,
    heard: Arc<Mutex<Vec<u8>>>,
    ambush: Arc<Ambush>,
}

/// Kills who asks, just before a request that would change something reaches the engine.
#[derive(Default)]
struct Ambush {
    state: Mutex<Option<(Option<u32>, u32)>>,
    known: Condvar,
}

impl Ambush {
    /// Whether what was read may go on to the engine.
    fn lets_pass(&self, read: &[u8]) -> bool {
        if !would_change(read) {
            return true;
        }
        let mut state = self.state.lock().unwrap();
        loop {
            match &mut *state {
                None => return true,
                Some((None, _)) => state = self.known.wait(state).unwrap(),
                Some((Some(_), requests @ 1..)) => {
                    *requests -= 1;
                    return true;
                }
                Some((Some(pid), 0)) => {
                    crate::project::kill(i32::try_from(*pid).unwrap());
                    return false;
                }
            }
        }
    }
}

/// To wait for an end changes nothing, although it is asked with POST.
fn would_change(request: &[u8]) -> bool {
    let line = request.split(|byte| *byte == b'\r').next();
    let line = String::from_utf8_lossy(line.unwrap_or_default());
    let mut words = line.split(' ');
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    matches!(method, Some("POST" | "PUT" | "DELETE"))
        && path.starts_with('/')
        && !path
            .split('?')
            .next()
            .unwrap_or_default()
            .ends_with("/wait")
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let ambush = Arc::new(Ambush::default());
        let waiting = Arc::clone(&ambush);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let engine = UnixStream::connect(Path::new(SOCKET)).unwrap();
                let (answers, back) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
                let (notes, ambush) = (Arc::clone(&notes), Arc::clone(&waiting));
                thread::spawn(move || pass(client, engine, Some((&notes, &ambush))));
                thread::spawn(move || pass(answers, back, None));
            }
        });
        Self {
            folder,
            heard,
            ambush,
        }
    }

    /// From now on nobody's request that would change something goes on, until [`Self::kill`] says whose.
    pub(crate) fn lie_in_wait(&self, requests: u32) {
        *self.ambush.state.lock().unwrap() = Some((None, requests));
    }

    /// Kills this process before its next request that would change something, after as many as were allowed.
    pub(crate) fn kill(&self, pid: u32) {
        if let Some((killed, _)) = &mut *self.ambush.state.lock().unwrap() {
            *killed = Some(pid);
        }
        self.ambush.known.notify_all();
    }

    /// Lets everything pass again.
    pub(crate) fn stand_down(&self) {
        *self.ambush.state.lock().unwrap() = None;
        self.ambush.known.notify_all();
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// The method of every request so far.
    pub(crate) fn methods(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let text = String::from_utf8_lossy(&heard);
        text.split("\r\n")
            .filter(|line| line.ends_with(" HTTP/1.1"))
            .filter_map(|line| line.rsplit('\n').next()?.split(' ').next())
            .map(ToOwned::to_owned)
            .collect()
    }
}

fn pass(mut from: impl Read, mut to: impl Write, listening: Option<(&Mutex<Vec<u8>>, &Ambush)>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some((notes, ambush)) = listening {
            notes.lock().unwrap().extend_from_slice(&buffer[..count]);
            if !ambush.lets_pass(&buffer[..count]) {
                return;
            }
        }
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
