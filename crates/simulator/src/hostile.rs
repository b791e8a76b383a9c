//! An upstream that does not keep to HTTP: raw bytes on a raw socket, the same
//! for every request.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::limits::{
    ACCEPT_RETRY, CONNECTIONS_MAX, FLOOD_BYTES_MAX, FLOOD_CHUNK_BYTES, HOSTILE_HEAD_BYTES_MAX, STALL_MAX,
};

/// What a [`HostileServer`] does to whoever asks it anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// One header value that does not end (256 MiB).
    EndlessHeader,
    /// Short headers that do not end (256 MiB).
    EndlessHeaders,
    /// A stream with one event that has no line end (256 MiB).
    EndlessEvent,
    /// A complete stream whose text and event names are not UTF-8.
    BadUtf8,
    /// A JSON answer that announces more bytes than come before the connection closes.
    LengthTooLong,
    /// A JSON answer that announces 40 bytes fewer than come.
    LengthTooShort,
    /// A complete JSON answer, and behind it, unasked, a second one.
    SecondAnswer,
    /// Bytes that are not HTTP at all.
    NotHttp,
}

/// A running hostile upstream. Dropped means stopped.
#[derive(Debug)]
pub struct HostileServer {
    address: SocketAddr,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    bytes: AtomicU64,
}

const USAGE: &str =
    r#"{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5}"#;
const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
    x-stand-in: writ-simulator\r\nrequest-id: req_sim_hostile\r\nconnection: close\r\n\r\n";

impl HostileServer {
    /// Starts a hostile upstream on a free port of 127.0.0.1 (plain HTTP/1.1, or what it takes for that).
    ///
    /// # Errors
    /// What binding the address says.
    pub async fn start(kind: Hostile) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let counters = Arc::new(Counters::default());
        let task = tokio::spawn(accept(listener, kind, Arc::clone(&counters)));
        Ok(Self { address, counters, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Request heads read so far.
    pub fn requests(&self) -> u64 {
        self.counters.requests.load(Ordering::Acquire)
    }

    /// Bytes the peers' kernels took so far: how much of a flood somebody let in.
    pub fn bytes_sent(&self) -> u64 {
        self.counters.bytes.load(Ordering::Acquire)
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, kind: Hostile, counters: Arc<Counters>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= CONNECTIONS_MAX => {}
                Ok((tcp, _)) => {
                    connections.spawn(serve(tcp, kind, Arc::clone(&counters)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
        }
    }
}

async fn serve(tcp: TcpStream, kind: Hostile, counters: Arc<Counters>) {
    let (mut read, write) = tcp.into_split();
    if read_head(&mut read).await.is_err() {
        return;
    }
    counters.requests.fetch_add(1, Ordering::AcqRel);
    let mut out = Out { write, counters };
    // The request body is read while the answer goes out, so that neither side waits for the other.
    let answer = async {
        let surplus = matches!(kind, Hostile::LengthTooShort | Hostile::SecondAnswer);
        if out.play(kind).await.is_ok() && surplus {
            // Left open: a client that keeps the connection would read the rest as its next answer.
            tokio::time::sleep(STALL_MAX).await;
        }
        let _ = out.write.shutdown().await;
    };
    tokio::select! {
        () = answer => drain_after(&mut read).await,
        _ = drain(&mut read) => {}
    }
}

/// Reads up to the end of the request head.
async fn read_head(read: &mut OwnedReadHalf) -> io::Result<()> {
    let mut head = Vec::new();
    while memmem::find(&head, b"\r\n\r\n").is_none() {
        if read.read_buf(&mut head).await? == 0 || head.len() > HOSTILE_HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

/// Reads and forgets until the peer closes.
async fn drain(read: &mut OwnedReadHalf) {
    let mut buffer = vec![0; FLOOD_CHUNK_BYTES];
    while matches!(read.read(&mut buffer).await, Ok(1..)) {}
}

/// Closing with unread bytes would reset the connection and could take the answer's tail with it.
async fn drain_after(read: &mut OwnedReadHalf) {
    let _ = tokio::time::timeout(STALL_MAX, drain(read)).await;
}

struct Out {
    write: OwnedWriteHalf,
    counters: Arc<Counters>,
}

impl Out {
    async fn play(&mut self, kind: Hostile) -> io::Result<()> {
        match kind {
            Hostile::EndlessHeader => {
                self.send(b"HTTP/1.1 200 OK\r\nx-stand-in: writ-simulator\r\nx-endless: ").await?;
                self.flood(b"a").await
            }
            Hostile::EndlessHeaders => {
                self.send(b"HTTP/1.1 200 OK\r\nx-stand-in: writ-simulator\r\n").await?;
                self.flood(b"x-endless: one more\r\n").await
            }
            Hostile::EndlessEvent => {
                self.send(STREAM_HEAD.as_bytes()).await?;
                self.send(start_event().as_bytes()).await?;
                self.send(b"event: content_block_delta\ndata: ").await?;
                self.flood(b"a").await
            }
            Hostile::BadUtf8 => self.send(&bad_utf8()).await,
            Hostile::LengthTooLong => self.send(whole(100).as_bytes()).await,
            Hostile::LengthTooShort => self.send(whole(-40).as_bytes()).await,
            Hostile::SecondAnswer => self.send(whole(0).repeat(2).as_bytes()).await,
            Hostile::NotHttp => self.send(b"\0\x01\x02 this is not the protocol you are looking for\r\n\r\n").await,
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write.write_all(bytes).await?;
        self.counters.bytes.fetch_add(bytes.len() as u64, Ordering::AcqRel);
        Ok(())
    }

    async fn flood(&mut self, unit: &[u8]) -> io::Result<()> {
        let chunk = unit.repeat(FLOOD_CHUNK_BYTES / unit.len());
        let mut sent = 0;
        while sent < FLOOD_BYTES_MAX {
            self.send(&chunk).await?;
            sent += chunk.len() as u64;
        }
        Ok(())
    }
}

fn start_event() -> String {
    format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_sim_hostile\",\
         \"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-5-5\",\"content\":[],\
         \"stop_reason\":null,\"usage\":{USAGE}}}}}\n\n"
    )
}

fn bad_utf8() -> Vec<u8> {
    let mut bytes = STREAM_HEAD.as_bytes().to_vec();
    bytes.extend_from_slice(start_event().as_bytes());
    bytes.extend_from_slice(b"event: \xff\xfe\ndata: {\"type\":\"\xc3\x28\"}\n\n");
    bytes.extend_from_slice(
        b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
          \"delta\":{\"type\":\"text_delta\",\"text\":\"\xff\xfe\xf0\x28\x8c\x28\"}}\n\n",
    );
    bytes.extend_from_slice(
        format!(
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\
             \"usage\":{USAGE}}}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
        )
        .as_bytes(),
    );
    bytes
}

/// A JSON answer whose announced length is `more` bytes over (below zero: under) what follows.
fn whole(more: isize) -> String {
    let body = format!(
        "{{\"id\":\"msg_sim_hostile\",\"type\":\"message\",\"role\":\"assistant\",\
         \"model\":\"claude-sonnet-5-5\",\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{USAGE}}}"
    );
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-stand-in: writ-simulator\r\n\
         request-id: req_sim_hostile\r\ncontent-length: {}\r\n\r\n{body}",
        body.len().saturating_add_signed(more)
    )
}

#[cfg(test)]
mod tests;
