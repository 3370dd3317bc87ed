//! `logs`: the lines of all or some components and jobs as one stream, in time order.

mod source;

use std::io::IsTerminal as _;

use chrono::Duration;
use futures::{StreamExt as _, stream::select_all};

use source::Source;

use crate::{
    cli::Logs,
    events::{Event, LogLine, timestamp},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    model::Span,
    reporter,
    runtime::host::logs::{self, LogStream, Selection},
    session::Session,
};

/// Colours of names on a terminal (ECMA-48 SGR codes that can be read on dark and light).
const COLOURS: [u8; 6] = [36, 32, 33, 35, 34, 31];

pub(crate) async fn run(session: &Session, args: &Logs) -> Result<Exit, Failures> {
    let source = Source::open(session).await?;
    let known = source.names();
    if let Some(unknown) = args.names.iter().find(|name| !known.contains(name)) {
        let detail = format!("`{unknown}` has no log");
        return Err(Failure::new(
            "toolkit",
            Kind::ModelInvalid,
            detail,
            format!("one of: {}", known.join(", ")),
        )
        .into());
    }
    let names = if args.names.is_empty() {
        known
    } else {
        args.names.clone()
    };
    let selection = selection(args)?;
    let view = View {
        session,
        width: names.iter().map(String::len).max().unwrap_or(0),
        names: &names,
    };
    if !args.follow {
        let mut all = Vec::new();
        for name in &names {
            let lines = source.past(name, selection).await?;
            all.extend(lines.into_iter().map(|line| (name.clone(), line)));
        }
        all.sort_by_key(|(_, line)| line.at);
        for (name, line) in all {
            view.print(&name, &line);
        }
        return Ok(Exit::Done);
    }
    follow(&view, &source, selection).await
}

struct View<'a> {
    session: &'a Session,
    width: usize,
    names: &'a [String],
}

fn selection(args: &Logs) -> Result<Selection, Failure> {
    let Some(since) = &args.since else {
        return Ok(Selection::Last(args.lines));
    };
    let span: Span = since.parse().map_err(|message: String| {
        Failure::new(
            "toolkit",
            Kind::ModelInvalid,
            message,
            "cargo xtask logs --since 10m",
        )
    })?;
    let ago = Duration::from_std(span.duration()).unwrap_or(Duration::MAX);
    Ok(Selection::Since(
        reporter::now()
            .checked_sub_signed(ago)
            .unwrap_or(chrono::DateTime::UNIX_EPOCH),
    ))
}

async fn follow(view: &View<'_>, source: &Source, selection: Selection) -> Result<Exit, Failures> {
    let streams = view.names.iter().map(|name| {
        let name = name.clone();
        let lines = source.follow(&name, selection);
        lines.map(move |line| (name.clone(), line))
    });
    let mut all = select_all(streams);
    loop {
        let next = tokio::select! {
            next = all.next() => next,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        };
        match next {
            Some((name, Ok(line))) => view.print(&name, &line),
            Some((_, Err(failure))) => return Err(failure.into()),
            None => return Ok(Exit::Done),
        }
    }
}

impl View<'_> {
    fn print(&self, name: &str, line: &logs::LogLine) {
        if self.session.reporter.is_json() {
            let stream = match line.stream {
                LogStream::Out => "stdout",
                LogStream::Err => "stderr",
                LogStream::Supervisor => "supervisor",
            };
            let (component, text) = (name.to_owned(), line.text.clone());
            let logged_at = timestamp(line.at);
            return self.session.reporter.emit(Event::Log(LogLine {
                component,
                stream: stream.into(),
                text,
                logged_at,
            }));
        }
        let padded = format!("{name:<width$}", width = self.width);
        let at = line.at.format("%H:%M:%S%.3f");
        let position = self
            .names
            .iter()
            .position(|other| other == name)
            .unwrap_or(0);
        let text = if std::io::stdout().is_terminal() {
            format!(
                "{at} \x1b[{}m{padded}\x1b[0m {}",
                COLOURS[position % COLOURS.len()],
                line.text
            )
        } else {
            format!("{at} {padded} {}", line.text)
        };
        self.session.reporter.print(&text);
    }
}
