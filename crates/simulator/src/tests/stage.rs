use serde_json::json;

use super::client::*;
use crate::Line;

#[tokio::test]
async fn a_request_waits_for_its_line_and_shows_what_it_asked_with() {
    let running = start().await;
    let ada = running.actor("ada");
    let mut body = prompt(&ada.prompt(), false);
    let first = body.clone();
    let asking = messages(&running, &first);
    tokio::pin!(asking);
    let asked = tokio::select! {
        got = &mut asking => panic!("answered before its line was said: {got:?}"),
        asked = ada.asked(0, PATIENCE) => asked.unwrap(),
    };
    assert_eq!(asked["messages"], body["messages"]);

    assert_eq!(ada.line(Line::Call { tool: "Edit".into(), input: json!({ "file_path": "a" }) }).unwrap(), 0);
    let said = asking.await.json();
    assert_eq!((&said["content"][1]["name"], &said["content"][1]["input"]["file_path"]), (&json!("Edit"), &json!("a")));
    let again = messages(&running, &body).await.json();
    assert_eq!(again["content"][1]["input"], said["content"][1]["input"], "a repeat gets the same line");

    let history = body["messages"].as_array_mut().unwrap();
    history.push(json!({ "role": "assistant", "content": said["content"] }));
    let result = json!({ "type": "tool_result", "tool_use_id": said["content"][1]["id"], "content": "ok" });
    history.push(json!({ "role": "user", "content": [result] }));
    assert_eq!(ada.line(Line::Say("so it is".into())).unwrap(), 1);
    let said = messages(&running, &body).await.json();
    assert_eq!((&said["content"][0]["text"], &said["stop_reason"]), (&json!("so it is"), &json!("end_turn")));
    assert_eq!(ada.asked(1, PATIENCE).await.unwrap()["messages"], body["messages"]);
}

#[tokio::test]
async fn actors_are_apart_and_background_calls_take_no_line() {
    let running = start().await;
    let (ada, ben) = (running.actor("ada"), running.actor("ben"));
    ada.line(Line::Say("of ada".into())).unwrap();
    ben.line(Line::Say("of ben".into())).unwrap();
    let mut background = prompt(&ada.prompt(), false);
    background.as_object_mut().unwrap().remove("tools");
    let text = messages(&running, &background).await.json()["content"][0]["text"].clone();
    assert_eq!(text, "This is the stand-in model service: a scripted answer, no model ran.");
    for (actor, text) in [(&ben, "of ben"), (&ada, "of ada")] {
        let said = messages(&running, &prompt(&actor.prompt(), false)).await.json();
        assert_eq!(said["content"][0]["text"], text);
    }
}

#[tokio::test]
async fn lines_and_actors_have_a_bound() {
    let running = start().await;
    let ada = running.actor("ada");
    for _ in 0..crate::limits::LINES_MAX {
        ada.line(Line::Say(String::new())).unwrap();
    }
    assert_eq!(ada.line(Line::Say(String::new())).unwrap_err().to_string(), "over 64 actors or 1000 lines");
    for number in 1..crate::limits::ACTORS_MAX {
        running.actor(&format!("actor {number}")).line(Line::Say(String::new())).unwrap();
    }
    assert!(running.actor("one more").line(Line::Say(String::new())).is_err());
    let nobody = ada.asked(0, std::time::Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(nobody.to_string(), "waited 1ms for `ada` to be asked for line 0");
}
