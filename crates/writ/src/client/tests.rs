#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpListener;

use super::{Address, Client, ClientError, escape};
use crate::command_error::{CommandError, Exit};

/// A server for one request: keeps what it read and answers `status` with `body`. Returns its address and what it read.
pub(crate) fn one_answer(status: &str, body: &str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0_u8; 16_384];
        let mut read = 0;
        while !buffer[..read].windows(4).any(|window| window == b"\r\n\r\n") {
            let more = stream.read(&mut buffer[read..]).unwrap();
            assert_ne!(more, 0, "the request is cut");
            read += more;
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    });
    (address, thread)
}

fn ask(address: &str) -> Result<serde_json::Value, ClientError> {
    let client = Client::new(address.parse().unwrap()).unwrap().with_bearer("writ_sin_x");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client.get("/v1/whoami"))
}

#[test]
fn the_bearer_is_sent_and_the_answer_read() {
    let (address, seen) = one_answer("200 OK", r#"{"a":1}"#);
    assert_eq!(ask(&address).unwrap()["a"], 1);
    let seen = seen.join().unwrap();
    assert!(seen.starts_with("GET /v1/whoami HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("authorization: Bearer writ_sin_x\r\n"), "{seen}");
}

#[test]
fn a_problem_becomes_the_error_with_its_next_step() {
    let body = r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden",
        "detail":"only an administrator may do that","next":"ask ada","request_id":"req_1"}"#;
    let (address, seen) = one_answer("403 Forbidden", body);
    let error = CommandError::from(ask(&address).unwrap_err());
    seen.join().unwrap();
    assert_eq!(error.to_string(), "error: only an administrator may do that\nhint: ask ada");
    assert_eq!(error.exit(), Exit::Refused);
}

#[test]
fn a_foreign_error_page_is_no_crash() {
    let (address, seen) = one_answer("502 Bad Gateway", "<html>");
    let error = CommandError::from(ask(&address).unwrap_err());
    seen.join().unwrap();
    assert_eq!(error.to_string(), "error: the server answered 502 Bad Gateway");
    assert_eq!(error.exit(), Exit::Unreachable);
}

#[test]
fn nobody_there_is_said_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = CommandError::from(ask(&address).unwrap_err());
    assert!(error.to_string().starts_with(&format!("error: cannot reach {address}: ")), "{error}");
    assert_eq!(error.exit(), Exit::Unreachable);
}

#[test]
fn plain_http_stays_on_this_machine() {
    for good in ["http://127.0.0.1:7878", "http://localhost", "http://[::1]:80/", "https://writ.example.com/base/"] {
        let address: Address = good.parse().expect(good);
        assert_eq!(address.as_str(), good.trim_end_matches('/'));
    }
    for bad in [
        "http://writ.example.com",
        "http://10.0.0.1",
        "ftp://localhost",
        "localhost:80",
        "",
        "https://u:p@host",
        "https://h?x",
    ] {
        assert!(bad.parse::<Address>().is_err(), "{bad}");
    }
}

#[test]
fn names_are_escaped_in_paths() {
    assert_eq!(escape("a/b?c=ä"), "a%2Fb%3Fc%3D%C3%A4");
}
