//! Plays one case: an agent at a file, and somebody else who changes it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::cases::{BEFORE, Case, Foreign, HOOK_SAYS, Hook, Outcome, Step};
use crate::real_client::player::{Player, Told};
use crate::real_client::wall::Pipe;
use crate::support::until;

/// What a held hook does: says that it is there, and waits until something is written for it.
const HOLD: &str = "#!/bin/sh\ncd \"$(dirname \"$0\")\" && : >held && read -r _ <go\n";

/// The agent, its file, and a hook of the developer's own.
pub(super) struct Desk {
    pub(super) player: Player,
    /// The file, whose folder is the client's.
    pub(super) file: PathBuf,
    hooks: Hooks,
}

/// The folder with the developer's own hook, outside the repository.
pub(super) struct Hooks {
    folder: tempfile::TempDir,
    pipe: Pipe,
}

/// What the file is at the end, and what the agent was told with each step of its own.
#[derive(Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) told: Vec<Told>,
}

impl Hooks {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { pipe: Pipe::make(folder.path().join("go")), folder }
    }

    /// The settings that a case needs.
    pub(super) fn settings(&self, case: &Case) -> Option<Value> {
        let answer = |decision: &str, key: &str| {
            let output = json!({ "hookEventName": "PreToolUse", "permissionDecision": decision, key: HOOK_SAYS });
            format!("#!/bin/sh\ncat <<'END'\n{}\nEND\n", json!({ "hookSpecificOutput": output }))
        };
        let script = match case.hook {
            Hook::Allows => answer("allow", "additionalContext"),
            Hook::Denies => answer("deny", "permissionDecisionReason"),
            Hook::None if case.steps.contains(&Step::ForeignMeanwhile) => HOLD.to_owned(),
            Hook::None => return None,
        };
        let path = self.folder.path().join("hook");
        std::fs::write(&path, script).unwrap();
        let hook = json!({ "type": "command", "command": format!("sh {}", path.display()) });
        Some(json!({ "hooks": { "PreToolUse": [{ "matcher": "Edit|Write", "hooks": [hook] }] } }))
    }

    async fn held(&self) {
        until("the hook to hold the tool", || async { self.folder.path().join("held").exists().then_some(()) }).await;
    }

    /// Lets the held hook go on. Returns once it has heard.
    async fn go(&self) {
        self.pipe.go().await;
    }
}

impl Desk {
    pub(super) fn new(player: Player, file: &Path, hooks: Hooks) -> Self {
        Self { player, file: file.to_owned(), hooks }
    }

    /// Plays all steps; `foreign` is who else changes the file.
    pub(super) async fn play(&mut self, case: &Case, mut foreign: impl AsyncFnMut(&Path, Foreign)) -> End {
        let mut told = Vec::new();
        let mut meanwhile = false;
        for step in case.steps {
            match step {
                Step::Foreign(change) => foreign(&self.file, *change).await,
                Step::ForeignMeanwhile => meanwhile = true,
                step => {
                    let (tool, input) = self.tool(*step);
                    let number = self.player.begin(tool, input);
                    if std::mem::take(&mut meanwhile) {
                        self.hooks.held().await;
                        foreign(&self.file, Foreign::Elsewhere).await;
                        self.hooks.go().await;
                    }
                    told.push(self.player.told(number).await);
                }
            }
        }
        End { outcome: outcome(case, &text_of(&self.file)), told }
    }

    fn tool(&self, step: Step) -> (&'static str, Value) {
        let (file, name) = (&self.file, self.file.file_name().unwrap().to_str().unwrap());
        let edit = |old: &str, new: &str| {
            ("Edit", json!({ "file_path": file, "old_string": old, "new_string": new, "replace_all": false }))
        };
        let bash = |command: String| ("Bash", json!({ "command": command, "description": "Run the scripted command" }));
        match step {
            Step::Read => ("Read", json!({ "file_path": file })),
            Step::Cat => bash(format!("cat {name}")),
            Step::Edit => edit(OWN.0, OWN.1),
            Step::EditAgain => edit(OWN_AGAIN.0, OWN_AGAIN.1),
            Step::Write => ("Write", json!({ "file_path": file, "content": whole() })),
            Step::Sed => bash(format!("sed -i 's/{}/{}/' {name}", OWN.0, OWN.1)),
            Step::Redirect => bash(format!("cat >{name} <<'END'\n{}END", whole())),
            Step::Foreign(_) | Step::ForeignMeanwhile => unreachable!("nothing that the agent does"),
        }
    }
}

/// What the agent is about.
const OWN: (&str, &str) = ("max_connections = 20", "max_connections = 80");
const OWN_AGAIN: (&str, &str) = ("idle_seconds = 60", "idle_seconds = 300");

/// The file as the agent believes it to be, with its own change.
fn whole() -> String {
    BEFORE.replace(OWN.0, OWN.1)
}

/// Changes the file as an editor does.
pub(super) fn by_hand(file: &Path, change: Foreign) {
    let time = std::fs::metadata(file).unwrap().modified().unwrap();
    let (old, new) = change.lines();
    let text = text_of(file);
    assert!(text.contains(old), "{text}");
    std::fs::write(file, text.replace(old, new)).unwrap();
    if change == Foreign::SameTime {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
    }
}

pub(super) fn text_of(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn outcome(case: &Case, text: &str) -> Outcome {
    let foreign = case.steps.iter().find_map(|step| match step {
        Step::Foreign(change) => Some(*change),
        Step::ForeignMeanwhile => Some(Foreign::Elsewhere),
        _ => None,
    });
    let newest = if case.steps.contains(&Step::EditAgain) { OWN_AGAIN } else { OWN };
    match foreign.is_none_or(|change| text.contains(change.lines().1)) {
        false => Outcome::Lost,
        true if text.contains(newest.1) => Outcome::Applied,
        true => Outcome::Refused,
    }
}
