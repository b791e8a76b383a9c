//! Requests that two parsers could read differently. Whatever writ makes of one, the upstream sees exactly what writ
//! recorded: as many calls, with those bytes, and never a request that hid inside another one's body.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PEAK_MIB, Target};
use crate::support::caller::request;
use crate::support::{run, within};

/// The last request on a connection: its answer ends it.
const LAST: &str = "GET /api/hello HTTP/1.1\r\nhost: writ\r\nconnection: close\r\n\r\n";

/// Sends bytes and one last harmless request, then reads all that comes until the connection closes.
async fn converse(target: &Target, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(target.authority()).await.unwrap();
    // The refusal may come, and the connection go, before all is sent.
    let _ = stream.write_all(&[bytes, LAST.as_bytes()].concat()).await;
    let mut answer = Vec::new();
    let _ = within("the connection's end", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

#[test]
fn ambiguous_requests_are_refused_and_never_reach_the_upstream() {
    run(async {
        let target = Target::start().await;
        let (body, bearer) = (request("hello", false), target.bearer());
        let hidden = format!("POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\n\r\n{body}");
        let length = body.len();
        let head = |headers: &str| {
            format!("POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\n{headers}\r\n\r\n")
        };
        for (what, bytes) in [
            ("two lengths", head(&format!("content-length: {length}\r\ncontent-length: 5")) + &body),
            ("a list of lengths", head(&format!("content-length: {length}, 5")) + &body),
            ("a signed length", head(&format!("content-length: +{length}")) + &body),
            ("a negative length", head("content-length: -1") + &body),
            ("a length beyond all numbers", head("content-length: 99999999999999999999999") + &body),
            ("a coding that does not end in chunked", head("transfer-encoding: chunked, identity") + &hidden),
            ("an unknown coding", head("transfer-encoding: xchunked") + &hidden),
            ("a chunk size beyond all numbers", head("transfer-encoding: chunked") + "fffffffffffffffff\r\n" + &body),
            ("a chunk size that is none", head("transfer-encoding: chunked") + "0x10\r\n" + &body + "\r\n0\r\n\r\n"),
            ("a chunk longer than its size", head("transfer-encoding: chunked") + "5\r\n" + &body + "\r\n0\r\n\r\n"),
            ("a folded header", head(&format!("x-folded: a\r\n b\r\ncontent-length: {length}")) + &body),
            ("a space before the colon", head(&format!("content-length : {length}")) + &body),
            ("a header without a name", head(&format!(": x\r\ncontent-length: {length}")) + &body),
            ("a null byte", head(&format!("x-null: a\0b\r\ncontent-length: {length}")) + &body),
            ("a lone carriage return", head(&format!("x-cr: a\rb\r\ncontent-length: {length}")) + &body),
            (
                "a method in small letters",
                head(&format!("content-length: {length}")).replacen("POST", "post", 1) + &body,
            ),
            ("another version", head(&format!("content-length: {length}")).replacen("1.1", "1.7", 1) + &body),
        ] {
            let answer = converse(&target, bytes.as_bytes()).await;
            let all = statuses(&answer);
            // The connection may end with the refusal, or go on to the last request; nothing else is answered.
            assert!(all[0].starts_with('4') && matches!(all[1..], [] | ["200"]), "{what}: {answer}");
            assert_eq!(target.writ.simulator().arrived(), 0, "{what} reached the upstream: {answer}");
        }
        target.assert_unharmed(0, PEAK_MIB).await;
    });
}

#[test]
fn a_body_with_two_lengths_is_one_request_and_ends_its_connection() {
    run(async {
        let target = Target::start().await;
        let (body, bearer) = (request("hello", false), target.bearer());
        // For a parser that goes by content-length a second call hides behind the chunks' end.
        let hidden = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let bytes = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\ncontent-length: {}\r\n\
             transfer-encoding: chunked\r\n\r\n{chunks}{hidden}",
            chunks.len() + hidden.len()
        );
        let answer = converse(&target, bytes.as_bytes()).await;
        let all = statuses(&answer);
        assert!(all == ["400"] || all == ["200"], "one answer and the end: {answer}");
        let seen = target.writ.simulator().requests();
        assert!(seen.iter().all(|seen| seen.body.as_deref() == Some(body.as_bytes())), "{seen:#?}");
        assert!(seen.iter().all(|seen| seen.header("transfer-encoding").is_none()), "sent with one length: {seen:#?}");
        target.assert_unharmed(seen.len(), PEAK_MIB).await;
        assert_eq!(seen.len(), all.iter().filter(|status| **status == "200").count());
    });
}

#[test]
fn pipelined_calls_are_each_recorded_and_answered_in_order() {
    run(async {
        let target = Target::start().await;
        let bearer = target.bearer();
        let one = |body: &str| {
            format!(
                "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let bodies = [request("hello", false), request("big(kb=1)", false), request("hello", false)];
        let bytes: String = bodies.iter().map(|body| one(body)).collect();
        let answer = converse(&target, bytes.as_bytes()).await;
        assert_eq!(statuses(&answer), ["200", "200", "200", "200"], "the three, and the last: {answer}");
        let seen: Vec<_> = target.writ.simulator().requests().into_iter().filter_map(|seen| seen.body).collect();
        assert_eq!(seen, bodies.map(bytes::Bytes::from));
        target.assert_unharmed(3, PEAK_MIB).await;
    });
}

#[test]
fn paths_that_only_look_like_the_gateway_s_go_nowhere() {
    run(async {
        let target = Target::start().await;
        let (body, bearer) = (request("hello", false), target.bearer());
        for path in [
            "/v1//messages",
            "//v1/messages",
            "/v1/messages/",
            "/v1/messages/../messages",
            "/v1/./messages",
            "/v1/messages%2f",
            "/v1/%6dessages",
            "/v1/messages;a=b",
            "/v1/models/../messages",
            "/V1/messages",
        ] {
            let bytes = format!(
                "POST {path} HTTP/1.1\r\nhost: writ\r\nauthorization: {bearer}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = converse(&target, bytes.as_bytes()).await;
            let all = statuses(&answer);
            assert!(matches!(all[..], ["404" | "405" | "501", "200"]), "{path}: {answer}");
            assert_eq!(target.writ.simulator().arrived(), 0, "{path} reached the upstream: {answer}");
        }
        target.assert_unharmed(0, PEAK_MIB).await;
    });
}
