//! `events`: the streams and their readers, reading a stream again, and the messages that could not be handled.

use async_nats::jetstream;
use serde_json::json;

use super::probe::world;
use crate::{
    broker,
    cli::{DeadLetterAction, Events, EventsAction, ReplayDeadLetters},
    database::{self, Database},
    events::{ConsumerStatus, DeadLetter, Event},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    journeys::World,
    reporter::table,
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Events) -> Result<Exit, Failures> {
    let world = world(session).await?;
    let outcome = match &args.action {
        EventsAction::List => list(session, &world).await,
        EventsAction::Replay { consumers, all } => replay(session, &world, consumers, *all).await,
        EventsAction::DeadLetters { action } => match action {
            DeadLetterAction::List { service } => {
                list_dead_letters(session, &world, service.as_deref()).await
            }
            DeadLetterAction::Replay(chosen) => replay_dead_letters(session, &world, chosen).await,
        },
    };
    outcome.map_err(|message| {
        Failure::new(
            "platform",
            Kind::Unhealthy,
            message,
            session.command("status"),
        )
        .into()
    })
}

async fn readers(jetstream: &jetstream::Context) -> Result<Vec<ConsumerStatus>, String> {
    let mut readers = Vec::new();
    for stream in broker::streams(jetstream).await? {
        readers.extend(broker::consumers(&stream).await?);
    }
    Ok(readers)
}

async fn list(session: &Session, world: &World) -> Result<Exit, String> {
    let readers = readers(&broker::connect(world).await?).await?;
    let letters = dead_letters(world, None).await?;
    let mut rows = Vec::new();
    for reader in readers {
        let dead_letters = letters
            .iter()
            .filter(|letter| letter.consumer == reader.consumer)
            .count();
        let reader = ConsumerStatus {
            dead_letters,
            ..reader
        };
        rows.push([
            reader.stream.clone(),
            reader.consumer.clone(),
            reader.pending.to_string(),
            reader.unanswered.to_string(),
            reader.dead_letters.to_string(),
        ]);
        session.reporter.emit(Event::Consumer(reader));
    }
    let head = ["STREAM", "CONSUMER", "PENDING", "UNANSWERED", "DEAD"];
    session.reporter.print(&table(head, &rows));
    Ok(Exit::Done)
}

/// Forgets how far consumers are. Their services notice at once and read from the start; what they have seen has no effect
/// again.
async fn replay(
    session: &Session,
    world: &World,
    chosen: &[String],
    all: bool,
) -> Result<Exit, String> {
    let jetstream = broker::connect(world).await?;
    let readers = readers(&jetstream).await?;
    let unknown = chosen
        .iter()
        .find(|name| !readers.iter().any(|reader| reader.consumer == **name));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = readers
            .iter()
            .map(|reader| reader.consumer.as_str())
            .collect();
        return Err(format!(
            "there is no consumer `{unknown}`: expected {}",
            known.join(", ")
        ));
    }
    if chosen.is_empty() && !all {
        return Err("name the consumers that shall read again, or say --all".to_owned());
    }
    let affected = readers
        .iter()
        .filter(|reader| all || chosen.contains(&reader.consumer));
    for reader in affected {
        let stream = jetstream
            .get_stream(&reader.stream)
            .await
            .map_err(|error| error.to_string())?;
        stream
            .delete_consumer(&reader.consumer)
            .await
            .map_err(|error| error.to_string())?;
        session.reporter.print(&format!(
            "{} reads {} again",
            reader.consumer, reader.stream
        ));
    }
    Ok(Exit::Done)
}

/// Of one or all services, oldest first, each with its service.
async fn dead_letters(world: &World, service: Option<&str>) -> Result<Vec<DeadLetter>, String> {
    let mut letters = Vec::new();
    for owner in keepers(world, service).await? {
        let rows = Database::of(world, &owner)?
            .rows(
                "select current_user as service, id, consumer, event_id, subject, reason, deliveries, failed_at,
                   replay_requested_at is not null as replay_requested
                 from dead_letter where replayed_at is null order by id",
                &[],
            )
            .await?;
        for row in rows {
            let letter = serde_json::from_value(row).map_err(|error| format!("BUG: {error}"))?;
            letters.push(letter);
        }
    }
    Ok(letters)
}

/// The services that keep dead letters.
async fn keepers(world: &World, service: Option<&str>) -> Result<Vec<String>, String> {
    let owners = database::owners(world);
    if let Some(service) = service
        && !owners.contains(&service)
    {
        return Err(format!(
            "there is no service `{service}` with a database: expected {}",
            owners.join(", ")
        ));
    }
    let mut keepers = Vec::new();
    for owner in owners {
        if service.is_some_and(|service| service != owner) {
            continue;
        }
        let found = Database::of(world, owner)?
            .json(
                "select to_json(to_regclass('dead_letter') is not null)",
                &[],
            )
            .await?;
        if found == json!(true) {
            keepers.push(owner.to_owned());
        }
    }
    Ok(keepers)
}

async fn list_dead_letters(
    session: &Session,
    world: &World,
    service: Option<&str>,
) -> Result<Exit, String> {
    let letters = dead_letters(world, service).await?;
    if letters.is_empty() {
        session.reporter.print("no dead letters");
        return Ok(Exit::Done);
    }
    let mut rows = Vec::new();
    for letter in letters {
        rows.push([
            letter.service.clone(),
            letter.id.to_string(),
            letter.consumer.clone(),
            letter.deliveries.to_string(),
            letter.failed_at.clone(),
            letter.reason.clone(),
        ]);
        session.reporter.emit(Event::DeadLetter(letter));
    }
    let head = [
        "SERVICE",
        "ID",
        "CONSUMER",
        "DELIVERIES",
        "FAILED AT",
        "REASON",
    ];
    session.reporter.print(&table(head, &rows));
    let command = session.command("events dead-letters replay --service SERVICE ID");
    session.reporter.note(format!("hint: {command}"));
    Ok(Exit::Done)
}

async fn replay_dead_letters(
    session: &Session,
    world: &World,
    chosen: &ReplayDeadLetters,
) -> Result<Exit, String> {
    if chosen.ids.is_empty() && !chosen.all {
        return Err("name the dead letters that shall be handled again, or say --all".to_owned());
    }
    if !chosen.ids.is_empty() && chosen.service.is_none() {
        return Err("ids count within a service: name it with --service".to_owned());
    }
    let ids: Vec<String> = chosen.ids.iter().map(ToString::to_string).collect();
    let ids = format!("{{{}}}", ids.join(","));
    let mut requested = 0;
    for keeper in keepers(world, chosen.service.as_deref()).await? {
        let number = Database::of(world, &keeper)?
            .json(
                "with requested as (
                   update dead_letter set replay_requested_at = now()
                   where replayed_at is null and (:'ids' = '{}' or id = any(:'ids'::bigint[]))
                   returning 1
                 )
                 select to_json(count(*)) from requested",
                &[("ids", &ids)],
            )
            .await?;
        requested += number.as_u64().unwrap_or(0);
    }
    session.reporter.print(&format!(
        "{requested} dead letters are handed to their consumers again"
    ));
    Ok(if requested == 0 && !chosen.all {
        Exit::Failed
    } else {
        Exit::Done
    })
}
