#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::Ipv4Addr;

use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::testing::within;

/// A service for one connection: its address, and what it was sent up to the end of the head.
async fn service(answer: &'static str, then: Option<&'static str>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        let end = then.unwrap_or("\r\n\r\n");
        while !String::from_utf8_lossy(&seen).contains(end) {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "closed early: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let seen = String::from_utf8(seen).unwrap();
        // Held open until the other side closes.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        seen
    });
    (url, task)
}

fn request(method: &str, url: String, headers: &[(&str, &str)], body: &'static str) -> Request<Full<Bytes>> {
    let builder = headers
        .iter()
        .fold(Request::builder().method(method).uri(url), |builder, (name, value)| builder.header(*name, *value));
    builder.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

#[tokio::test]
async fn a_request_passes_without_what_is_about_its_connection() {
    let (url, seen) =
        service("HTTP/1.1 302 Found\r\nconnection: close, x-hop\r\nx-hop: 1\r\nlocation: https://elsewhere/\r\ncontent-length: 2\r\n\r\nok", Some("hello")).await;
    let headers = [("connection", "x-mine"), ("x-mine", "1"), ("host", "writ"), ("x-kept", "2"), ("te", "trailers")];
    let relay = Relay::new(None).unwrap();
    let answer = relay.send(request("POST", format!("{url}/a?b=c"), &headers, "hello"), CancellationToken::new());
    let answer = within("the answer", answer).await.unwrap();
    // A redirect is an answer.
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (302, &"https://elsewhere/".parse().unwrap())
    );
    assert!(!answer.headers().contains_key("x-hop") && !answer.headers().contains_key("connection"));
    assert_eq!(within("the body", answer.into_body().collect()).await.unwrap().to_bytes(), "ok");
    drop(relay);
    let seen = within("what it saw", seen).await.unwrap();
    assert!(seen.starts_with("POST /a?b=c HTTP/1.1\r\n") && seen.contains("x-kept: 2\r\n"), "{seen}");
    assert!(seen.contains("content-length: 5\r\n") && seen.contains(&format!("host: {}\r\n", &url[7..])), "{seen}");
    assert!(!seen.contains("x-mine") && !seen.contains("writ") && !seen.contains("trailers"), "{seen}");
}

#[tokio::test]
async fn a_session_that_is_over_cuts_what_runs() {
    let (url, _seen) = service("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", None).await;
    let over = CancellationToken::new();
    let relay = Relay::new(None).unwrap();
    let answer = within("the head", relay.send(request("GET", url, &[], ""), over.clone())).await.unwrap();
    let mut body = answer.into_body();
    assert_eq!(within("a frame", body.frame()).await.unwrap().unwrap().into_data().unwrap(), "abc");
    over.cancel();
    let error = within("the cut", body.frame()).await.unwrap().unwrap_err();
    assert!(matches!(error, BodyError::SessionOver));
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_session_that_is_over_waits_for_no_head() {
    let (url, _seen) = service("", None).await;
    let over = CancellationToken::new();
    let relay = Relay::new(None).unwrap();
    let waiting = tokio::spawn({
        let over = over.clone();
        async move { relay.send(request("GET", url, &[], ""), over).await.map(drop) }
    });
    over.cancel();
    let error = within("the end", waiting).await.unwrap().unwrap_err();
    assert!(matches!(error, RelayError::SessionOver));
}

#[tokio::test]
async fn only_safe_addresses_are_sent_to() {
    let relay = Relay::new(None).unwrap();
    let error = relay.send(request("GET", "http://example.com/".into(), &[], ""), CancellationToken::new()).await;
    assert!(matches!(error, Err(RelayError::Address(_))));
}
