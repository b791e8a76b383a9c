#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

/// Asks, reads at most `most` bytes of what comes, and leaves.
async fn ask(server: &HostileServer, most: u64) -> Vec<u8> {
    let mut tcp = TcpStream::connect(server.address()).await.unwrap();
    tcp.write_all(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    let mut got = Vec::new();
    tcp.take(most).read_to_end(&mut got).await.unwrap();
    got
}

fn split(answer: &[u8]) -> (String, &[u8]) {
    let end = memmem::find(answer, b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8(answer[..end].to_vec()).unwrap(), &answer[end..])
}

fn announced(head: &str) -> usize {
    let (_, rest) = head.split_once("content-length: ").expect("a length");
    rest.split("\r\n").next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn headers_do_not_end() {
    for (kind, ends) in [(Hostile::EndlessHeader, 2), (Hostile::EndlessHeaders, 100)] {
        let server = HostileServer::start(kind).await.unwrap();
        let got = ask(&server, 3 << 20).await;
        assert_eq!(got.len(), 3 << 20);
        assert!(memmem::find(&got, b"\r\n\r\n").is_none());
        assert!(memmem::find_iter(&got, b"\r\n").count() >= ends);
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn an_event_does_not_end() {
    let server = HostileServer::start(Hostile::EndlessEvent).await.unwrap();
    let got = ask(&server, 3 << 20).await;
    let (_, body) = split(&got);
    let at = memmem::find(body, b"event: content_block_delta\ndata: ").expect("the event");
    let rest = &body[at + 33..];
    assert!(rest.len() > 2 << 20 && rest.iter().all(|byte| *byte == b'a'));
}

#[tokio::test]
async fn a_flood_ends_by_itself() {
    let server = HostileServer::start(Hostile::EndlessHeader).await.unwrap();
    let mut tcp = TcpStream::connect(server.address()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let got = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await.unwrap();
    assert!((FLOOD_BYTES_MAX..FLOOD_BYTES_MAX + (1 << 20)).contains(&got));
    assert_eq!(server.bytes_sent(), got);
}

#[tokio::test]
async fn bad_utf8_is_a_complete_stream_that_is_no_text() {
    let server = HostileServer::start(Hostile::BadUtf8).await.unwrap();
    let got = ask(&server, u64::MAX).await;
    let (_, body) = split(&got);
    assert!(std::str::from_utf8(body).is_err());
    assert!(body.ends_with(b"data: {\"type\":\"message_stop\"}\n\n"));
}

#[tokio::test]
async fn lengths_lie() {
    let long = HostileServer::start(Hostile::LengthTooLong).await.unwrap();
    let got = ask(&long, u64::MAX).await;
    let (head, body) = split(&got);
    assert_eq!(announced(&head), body.len() + 100);
    serde_json::from_slice::<serde_json::Value>(body).expect("the body itself is whole");

    let short = HostileServer::start(Hostile::LengthTooShort).await.unwrap();
    let got = ask(&short, whole(-40).len() as u64).await;
    let (head, body) = split(&got);
    assert_eq!(announced(&head), body.len() - 40);
}

#[tokio::test]
async fn a_second_answer_follows_unasked() {
    let server = HostileServer::start(Hostile::SecondAnswer).await.unwrap();
    let length = whole(0).len() * 2;
    let got = ask(&server, length as u64).await;
    assert_eq!(memmem::find_iter(&got, b"HTTP/1.1 200 OK").count(), 2);
}

#[tokio::test]
async fn something_else_than_http() {
    let server = HostileServer::start(Hostile::NotHttp).await.unwrap();
    assert!(!ask(&server, u64::MAX).await.starts_with(b"HTTP/"));
}
