//! Every way an exchange can end, each settled exactly once.

use std::time::Duration;

use domain::Usd;
use domain::call::{Outcome, Quality};
use http_body_util::BodyExt;

use tokio::net::{TcpListener, TcpStream};

use crate::testing::*;
use crate::{Config, ListenerLimits};

#[tokio::test]
async fn the_client_leaves_in_mid_stream() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let mut client = stage.raw(Stage::raw_message("gate(events=4)", true)).await;
    read_until(&mut client, "content_block_delta").await;
    drop(client);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::ClientLeft, Quality::Estimated));
    assert!(settlement.usage.input_tokens + settlement.usage.cache_write_5m_tokens > 0);
    let gone = async {
        while !matches!(simulator.requests()[0].delivery(), simulator::Delivery::Left) {
            tokio::task::yield_now().await;
        }
    };
    within("the upstream to be cancelled", gone).await;
    assert_eq!(stage.gateway.metrics().snapshot().open_streams, 0);
}

#[tokio::test]
async fn the_client_leaves_before_the_head() {
    for (stream, quality) in [(true, Quality::Estimated), (false, Quality::Bound)] {
        let simulator = simulator().await;
        let stage = Stage::before(&simulator.url()).await;
        let client = stage.raw(Stage::raw_message("slow(ttfb_ms=600000)", stream)).await;
        within("the upstream", simulator.wait_for(1, Duration::from_secs(20))).await.unwrap();
        drop(client);
        let settlement = stage.authority.settlement().await;
        assert_eq!((settlement.outcome, settlement.quality), (Outcome::ClientLeft, quality));
        assert!(settlement.cost > Usd::ZERO);
    }
}

#[tokio::test]
async fn the_upstream_cuts_a_stream() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("cut(events=6)", true)).await;
    let (bytes, broke) = read_all(response).await;
    assert!(broke, "the client must learn of it");
    assert!(String::from_utf8_lossy(&bytes).contains("message_start"));
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamCut, Quality::Estimated));
}

#[tokio::test]
async fn an_error_event_passes_and_is_an_upstream_cut() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("midstream_error(events=4)", true)).await;
    let (bytes, broke) = read_all(response).await;
    assert!(!broke);
    assert!(String::from_utf8_lossy(&bytes).contains("overloaded_error"));
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamCut, Quality::Estimated));
}

#[tokio::test]
async fn an_error_status_passes_unmodified_and_costs_nothing() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let scenario = r#"error(status=400,type=invalid_request_error,message="prompt is too long")"#;
    let escaped = scenario.replace('"', "\\\"");
    let response = stage
        .send(stage.post("/v1/messages", message_body("X", true).replace("SCENARIO:X", &format!("SCENARIO:{escaped}"))))
        .await;
    assert_eq!(response.status(), 400);
    let error = json(response).await;
    assert_eq!(error["error"]["message"], "prompt is too long");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamRefused, Quality::Exact));
    assert_eq!((settlement.cost, settlement.status), (Usd::ZERO, Some(400)));
}

#[tokio::test]
async fn an_overloaded_upstream_passes_with_its_retry_after() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("overloaded(status=529,times=1,retry_after=7)", true)).await;
    assert_eq!(response.status(), 529);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(json(response).await["error"]["type"], "overloaded_error");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.cost), (Outcome::UpstreamRefused, Usd::ZERO));
}

#[tokio::test]
async fn nobody_upstream() {
    let stage = Stage::before(&nobody().await).await;
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 502);
    let error = json(response).await;
    assert_eq!(error["error"]["type"], "api_error");
    assert!(error["error"]["message"].as_str().unwrap().contains("`main`"), "{error}");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamUnreachable, Quality::Exact));
    assert_eq!((settlement.cost, settlement.upstream.as_deref()), (Usd::ZERO, Some("main")));
}

#[tokio::test]
async fn the_upstream_resets_before_its_head() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("rst", true)).await;
    assert_eq!(response.status(), 502);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.cost), (Outcome::UpstreamUnreachable, Usd::ZERO));
}

#[tokio::test]
async fn a_session_revoked_in_mid_stream_is_cut_at_once() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let mut response = stage.send(stage.message("gate(events=4)", true)).await;
    let first = within("the first bytes", response.body_mut().frame()).await;
    assert!(first.unwrap().is_ok());
    stage.authority.revoke();
    let (_, broke) = read_all(response).await;
    assert!(broke, "the connection is cut");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::Revoked, Quality::Estimated));
    // And the next request learns why.
    let refused = stage.send(stage.message("hello", true)).await;
    assert_eq!(refused.status(), 402);
    assert_eq!(refused.headers()["x-should-retry"], "false");
    assert_eq!(json(refused).await["error"]["message"], revoked().message);
}

#[tokio::test]
async fn a_session_revoked_while_the_upstream_thinks_is_told_why() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let sending = tokio::spawn(client().request(stage.message("slow(ttfb_ms=600000)", true)));
    within("the upstream", simulator.wait_for(1, Duration::from_secs(20))).await.unwrap();
    stage.authority.revoke();
    let response = within("the refusal", sending).await.unwrap().unwrap();
    assert_eq!(response.status(), 402);
    assert_eq!(json(response).await["error"]["message"], revoked().message);
    assert_eq!(stage.authority.settlement().await.outcome, Outcome::Revoked);
}

#[tokio::test]
async fn a_client_that_takes_no_bytes_is_cut_too_when_its_session_is_over() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    // 16 MB into a client that reads only the first few.
    let mut client = stage.raw(Stage::raw_message("big(kb=16000)", true)).await;
    read_until(&mut client, "content_block_delta").await;
    stage.authority.revoke();
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::Revoked);
    drop(client);
}

#[tokio::test]
async fn a_silent_upstream_is_cut_and_settled() {
    let simulator = simulator().await;
    let mut config = Config::new(vec![upstream("main", &simulator.url())]);
    config.stream_idle_max = Duration::from_millis(50);
    let stage = Stage::with(config, ListenerLimits::default()).await;
    let response = stage.send(stage.message("stall(events=4)", true)).await;
    let (_, broke) = read_all(response).await;
    assert!(broke);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamCut, Quality::Estimated));
}

#[tokio::test]
async fn an_upstream_without_a_head_is_given_up() {
    let simulator = simulator().await;
    let mut config = Config::new(vec![upstream("main", &simulator.url())]);
    config.head_max = Duration::from_millis(50);
    let stage = Stage::with(config, ListenerLimits::default()).await;
    let response = stage.send(stage.message("slow(ttfb_ms=600000)", false)).await;
    assert_eq!(response.status(), 504);
    let settlement = stage.authority.settlement().await;
    // No stream: it may have generated a whole answer.
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::UpstreamUnreachable, Quality::Bound));
}

#[tokio::test]
async fn a_request_that_no_connection_carried_costs_nothing() {
    // Accepts the connection never: the backlog does, so the request is written to a peer that says nothing, or the
    // connection hangs. Either way the client leaves before a head.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::before(&format!("http://{}", listener.local_addr().unwrap())).await;
    let client = stage.raw(Stage::raw_message("hello", true)).await;
    let (mut taken, _) = within("the connection", listener.accept()).await.unwrap();
    read_until(&mut taken, "POST /v1/messages").await;
    drop(client);
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::ClientLeft);
    assert!(settlement.cost > Usd::ZERO, "it was sent");
    drop::<TcpStream>(taken);
}

#[tokio::test]
async fn an_empty_answer_is_settled() {
    let upstream = CannedUpstream::start(|_| "HTTP/1.1 204 No Content\r\n\r\n").await;
    let stage = Stage::before(&upstream.url()).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 204);
    assert_eq!(stage.authority.settlement().await.quality, Quality::Bound);
}

#[tokio::test]
async fn a_shutdown_lets_streams_finish_and_takes_nothing_new() {
    let simulator = simulator().await;
    let mut stage = Stage::before(&simulator.url()).await;
    let mut response = stage.send(stage.message("gate(events=4)", true)).await;
    assert!(within("the first bytes", response.body_mut().frame()).await.unwrap().is_ok());
    stage.shutdown.cancel();
    let refused = async { while TcpStream::connect(stage.address).await.is_ok() {} };
    within("the listener to close", refused).await;
    simulator.open_gate();
    let (bytes, broke) = read_all(response).await;
    assert!(!broke && String::from_utf8_lossy(&bytes).contains("message_stop"));
    within("the server to end", &mut stage.served).await.unwrap();
    assert_eq!(stage.authority.settlement().await.outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_shutdown_cuts_what_does_not_finish() {
    let simulator = simulator().await;
    let limits = ListenerLimits { shutdown_max: Duration::from_millis(50), ..ListenerLimits::default() };
    let mut stage = Stage::with(Config::new(vec![upstream("main", &simulator.url())]), limits).await;
    let mut client = stage.raw(Stage::raw_message("gate(events=4)", true)).await;
    read_until(&mut client, "content_block_delta").await;
    stage.shutdown.cancel();
    within("the server to end", &mut stage.served).await.unwrap();
    assert_eq!(stage.authority.settlement().await.outcome, Outcome::ClientLeft);
}
