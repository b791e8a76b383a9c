//! The beginning and the end of conversations and turns.

use std::path::Path;

use domain::Resource;
use serde_json::json;

use super::held::{Held, Until};
use super::input::{Agent, Input};
use super::plane::Plane;
use super::site::real;
use super::{Hooks, context, words};
use crate::hook::Event;
use crate::hook::wire::Answer;
use crate::limits::{HOOK_LOCK_TIMEOUT, LOCKS_TOLD_MAX, WATCHED_FILES_MAX};
use crate::output::clean;

/// Files at the top of a repository of which the client is to say when they change.
const WATCHED: [&str; 12] = [
    "Cargo.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    ".gitlab-ci.yml",
    "Jenkinsfile",
];

impl<P: Plane> Hooks<P> {
    /// A conversation begins: who holds what where it works.
    pub(super) async fn start(&self, input: &Input) -> Answer {
        if input.source == "clear" {
            self.state().reads.forget_conversation(&input.session_id);
        }
        // Before the first tool, what it needs must be known.
        let _ = tokio::time::timeout(HOOK_LOCK_TIMEOUT, self.refresh()).await;
        let tree = self.0.sites.tree(&real(Path::new(&input.cwd)));
        let mut text = self.introduction();
        if let Some(resource) = tree.as_ref().and_then(|tree| Resource::in_repository(&tree.repository, "").ok()) {
            text.push_str(&self.others(&resource).await);
        }
        let watched: Vec<_> = tree.iter().flat_map(|tree| watched(&tree.root)).take(WATCHED_FILES_MAX).collect();
        let mut output = json!({"hookEventName": Event::SessionStart.name(), "additionalContext": text});
        if !watched.is_empty() {
            output["watchPaths"] = json!(watched);
        }
        let exports = self.0.whose.exports.clone() + &self.0.parts.exports();
        Answer { out: json!({ "hookSpecificOutput": output }).to_string(), exports, ..Answer::default() }
    }

    fn introduction(&self) -> String {
        let whose = &self.0.whose;
        let project = whose.project.as_deref().map(|name| format!(" for {}", clean(name))).unwrap_or_default();
        format!(
            "writ: this is session {} of {}{project}. Other people's agents work on the same repositories. Before you change \
             something shared, writ checks that it is still what you read and that nobody else has locked it; when it says no, \
             it says why and what to do. Say in a sentence what you are about with `writ hook intent \"…\"`: others see it.",
            clean(&whose.session),
            clean(&whose.developer)
        )
    }

    async fn others(&self, resource: &Resource) -> String {
        let asked = tokio::time::timeout(HOOK_LOCK_TIMEOUT, self.0.plane.held(resource)).await;
        let held = asked.ok().and_then(Result::ok).unwrap_or_default();
        let is_other = |session: &Option<String>| session.as_deref() != Some(self.0.whose.session.as_str());
        let lines: Vec<_> = held
            .iter()
            .filter(|ticket| is_other(&ticket.holder.session))
            .take(LOCKS_TOLD_MAX)
            .map(words::held)
            .collect();
        if lines.is_empty() { String::new() } else { format!("\nHeld by others here:\n- {}", lines.join("\n- ")) }
    }

    /// A turn or a conversation is over. Locks on ordinary files go back with the turn, so that others can go on from there,
    /// but for those of sub-agents that work on behind it. Those on hot paths stay until they are pushed or the session
    /// ends: an unpushed change there cannot be merged with another by reading both. A conversation's end is not the
    /// session's: `/clear` ends one too.
    pub(super) fn turn_over(&self, event: Event, input: &Input) -> Answer {
        let goes_on = |agent: &Agent| {
            event == Event::Stop
                && input.background_tasks.iter().any(|task| task.id == agent.name && !task.id.is_empty())
        };
        let is_done = |agent: &Agent| agent.conversation == input.session_id && !goes_on(agent);
        let released = self.state().tickets.let_go(is_done, Until::Turn);
        self.release(released);
        if event == Event::SessionEnd {
            self.state().reads.forget_conversation(&input.session_id);
        }
        Answer::default()
    }

    /// Gives locks back, after the answer: nobody waits for that here. What fails goes back with the session.
    pub(super) fn release(&self, released: Vec<Held>) {
        if released.is_empty() {
            return;
        }
        // A push from now on does not rely on them.
        released.iter().for_each(|held| self.0.push.let_go(&held.ticket));
        let hooks = self.clone();
        tokio::spawn(async move {
            for held in released {
                let _ = hooks.0.plane.release(&held.ticket, held.token).await;
            }
        });
    }

    /// A watched file changed, and no tool of the session's own is at it.
    pub(super) fn file_changed(&self, input: &Input) -> Answer {
        let Some(path) = &input.file_path else { return Answer::default() };
        let place = self.0.sites.find(Path::new(&input.cwd), Path::new(path));
        let look = super::disk::Look::at(&place.path);
        let mut state = self.state();
        if state.uses.may_change(&place.path) {
            return Answer::default();
        }
        let agent = input.agent();
        let is_other = state.reads.of(&agent, &place.path).is_some_and(|seen| seen.known.digest != look.digest);
        if is_other {
            let (about, name) = (place.path.to_string_lossy().into_owned(), super::act::shown(&place));
            state.notices.leave(Some(&agent), &about, words::touched(&name));
        }
        context(Event::FileChanged, &[])
    }
}

/// Hot files that there are.
fn watched(root: &Path) -> Vec<String> {
    let files = WATCHED.iter().map(|name| root.join(name)).filter(|path| path.is_file());
    let workflows = std::fs::read_dir(root.join(".github/workflows")).into_iter().flatten().filter_map(Result::ok);
    let all = files.chain(workflows.map(|entry| entry.path()).take(WATCHED_FILES_MAX));
    all.filter_map(|path| path.to_str().map(str::to_owned)).collect()
}
