//! Reads the log files of components and jobs: their last lines, those since a moment, and new ones as they come.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::Stream;

pub(crate) use super::lines::{LogLine, Stream as LogStream};
use super::{
    lines::{self, Splitter},
    rotate,
};
use crate::paths::Paths;

/// How often to look for new lines.
const POLL: Duration = Duration::from_millis(50);
/// How much to read at once from the end.
const CHUNK: u64 = 64 << 10;

/// Which lines of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    Last(usize),
    Since(DateTime<Utc>),
}

/// Lines of the current file and, if need be, of older ones, oldest first. None when there is no file yet.
pub(crate) fn read(paths: &Paths, name: &str, selection: Selection) -> io::Result<Vec<LogLine>> {
    Ok(past(&paths.log(name), selection)?.0)
}

/// The last lines of a log file that is known by its path.
pub(super) fn last(log: &Path, count: usize) -> io::Result<Vec<LogLine>> {
    Ok(past(log, Selection::Last(count))?.0)
}

/// The lines of the past and then every new one. Without a file it waits for one.
pub(crate) fn follow(
    paths: &Paths,
    name: &str,
    selection: Selection,
) -> impl Stream<Item = io::Result<LogLine>> + Send + Unpin + use<> {
    let path = paths.log(name);
    let start = past(&path, selection).map(|(lines, position)| Follower {
        path,
        position,
        ready: lines.into(),
        splitter: Splitter::default(),
    });
    let stream = futures::stream::unfold(Some(start), |state| async move {
        let mut follower = match state? {
            Ok(follower) => follower,
            Err(error) => return Some((Err(error), None)),
        };
        match follower.next().await {
            Ok(line) => Some((Ok(line), Some(Ok(follower)))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Box::pin(stream)
}

/// Where one is in the newest file that was read.
struct Position {
    file: File,
    inode: u64,
}

struct Follower {
    path: PathBuf,
    position: Option<Position>,
    ready: VecDeque<LogLine>,
    splitter: Splitter,
}

impl Follower {
    async fn next(&mut self) -> io::Result<LogLine> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(line);
            }
            if !self.read_on()? {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Whether there was anything.
    fn read_on(&mut self) -> io::Result<bool> {
        if let Some(position) = &mut self.position {
            let mut bytes = Vec::new();
            (&position.file).take(CHUNK).read_to_end(&mut bytes)?;
            if !bytes.is_empty() {
                self.ready.extend(
                    self.splitter
                        .push(&bytes)
                        .iter()
                        .filter_map(|line| lines::parse(line)),
                );
                return Ok(true);
            }
        }
        match self.successor()? {
            Some(position) => {
                self.position = Some(position);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The file that came after ours. Several may have come since we last looked.
    fn successor(&self) -> io::Result<Option<Position>> {
        let generations = rotate::generations(&self.path);
        let Some(position) = &self.position else {
            return open(&self.path);
        };
        for (age, generation) in generations.iter().enumerate() {
            if fs::metadata(generation).is_ok_and(|file| file.ino() == position.inode) {
                return match age {
                    0 => Ok(None),
                    _ => open(&generations[age - 1]),
                };
            }
        }
        // Ours was the oldest and is gone, or somebody has cleared the folder.
        for generation in generations.iter().rev() {
            if let Some(position) = open(generation)? {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

fn open(path: &Path) -> io::Result<Option<Position>> {
    match File::open(path) {
        Ok(file) => Ok(Some(Position {
            inode: file.metadata()?.ino(),
            file,
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The lines, and the place where they end.
fn past(path: &Path, selection: Selection) -> io::Result<(Vec<LogLine>, Option<Position>)> {
    let mut newest = None;
    let mut found: Vec<Vec<LogLine>> = Vec::new();
    let mut missing = if let Selection::Last(count) = selection {
        count
    } else {
        usize::MAX
    };
    for generation in rotate::generations(path) {
        let Some(mut position) = open(&generation)? else {
            // Between two steps of a rotation there is no current file.
            continue;
        };
        let lines = last_lines(&mut position.file, missing)?;
        missing = missing.saturating_sub(lines.len());
        newest = newest.or(Some(position));
        let enough = match selection {
            Selection::Last(_) => missing == 0,
            Selection::Since(moment) => lines.first().is_some_and(|line| line.at < moment),
        };
        found.push(lines);
        if enough {
            break;
        }
    }
    let mut lines: Vec<LogLine> = found.into_iter().rev().flatten().collect();
    if let Selection::Since(moment) = selection {
        lines.retain(|line| line.at >= moment);
    }
    Ok((lines, newest))
}

/// The last complete lines of a file; leaves it at their end.
fn last_lines(file: &mut File, count: usize) -> io::Result<Vec<LogLine>> {
    let end = file.metadata()?.len();
    let mut span = CHUNK;
    loop {
        let start = end.saturating_sub(span);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&*file).take(end - start).read_to_end(&mut bytes)?;
        let complete = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |place| place + 1);
        if start > 0 && bytes[..complete].split(|byte| *byte == b'\n').count() <= count + 1 {
            span = span.saturating_mul(4);
            continue;
        }
        file.seek(SeekFrom::Start(start + complete as u64))?;
        let text = String::from_utf8_lossy(&bytes[..complete]);
        let mut lines: Vec<LogLine> = text
            .lines()
            .rev()
            .filter_map(lines::parse)
            .take(count)
            .collect();
        lines.reverse();
        return Ok(lines);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use futures::StreamExt as _;

    use super::*;
    use crate::runtime::host::clock;

    struct Log {
        folder: tempfile::TempDir,
    }

    impl Log {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("logs")).unwrap();
            Self { folder }
        }

        fn paths(&self) -> Paths {
            Paths {
                project: self.folder.path().into(),
                home: self.folder.path().into(),
            }
        }

        fn write(&self, texts: &[&str]) {
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(self.paths().log("x"))
                .unwrap();
            for text in texts {
                file.write_all(lines::format(clock::now(), LogStream::Out, text).as_bytes())
                    .unwrap();
            }
        }

        fn rotate(&self) {
            rotate::shift(&self.paths().log("x")).unwrap();
        }

        fn read(&self, selection: Selection) -> Vec<String> {
            read(&self.paths(), "x", selection)
                .unwrap()
                .into_iter()
                .map(|line| line.text)
                .collect()
        }
    }

    #[test]
    fn the_last_lines_are_found_across_rotated_files() {
        let log = Log::new();
        assert_eq!(log.read(Selection::Last(3)), [""; 0]);
        log.write(&["one", "two"]);
        log.rotate();
        log.write(&["three"]);
        log.rotate();
        log.write(&["four"]);
        assert_eq!(log.read(Selection::Last(3)), ["two", "three", "four"]);
        assert_eq!(
            log.read(Selection::Last(9)),
            ["one", "two", "three", "four"]
        );
        assert_eq!(log.read(Selection::Last(0)), [""; 0]);
    }

    #[test]
    fn the_last_lines_of_a_long_file_are_the_last_ones() {
        let log = Log::new();
        let wide = "x".repeat(1000);
        log.write(&vec![wide.as_str(); 500]);
        log.write(&["last"]);
        let lines = log.read(Selection::Last(300));
        assert_eq!((lines.len(), lines[299].as_str()), (300, "last"));
    }

    #[test]
    fn only_lines_since_the_moment_are_given() {
        let log = Log::new();
        log.write(&["before"]);
        let long_ago = clock::now() - Duration::from_mins(1);
        assert_eq!(log.read(Selection::Since(long_ago)), ["before"]);
        assert_eq!(
            log.read(Selection::Since(clock::now() + Duration::from_mins(1))),
            [""; 0]
        );
    }

    #[tokio::test]
    async fn a_follower_sees_what_comes_through_a_rotation_and_loses_nothing() {
        let log = Log::new();
        log.write(&["zero", "one"]);
        let mut lines =
            follow(&log.paths(), "x", Selection::Last(1)).map(|line| line.unwrap().text);
        assert_eq!(lines.next().await.unwrap(), "one");
        log.write(&["two"]);
        log.rotate();
        log.write(&["three"]);
        log.rotate();
        log.write(&["four"]);
        for expected in ["two", "three", "four"] {
            assert_eq!(lines.next().await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_follower_waits_for_the_file() {
        let log = Log::new();
        let mut lines = follow(&log.paths(), "x", Selection::Last(5));
        let first = lines.next();
        let write = async { log.write(&["first"]) };
        let (line, ()) = futures::join!(first, write);
        assert_eq!(line.unwrap().unwrap().text, "first");
    }
}
