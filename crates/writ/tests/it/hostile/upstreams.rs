//! Upstreams that send what no HTTP library would.

use serde_json::{Value, json};
use simulator::{Hostile, HostileServer};

use super::{PEAK_MIB, Target};
use crate::support::caller::request;
use crate::support::{run, until, within};

/// Bytes of a flood that are let in before the client hangs up.
const ENOUGH: usize = 64 << 20;

async fn against(kind: Hostile) -> (HostileServer, Target) {
    let server = HostileServer::start(kind).await.unwrap();
    let target = Target::before(vec![server.url()]).await;
    (server, target)
}

/// The one call of a target, unharmed.
async fn the_call(target: &Target) -> Value {
    target.assert_unharmed(1, PEAK_MIB).await;
    target.people.ada.calls(&target.session.id).await.remove(0)
}

#[test]
fn a_head_without_an_end_or_of_another_protocol_is_cut_short() {
    run(async {
        for kind in [Hostile::EndlessHeader, Hostile::EndlessHeaders, Hostile::NotHttp] {
            let (server, target) = against(kind).await;
            let answer = target.session.caller.message("-", true).await;
            assert_eq!(answer.status, 502, "{kind:?}: {}", answer.text());
            assert!(server.bytes_sent() < ENOUGH as u64, "{kind:?}: {} bytes were let in", server.bytes_sent());
            let call = the_call(&target).await;
            assert_eq!(call["outcome"], "upstream_unreachable", "{kind:?}: {call:#}");
        }
    });
}

#[test]
fn an_event_without_an_end_passes_and_does_not_pile_up() {
    run(async {
        let (_server, target) = against(Hostile::EndlessEvent).await;
        let mut stream = within("the head", target.session.caller.call(request("-", true))).await.unwrap();
        let mut seen = 0;
        while seen < ENOUGH {
            seen += within("more of it", stream.next()).await.unwrap().unwrap().len();
        }
        drop(stream);
        let call = the_call(&target).await;
        assert_eq!(call["outcome"], "client_left", "{call:#}");
        assert_ne!(call["quality"], "exact", "{call:#}");
    });
}

#[test]
fn a_flood_towards_a_client_that_reads_nothing_is_held_back() {
    run(async {
        let (server, target) = against(Hostile::EndlessEvent).await;
        let stream = within("the head", target.session.caller.call(request("-", true))).await.unwrap();
        // The sockets' buffers fill up; then nothing moves any more.
        let mut before = 0;
        until("the flood to stand still", || {
            let (now, last) = (server.bytes_sent(), std::mem::replace(&mut before, server.bytes_sent()));
            async move { (now > 0 && now == last).then_some(()) }
        })
        .await;
        assert!(server.bytes_sent() < ENOUGH as u64, "{} bytes were let in", server.bytes_sent());
        drop(stream);
        let call = the_call(&target).await;
        assert_eq!(call["outcome"], "client_left", "{call:#}");
    });
}

#[test]
fn bytes_that_are_no_text_pass_untouched_and_are_metered() {
    run(async {
        let (_server, target) = against(Hostile::BadUtf8).await;
        let answer = target.session.caller.message("-", true).await;
        assert!(std::str::from_utf8(&answer.body).is_err(), "untouched");
        let call = the_call(&target).await;
        assert_eq!((&call["outcome"], &call["quality"]), (&json!("completed"), &json!("exact")), "{call:#}");
        assert_eq!((&call["usage"]["input_tokens"], &call["usage"]["output_tokens"]), (&json!(10), &json!(5)));
    });
}

#[test]
fn a_length_that_lies_is_settled_and_never_taken_for_a_whole_answer() {
    run(async {
        let (_server, target) = against(Hostile::LengthTooLong).await;
        let mut answer = within("the head", target.session.caller.call(request("-", false))).await.unwrap();
        assert!(!within("the end", answer.rest()).await.1, "the client must learn that bytes are missing");
        let call = the_call(&target).await;
        assert_eq!(call["outcome"], "upstream_cut", "{call:#}");

        let (_server, target) = against(Hostile::LengthTooShort).await;
        target.session.caller.message("-", false).await;
        let call = the_call(&target).await;
        assert_ne!(call["quality"], "exact", "half a JSON text tells nothing: {call:#}");
    });
}

#[test]
fn a_second_answer_that_nobody_asked_for_reaches_nobody() {
    run(async {
        let (server, target) = against(Hostile::SecondAnswer).await;
        for _ in 0..2 {
            let answer = target.session.caller.message("-", false).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (200, &json!("message")));
        }
        assert_eq!(server.requests(), 2, "each on a connection of its own");
        target.assert_unharmed(2, PEAK_MIB).await;
    });
}
