//! Nothing takes effect before its reservation is durable.

use std::time::Duration;

use domain::Usd;
use domain::call::{Outcome, Quality};
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::io::AsyncReadExt;

use crate::testing::*;
use crate::{Rejection, Retry};

#[tokio::test]
async fn no_byte_of_an_answer_leaves_before_the_reservation_is_durable() {
    for stream in [false, true] {
        let simulator = simulator().await;
        let stage = Stage::before(&simulator.url()).await;
        let bell = stage.authority.hold_reservations();
        let mut client = stage.raw(Stage::raw_message("hello", stream)).await;
        // The upstream has its request and has answered: the reservation runs beside it, not before it.
        within("the upstream", simulator.wait_for(1, Duration::from_secs(20))).await.unwrap();
        let answered = async {
            while !matches!(simulator.requests()[0].delivery(), simulator::Delivery::Finished) {
                tokio::task::yield_now().await;
            }
        };
        within("the upstream's answer", answered).await;
        assert_eq!(client.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        assert_eq!(stage.authority.asked().len(), 1, "reserved and not settled");

        bell.notify_one();
        let mut first = [0];
        assert_eq!(within("the answer", client.read(&mut first)).await.unwrap(), 1);
        assert_eq!(stage.authority.settlement().await.outcome, Outcome::Completed);
    }
}

#[tokio::test]
async fn a_refused_reservation_is_the_answer_and_the_upstream_is_dropped() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    stage.authority.refuse_reservations(revoked());
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 402);
    assert_eq!(response.headers()["x-should-retry"], "false");
    assert_eq!(json(response).await["error"]["message"], revoked().message);
    assert_eq!(stage.authority.asked().len(), 1, "a refused call is not settled");
}

#[tokio::test]
async fn when_nobody_knows_whether_the_reservation_was_written_the_call_is_settled_too() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let message = "writ's store is away: try again in a moment";
    let away = Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message, Retry::After(2));
    stage.authority.refuse_reservations(away);
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::Abandoned);
}

#[tokio::test]
async fn what_would_be_refused_anyway_never_reaches_the_upstream() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    *stage.authority.precheck.lock().unwrap() = Some(revoked());
    assert_eq!(stage.send(stage.message("hello", true)).await.status(), 402);
    assert_eq!(simulator.arrived(), 0);
    assert!(stage.authority.asked().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_before_the_reservation_resolves_is_settled_after_it() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let bell = stage.authority.hold_reservations();
    let client = stage.raw(Stage::raw_message("hello", true)).await;
    within("the upstream", simulator.wait_for(1, Duration::from_secs(20))).await.unwrap();
    stage.authority.reservation().await;
    drop(client);
    // The abandoned exchange gives its body back; only then does the reservation come through.
    let noticed = async {
        while stage.gateway.metrics().snapshot().body_bytes_in_flight > 0 {
            tokio::task::yield_now().await;
        }
    };
    within("the gateway to notice", noticed).await;
    bell.notify_one();
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::ClientLeft);
    assert_eq!(settlement.quality, Quality::Estimated, "the prompt was read, nothing was generated as far as known");
}

#[tokio::test]
async fn a_tight_budget_lowers_max_tokens_in_place() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let whole = stage.send(stage.message("hello", false)).await;
    whole.into_body().collect().await.unwrap();
    let hold = stage.authority.reservation().await.hold;
    stage.authority.settlement().await;

    // Room for the prompt and about two thirds of the output.
    let room = Usd::from_nanos(hold.nanos() * 2 / 3);
    stage.authority.room(room);
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 200);
    let seen = simulator.requests().remove(1);
    let lowered = seen.json().unwrap()["max_tokens"].as_u64().unwrap();
    assert!((4096..8000).contains(&lowered), "{lowered}");
    let expected = message_body("hello", false).replace("8000", &lowered.to_string());
    assert_eq!(seen.body.as_deref(), Some(expected.as_bytes()), "nothing else changed");
    let asked = stage.authority.asked();
    let Asked::Reserve(second) = &asked[2] else { panic!("{asked:?}") };
    assert!(second.hold <= room, "{} > {room}", second.hold);
}

#[tokio::test]
async fn a_budget_without_room_for_an_answer_refuses() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    stage.authority.room(Usd::from_nanos(1000));
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 402);
    let error = json(response).await;
    assert_eq!(error["error"]["type"], "billing_error");
    assert!(error["error"]["message"].as_str().unwrap().contains("budget"), "{error}");
    assert_eq!(simulator.arrived(), 0);
}
