//! The broker answers, and holds the stream of every service that declares one.

use std::time::Duration;

use serde_json::Value;

use super::{
    World,
    trip::{Found, Trip},
};
use crate::{health, http, runtime::host::protocol::HealthCheck};

const TIMEOUT: Duration = Duration::from_secs(5);
/// A job of this name declares its component's stream.
const DECLARING_JOB: &str = "-streams";

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    if !world.has("nats") {
        return;
    }
    trip.hop("INFO and PING", &["nats"], async {
        let address = world.address("nats", "client")?;
        health::probe(
            &HealthCheck::Nats {
                address: address.clone(),
            },
            TIMEOUT,
        )
        .await?;
        Ok(((), format!("PONG from {address}")))
    })
    .await;
    for service in declaring(world) {
        trip.hop(
            &format!("stream of {service}"),
            &["nats"],
            stream(world, service),
        )
        .await;
    }
}

/// Services with a job that declares their stream.
fn declaring(world: &World) -> Vec<&str> {
    let jobs = world
        .environment
        .stack
        .jobs
        .keys()
        .filter_map(|name| name.as_str().strip_suffix(DECLARING_JOB));
    jobs.filter(|service| world.has(service)).collect()
}

async fn stream(world: &World, service: &str) -> Found<()> {
    let url = format!(
        "http://{}/jsz?streams=true&config=true",
        world.address("nats", "monitor")?
    );
    judge(
        &http::get(&url).await?.json()?,
        service,
        &world.command("up"),
    )
}

fn judge(report: &Value, service: &str, up: &str) -> Found<()> {
    let subject = format!("shop.{service}.");
    let accounts = report
        .get("account_details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut streams = accounts
        .filter_map(|account| account.get("stream_detail").and_then(Value::as_array))
        .flatten();
    let takes = |stream: &&Value| {
        let subjects = stream
            .pointer("/config/subjects")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        subjects
            .filter_map(Value::as_str)
            .any(|found| found.starts_with(&subject))
    };
    let Some(stream) = streams.find(takes) else {
        return Err(format!(
            "JetStream has no stream for {subject}>: {up} declares it"
        ));
    };
    let name = stream.get("name").and_then(Value::as_str).unwrap_or("?");
    let messages = stream
        .pointer("/state/messages")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    Ok(((), format!("{name}, {messages} messages")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_found_by_the_subjects_that_it_takes() {
        let report = json!({"account_details": [{"stream_detail": [
            {"name": "CATALOG", "config": {"subjects": ["shop.catalog.>"]}, "state": {"messages": 7}}
        ]}]});
        assert_eq!(
            judge(&report, "catalog", "cargo xtask up").unwrap().1,
            "CATALOG, 7 messages"
        );
        assert!(
            judge(&report, "cart", "cargo xtask up")
                .unwrap_err()
                .contains("no stream for shop.cart.>")
        );
        assert!(judge(&json!({}), "catalog", "cargo xtask up").is_err());
    }
}
