//! A changed file is taken by what runs, and nobody who asks meanwhile notices.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    engine::{id, ready},
    project::eventually,
    stack::edge,
};

/// What somebody who asks all the time has seen.
#[derive(Default)]
struct Seen {
    answers: u32,
    failures: Vec<String>,
}

/// Asks until it is told to stop.
fn ask(
    stop: &Arc<AtomicBool>,
    mut once: impl FnMut() -> std::io::Result<String> + Send + 'static,
) -> JoinHandle<Seen> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut seen = Seen::default();
        while !stop.load(Ordering::Relaxed) {
            match once() {
                Ok(answer) if ["first", "second"].contains(&answer.as_str()) => seen.answers += 1,
                Ok(other) => seen.failures.push(format!("answered {other:?}")),
                Err(error) => seen.failures.push(error.to_string()),
            }
        }
        seen
    })
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}

/// On a connection of its own.
fn alone(port: u16) -> std::io::Result<String> {
    let mut stream = connect(port)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other(format!("cut off: {answer:?}"))),
    }
}

/// One request after the other on one connection, as browsers do it: a server may close a connection between two requests,
/// and whoever writes just then, and has not had a byte of the answer, asks once more on a new one (RFC 9112, 9.3.1).
fn together(port: u16) -> impl FnMut() -> std::io::Result<String> + Send + 'static {
    let mut kept: Option<BufReader<TcpStream>> = None;
    move || {
        if let Some(mut stream) = kept.take() {
            match exchange(&mut stream) {
                Ok(Some(answer)) => {
                    kept = Some(stream);
                    return Ok(answer);
                }
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        let mut stream = BufReader::new(connect(port)?);
        let answer = exchange(&mut stream)?;
        kept = Some(stream);
        answer.ok_or_else(|| std::io::Error::other("a new connection was closed"))
    }
}

/// None when the connection was closed before the first byte of an answer.
fn exchange(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let asked = stream
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut line = String::new();
    if asked.is_err() || !matches!(stream.read_line(&mut line), Ok(1..)) {
        return Ok(None);
    }
    if !line.starts_with("HTTP/1.1 200") {
        return Err(std::io::Error::other(line));
    }
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

#[test]
fn not_one_request_is_lost_while_the_edge_takes_new_files() {
    if !ready() {
        return;
    }
    let small = edge();
    let (project, port) = (&small.project, small.port);
    assert_eq!(small.up().exit, 0);
    let before = id(project, "caddy");
    let stop = Arc::new(AtomicBool::new(false));
    let askers = [
        ask(&stop, move || alone(port)),
        ask(&stop, move || alone(port)),
        ask(&stop, together(port)),
    ];
    // A connection that waits to be taken when its listener is closed is lost in one reload of ten, so one says little.
    let words = ["first", "second"];
    for turn in 0..12 {
        let (from, to) = (words[turn % 2], words[(turn + 1) % 2]);
        project.edit("Caddyfile.j2", from, to);
        let up = project.run(&["up"]);
        assert_eq!(
            (up.exit, up.steps()),
            (0, vec!["reload caddy".to_owned()]),
            "{up:#?}"
        );
        eventually(Duration::from_secs(5), "the new answer is given", || {
            alone(port).is_ok_and(|answer| answer == to)
        });
    }
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        let seen = asker.join().unwrap();
        assert_eq!(
            seen.failures,
            Vec::<String>::new(),
            "beside {} answers",
            seen.answers
        );
        assert!(seen.answers > 100, "{}", seen.answers);
    }
    assert_eq!(id(project, "caddy"), before);
    assert_eq!(project.run(&["plan"]).exit, 0);
}
