use std::io::Read;

use flate2::read::GzDecoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::*;
use crate::{Delivery, Faults};

#[tokio::test]
async fn overloaded_fails_first_and_then_recovers() {
    let running = start().await;
    let script = "SCENARIO:overloaded(times=2,retry_after=3,should_retry=true)";
    for _ in 0..2 {
        let got = ask(&running, script, true).await;
        assert_eq!(got.status, 529);
        assert_eq!(got.header("retry-after"), "3");
        assert_eq!(got.header("x-should-retry"), "true");
        assert_eq!(got.json()["error"]["type"], "overloaded_error");
    }
    assert_eq!(ask(&running, script, true).await.status, 200);
    let other = ask(&running, "SCENARIO:overloaded(times=1)", true).await;
    assert_eq!(other.status, 529, "each marker counts for itself");
}

#[tokio::test]
async fn errors_have_the_service_shape() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:error(status=402,message=\"no money, sorry\")", true).await;
    assert_eq!(got.status, 402);
    let body = got.json();
    assert_eq!(body["type"], "error");
    assert_eq!(body["error"]["type"], "billing_error");
    assert_eq!(body["error"]["message"], "no money, sorry");
    assert_eq!(body["request_id"], got.header("request-id"));

    let got = ask(&running, "SCENARIO:error(status=400,type=odd_error)", true).await;
    assert_eq!(got.json()["error"]["type"], "odd_error");
    let got = ask(&running, "SCENARIO:error(status=200)", true).await;
    assert_eq!(got.json()["error"]["message"], "scenario argument `status` is `200`, it must be 400 to 599");
}

#[tokio::test]
async fn a_cut_comes_after_exactly_the_events_asked_for() {
    let running = start().await;
    for events in [0, 1, 5] {
        let got = ask(&running, &format!("SCENARIO:cut(events={events})"), true).await;
        assert_eq!((got.status, got.whole), (200, false));
        assert_eq!(got.names().len(), events);
    }
    let delivery: Vec<Delivery> = running.requests().iter().map(|r| r.delivery()).collect();
    assert_eq!(delivery, [Delivery::Cut; 3]);
    let whole = ask(&running, "SCENARIO:cut", false).await;
    assert!(whole.whole, "an answer without events is not cut by events");
}

#[tokio::test]
async fn a_cut_by_bytes_breaks_streams_and_json() {
    let running = start().await;
    for stream in [true, false] {
        let got = ask(&running, "SCENARIO:cut(bytes=100)", stream).await;
        assert_eq!((got.body.len(), got.whole), (100, false), "{stream}");
    }
}

#[tokio::test]
async fn an_error_event_ends_the_stream_but_not_the_json_twin() {
    let running = start().await;
    let script = "SCENARIO:midstream_error(events=5,type=billing_error)";
    let got = ask(&running, script, true).await;
    assert!(got.whole);
    let events = got.events();
    assert_eq!(events.len(), 6);
    assert_eq!(events[5].0, "error");
    assert_eq!(events[5].1["error"]["type"], "billing_error");
    assert_eq!(ask(&running, script, false).await.status, 200);
}

#[tokio::test]
async fn a_reset_comes_before_any_header() {
    let running = start().await;
    let mut tcp = TcpStream::connect(running.address()).await.unwrap();
    let body = prompt("SCENARIO:rst", true).to_string();
    let length = body.len();
    let request = format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let error = tcp.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(running.requests()[0].status(), None);
    assert_eq!(running.requests()[0].delivery(), Delivery::Cut);
}

#[tokio::test]
async fn gzip_only_when_asked_for() {
    let running = start().await;
    for stream in [true, false] {
        let body = prompt("SCENARIO:gzip", stream);
        let plain = messages(&running, &body).await;
        assert_eq!(plain.header("content-encoding"), "");

        let mut request = request(&running.url(), "POST", "/v1/messages", &body);
        request.headers_mut().insert("accept-encoding", "br, gzip;q=0.5".parse().unwrap());
        let zipped = read(http().request(request).await.unwrap()).await;
        assert_eq!(zipped.header("content-encoding"), "gzip");
        let mut text = String::new();
        GzDecoder::new(&zipped.body[..]).read_to_string(&mut text).unwrap();
        if stream {
            assert_eq!(without_ids(&assembled(&events(&text))), without_ids(&assembled(&plain.events())));
        } else {
            assert_eq!(without_ids(&serde_json::from_str(&text).unwrap()), without_ids(&plain.json()));
        }
    }
}

#[tokio::test]
async fn a_gate_holds_the_stream_until_it_is_opened() {
    use http_body_util::BodyExt;
    let running = start().await;
    let body = prompt("SCENARIO:gate(events=3)", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let mut response = http().request(request).await.unwrap();
    let mut text = String::new();
    while events(&text).len() < 3 {
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    assert_eq!(running.requests()[0].pieces_sent(), 3);
    assert_eq!(running.requests()[0].delivery(), Delivery::Open);
    running.open_gate();
    let rest = read(response).await;
    assert!(rest.whole);
    assert_eq!(rest.names().last().unwrap(), "message_stop");
    assert_eq!(running.requests()[0].delivery(), Delivery::Finished);
}

#[tokio::test]
async fn a_stalled_stream_notices_that_the_client_left() {
    use http_body_util::BodyExt;
    let running = start().await;
    let body = prompt("SCENARIO:stall(events=2)", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let client = http();
    let mut response = client.request(request).await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    drop((response, client));
    let left = async {
        while running.requests()[0].delivery() != Delivery::Left {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, left).await.expect("the stream should have been dropped");
}

#[tokio::test]
async fn bytes_that_are_not_text() {
    let running = start().await;
    for stream in [true, false] {
        let got = ask(&running, "SCENARIO:bad_utf8", stream).await;
        assert!(got.whole);
        assert!(std::str::from_utf8(&got.body).is_err());
    }
}

#[tokio::test]
async fn an_endless_event_has_no_line_end() {
    use http_body_util::BodyExt;
    let running = start().await;
    let body = prompt("SCENARIO:hostile_event(events=1)", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let mut response = http().request(request).await.unwrap();
    let mut got = Vec::new();
    while got.len() < 3 << 20 {
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        got.extend_from_slice(&frame.into_data().unwrap());
    }
    let last_line = got.rsplit(|byte| *byte == b'\n').next().unwrap();
    assert!(last_line.len() > 2 << 20);
}

#[tokio::test]
async fn faults_apply_whatever_the_script() {
    let running = start().await;
    running.set_faults(Faults { fail_first: 1, fail_status: 503, retry_after_s: Some(2), headers_delay_ms: 1 });
    let failed = ask(&running, "SCENARIO:hello", true).await;
    assert_eq!((failed.status, failed.header("retry-after")), (503, "2"));
    assert_eq!(ask(&running, "SCENARIO:hello", true).await.status, 200);
}

#[tokio::test]
async fn refused_connections_come_back_on_the_same_address() {
    let running = start().await;
    let body = prompt("SCENARIO:stall", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let open = http().request(request).await.unwrap();

    running.refuse().await;
    let error = TcpStream::connect(running.address()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(!read(open).await.whole, "open streams are dropped");

    running.listen().await.unwrap();
    assert_eq!(ask(&running, "SCENARIO:hello", true).await.status, 200);
}
