//! Stands between the toolkit and the engine, and writes down what is asked.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use tempfile::TempDir;

use crate::engine::SOCKET;

pub(crate) struct Recorder {
    folder: TempDir,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let engine = UnixStream::connect(Path::new(SOCKET)).unwrap();
                let (answers, back) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
                let notes = Arc::clone(&notes);
                thread::spawn(move || pass(client, engine, Some(&notes)));
                thread::spawn(move || pass(answers, back, None));
            }
        });
        Self { folder, heard }
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

fn pass(mut from: impl Read, mut to: impl Write, notes: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(notes) = notes {
            notes.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
