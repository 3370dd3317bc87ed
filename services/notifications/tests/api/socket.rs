//! A page with an open WebSocket.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

/// Longer than anything here may take.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    /// Opens `path` with these headers; the answer's status when it is refused.
    pub(crate) async fn open_with(
        base: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let address = format!("{}{path}", base.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens it as whoever has this token.
    pub(crate) async fn open(base: &str, path: &str, token: &str) -> Result<Self, u16> {
        let bearer = format!("Bearer {token}");
        Self::open_with(base, path, &[("authorization", &bearer)]).await
    }

    /// The next text message, as JSON.
    pub(crate) async fn next(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next text messages, as JSON.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut messages = Vec::with_capacity(count);
        for _ in 0..count {
            messages.push(self.next().await);
        }
        messages
    }

    /// The code that the socket is closed with; every text before it is lost.
    pub(crate) async fn closed(&mut self) -> u16 {
        self.rest().await.1
    }

    /// All texts before the socket is closed, and the code that it is closed with.
    pub(crate) async fn rest(&mut self) -> (Vec<Value>, u16) {
        let mut texts = Vec::new();
        loop {
            let message = tokio::time::timeout(DEADLINE, self.0.next()).await.unwrap();
            match message {
                Some(Ok(Message::Text(text))) => texts.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return (texts, frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (texts, 0),
            }
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        // A server that has hung up already is seen when its close frame is read.
        let _ = self.0.send(message).await;
    }

    /// Proves that nothing else has been sent before it.
    pub(crate) async fn ping(&mut self) {
        self.say(r#"{"type":"ping"}"#).await;
        assert_eq!(self.next().await, serde_json::json!({ "type": "pong" }));
    }

    async fn message(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.0.next()).await.unwrap();
            match message.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    }
}
