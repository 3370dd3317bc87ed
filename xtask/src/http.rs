//! The toolkit as an HTTP client: one small client for probing and measuring, over plain TCP.
//!
//! It keeps every header as it came and follows nothing by itself: a probe must see what was really answered. Errors are
//! sentences that name the address, because they end in a failing hop's detail.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, StatusCode, Uri,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST, HeaderMap},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may take, its body included.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// More than any page or picture of ours.
const MAX_BODY: usize = 32 << 20;

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When its head was there: the body may take longer.
    pub(crate) begun: Instant,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Of several equal headers the first; nothing when it is not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `text/html` of `text/html; charset=utf-8`; empty when there is none.
    pub(crate) fn media_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str())
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body)
            .map_err(|error| format!("the answer is not JSON ({error}): {}", self.excerpt()))
    }

    /// The beginning of the body on one line.
    pub(crate) fn excerpt(&self) -> String {
        let text = self.text();
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        match line.char_indices().nth(160) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// A GET on a connection of its own.
pub(crate) async fn get(url: &str) -> Result<Answer, String> {
    send(Method::GET, url, None).await
}

/// A request on a connection of its own; a body is sent as JSON.
pub(crate) async fn send(
    method: Method,
    url: &str,
    json: Option<String>,
) -> Result<Answer, String> {
    send_with(method, url, json, &[]).await
}

/// The same with further headers.
pub(crate) async fn send_with(
    method: Method,
    url: &str,
    json: Option<String>,
    headers: &[(&str, &str)],
) -> Result<Answer, String> {
    let (address, path) = split(url)?;
    let mut connection = Connection::open(&address).await?;
    connection.request(method, &path, json, headers).await
}

/// A POST without a body; whatever is not a success is an error that says what was answered.
pub(crate) async fn post(address: &str, path: &str) -> Result<(), String> {
    let answer = send(Method::POST, &format!("http://{address}{path}"), None).await?;
    if answer.status.is_success() {
        return Ok(());
    }
    Err(format!(
        "POST {path} answered {}: {}",
        answer.status.as_u16(),
        answer.excerpt()
    ))
}

/// A connection that can be used again and again.
pub(crate) struct Connection {
    address: String,
    sender: SendRequest<Full<Bytes>>,
    /// Drives the socket; ends with the connection.
    driver: JoinHandle<()>,
}

impl Connection {
    /// `address` is `host:port`.
    pub(crate) async fn open(address: &str) -> Result<Self, String> {
        let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        let stream = match connecting {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(format!("cannot connect to {address}: {}", in_words(&error)));
            }
            Err(_) => {
                return Err(format!(
                    "cannot connect to {address}: no answer within {} s",
                    CONNECT_TIMEOUT.as_secs()
                ));
            }
        };
        // Small requests must not wait for the acknowledgement of earlier ones.
        stream
            .set_nodelay(true)
            .map_err(|error| format!("{address}: {error}"))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) =
            handshake.map_err(|error| format!("{address} does not speak HTTP: {error}"))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the driver is owned by the connection, which aborts it when dropped"
        )]
        let driver = tokio::spawn(async move {
            // The error also reaches whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Self {
            address: address.to_owned(),
            sender,
            driver,
        })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, String> {
        self.request(Method::GET, path, None, &[]).await
    }

    pub(crate) fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        json: Option<String>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let Self {
            address, sender, ..
        } = self;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, address.as_str());
        if json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::from(json.unwrap_or_default()));
        let request = request
            .body(body)
            .map_err(|error| format!("`{path}` is not a path: {error}"))?;
        let asking = async {
            sender
                .ready()
                .await
                .map_err(|error| format!("{address}: {}", reason(&error)))?;
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| format!("no answer from {address}: {}", reason(&error)))?;
            let begun = Instant::now();
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await;
            let body = body
                .map_err(|error| format!("the answer of {address} broke off: {error}"))?
                .to_bytes();
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
                begun,
            })
        };
        match timeout(ANSWER_TIMEOUT, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(format!(
                "no answer from {address} within {} s",
                ANSWER_TIMEOUT.as_secs()
            )),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// `http://localhost:8080/a?b` → `127.0.0.1:8080` and `/a?b`.
pub(crate) fn split(url: &str) -> Result<(String, String), String> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("`{url}` is not an address: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("`{url}` is not an http:// address"));
    }
    let host = uri.host().unwrap_or_default();
    // Our components listen on IPv4; localhost may mean IPv6 first.
    let host = if host == "localhost" {
        "127.0.0.1"
    } else {
        host
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((
        format!("{host}:{}", uri.port_u16().unwrap_or(80)),
        path.to_owned(),
    ))
}

/// A text as one value of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            "connection refused (nothing listens there)".to_owned()
        }
        _ => error.to_string(),
    }
}

/// hyper says what it was doing; why stands in the source.
fn reason(error: &hyper::Error) -> String {
    std::error::Error::source(error)
        .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers every request on one connection with these bytes.
    async fn server(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (address, asked)
    }

    #[tokio::test]
    async fn status_headers_and_body_come_back_as_they_were_sent() {
        let (address, asked) = server(b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n\r\nnope").await;
        let answer = get(&format!("http://{address}/a?b=c")).await.unwrap();
        assert_eq!(
            (answer.status, answer.media_type(), answer.text().as_str()),
            (StatusCode::NOT_FOUND, "text/plain", "nope")
        );
        let request = asked.await.unwrap();
        assert!(
            request.starts_with("GET /a?b=c HTTP/1.1\r\n")
                && request.contains(&format!("host: {address}")),
            "{request}"
        );
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error_that_names_the_address() {
        let (address, _asked) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        let error = get(&format!("http://{address}/")).await.unwrap_err();
        assert!(
            error.contains(&address) && error.contains("broke off"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_closed_port_is_said_in_words() {
        let free = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let error = get(&format!("http://{free}/")).await.unwrap_err();
        assert_eq!(
            error,
            format!("cannot connect to {free}: connection refused (nothing listens there)")
        );
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(
            split("http://localhost:8080").unwrap(),
            ("127.0.0.1:8080".to_owned(), "/".to_owned())
        );
        assert_eq!(
            split("http://a/b?c").unwrap(),
            ("a:80".to_owned(), "/b?c".to_owned())
        );
        assert!(split("https://a/").is_err() && split("nonsense").is_err());
    }

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(encode("a b&ü"), "a%20b%26%C3%BC");
    }
}
