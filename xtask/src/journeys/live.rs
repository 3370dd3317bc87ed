//! Live updates of a shopper: the WebSocket at the edge.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::{World, customer::Customer, trip::Found};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens it, and makes sure that somebody is at the other end.
pub(super) async fn listen(world: &World, customer: &Customer) -> Found<Socket> {
    let url = world
        .edge("/ws/notifications")?
        .replacen("http://", "ws://", 1);
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| error.to_string())?;
    let bearer = format!("Bearer {}", customer.token())
        .parse()
        .map_err(|_| "BUG: a token that is no header")?;
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = tokio_tungstenite::connect_async(request)
        .await
        .map_err(|error| format!("/ws/notifications: {error}"))?;
    let ping = Message::text(r#"{"type":"ping"}"#);
    socket.send(ping).await.map_err(|error| error.to_string())?;
    next(&mut socket, |message| message["type"] == "pong").await?;
    Ok((socket, "pong".to_owned()))
}

/// The next message that is the right one.
async fn next(socket: &mut Socket, is_right: impl Fn(&Value) -> bool) -> Result<Value, String> {
    let waiting = async {
        while let Some(message) = socket.next().await {
            let message = message.map_err(|error| error.to_string())?;
            let Ok(message) = message.to_text() else {
                continue;
            };
            if let Ok(message) = serde_json::from_str::<Value>(message)
                && is_right(&message)
            {
                return Ok(message);
            }
        }
        Err("the connection was closed".to_owned())
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| Err(format!("no message within {} s", PATIENCE.as_secs())))
}

/// Waits to be told that this order is paid.
pub(super) async fn hear(socket: &mut Socket, order: &str) -> Found<()> {
    let message = next(socket, |message| {
        message["type"] == "order.paid" && message["orderId"] == order
    })
    .await?;
    Ok(((), format!("message {}", message["id"])))
}
