//! The launcher's side of hooks: what the agents of a session have read, which locks it holds, and what is to be done about
//! both before a tool changes something.
//!
//! Most answers need nobody: the files are here, the locks are known, and what other sessions change comes by an event
//! stream. The control plane is asked for a lock that is not held yet, and told of changes. None of it is a wall: an agent
//! that goes round its hooks is stopped at the push.

mod act;
mod after;
mod before;
mod diff;
mod disk;
mod door;
mod feed;
mod foreign;
mod held;
mod ignored;
mod input;
mod locking;
mod notices;
pub(super) mod plane;
mod reads;
mod site;
mod stale;
mod sub_agents;
mod turns;
mod uses;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use policy::Rules;
use serde_json::json;

use super::environment::Environment;
use super::gates::Gates;
use super::parts::Parts;
use super::push_options::PushOptions;
use crate::api::Opened;
use crate::hook::Event;
use crate::hook::wire::{Answer, Head};
use crate::inside::SESSION_VARIABLE;
use crate::limits::LOCK_WAIT_MAX;
use foreign::ForeignWrites;
use held::Tickets;
use input::Input;
use notices::Notices;
use plane::{Change, Plane};
use reads::Reads;
use site::Sites;
use uses::Uses;

pub(super) use door::HookDoor;

/// Answers the hooks of one session. Cloning gives another handle on the same.
pub(super) struct Hooks<P>(Arc<Inner<P>>);

/// Settings of the client with its hooks in them: they call this program.
pub(super) fn with_hooks(mut settings: serde_json::Value) -> serde_json::Value {
    if let (Some(settings), Ok(writ)) = (settings.as_object_mut(), std::env::current_exe()) {
        crate::hook::settings::add(settings, &crate::hook::settings::quoted(&writ.to_string_lossy()));
    }
    settings
}

/// Whose session it is, for people and agents.
#[derive(Debug, Clone, Default)]
pub(super) struct Whose {
    /// Its id.
    pub(super) session: String,
    /// The human's name.
    pub(super) developer: String,
    /// The project's name.
    pub(super) project: Option<String>,
    /// The human's home folder.
    pub(super) home: Option<String>,
    /// How long a tool waits for a lock, in seconds.
    pub(super) lock_wait_seconds: u64,
    /// Variables for every later command of the agent's: lines for a shell.
    pub(super) exports: String,
}

struct Inner<P> {
    plane: P,
    whose: Whose,
    parts: Parts,
    push: PushOptions,
    sites: Sites,
    rules: Mutex<Arc<Rules>>,
    state: Mutex<State>,
}

/// What changes.
#[derive(Default)]
struct State {
    reads: Reads,
    foreign: ForeignWrites,
    tickets: Tickets,
    notices: Notices,
    uses: Uses,
    /// Frozen resources, and why.
    frozen: BTreeMap<domain::Resource, Option<String>>,
    /// What the session said it is about.
    intent: Option<String>,
    /// Files that git ignores.
    ignored: BTreeSet<PathBuf>,
    /// Changes that the control plane has not been told of.
    untold: VecDeque<Change>,
}

/// Says how many seconds a tool waits for a lock, if not [`LOCK_WAIT_MAX`].
const LOCK_WAIT_VARIABLE: &str = "WRIT_LOCK_WAIT";

/// What is no number of seconds, or too many, is the most there is.
fn lock_wait(text: Option<&str>) -> u64 {
    let most = LOCK_WAIT_MAX.as_secs();
    text.and_then(|text| text.parse().ok()).map_or(most, |seconds: u64| seconds.min(most))
}

impl Whose {
    /// The session's human, project and surroundings.
    pub(super) fn of(opened: &Opened, environment: &Environment) -> Self {
        let session = &opened.session;
        let exports = format!("export {SESSION_VARIABLE}={}\n", crate::hook::settings::quoted(&session.id));
        Self {
            session: session.id.clone(),
            developer: session.developer.login.clone(),
            project: session.project.as_ref().map(|project| project.name.clone()),
            home: environment.before("HOME").map(str::to_owned),
            lock_wait_seconds: lock_wait(environment.before(LOCK_WAIT_VARIABLE)),
            exports,
        }
    }
}

// === impl Hooks ===

impl<P> Clone for Hooks<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Plane> Hooks<P> {
    /// For one session; `plane` speaks as the session, and `push` is told which locks it holds.
    pub(super) fn new(plane: P, whose: Whose, parts: Parts, push: PushOptions) -> Self {
        let (sites, rules, state) = (Sites::default(), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { plane, whose, parts, push, sites, rules, state }))
    }

    /// Repositories behind these gates have the names that the gates have for them.
    pub(super) fn know(&self, gates: Gates) {
        self.0.sites.know(gates);
    }

    /// The answer to one event.
    async fn answer(&self, message: &[u8]) -> Answer {
        let (head, body) = match message.iter().position(|byte| *byte == b'\n') {
            Some(at) => message.split_at(at),
            None => (message, &[][..]),
        };
        let Ok(head) = serde_json::from_slice::<Head>(head) else {
            return failed("the launcher does not understand this hook: it is of another version");
        };
        if let Some(intent) = head.intent {
            self.state().intent = Some(intent);
            return Answer::default();
        }
        if head.tokens {
            return self.tokens();
        }
        let Some(event) = head.event else { return failed("the launcher does not know this event") };
        match Input::read(body) {
            Ok(input) => self.respond(event, &input).await,
            Err(error) => failed(&format!("what the client says of {} is not understood: {error}", event.name())),
        }
    }

    async fn respond(&self, event: Event, input: &Input) -> Answer {
        match event {
            Event::PreToolUse => self.before(input).await,
            Event::PostToolUse => self.after(input, false).await,
            Event::PostToolUseFailure => self.after(input, true).await,
            Event::SessionStart => self.start(input).await,
            Event::UserPromptSubmit => self.with_notices(event, &input.agent()),
            Event::Stop | Event::SessionEnd => self.turn_over(event, input),
            Event::SubagentStart => self.sub_agent_wakes(input),
            Event::SubagentStop => self.sub_agent_rests(input).await,
            Event::FileChanged => self.file_changed(input),
            Event::WorktreeCreate => self.make_tree(input).await,
            Event::WorktreeRemove => self.remove_tree(input).await,
        }
    }

    /// What is held, one JSON object per line and resource.
    fn tokens(&self) -> Answer {
        let mut out = String::new();
        for held in self.state().tickets.held() {
            for want in &held.wants {
                let (ticket, token, resource, mode) = (&held.ticket, held.token, &want.resource, want.mode);
                let line = json!({"ticket": ticket, "token": token, "resource": resource, "mode": mode});
                out.push_str(&format!("{line}\n"));
            }
        }
        Answer { out, ..Answer::default() }
    }

    /// What waits for an agent, with the event that carries it.
    fn with_notices(&self, event: Event, agent: &input::Agent) -> Answer {
        context(event, &self.state().notices.take(agent))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the session is about: its own words, else what it is doing.
    fn intent(&self, doing: &str) -> String {
        self.state().intent.clone().unwrap_or_else(|| doing.to_owned())
    }
}

/// Text for the agent beside what happens; nothing at all if there is none.
fn context(event: Event, texts: &[String]) -> Answer {
    if texts.is_empty() {
        return Answer::default();
    }
    let output =
        json!({"hookSpecificOutput": {"hookEventName": event.name(), "additionalContext": texts.join("\n\n")}});
    Answer { out: output.to_string(), ..Answer::default() }
}

/// The tool is not used, and the agent reads why.
fn denied(reason: &str) -> Answer {
    let output = json!({"hookSpecificOutput": {
        "hookEventName": Event::PreToolUse.name(),
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    }});
    Answer { out: output.to_string(), ..Answer::default() }
}

/// The hook does not know what to do: where it guards something, that is blocked.
fn failed(reason: &str) -> Answer {
    Answer { exit: crate::hook::BLOCKED, err: format!("writ: {reason}\n"), ..Answer::default() }
}

#[cfg(test)]
pub(super) mod tests;
