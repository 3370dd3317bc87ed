//! Asks each rendered file's own program whether the file is good, before anything is put in place.
//!
//! The program sees all files of the component in a staging folder laid out like the real one, so that a file which
//! includes others finds them. What the program complains of is led back to the template that people edit.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use regex::Regex;

use super::{
    Places, Rendered, RenderedUnit, TemplateTexts, context::Owner, expression, places::Exposure,
    write,
};
use crate::model::{Diagnostic, Environment, Name};

/// What the programs said.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Files that their program has accepted.
    pub(crate) passed: usize,
    pub(crate) failures: Vec<Diagnostic>,
    /// Files that nobody could check, each with the program that is missing.
    pub(crate) skipped: Vec<Skipped>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) unit: Name,
    pub(crate) target: String,
    /// Not found in any of the folders for programs.
    pub(crate) program: String,
}

/// What [`check`] works on.
pub(crate) struct Checks<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) templates: &'a TemplateTexts,
    pub(crate) rendered: &'a Rendered,
    pub(crate) places: &'a (dyn Places + Sync),
    /// A folder for the candidates.
    pub(crate) staging: &'a Path,
    /// Folders with programs, in the manner of PATH.
    pub(crate) programs: &'a [PathBuf],
}

/// A check that hangs must not hang the toolkit.
const LONGEST_CHECK: Duration = Duration::from_secs(30);

/// Of one mistake in a loop a program complains once a round.
const MOST_COMPLAINTS: usize = 3;

/// One program to run.
struct Task {
    template: String,
    content: String,
    candidate: PathBuf,
    program: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    /// The unit's other files, which the program may complain of instead.
    others: Vec<String>,
    /// Where its output goes.
    output: PathBuf,
}

/// Checks the files for which `wanted(unit, target)` says yes, all at once.
pub(crate) fn check(
    checks: &Checks<'_>,
    wanted: &dyn Fn(&Name, &str) -> bool,
) -> Result<Report, write::Error> {
    let mut report = Report::default();
    let mut tasks = Vec::new();
    for (name, unit) in &checks.rendered.units {
        if unit
            .files
            .iter()
            .any(|(target, file)| file.checked && wanted(name, target))
        {
            stage(checks, name, unit, wanted, &mut report, &mut tasks)?;
        }
    }
    let results = thread::scope(|scope| {
        let running: Vec<_> = tasks.iter().map(|task| scope.spawn(|| run(task))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("BUG: running a check does not panic"))
            .collect::<Vec<_>>()
    });
    for (task, result) in tasks.iter().zip(results) {
        match result {
            Ok(Outcome::Accepted) => report.passed += 1,
            Ok(Outcome::Refused(said)) => {
                report
                    .failures
                    .push(complaint(task, &said, checks.templates));
            }
            Err(error) => report.failures.push(Diagnostic::new(
                &task.template,
                format!("`{}` cannot be run: {error}", task.program.display()),
            )),
        }
    }
    Ok(report)
}

/// Lays out the unit's files and notes the programs to run on them.
fn stage(
    checks: &Checks<'_>,
    name: &Name,
    unit: &RenderedUnit,
    wanted: &dyn Fn(&Name, &str) -> bool,
    report: &mut Report,
    tasks: &mut Vec<Task>,
) -> Result<(), write::Error> {
    let places = Staged {
        real: checks.places,
        staging: checks.staging,
    };
    let owner = Owner::new(checks.environment, &places, name);
    write::unit(unit, &places.config(name))?;
    for path in [places.data(name), places.run(name)] {
        fs::create_dir_all(&path).map_err(|source| write::Error {
            action: "create",
            path,
            source,
        })?;
    }
    for (written_in, spec) in owner.files() {
        let (Some(command), Some(file)) = (&spec.check, unit.files.get(&spec.target)) else {
            continue;
        };
        if !wanted(name, &spec.target) {
            continue;
        }
        let candidate = places.config(name).join(&spec.target);
        match expression::check(&owner, written_in, &spec.target, &command.0, &candidate) {
            Ok(command) => match find(&command[0], checks.programs) {
                Some(program) => tasks.push(Task {
                    template: file.template.clone(),
                    content: file.content.clone(),
                    candidate,
                    program,
                    args: command[1..].to_vec(),
                    env: expression::variables(&owner, &mut report.failures),
                    others: others(unit, &spec.target),
                    output: places.output(name, tasks.len()),
                }),
                None => report.skipped.push(Skipped {
                    unit: name.clone(),
                    target: spec.target.clone(),
                    program: command[0].clone(),
                }),
            },
            Err(found) => report.failures.extend(found),
        }
    }
    Ok(())
}

fn others(unit: &RenderedUnit, target: &str) -> Vec<String> {
    let others = unit.files.keys().filter(|other| *other != target);
    others.cloned().collect()
}

/// The real places, except for the unit's own folders.
struct Staged<'a> {
    real: &'a dyn Places,
    staging: &'a Path,
}

impl Staged<'_> {
    fn output(&self, unit: &Name, number: usize) -> PathBuf {
        self.staging
            .join(unit.as_str())
            .join(format!("check-{number}.out"))
    }
}

impl Places for Staged<'_> {
    fn host(&self, component: &Name) -> String {
        self.real.host(component)
    }

    fn listen(&self, port: u16, exposure: Exposure) -> String {
        self.real.listen(port, exposure)
    }

    fn data(&self, unit: &Name) -> PathBuf {
        self.staging.join(unit.as_str()).join("data")
    }

    fn config(&self, unit: &Name) -> PathBuf {
        self.staging.join(unit.as_str()).join("config")
    }

    fn run(&self, unit: &Name) -> PathBuf {
        self.staging.join(unit.as_str()).join("run")
    }

    fn secret(&self, unit: &Name, secret: &Name) -> PathBuf {
        self.real.secret(unit, secret)
    }
}

/// The first file of that name in the folders.
fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

enum Outcome {
    Accepted,
    /// With everything that it said.
    Refused(String),
}

/// The output goes to a file, so that a program which says much does not wait for a reader.
fn run(task: &Task) -> io::Result<Outcome> {
    let output = fs::File::create(&task.output)?;
    let mut child = Command::new(&task.program)
        .args(&task.args)
        .env_clear()
        .envs(&task.env)
        .current_dir(task.candidate.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > LONGEST_CHECK {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} s", LONGEST_CHECK.as_secs()),
            ));
        }
        thread::sleep(Duration::from_millis(2));
    };
    if status.success() {
        return Ok(Outcome::Accepted);
    }
    Ok(Outcome::Refused(
        String::from_utf8_lossy(&fs::read(&task.output)?).into_owned(),
    ))
}

/// Where each program writes the line: `Caddyfile:12`, `platform.yml: 5:11`, `nats.conf:3:1`, `yaml: line 5`.
static LINE_AFTER_FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^['`:]*\s?:?(\d+)"));
static LINE_IN_WORDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b[Ll]ine:? (\d+)"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("BUG: a fixed pattern compiles")
}

/// The program's own words, at the template's line where that can be told.
fn complaint(task: &Task, said: &str, templates: &TemplateTexts) -> Diagnostic {
    let program = task
        .program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let words = essence(said, &task.candidate);
    let diagnostic = Diagnostic::new(
        &task.template,
        format!("{program} refuses the rendered file: {words}"),
    );
    let Some(line) = line_in(said, task) else {
        return diagnostic;
    };
    let rendered = line
        .checked_sub(1)
        .and_then(|index| task.content.lines().nth(index))
        .unwrap_or_default();
    let template = templates.get(&task.template).map_or("", String::as_str);
    let mut same = template
        .lines()
        .enumerate()
        .filter(|(_, text)| *text == rendered && !text.trim().is_empty());
    match (same.next(), same.next()) {
        (Some((index, _)), None) => diagnostic.on_line(template, index + 1),
        _ => diagnostic.hint(format!(
            "it means line {line} of the rendered file, which is `{}`",
            rendered.trim()
        )),
    }
}

fn line_in(said: &str, task: &Task) -> Option<usize> {
    let name = task.candidate.file_name()?.to_string_lossy();
    let about_it = said
        .lines()
        .filter(|line| !task.others.iter().any(|other| line.contains(other)));
    let found = about_it.clone().find_map(|line| {
        line.match_indices(name.as_ref())
            .find_map(|(at, _)| LINE_AFTER_FILE.captures(&line[at + name.len()..]))
    });
    let found = found.or_else(|| {
        about_it
            .clone()
            .find_map(|line| LINE_IN_WORDS.captures(line))
    })?;
    found[1].parse().ok()
}

/// Without the lines that say what went well, and without the staging folder's name.
fn essence(said: &str, candidate: &Path) -> String {
    let folder = candidate
        .parent()
        .map(|folder| format!("{}/", folder.display()))
        .unwrap_or_default();
    let lines = said.lines().map(str::trim).filter(|line| {
        !line.is_empty() && !line.contains("\"level\":\"info\"") && !line.contains("level=info")
    });
    let mut telling: Vec<&str> = lines
        .filter(|line| {
            (!line.starts_with("Checking ") || line.contains("FAILED: "))
                && *line != "FAILED:"
                && !line.contains("SUCCESS:")
        })
        .collect();
    telling.dedup();
    let further = telling.len().saturating_sub(MOST_COMPLAINTS);
    let shown = telling[..telling.len() - further]
        .join("; ")
        .replace(&folder, "");
    if further == 0 {
        shown
    } else {
        format!("{shown}; and {further} more")
    }
}
