//! Upstreams that break the rules, and clients that hold connections: bounded memory, and a settlement.

use std::time::Duration;

use domain::call::{Outcome, Quality};
use simulator::{Hostile, HostileServer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::testing::*;
use crate::{Config, ListenerLimits};

async fn against(kind: Hostile, stream: bool) -> (HostileServer, Stage, http::Response<hyper::body::Incoming>) {
    let server = HostileServer::start(kind).await.unwrap();
    let stage = Stage::before(&server.url()).await;
    let response = stage.send(stage.message("hello", stream)).await;
    (server, stage, response)
}

#[tokio::test]
async fn an_endless_head_is_cut_short() {
    for kind in [Hostile::EndlessHeader, Hostile::EndlessHeaders, Hostile::NotHttp] {
        let (server, stage, response) = against(kind, true).await;
        assert_eq!(response.status(), 502, "{kind:?}");
        assert_eq!(stage.authority.settlement().await.outcome, Outcome::UpstreamUnreachable);
        assert!(server.bytes_sent() < 32 << 20, "{kind:?}: {} bytes were let in", server.bytes_sent());
    }
}

#[tokio::test]
async fn an_endless_event_is_passed_on_without_growing() {
    let (_server, stage, response) = against(Hostile::EndlessEvent, true).await;
    let mut body = response.into_body();
    let mut seen = 0;
    while seen < 64 << 20 {
        let frame = within("more of it", http_body_util::BodyExt::frame(&mut body)).await;
        seen += frame.unwrap().unwrap().data_ref().map_or(0, bytes::Bytes::len);
    }
    drop(body);
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::ClientLeft);
    assert_ne!(settlement.quality, Quality::Exact);
}

#[tokio::test]
async fn bytes_that_are_no_text_pass_and_are_metered() {
    let (_server, stage, response) = against(Hostile::BadUtf8, true).await;
    let (bytes, broke) = read_all(response).await;
    assert!(!broke);
    assert!(std::str::from_utf8(&bytes).is_err(), "untouched");
    assert_eq!(stage.authority.settlement().await.outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_lying_length_is_settled() {
    let (_server, stage, response) = against(Hostile::LengthTooLong, false).await;
    assert!(read_all(response).await.1, "the client must learn that bytes are missing");
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::UpstreamCut);

    let (_server, stage, response) = against(Hostile::LengthTooShort, false).await;
    read_all(response).await;
    assert_ne!(stage.authority.settlement().await.quality, Quality::Exact, "half a JSON body tells nothing");
}

#[tokio::test]
async fn a_second_answer_that_nobody_asked_for_reaches_nobody() {
    let (server, stage, response) = against(Hostile::SecondAnswer, false).await;
    assert_eq!(response.status(), 200);
    read_all(response).await;
    stage.authority.settlement().await;
    let next = stage.send(stage.message("hello", false)).await;
    read_all(next).await;
    assert_eq!(server.requests(), 2, "on a connection of its own");
    stage.authority.settlements(2).await;
}

#[tokio::test]
async fn connections_without_a_request_are_closed() {
    let limits = ListenerLimits { first_head_max: Duration::from_millis(100), ..ListenerLimits::default() };
    let stage = Stage::with(Config::new(vec![upstream("main", &nobody().await)]), limits).await;
    for start in ["", "P", "POST /v1/messages HTTP/1.1\r\nx-slow: ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        read_to_end(stage.raw(start).await).await;
    }
}

#[tokio::test]
async fn a_head_beyond_the_bounds_is_refused() {
    let stage = Stage::before(&nobody().await).await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(100_000));
    for headers in [many, long] {
        let answer =
            read_to_end(stage.raw(format!("GET /api/hello HTTP/1.1\r\nhost: writ\r\n{headers}\r\n")).await).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn beyond_the_bound_connections_wait_their_turn() {
    let limits = ListenerLimits { connections_max: 2, ..ListenerLimits::default() };
    let stage = Stage::with(Config::new(vec![upstream("main", &nobody().await)]), limits).await;
    let hello = "GET /api/hello HTTP/1.1\r\nhost: writ\r\n\r\n";
    let mut open: Vec<TcpStream> = Vec::new();
    for _ in 0..2 {
        let mut stream = stage.raw(hello).await;
        read_until(&mut stream, "hello").await;
        open.push(stream);
    }
    let mut third = stage.raw(hello).await;
    assert_eq!(third.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    open.pop();
    let mut byte = [0];
    assert_eq!(within("the third connection's turn", third.read(&mut byte)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_compression_bomb_does_not_reach_the_meter_whole() {
    let bomb = gzip(&vec![b' '; 80 << 20]);
    let length = bomb.len();
    let upstream = CannedUpstream::start(move |_| {
        canned("200 OK", "content-type: application/json\r\ncontent-encoding: gzip\r\n", &bomb)
    })
    .await;
    let stage = Stage::before(&upstream.url()).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(read_all(response).await.0.len(), length);
    assert_eq!(stage.authority.settlement().await.quality, Quality::Bound);
}
