//! Request bodies: too large, too many, too slow.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{PEAK_MIB, Target};
use crate::support::{run, within};

/// More than the 32 MiB that one body may have.
const TOO_LARGE: usize = 33 << 20;
/// Just below it.
const LARGE: usize = 30 << 20;
/// Clients that send a large body at the same time: 3 GB in all, twelve times what is held at most.
const CROWD: usize = 100;
/// Large bodies together may hold 192 MiB of the 256 MiB for all; the rest is for the process itself, the copies that
/// reading JSON makes of bodies that are read at that moment, and what the allocator does not give back at once.
const PEAK_WITH_BODIES_MIB: u64 = 256 + 128;
/// A body must go on within ten seconds; the rest is slack for a busy machine.
const SLOW_MAX: Duration = Duration::from_secs(18);

/// A model call of about so many bytes, which the simulator answers without reading it.
fn body(bytes: usize) -> Bytes {
    let text = "x".repeat(bytes - 200);
    let ask = json!({"model": "claude-sonnet-5-5", "max_tokens": 64, "stream": false,
        "messages": [{"role": "user", "content": format!("SCENARIO:bench_json {text}")}]});
    ask.to_string().into()
}

/// Sends a head and a body by hand and reads the answer's status.
async fn raw(target: &Target, head: &str, body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(target.authority()).await.ok()?;
    let bearer = target.bearer();
    let head = format!("POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\n{head}\r\n\r\n");
    let (mut read, mut write) = stream.split();
    let sending = async {
        // A refusal may come, and the connection go, before all is sent.
        let _ = write.write_all(head.as_bytes()).await;
        let _ = write.write_all(body).await;
        std::future::pending::<()>().await
    };
    let answer = async {
        let mut status = [0_u8; 12];
        read.read_exact(&mut status).await.ok()?;
        std::str::from_utf8(&status[9..]).ok()?.parse().ok()
    };
    tokio::select! {
        () = sending => None,
        status = answer => status,
    }
}

#[test]
fn a_body_over_the_limit_is_refused_announced_or_not() {
    run(async {
        let target = Target::start().await;
        let body = body(TOO_LARGE);
        let announced = format!("content-length: {}", body.len());
        assert_eq!(within("a refusal", raw(&target, &announced, &body)).await, Some(413));
        let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        assert_eq!(within("a refusal", raw(&target, "transfer-encoding: chunked", &chunked)).await, Some(413));
        // Announced, but never sent: refused at once all the same.
        let expecting = format!("expect: 100-continue\r\n{announced}");
        assert_eq!(within("a refusal", raw(&target, &expecting, b"")).await, Some(413));
        assert_eq!(target.writ.simulator().arrived(), 0);
        target.assert_unharmed(0, PEAK_MIB).await;
    });
}

#[test]
fn a_crowd_of_large_bodies_is_held_within_the_bound_and_the_rest_told_to_come_back() {
    run(async {
        let target = Arc::new(Target::start().await);
        let body = body(LARGE);
        let head = format!("content-length: {}", body.len());
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let (target, head, body) = (Arc::clone(&target), head.clone(), body.clone());
            crowd.spawn(async move { raw(&target, &head, &body).await });
        }
        let (mut admitted, mut refused) = (0, 0);
        let counting = async {
            while let Some(status) = crowd.join_next().await {
                match status.unwrap() {
                    Some(200) => admitted += 1,
                    Some(529) => refused += 1,
                    other => panic!("neither served nor told to come back: {other:?}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), counting).await.expect("the crowd is answered within 120 s");
        eprintln!("admitted {admitted}, refused {refused}");
        assert_eq!(admitted + refused, CROWD);
        assert!(admitted > 0, "some must get through");
        assert_eq!(target.writ.simulator().arrived(), admitted as u64);
        target.assert_unharmed(admitted, PEAK_WITH_BODIES_MIB).await;
    });
}

#[test]
fn a_body_that_stops_arriving_is_given_up() {
    const CLIENTS: usize = 50;
    run(async {
        let target = Target::start().await;
        let since = Instant::now();
        let head = "content-length: 1000";
        let target = Arc::new(target);
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let target = Arc::clone(&target);
            clients.spawn(async move { raw(&target, head, b"{\"model\":").await });
        }
        for status in within("all to be answered", clients.join_all()).await {
            assert_eq!(status, Some(408));
        }
        assert!(since.elapsed() < SLOW_MAX, "{:?}", since.elapsed());
        target.assert_unharmed(0, PEAK_MIB).await;
    });
}
