//! What containers have written, from the engine.

use bollard::{container::LogOutput, errors::Error, query_parameters::LogsOptionsBuilder};
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _};

use super::engine::Engine;
use crate::runtime::host::logs::{LogLine, LogStream, Selection};

/// The lines of one container, oldest first; with `follow` every new one after them.
pub(crate) fn lines(
    engine: &Engine,
    container: &str,
    selection: Selection,
    follow: bool,
) -> impl Stream<Item = Result<LogLine, Error>> + Send + Unpin + use<> {
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .follow(follow);
    let options = match selection {
        Selection::Last(count) => options.tail(&count.to_string()),
        Selection::Since(moment) => {
            options.since(i32::try_from(moment.timestamp()).unwrap_or(i32::MAX))
        }
    };
    let since = match selection {
        Selection::Since(moment) => moment,
        Selection::Last(_) => DateTime::UNIX_EPOCH,
    };
    let lines = engine.docker.logs(container, Some(options.build()));
    Box::pin(lines.filter_map(move |line| async move {
        match line {
            Ok(line) => read(&line).filter(|line| line.at >= since).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }))
}

/// `2026-01-02T03:04:05.678901234Z text`, as the engine puts its clock before each line.
fn read(line: &LogOutput) -> Option<LogLine> {
    let stream = if let LogOutput::StdErr { .. } = line {
        LogStream::Err
    } else {
        LogStream::Out
    };
    let text = line.to_string();
    let (at, text) = text.split_once(' ')?;
    let at: DateTime<Utc> = at.parse().ok()?;
    Some(LogLine {
        at,
        stream,
        text: text.trim_end_matches(['\n', '\r']).to_owned(),
    })
}
