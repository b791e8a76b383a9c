//! Several upstreams: the next one is asked when one is away or overloaded, before the first byte.

use serde_json::json;
use simulator::{Config, Faults, Running, Simulator};

use super::Stage;
use crate::support::canned::nobody;
use crate::support::run;

async fn overloaded(times: u32) -> Running {
    let faults = Faults { fail_first: times, fail_status: 529, retry_after_s: Some(7), ..Faults::default() };
    Simulator::start(Config { faults, ..Config::default() }).await.unwrap()
}

#[test]
fn an_upstream_that_is_away_or_overloaded_is_passed_over() {
    run(async {
        let (first, second) = (overloaded(1).await, overloaded(0).await);
        for upstream in [nobody().await, first.url()] {
            let stage = Stage::before(vec![upstream, second.url()]).await;
            let answer = stage.session.caller.message("hello", true).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let call = stage.the_call().await;
            assert_eq!((&call["upstream"], &call["outcome"]), (&json!("up1"), &json!("completed")), "{call:#}");
        }
        let bodies = |simulator: &Running| simulator.requests().pop().unwrap().body_sha256;
        assert_eq!(bodies(&first), bodies(&second), "both got the same bytes");
    });
}

#[test]
fn the_last_one_s_refusal_passes_unchanged() {
    run(async {
        let (first, second) = (overloaded(9).await, overloaded(9).await);
        let stage = Stage::before(vec![first.url(), second.url()]).await;
        let answer = stage.session.caller.message("hello", true).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (529, "7"));
        assert_eq!(answer.header("x-stand-in"), "writ-simulator");
        assert_eq!((first.arrived(), second.arrived()), (1, 1), "each was asked once");
        let call = stage.the_call().await;
        assert_eq!((&call["upstream"], &call["cost_usd_nanos"]), (&json!("up1"), &json!(0)), "{call:#}");
    });
}

#[test]
fn when_nobody_can_be_reached_the_answer_says_so() {
    run(async {
        let stage = Stage::before(vec![nobody().await, nobody().await]).await;
        let answer = stage.session.caller.message("hello", true).await;
        assert_eq!(answer.status, 502);
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("could not reach the model service `up1`"), "{message}");
        let call = stage.the_call().await;
        assert_eq!(
            (&call["outcome"], &call["cost_usd_nanos"]),
            (&json!("upstream_unreachable"), &json!(0)),
            "{call:#}"
        );
    });
}
