//! However a call ends, it is settled, and at what is known of it.

use serde_json::json;
use simulator::Delivery;

use super::Stage;
use crate::support::caller::request;
use crate::support::look::number;
use crate::support::{run, until, within};

#[test]
fn a_client_that_leaves_mid_stream_is_charged_an_estimate_and_the_upstream_is_let_go() {
    run(async {
        let stage = Stage::start().await;
        let body = request("gate(events=4)", true);
        let mut answer = within("the head", stage.session.caller.call(body)).await.unwrap();
        within("the first bytes", answer.next()).await.unwrap().unwrap();
        drop(answer);
        let call = stage.the_call().await;
        assert_eq!((&call["outcome"], &call["quality"]), (&json!("client_left"), &json!("estimated")), "{call:#}");
        assert!(number(&call["cost_usd_nanos"]) > 0, "{call:#}");
        until("the upstream to notice", || async {
            let seen = stage.writ.simulator().requests().pop().unwrap();
            (seen.delivery() == Delivery::Left).then_some(())
        })
        .await;
    });
}

#[test]
fn an_upstream_that_breaks_off_breaks_the_client_s_stream_too() {
    run(async {
        let stage = Stage::start().await;
        let mut answer = within("the head", stage.session.caller.call(request("cut(events=4)", true))).await.unwrap();
        let (bytes, whole) = within("the end", answer.rest()).await;
        assert!(!whole, "the client must not take half an answer for a whole one");
        assert!(String::from_utf8_lossy(&bytes).contains("message_start"));
        let call = stage.the_call().await;
        assert_eq!((&call["outcome"], &call["quality"]), (&json!("upstream_cut"), &json!("estimated")), "{call:#}");
    });
}

#[test]
fn an_error_event_passes_and_what_came_before_it_is_charged() {
    run(async {
        let stage = Stage::start().await;
        let answer = stage.session.caller.message("midstream_error(events=4,message=\"too busy\")", true).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("event: error"), "{}", answer.text());
        assert!(answer.text().contains("too busy"), "{}", answer.text());
        let call = stage.the_call().await;
        assert_eq!((&call["outcome"], &call["quality"]), (&json!("upstream_cut"), &json!("estimated")), "{call:#}");
        assert!(number(&call["cost_usd_nanos"]) > 0, "{call:#}");
    });
}

#[test]
fn an_error_of_the_upstream_passes_word_for_word_and_costs_nothing() {
    run(async {
        let stage = Stage::start().await;
        let answer =
            stage.session.caller.message("overloaded(times=1,retry_after=3,message=\"come back\")", true).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (529, "3"));
        assert_eq!(answer.json()["error"], json!({"type": "overloaded_error", "message": "come back"}));
        let call = stage.the_call().await;
        assert_eq!((&call["outcome"], &call["status"]), (&json!("upstream_refused"), &json!(529)), "{call:#}");
        assert_eq!(call["cost_usd_nanos"], 0, "{call:#}");
        let answer =
            stage.session.caller.message("overloaded(times=1,retry_after=3,message=\"come back\")", true).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    });
}

#[test]
fn a_connection_reset_before_the_head_is_told_and_settled() {
    run(async {
        let stage = Stage::start().await;
        let answer = stage.session.caller.message("rst", true).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert_eq!(answer.json()["error"]["type"], "api_error");
        let call = stage.the_call().await;
        assert_eq!(call["outcome"], "upstream_unreachable", "{call:#}");
        assert_eq!(call["cost_usd_nanos"], 0, "a stream has no token before its head: {call:#}");
    });
}
