//! The broker as the toolkit asks it: its streams, and the durable consumers that read them.

use async_nats::jetstream::{self, stream::Stream};
use futures::TryStreamExt as _;

use crate::{events::ConsumerStatus, journeys::World};

/// Connects to the platform's broker.
pub(crate) async fn connect(world: &World) -> Result<jetstream::Context, String> {
    let address = world.address("nats", "client")?;
    let client = async_nats::connect(format!("nats://{address}"))
        .await
        .map_err(|error| format!("the broker at {address} cannot be reached: {error}"))?;
    Ok(jetstream::new(client))
}

/// Every stream, by name.
pub(crate) async fn streams(jetstream: &jetstream::Context) -> Result<Vec<Stream>, String> {
    let mut names: Vec<String> = jetstream
        .stream_names()
        .try_collect()
        .await
        .map_err(|error| silent(&error))?;
    names.sort();
    let mut streams = Vec::with_capacity(names.len());
    for name in names {
        let stream = jetstream.get_stream(name).await;
        streams.push(stream.map_err(|error| silent(&error))?);
    }
    Ok(streams)
}

/// The services' consumers of a stream, by name. Whoever merely looks at a stream leaves one without a durable name for a
/// while: it is none of theirs.
pub(crate) async fn consumers(stream: &Stream) -> Result<Vec<ConsumerStatus>, String> {
    let found: Vec<_> = stream
        .consumers()
        .try_collect()
        .await
        .map_err(|error| silent(&error))?;
    let durable = found
        .into_iter()
        .filter(|consumer| consumer.config.durable_name.is_some());
    let mut consumers: Vec<ConsumerStatus> = durable
        .map(|consumer| ConsumerStatus {
            stream: consumer.stream_name,
            consumer: consumer.name,
            subject: consumer.config.filter_subject,
            pending: consumer.num_pending,
            unanswered: consumer.num_ack_pending,
            dead_letters: 0,
        })
        .collect();
    consumers.sort_by(|one, other| one.consumer.cmp(&other.consumer));
    Ok(consumers)
}

fn silent(error: &dyn std::fmt::Display) -> String {
    format!("the broker does not say: {error}")
}
