//! A GET answers with 2xx.

use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;

use super::{Connection, excerpt};

/// As much of an answer as anybody looks at.
const BODY: usize = 4096;

pub(super) async fn probe(address: &str, path: &str) -> Result<(), String> {
    let (status, body) = get(address, path).await?;
    if status.is_success() {
        return Ok(());
    }
    let body = excerpt(&body);
    let (code, colon) = (status.as_u16(), if body.is_empty() { "" } else { ": " });
    Err(format!("answered {code}{colon}{body}"))
}

/// The answer's status and the first of its body. Redirections are not followed.
pub(super) async fn get(address: &str, path: &str) -> Result<(StatusCode, String), String> {
    let no_http = |error: hyper::Error| format!("{address} does not answer in HTTP: {error}");
    let connection = Connection::open(address).await?;
    let (mut sender, connection) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(connection.stream))
            .await
            .map_err(no_http)?;
    let request = Request::get(path)
        .header(header::HOST, address)
        .header(header::USER_AGENT, "argosy-probe")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| format!("cannot ask {address} for {path}: {error}"))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(no_http)?;
        Ok((response.status(), first_of_body(response).await))
    };
    let driver = async {
        // What goes wrong here is what the exchange hears too; its answer may still be on the way when this ends.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = driver => Err(format!("{address} hung up")),
    }
}

async fn first_of_body(response: Response<Incoming>) -> String {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if bytes.len() >= BODY {
            break;
        }
    }
    bytes.truncate(BODY);
    String::from_utf8_lossy(&bytes).into_owned()
}
