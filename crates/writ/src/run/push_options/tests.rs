#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn started() -> (SessionFolder, PushOptions) {
    let folder = SessionFolder::make().unwrap();
    let options = PushOptions::start(&folder, "ses_1").unwrap();
    (folder, options)
}

fn tokens(options: &PushOptions) -> Vec<String> {
    let text = std::fs::read_to_string(options.path().unwrap()).unwrap();
    let mut lines = text.lines();
    assert_eq!((lines.next(), lines.next()), (Some("[push]"), Some("\tpushOption = writ.session=ses_1")));
    lines.map(|line| line.strip_prefix("\tpushOption = writ.token=").unwrap().to_owned()).collect()
}

fn answer(ticket: &str, state: &str, token: Option<u64>, resource: &str, mode: &str) -> Value {
    json!({ "ticket": ticket, "state": state, "token": token, "wants": [{ "resource": resource, "mode": mode }] })
}

fn acquire() -> LockAsk {
    LockAsk::Acquire { body: json!({}) }
}

#[test]
fn tokens_are_those_of_what_is_held_now_and_gates_ask_for() {
    let (_folder, options) = started();
    assert_eq!(tokens(&options), Vec::<String>::new());
    options.noted(&acquire(), &answer("tkt_1", "held", Some(7), "path:h/a/b//x", "X"));
    options.noted(&acquire(), &answer("tkt_2", "held", Some(8), "ref:h/a/b/heads/main", "X"));
    options.noted(&acquire(), &answer("tkt_3", "waiting", None, "path:h/a/b//y", "X"));
    options.hold("tkt_4", 9, [("path:h/a/b//z", "IX")].into_iter());
    options.hold("tkt_5", 10, [("env:prod", "X"), ("path:h/a/b//z", "N")].into_iter());
    assert_eq!(tokens(&options), ["7", "8"]);
    options.noted(&LockAsk::Release { ticket: "tkt_1".to_owned(), token: Some(6) }, &json!(null));
    assert_eq!(tokens(&options), ["7", "8"], "another token lets nothing go");
    options.noted(&LockAsk::Release { ticket: "tkt_1".to_owned(), token: Some(7) }, &json!(null));
    let show = LockAsk::Show { ticket: "tkt_2".to_owned(), wait_seconds: 0 };
    options.noted(&show, &answer("tkt_2", "held", Some(8), "ref:h/a/b/heads/main", "X"));
    assert_eq!(tokens(&options), ["8"]);
    options.noted(&show, &answer("tkt_2", "over", None, "ref:h/a/b/heads/main", "X"));
    assert_eq!(tokens(&options), Vec::<String>::new());
}

#[test]
fn no_more_tokens_than_a_push_may_have() {
    let (_folder, options) = started();
    for number in 0..TOKENS_MAX as u64 + 5 {
        options.hold(&format!("tkt_{number}"), number, [("path:h/a//x", "X")].into_iter());
    }
    assert_eq!(tokens(&options).len(), TOKENS_MAX);
}

#[test]
fn what_cannot_be_written_is_not_out_of_date() {
    let (folder, options) = started();
    options.hold("tkt_1", 1, [("path:h/a//x", "X")].into_iter());
    let path = options.path().unwrap();
    // Nothing can be put in the place of a folder that is not empty.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir_all(path.join("x")).unwrap();
    options.let_go("tkt_1");
    std::fs::remove_dir_all(&path).unwrap();
    options.hold("tkt_2", 2, [("path:h/a//x", "X")].into_iter());
    assert_eq!(tokens(&options), ["2"]);
    drop(folder);
    options.let_go("tkt_2");
    assert!(!path.exists());
}
