//! Metrics arrive and alerts would: every component is scraped, the rules are loaded and evaluated, an alert travels
//! from Prometheus to Alertmanager, and the probes from the user's side succeed.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    World,
    trip::{Found, Trip, eventually},
};
use crate::http::encode;

/// How long Watchdog is pending in a Prometheus that has just started: until its first evaluation, and its `for`.
const PENDING: Duration = Duration::from_secs(15);

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    let patience = trip.patience();
    if world.has("prometheus") {
        let through = ["caddy", "prometheus"];
        trip.hop(
            "prometheus scrapes every component",
            &through,
            eventually(patience, || targets(world)),
        )
        .await;
        trip.hop(
            "alert rules are evaluated",
            &through,
            eventually(patience, || rules(world)),
        )
        .await;
        if world.has("blackbox") {
            let through = ["caddy", "prometheus", "blackbox"];
            trip.hop(
                "probes from the user's side succeed",
                &through,
                eventually(patience, || probes(world)),
            )
            .await;
        }
    }
    if world.has("alertmanager") {
        let through = ["caddy", "prometheus", "alertmanager"];
        trip.hop("an alert reaches Alertmanager", &through, async {
            eventually(patience + PENDING, || fires(world)).await?;
            eventually(patience, || watchdog(world)).await
        })
        .await;
    }
}

async fn prometheus(world: &World, path: &str) -> Result<Value, String> {
    let mut answer = world
        .get_ok(&format!("/prometheus/api/v1/{path}"))
        .await?
        .json()?;
    Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
}

async fn targets(world: &World) -> Found<()> {
    let data = prometheus(world, "targets?state=active").await?;
    let targets = data
        .get("activeTargets")
        .and_then(Value::as_array)
        .ok_or("Prometheus lists no targets")?;
    let expected: Vec<&str> = world
        .environment
        .stack
        .components
        .iter()
        .filter(|(_, component)| component.metrics.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    judge_targets(&expected, targets)
}

fn judge_targets(expected: &[&str], targets: &[Value]) -> Found<()> {
    let by_job: BTreeMap<&str, &Value> = targets
        .iter()
        .filter_map(|target| Some((target.pointer("/labels/job")?.as_str()?, target)))
        .collect();
    let absent: Vec<String> = expected
        .iter()
        .filter(|name| !by_job.contains_key(*name))
        .map(|name| format!("{name} is not scraped"))
        .collect();
    let down = by_job
        .iter()
        .filter(|(_, target)| target.get("health").and_then(Value::as_str) != Some("up"))
        .map(|(job, target)| {
            let health = target
                .get("health")
                .and_then(Value::as_str)
                .unwrap_or("unknown");
            let error = target
                .get("lastError")
                .and_then(Value::as_str)
                .filter(|error| !error.is_empty())
                .unwrap_or("not asked yet");
            format!("{job} is {health} ({error})")
        });
    let faults: Vec<String> = absent.into_iter().chain(down).collect();
    if faults.is_empty() {
        Ok(((), format!("{} targets are up", by_job.len())))
    } else {
        Err(faults.join(", "))
    }
}

async fn rules(world: &World) -> Found<()> {
    let data = prometheus(world, "rules?type=alert").await?;
    let groups = data
        .get("groups")
        .and_then(Value::as_array)
        .ok_or("Prometheus lists no rules")?;
    let rules: Vec<&Value> = groups
        .iter()
        .filter_map(|group| group.get("rules").and_then(Value::as_array))
        .flatten()
        .collect();
    let bad: Vec<String> = rules
        .iter()
        .filter(|rule| rule.get("health").and_then(Value::as_str) != Some("ok"))
        .map(|rule| {
            let text = |field| rule.get(field).and_then(Value::as_str).unwrap_or_default();
            format!(
                "{} is {} {}",
                text("name"),
                text("health"),
                text("lastError")
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    match (rules.len(), bad.as_slice()) {
        (0, _) => Err("there are no alert rules".to_owned()),
        (count, []) => Ok(((), format!("{count} rules"))),
        (_, bad) => Err(bad.join(", ")),
    }
}

async fn probes(world: &World) -> Found<()> {
    let data = prometheus(world, &format!("query?query={}", encode("probe_success"))).await?;
    let results = data
        .get("result")
        .and_then(Value::as_array)
        .filter(|results| !results.is_empty())
        .ok_or("no probe has run yet")?;
    let failed: Vec<String> = results
        .iter()
        .filter(|result| result.pointer("/value/1").and_then(Value::as_str) != Some("1"))
        .map(|result| {
            let label = |name: &str| {
                result
                    .pointer(&format!("/metric/{name}"))
                    .and_then(Value::as_str)
                    .unwrap_or("?")
                    .to_owned()
            };
            format!("{} of {}", label("job"), label("instance"))
        })
        .collect();
    if failed.is_empty() {
        Ok(((), format!("{} probes", results.len())))
    } else {
        Err(format!("failing: {}", failed.join(", ")))
    }
}

async fn fires(world: &World) -> Found<()> {
    let data = prometheus(world, "alerts").await?;
    let alerts = data.get("alerts").and_then(Value::as_array);
    let watchdog = alerts
        .into_iter()
        .flatten()
        .find(|alert| alert["labels"]["alertname"] == "Watchdog");
    match watchdog.and_then(|alert| alert["state"].as_str()) {
        Some("firing") => Ok(((), "Watchdog fires".to_owned())),
        Some(state) => Err(format!("Watchdog, the alert that always fires, is {state}")),
        None => Err("Prometheus does not know Watchdog, the alert that always fires".to_owned()),
    }
}

async fn watchdog(world: &World) -> Found<()> {
    let path = format!(
        "/alertmanager/api/v2/alerts?filter={}",
        encode("alertname=\"Watchdog\"")
    );
    let alerts = world.get_ok(&path).await?.json()?;
    if alerts.as_array().is_some_and(|alerts| !alerts.is_empty()) {
        return Ok(((), "Watchdog has arrived".to_owned()));
    }
    Err("Watchdog, the alert that always fires, has not arrived".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_that_is_down_or_absent_is_named_with_its_error() {
        let targets = [
            json!({"labels": {"job": "catalog"}, "health": "up", "lastError": ""}),
            json!({"labels": {"job": "caddy"}, "health": "down", "lastError": "connection refused"}),
            json!({"labels": {"job": "probe-edge-shop"}, "health": "unknown", "lastError": ""}),
        ];
        assert_eq!(
            judge_targets(&["caddy", "catalog", "storefront"], &targets).unwrap_err(),
            "storefront is not scraped, caddy is down (connection refused), probe-edge-shop is unknown (not asked yet)"
        );
        assert_eq!(
            judge_targets(&["catalog"], &targets[..1]).unwrap().1,
            "1 targets are up"
        );
    }
}
