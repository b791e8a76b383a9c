#![allow(clippy::unwrap_used)]

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{self, Asked, Start};
use super::message::{Fatal, Message};

fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes(), code.to_be_bytes().as_slice(), body].concat()
}

fn start(body: &[u8]) -> Vec<u8> {
    packet(196_608, body)
}

/// What is asked with these bytes, and what is answered meanwhile.
async fn asked(bytes: &[u8]) -> (Result<Option<Asked>, Fatal>, Vec<u8>) {
    let (mut near, mut far) = tokio::io::duplex(64 * 1024);
    far.write_all(bytes).await.unwrap();
    far.shutdown().await.unwrap();
    let asked = client::read(&mut near).await;
    drop(near);
    let mut answered = Vec::new();
    far.read_to_end(&mut answered).await.unwrap();
    (asked, answered)
}

async fn started(body: &[u8]) -> Start {
    match asked(&start(body)).await {
        (Ok(Some(Asked::Start(start))), _) => start,
        _ => panic!("no start-up packet"),
    }
}

async fn message_of(fatal: &Fatal) -> String {
    let message = Message::read(&mut fatal.bytes().as_slice()).await.unwrap();
    assert_eq!(message.tag, b'E');
    String::from_utf8(message.field(b'M').unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn encryption_is_declined_and_the_start_read() {
    let bytes = [packet(80_877_104, b""), packet(80_877_103, b""), start(b"user\0ann\0\0")].concat();
    let (asked, answered) = asked(&bytes).await;
    assert!(matches!(asked, Ok(Some(Asked::Start(_)))));
    assert_eq!(answered, b"NN");
}

#[tokio::test]
async fn a_cancellation_is_passed_on_as_it_is() {
    let bytes = packet(80_877_102, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let (asked, answered) = asked(&bytes).await;
    assert!(matches!(asked, Ok(Some(Asked::Cancel(whole))) if whole == bytes));
    assert!(answered.is_empty());
}

#[tokio::test]
async fn what_is_no_start_is_told_so() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 64],
        &packet(131_072, b"user\0ann\0\0"),
        &start(b"user\0ann"),
        &[packet(80_877_103, b"").as_slice(); 4].concat(),
    ] {
        assert!(asked(bytes).await.0.is_err(), "{bytes:?}");
    }
    // A client that leaves in the middle is told nothing.
    let whole = start(b"user\0ann\0database\0app\0\0");
    for length in 0..whole.len() {
        assert!(matches!(asked(&whole[..length]).await.0, Ok(None)), "{length} bytes");
    }
}

#[tokio::test]
async fn only_user_and_database_are_replaced() {
    let start = started(b"user\0ann\0database\0app\0application_name\0psql\0options\0-c x=\xff\0\0").await;
    let packet = start.packet("s_1", "app");
    let body = b"\0\x03\0\0user\0s_1\0database\0app\0application_name\0psql\0options\0-c x=\xff\0\0";
    let length = u32::try_from(body.len() + 4).unwrap();
    assert_eq!(packet, [&length.to_be_bytes(), body.as_slice()].concat());
}

#[tokio::test]
async fn a_socket_leads_to_one_database() {
    for body in [&b"user\0ann\0database\0app\0\0"[..], b"user\0ann\0\0", b"user\0ann\0database\0ann\0\0"] {
        assert_eq!(started(body).await.check_database("app", "db/app"), Ok(()));
    }
    let other = started(b"user\0ann\0database\0postgres\0\0").await.check_database("app", "db/app").unwrap_err();
    let told = "this socket leads to the database `app` of db/app only, not to `postgres`";
    assert_eq!(message_of(&other).await, told);
}

#[tokio::test]
async fn a_sentence_cannot_end_its_message() {
    assert_eq!(message_of(&Fatal::away("a\0b")).await, "ab");
}

#[tokio::test]
async fn a_message_of_the_server_is_bounded() {
    for length in [0_u32, 3, 64 * 1024 + 1, u32::MAX] {
        let bytes = [b"R".as_slice(), &length.to_be_bytes(), &[0; 16]].concat();
        assert!(Message::read(&mut bytes.as_slice()).await.is_err(), "{length}");
    }
}
