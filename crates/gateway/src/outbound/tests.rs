#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::testing::within;

const SHORT: Duration = Duration::from_secs(20);

/// Answers one connection with these bytes once it has seen a whole request of `length` body bytes; returns what it saw.
async fn canned(answer: Vec<u8>, length: usize) -> (Uri, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap()).parse().unwrap();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut seen, mut buffer) = (Vec::new(), [0_u8; 1024]);
        loop {
            let head = seen.windows(4).position(|four| four == b"\r\n\r\n");
            if head.is_some_and(|end| seen.len() >= end + 4 + length) {
                break;
            }
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the request ended early");
            seen.extend_from_slice(&buffer[..count]);
        }
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        String::from_utf8(seen).unwrap()
    });
    (url, seen)
}

#[tokio::test]
async fn a_request_goes_out_whole_and_any_status_is_an_answer() {
    let (url, seen) = canned(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 2\r\n\r\nno".to_vec(), 5).await;
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
    let client = Outbound::new(None).unwrap();
    let answer = within("an answer", client.post(&url, headers, "hello".into(), SHORT)).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (302, &b"no"[..]));
    let seen = within("the request", seen).await.unwrap();
    assert!(seen.starts_with("POST /hook?a=b HTTP/1.1\r\n") && seen.ends_with("\r\n\r\nhello"), "{seen}");
    assert!(seen.contains("content-type: text/plain\r\n"), "{seen}");
}

#[tokio::test]
async fn without_a_whole_answer_there_is_a_named_error() {
    let client = Outbound::new(None).unwrap();
    let get = async |url: &Uri, wait| within("the error", client.get(url, HeaderMap::new(), wait)).await.unwrap_err();
    let (cut, _seen) = canned(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec(), 0).await;
    assert!(matches!(get(&cut, SHORT).await, OutboundError::Broken(_)));
    let long = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; limits::OUTBOUND_ANSWER_BYTES_MAX + 1]].concat();
    let (large, _seen) = canned(long, 0).await;
    assert_eq!(get(&large, SHORT).await, OutboundError::TooLarge);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Uri = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let wait = Duration::from_millis(50);
    assert_eq!(get(&url, wait).await, OutboundError::Silent(wait));
    drop(silent);
    assert!(matches!(get(&url, SHORT).await, OutboundError::Unreachable(_)));
}

#[tokio::test]
async fn only_https_and_loopback_are_sent_to() {
    let client = Outbound::new(None).unwrap();
    for bad in ["http://hooks.example/", "ftp://localhost/", "/path", "https://user:word@hooks.example/"] {
        let answer = client.get(&bad.parse().unwrap(), HeaderMap::new(), SHORT).await;
        assert!(matches!(answer, Err(OutboundError::Address(_))), "{bad}: {answer:?}");
    }
    assert_eq!(Outbound::check(&"https://hooks.example/a?b=c".parse().unwrap()), Ok(()));
}
