//! Pairs of acquire and release a second, as clients see them: `lock_load ADDRESS MODE CLIENTS SECONDS [TOKEN…]`.
//!
//! Each client is a thread with a connection of its own that sends one request after the other. Modes: `pair` (writ, two requests
//! that each wait for their own commit), `momentary` (writ, both in one request), `etcd` (its JSON gateway, two transactions).
//! Only the standard library: `rustc -O bench/lock_load.rs`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Resources that a client chooses from, its own: who waits for whom is not measured here.
const RESOURCES_PER_CLIENT: u64 = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, mode) = (arguments[0].clone(), arguments[1].clone());
    let (clients, seconds): (u64, u64) = (arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    let tokens = arguments[4..].to_vec();
    let until = Instant::now() + Duration::from_secs(seconds);
    let threads: Vec<_> = (0..clients)
        .map(|client| {
            let (address, mode) = (address.clone(), mode.clone());
            let token = tokens.get(client as usize % tokens.len().max(1)).cloned().unwrap_or_default();
            std::thread::spawn(move || work(&address, &mode, client, &token, until))
        })
        .collect();
    let mut pairs: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    pairs.sort_unstable();
    let at = |part: usize| pairs[pairs.len() * part / 100].as_secs_f64() * 1000.0;
    let rate = pairs.len() as f64 / seconds as f64;
    println!("{rate:.0} pairs/s  p50 {:.2} ms  p99 {:.2} ms per pair", at(50), at(99));
}

/// How long each pair took.
fn work(address: &str, mode: &str, client: u64, token: &str, until: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut took, mut number) = (Vec::new(), 0);
    while Instant::now() < until {
        let started = Instant::now();
        for (method, path, body) in requests(mode, client, number) {
            send(&mut stream, method, &path, token, &body);
        }
        took.push(started.elapsed());
        number += 1;
    }
    took
}

fn requests(mode: &str, client: u64, number: u64) -> Vec<(&'static str, String, String)> {
    let resource = client * RESOURCES_PER_CLIENT + number % RESOURCES_PER_CLIENT;
    let wants = format!(r#""wants":[{{"resource":"env:bench/{resource}","mode":"X"}}]"#);
    let post = |body: String| ("POST", "/v1/locks".to_owned(), body);
    match mode {
        "momentary" => vec![post(format!(r#"{{{wants},"momentary":true}}"#))],
        "pair" => {
            let ticket = ticket(client, number);
            let release = ("DELETE", format!("/v1/locks/{ticket}"), String::new());
            vec![post(format!(r#"{{"ticket":"{ticket}",{wants}}}"#)), release]
        }
        "etcd" => {
            let (key, value) = (base64(format!("bench/{resource}").as_bytes()), base64(client.to_string().as_bytes()));
            let acquire = format!(
                r#"{{"compare":[{{"key":"{key}","target":"CREATE","create_revision":"0"}}],"success":[{{"request_put":{{"key":"{key}","value":"{value}"}}}}]}}"#
            );
            let release = format!(
                r#"{{"compare":[{{"key":"{key}","target":"VALUE","value":"{value}"}}],"success":[{{"request_delete_range":{{"key":"{key}"}}}}]}}"#
            );
            [acquire, release].map(|body| ("POST", "/v3/kv/txn".to_owned(), body)).into()
        }
        other => panic!("no mode `{other}`"),
    }
}

fn send(stream: &mut TcpStream, method: &str, path: &str, token: &str, body: &str) {
    let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\n{bearer}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut buffer, mut filled) = ([0_u8; 8192], 0);
    loop {
        let read = stream.read(&mut buffer[filled..]).unwrap();
        assert!(read > 0, "the server hung up");
        filled += read;
        let got = &buffer[..filled];
        let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        if !is_whole(&got[..end], &got[end + 4..]) {
            continue;
        }
        assert!(got[9..].starts_with(b"2"), "{method} {path}: {}", String::from_utf8_lossy(got));
        let succeeded = b"\"succeeded\":true".as_slice();
        assert!(!path.starts_with("/v3") || got.windows(succeeded.len()).any(|part| part == succeeded), "etcd refused");
        return;
    }
}

fn is_whole(head: &[u8], body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return body.windows(5).any(|five| five == b"\r\n0\r\n") && body.ends_with(b"\r\n\r\n");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A ULID of now, as tickets are.
fn ticket(client: u64, number: u64) -> String {
    let millis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let id = millis << 80 | u128::from(client) << 40 | u128::from(number);
    let digit = |at: u32| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(id >> (5 * (25 - at)) & 31) as usize] as char;
    format!("tkt_{}", (0..26).map(digit).collect::<String>())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize] as char;
            text.push(if at <= three.len() { digit } else { '=' });
        }
    }
    text
}
