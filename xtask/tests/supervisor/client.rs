//! The protocol as it is on the wire: one JSON object a line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

pub(crate) struct Client(BufReader<UnixStream>);

impl Client {
    pub(crate) fn connect(socket: &Path) -> Option<Self> {
        let stream = UnixStream::connect(socket).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Some(Self(BufReader::new(stream)))
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        match self.0.get_mut().write_all(bytes) {
            // It may have had enough, and hang up after its answer.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
    }

    pub(crate) fn send(&mut self, request: &Value) {
        self.send_raw(format!("{request}\n").as_bytes());
    }

    /// `None` when the supervisor has hung up.
    pub(crate) fn receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.receive().unwrap()
    }

    /// Reads on until one is as it should be.
    pub(crate) fn receive_until(&mut self, good: impl Fn(&Value) -> bool) -> Value {
        loop {
            let reply = self.receive().expect("the supervisor has hung up");
            if good(&reply) {
                return reply;
            }
        }
    }
}
