//! The stream of what other sessions do: changes, locks, freezes. What is missed while it is away is read from the log when
//! it is back.

mod lines;

use domain::Resource;
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::foreign::WriteTold;
use super::plane::Plane;
use super::{Hooks, words};
use crate::client::Client;
use crate::limits::{EVENTS_RETRY_PAUSE, EVENTS_RETRY_PAUSE_MAX};
use crate::ticket::{Holder, Wanted};
use lines::Lines;

pub(super) use lines::Event;

/// The task that listens; it ends when this is dropped.
#[derive(Debug)]
pub(in crate::run) struct Feed(JoinHandle<()>);

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Feed {
    /// Listens as the session.
    pub(in crate::run) fn start(client: Client, hooks: Hooks<Client>) -> Self {
        Self(tokio::spawn(listen(client, hooks)))
    }
}

const PATH: &str = "/v1/locks/events";

async fn listen(client: Client, hooks: Hooks<Client>) {
    let (mut last, mut pause) = (None, EVENTS_RETRY_PAUSE);
    loop {
        hooks.refresh().await;
        match client.events(PATH, last.as_deref()).await {
            Ok(mut stream) => {
                let mut lines = Lines::default();
                while let Ok(Some(bytes)) = stream.next().await {
                    pause = EVENTS_RETRY_PAUSE;
                    for event in lines.take(&bytes) {
                        last = event.id.clone().or(last);
                        hooks.heard(&event);
                    }
                }
            }
            // A control plane that has no such stream, or a session that is over.
            Err(error) if !error.may_pass() => pause = EVENTS_RETRY_PAUSE_MAX,
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(EVENTS_RETRY_PAUSE_MAX);
    }
}

/// `event: lock`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LockTold {
    #[serde(rename = "type")]
    kind: String,
    ticket: String,
    holder: Holder,
    wants: Vec<Wanted>,
    token: Option<u64>,
    reason: Option<String>,
}

/// `event: freeze` and `event: thaw`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FreezeHeard {
    resource: String,
    /// Why, in a sentence.
    detail: Option<String>,
}

impl<P: Plane> Hooks<P> {
    /// What may have been missed: rules and freezes. What cannot be had stays as it is.
    pub(super) async fn refresh(&self) {
        if let Ok(Some(text)) = self.0.plane.rules().await
            && let Ok(rules) = policy::Rules::parse(&text)
        {
            *self.0.rules.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = std::sync::Arc::new(rules);
        }
        if let Ok(freezes) = self.0.plane.freezes().await {
            let all = freezes.into_iter().filter_map(|freeze| Some((freeze.resource.parse().ok()?, freeze.detail)));
            self.state().frozen = all.collect();
        }
    }

    /// Takes an event in. One of another version is left alone.
    pub(super) fn heard(&self, event: &Event) {
        match event.name.as_str() {
            "write" => {
                if let Some((resource, foreign)) =
                    serde_json::from_str::<WriteTold>(&event.data).ok().and_then(|told| told.read())
                {
                    self.heard_write(resource, foreign);
                }
            }
            "lock" => {
                if let Ok(told) = serde_json::from_str::<LockTold>(&event.data) {
                    self.heard_lock(&told);
                }
            }
            "freeze" | "thaw" => {
                let told = serde_json::from_str::<FreezeHeard>(&event.data).unwrap_or_default();
                if let Ok(resource) = told.resource.parse::<Resource>() {
                    self.heard_freeze(resource, told.detail, event.name == "freeze");
                }
            }
            _ => {}
        }
    }

    /// Another session changed something: who has read it is told.
    fn heard_write(&self, resource: Resource, foreign: super::foreign::Foreign) {
        if foreign.session == self.0.whose.session {
            return;
        }
        let mut state = self.state();
        state.foreign.note(resource.clone(), foreign.clone());
        let path = resource.repository_path().map_or_else(|| resource.to_string(), |(_, path)| path);
        let mut told = Vec::new();
        for (agent, file, seen) in state.reads.knowing(&resource) {
            if seen.changed_by(&foreign) {
                let is_seen = seen.known.digest == foreign.after;
                let is_here = is_seen || super::disk::Look::at(file).digest == foreign.after;
                let text = if is_here && !is_seen {
                    words::changed_here(&path, &foreign)
                } else {
                    words::news(&path, &foreign, is_seen)
                };
                told.push((agent.clone(), text));
            }
        }
        for (agent, text) in told {
            state.notices.leave(Some(&agent), &resource.to_string(), text);
        }
    }

    fn heard_lock(&self, told: &LockTold) {
        let mut state = self.state();
        match told.kind.as_str() {
            "lock.offered" => {
                let text = state.tickets.awaited(&told.ticket).map(|wants| words::offered(wants, &told.ticket));
                if let Some(text) = text {
                    state.notices.leave(None, &told.ticket, text);
                }
            }
            "lock.queued" => {}
            "lock.granted" => self.heard_grant(told),
            // However it came to be over.
            _ => {
                self.0.push.let_go(&told.ticket);
                // What was given back here is not there any more.
                if let Some(lost) = state.tickets.drop_ticket(&told.ticket) {
                    let text = words::lost(&lost.wants, told.reason.as_deref());
                    state.notices.leave(None, &told.ticket, text);
                }
            }
        }
    }

    /// However the session came by it: by a hook, a command, or the API.
    fn heard_grant(&self, told: &LockTold) {
        if told.holder.session.as_deref() == Some(self.0.whose.session.as_str()) {
            let wants = told.wants.iter().map(|want| (want.resource.as_str(), want.mode.as_str()));
            self.0.push.hold(&told.ticket, told.token.unwrap_or_default(), wants);
        }
    }

    fn heard_freeze(&self, resource: Resource, reason: Option<String>, is_frozen: bool) {
        let mut state = self.state();
        if !is_frozen {
            state.frozen.remove(&resource);
            return;
        }
        // Its own change froze it, and it was told so.
        let is_known = state.frozen.insert(resource.clone(), reason).is_some();
        if is_known {
            return;
        }
        let told: Vec<_> = state.reads.knowing(&resource).map(|(agent, _, _)| agent.clone()).collect();
        let about = format!("freeze {resource}");
        for agent in told {
            state.notices.leave(Some(&agent), &about, words::frozen_elsewhere(&resource.to_string()));
        }
    }
}
