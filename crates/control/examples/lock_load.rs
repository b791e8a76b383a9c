//! Pairs of acquire and release a second, as clients see them: `lock_load ADDRESS MODE CLIENTS SECONDS [TOKEN…]`.
//!
//! Each client has a connection of its own and sends one request after the other. Modes: `pair` (writ, two requests that each
//! wait for their own commit), `momentary` (writ, both in one request), `etcd` (its JSON gateway, two transactions).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark stops at the first failure"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{TicketId, Time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Resources that the clients choose from, each in a stretch of its own: who waits for whom is not measured here.
const RESOURCES_PER_CLIENT: u64 = 300;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Pair,
    Momentary,
    Etcd,
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address: SocketAddr = arguments[0].parse().unwrap();
    let mode = match arguments[1].as_str() {
        "pair" => Mode::Pair,
        "momentary" => Mode::Momentary,
        "etcd" => Mode::Etcd,
        other => panic!("no mode `{other}`"),
    };
    let (clients, seconds): (usize, u64) = (arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..clients)
        .map(|number| {
            let token = arguments.get(4 + number % (arguments.len() - 4).max(1)).cloned().unwrap_or_default();
            tokio::spawn(work(address, mode, number as u64, token, until))
        })
        .collect();
    let mut pairs = Vec::new();
    for task in tasks {
        pairs.extend(task.await.unwrap());
    }
    pairs.sort_unstable();
    let at = |part: usize| pairs[pairs.len() * part / 100].as_secs_f64() * 1000.0;
    let rate = pairs.len() as f64 / seconds as f64;
    println!("{rate:.0} pairs/s  p50 {:.2} ms  p99 {:.2} ms per pair", at(50), at(99));
}

/// How long each pair took.
async fn work(address: SocketAddr, mode: Mode, client: u64, token: String, until: Instant) -> Vec<Duration> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut connection = Client { stream, buffer: Vec::with_capacity(4096) };
    let mut took = Vec::new();
    let mut number = 0;
    while Instant::now() < until {
        let started = Instant::now();
        for (method, path, body) in requests(mode, client, number) {
            connection.send(method, &path, &token, &body).await;
        }
        took.push(started.elapsed());
        number += 1;
    }
    took
}

fn requests(mode: Mode, client: u64, number: u64) -> Vec<(&'static str, String, String)> {
    let resource = client * RESOURCES_PER_CLIENT + number % RESOURCES_PER_CLIENT;
    let ticket = TicketId::new(Time::from_unix_millis(1_790_000_000_000), u128::from(client << 40 | number));
    let wants = format!(r#""wants":[{{"resource":"env:bench/{resource}","mode":"X"}}]"#);
    let post = |body: String| ("POST", "/v1/locks".to_owned(), body);
    match mode {
        Mode::Momentary => vec![post(format!(r#"{{{wants},"momentary":true}}"#))],
        Mode::Pair => vec![
            post(format!(r#"{{"ticket":"{ticket}",{wants}}}"#)),
            ("DELETE", format!("/v1/locks/{ticket}"), String::new()),
        ],
        Mode::Etcd => {
            let (key, value) = (STANDARD.encode(format!("bench/{resource}")), STANDARD.encode(format!("{client}")));
            let acquire = format!(
                r#"{{"compare":[{{"key":"{key}","target":"CREATE","create_revision":"0"}}],"success":[{{"request_put":{{"key":"{key}","value":"{value}"}}}}]}}"#
            );
            let release = format!(
                r#"{{"compare":[{{"key":"{key}","target":"VALUE","value":"{value}"}}],"success":[{{"request_delete_range":{{"key":"{key}"}}}}]}}"#
            );
            [acquire, release].map(|body| ("POST", "/v3/kv/txn".to_owned(), body)).into()
        }
    }
}

impl Client {
    async fn send(&mut self, method: &str, path: &str, token: &str, body: &str) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server hung up");
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")
                && self.buffer.len() >= end + 4 + length(&self.buffer[..end])
            {
                let status = &self.buffer[9..12];
                assert!(status.starts_with(b"2"), "{method} {path}: {}", String::from_utf8_lossy(&self.buffer));
                let failed = b"\"succeeded\":true".as_slice();
                let is_etcd = path.starts_with("/v3");
                assert!(!is_etcd || self.buffer.windows(failed.len()).any(|part| part == failed), "etcd refused");
                return;
            }
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line =
        head.lines().find_map(|line| line.strip_prefix("content-length:").map(|text| text.trim().parse().unwrap()));
    line.unwrap_or(0)
}
