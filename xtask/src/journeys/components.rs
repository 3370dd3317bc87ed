//! Each component's own answer, and of our services the three pages that every one of them has.

use std::time::Duration;

use super::trip::Trip;
use crate::{health, http, model::Name};

const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    for name in world.environment.stack.components.keys().map(Name::as_str) {
        let Some(check) = world.health_check(name) else {
            continue;
        };
        let answer = async {
            health::probe(&check, TIMEOUT).await?;
            Ok(((), format!("well on {}", health::address(&check))))
        };
        if trip.hop(name, &[name], answer).await.is_some() && is_service(trip, name) {
            pages(trip, name).await;
        }
    }
}

/// One of ours that is scraped: it is made with the chassis.
fn is_service(trip: &Trip<'_>, name: &str) -> bool {
    let component = trip.world.component(name);
    component.is_some_and(|component| component.binary.is_some() && component.metrics.is_some())
}

async fn pages(trip: &mut Trip<'_>, service: &str) {
    let world = trip.world;
    for (path, media_type) in [
        ("/livez", None),
        ("/readyz", Some("application/json")),
        ("/metrics", Some("text/plain")),
    ] {
        trip.hop(&format!("{service} {path}"), &[service], async {
            let answer =
                http::get(&format!("http://{}{path}", world.address(service, "http")?)).await?;
            if answer.status != hyper::StatusCode::OK {
                return Err(format!(
                    "answers with {}: {}",
                    answer.status,
                    answer.excerpt()
                ));
            }
            if let Some(expected) = media_type.filter(|expected| answer.media_type() != *expected) {
                return Err(format!("is `{}`, expected {expected}", answer.media_type()));
            }
            Ok(((), format!("{} bytes", answer.body.len())))
        })
        .await;
    }
}
