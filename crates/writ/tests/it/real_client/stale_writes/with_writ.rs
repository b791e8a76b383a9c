//! The fourteen inside `writ run`, where somebody else is another agent: nothing is lost, and who was refused knows why.

use std::path::Path;

use serde_json::json;

use super::cases::{BEFORE, CASES, Case, Foreign, HOOK_SAYS, Outcome};
use super::desk::{Desk, End, Hooks, text_of};
use crate::real_client::player::Player;
use crate::real_client::scene::{HERE, with_writ};
use crate::support::WritOptions;

use Outcome::{Applied, Refused};

/// Another agent changes the file.
async fn by_ben(ben: &mut Player, file: &Path, change: Foreign) {
    let (old, new) = change.lines();
    if change == Foreign::SameTime {
        let name = file.file_name().unwrap().to_str().unwrap();
        let keep =
            format!("cp -p {name} .before && sed -i 's/{old}/{new}/' {name} && touch -r .before {name} && rm .before");
        ben.bash(&keep).await.done();
    } else {
        ben.call("Read", json!({ "file_path": file })).await.done();
        ben.call("Edit", json!({ "file_path": file, "old_string": old, "new_string": new, "replace_all": false }))
            .await
            .done();
    }
    assert!(text_of(file).contains(new), "{}", text_of(file));
}

/// What a case should come to.
struct Expected {
    number: u8,
    /// None: anything but a loss.
    outcome: Option<Outcome>,
    /// Whether the agent is told that ben changed it, and what.
    names_ben: bool,
}

const fn expect(number: u8, outcome: Outcome, names_ben: bool) -> Expected {
    Expected { number, outcome: Some(outcome), names_ben }
}

const EXPECTED: [Expected; 14] = [
    expect(1, Refused, true),
    // The client notices by itself before it asks anybody.
    expect(2, Refused, false),
    expect(3, Refused, false),
    expect(4, Refused, false),
    // Replacing a part compares that part. It is refused all the same where the news of ben's change is quicker.
    Expected { number: 5, outcome: None, names_ben: false },
    expect(6, Refused, true),
    expect(7, Refused, true),
    // Ben is quicker than the tool and slower than writ's hook: the client itself notices.
    expect(8, Refused, false),
    expect(9, Applied, false),
    expect(10, Refused, true),
    expect(11, Applied, false),
    expect(12, Refused, true),
    expect(13, Applied, false),
    expect(14, Refused, false),
];

#[test]
fn real_client_under_writ_run_loses_none_of_fourteen() {
    with_writ(WritOptions::default(), async |scene| {
        let names: Vec<String> = CASES.iter().map(|case| format!("case-{}.toml", case.number)).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), BEFORE)).collect();
        let tree = scene.repository(&files);
        let ana = scene.developer("ana").await;
        let mut ben = scene.governed(&scene.developer("ben").await, "ben", &tree, HERE).await;
        let mut wrong = Vec::new();
        for (case, expected) in CASES.iter().zip(EXPECTED) {
            assert_eq!(case.number, expected.number);
            let file = tree.join(format!("case-{}.toml", case.number));
            let hooks = Hooks::new();
            let settings = hooks.settings(case);
            let name = format!("ana {}", case.number);
            let player = scene.governed_with(&ana, &name, &tree, HERE, settings.as_ref()).await;
            let mut desk = Desk::new(player, &file, hooks);
            let end = desk.play(case, async |file, change| by_ben(&mut ben, file, change).await).await;
            wrong.extend(judge(case, &expected, &end));
            if expected.names_ben {
                wrong.extend(reads_again(&mut desk).await);
            }
            desk.player.say("All done.").await.1.result();
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        ben.say("All done.").await.1.result();
    });
}

/// What is not as it should be.
fn judge(case: &Case, expected: &Expected, end: &End) -> Vec<String> {
    let told = end.told.last().unwrap();
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{}: {what}: {:?}, {told:#?}", case.number, end.outcome));
        }
    };
    check(end.outcome != Outcome::Lost, "ben's change is lost");
    check(expected.outcome.is_none_or(|outcome| end.outcome == outcome), "another outcome");
    if expected.names_ben {
        check(told.is_error, "no error");
        let text = told.whole();
        check(text.contains("ben"), "does not say who");
        check(text.contains(&format!("case-{}.toml", case.number)), "does not say what");
    }
    match case.number {
        13 => check(told.whole().contains(HOOK_SAYS), "the developer's own hook is not heard"),
        14 => check(told.result.contains(HOOK_SAYS), "the developer's own hook is not heard"),
        _ => {}
    }
    wrong
}

/// Having read it, the agent may; also where the two of them take turns, for they do at different lines.
async fn reads_again(desk: &mut Desk) -> Option<String> {
    let file = desk.file.clone();
    desk.player.call("Read", json!({ "file_path": file })).await.done();
    let before = text_of(&file);
    let edit = json!({ "file_path": file, "old_string": "idle_seconds = 60", "new_string": "idle_seconds = 90", "replace_all": false });
    let told = desk.player.call("Edit", edit).await;
    let expected = before.replace("idle_seconds = 60", "idle_seconds = 90");
    (told.is_error || text_of(&file) != expected)
        .then(|| format!("{}: refused after reading: {told:#?}", file.display()))
}
