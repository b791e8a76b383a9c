//! A wire between the client and writ that remembers what the client said.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes remembered: a test makes a few calls of some 100 kB.
const BYTES_MAX: usize = 64 << 20;

/// What each connection's client sent, in order.
type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// A running tap. Stopped when dropped.
pub(super) struct Tap {
    pub(super) url: String,
    heard: Heard,
    task: JoinHandle<()>,
}

/// One request as the client sent it.
#[derive(Debug)]
pub(super) struct Said {
    /// Method and path.
    pub(super) line: String,
    pub(super) body: Vec<u8>,
}

impl Tap {
    /// In front of `http://host:port`.
    pub(super) async fn start(url: &str) -> Self {
        let target = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Heard::default();
        let shared = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, heard, task }
    }

    /// All requests so far, connection by connection.
    pub(super) fn requests(&self) -> Vec<Said> {
        self.heard.lock().unwrap().iter().flat_map(|bytes| split(bytes)).collect()
    }

    /// The bodies of the model calls so far.
    pub(super) fn calls(&self) -> Vec<Vec<u8>> {
        let is_call = |said: &Said| said.line.starts_with("POST /v1/messages?") || said.line == "POST /v1/messages";
        self.requests().into_iter().filter(is_call).map(|said| said.body).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, target: String, heard: Heard) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(Vec::new());
        heard.len() - 1
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let asking = async {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            {
                let mut heard = heard.lock().unwrap();
                heard[number].extend_from_slice(&buffer[..count]);
                assert!(heard.iter().map(Vec::len).sum::<usize>() < BYTES_MAX, "more than the tap remembers");
            }
            if to_server.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let answering = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(asking, answering);
}

/// Requests that follow each other on one connection. The client announces every body's length.
fn split(mut bytes: &[u8]) -> Vec<Said> {
    let mut all = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let line = lines.next().unwrap().rsplit_once(' ').unwrap().0.to_owned();
        let value = |line: &str| {
            let (name, value) = line.split_once(':')?;
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "the client never sends chunks: {head}");
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        };
        let length = lines.find_map(value).unwrap_or(0);
        let rest = &bytes[end + 4..];
        let (body, next) = rest.split_at(length.min(rest.len()));
        all.push(Said { line, body: body.to_vec() });
        bytes = next;
    }
    all
}
