//! The same over HTTP/2, on both sides.

use domain::call::{Outcome, Quality};
use http_body_util::BodyExt;

use crate::testing::*;

#[tokio::test]
async fn a_client_may_speak_http2() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let client = client_h2();
    for stream in [false, true] {
        let response = within("the head", client.request(stage.message("hello", stream))).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
        assert_eq!(response.status(), 200);
        assert!(!read_all(response).await.1);
    }
    for settlement in stage.authority.settlements(2).await {
        assert_eq!((settlement.outcome, settlement.quality), (Outcome::Completed, Quality::Exact));
    }
    let seen = simulator.requests();
    assert_eq!(seen[0].header("host"), Some(simulator.address().to_string().as_str()));
}

#[tokio::test]
async fn an_http2_client_that_resets_its_stream_is_settled() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let client = client_h2();
    let mut response = within("the head", client.request(stage.message("gate(events=4)", true))).await.unwrap();
    assert!(within("the first bytes", response.body_mut().frame()).await.unwrap().is_ok());
    drop(response);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::ClientLeft, Quality::Estimated));
}

#[tokio::test]
async fn revoking_one_session_cuts_its_http2_stream() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let client = client_h2();
    let mut response = within("the head", client.request(stage.message("gate(events=4)", true))).await.unwrap();
    assert!(within("the first bytes", response.body_mut().frame()).await.unwrap().is_ok());
    stage.authority.revoke();
    assert!(read_all(response).await.1);
    assert_eq!(stage.authority.settlement().await.outcome, Outcome::Revoked);
}
