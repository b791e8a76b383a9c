use serde_json::{Map, Value, json};

use super::{add, hooks, managed, quoted};
use crate::hook::Event;

fn command(hooks: &Map<String, Value>, event: &str) -> String {
    hooks[event][0]["hooks"][0]["command"].as_str().unwrap().to_owned()
}

#[test]
fn each_event_calls_this_program_and_only_the_guard_blocks() {
    let hooks = hooks("/usr/bin/writ", false);
    assert_eq!(hooks.len(), Event::ALL.len());
    for (event, groups) in &hooks {
        let hook = &groups[0]["hooks"][0];
        let is_guard = event == "PreToolUse";
        let guard = if is_guard { " || exit 2" } else { "" };
        assert_eq!(hook["command"], format!("/usr/bin/writ hook {event}{guard}"));
        assert_eq!(hook["type"], "command");
        assert_eq!(hook.get("onFailure"), is_guard.then_some(&json!("block")), "{event}");
        let own = Event::parse(event).unwrap().deadline().as_secs();
        assert!(hook["timeout"].as_u64().unwrap() > own, "{event}: the hook gives up first, and says why");
        assert_eq!(groups[0].get("matcher").is_some(), event.contains("ToolUse"), "{event}");
    }
    assert!(
        hooks["PreToolUse"][0]["matcher"].as_str().unwrap().split('|').all(|tool| tool != "Read" && tool != "Grep")
    );
}

#[test]
fn managed_settings_close_the_ways_around() {
    let settings = managed("/usr/bin/writ", true);
    assert_eq!(settings["requiredMinimumVersion"], "2.1.295");
    assert_eq!(settings["allowManagedHooksOnly"], true);
    let hooks = settings["hooks"].as_object().unwrap();
    assert_eq!(command(hooks, "PreToolUse"), "/usr/bin/writ hook PreToolUse --require-session || exit 2");
}

#[test]
fn the_developer_s_own_hooks_stay() {
    let theirs = json!({"hooks": [{"type": "command", "command": "theirs"}]});
    let settings =
        json!({"hooks": {"PreToolUse": [theirs], "Notification": [theirs]}, "disableAllHooks": true, "model": "x"});
    let Value::Object(mut settings) = settings else { panic!() };
    add(&mut settings, "writ");
    assert_eq!(settings["hooks"]["PreToolUse"][0], theirs);
    assert_eq!(settings["hooks"]["PreToolUse"][1]["hooks"][0]["command"], "writ hook PreToolUse || exit 2");
    assert_eq!(settings["hooks"]["Notification"], json!([theirs]));
    assert_eq!((&settings["disableAllHooks"], &settings["model"]), (&json!(false), &json!("x")));
    let Value::Object(mut odd) = json!({"hooks": {"Stop": "nonsense"}}) else { panic!() };
    add(&mut odd, "writ");
    assert_eq!(command(odd["hooks"].as_object().unwrap(), "Stop"), "writ hook Stop");
}

#[test]
fn a_path_is_one_word_of_the_shell() {
    assert_eq!(quoted("/usr/bin/writ-1.2"), "/usr/bin/writ-1.2");
    assert_eq!(quoted("/home/ana lee/it's"), "'/home/ana lee/it'\\''s'");
    assert_eq!(quoted(""), "''");
}
