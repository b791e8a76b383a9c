//! Upstreams that answer every request with the same bytes, and nobody's address.

use std::io::Write as _;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An upstream that reads one request per connection and answers with fixed bytes. Stopped when dropped.
pub(crate) struct Canned {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Canned {
    /// Answers each request with the whole HTTP/1.1 answer `bytes`, then closes.
    pub(crate) async fn start(bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, bytes.clone()));
            }
        });
        Self { url, task }
    }

    /// The same for requests of any kind, of which only the beginning is read.
    pub(crate) async fn to_any_request(bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let bytes = bytes.clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut vec![0; 1 << 16]).await;
                    if stream.write_all(&bytes).await.is_ok() && stream.shutdown().await.is_ok() {
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                    }
                });
            }
        });
        Self { url, task }
    }

    /// Answers with a gzipped body of this type, whether or not that was asked for.
    pub(crate) async fn gzipped(content_type: &str, body: &str) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body.as_bytes()).unwrap();
        let body = encoder.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self::start([head.into_bytes(), body].concat()).await
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, bytes: Vec<u8>) {
    let (mut seen, mut buffer) = (Vec::new(), [0_u8; 4096]);
    // The tests' model calls all end with their messages.
    while !String::from_utf8_lossy(&seen).contains("\"messages\"") {
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => seen.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    if stream.write_all(&bytes).await.is_ok() && stream.shutdown().await.is_ok() {
        // What is still unread would turn the close into a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// An address on which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
