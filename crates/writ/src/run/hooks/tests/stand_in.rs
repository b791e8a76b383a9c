//! A stand-in for the control plane: others' locks and freezes are what a test says.

use std::sync::{Arc, Mutex};

use domain::Resource;
use domain::lock::Want;
use serde_json::{Value, json};

use crate::client::{ClientError, Problem};
use crate::run::hooks::foreign::WriteTold;
use crate::run::hooks::plane::{Acquire, Changes, FreezeTold, Plane, Told};
use crate::run::workspace::lease::{Ask, Lessor};
use crate::ticket::Ticket;

/// What is known, and what was asked.
#[derive(Default)]
pub(in crate::run) struct StandIn {
    /// Locks of others.
    pub(in crate::run) theirs: Mutex<Vec<Want>>,
    /// Whether nobody answers.
    pub(in crate::run) is_away: Mutex<bool>,
    /// The next answer to a request for locks.
    pub(in crate::run) refusal: Mutex<Option<Problem>>,
    /// Changes that freeze what they are about, when they are told.
    pub(in crate::run) freezing: Mutex<Vec<String>>,
    /// Changes that were told before.
    pub(in crate::run) told_before: Mutex<Vec<Value>>,
    /// The project's rules.
    pub(in crate::run) rules: Mutex<Option<String>>,
    /// Requests for locks, in order.
    pub(in crate::run) asked: Mutex<Vec<Acquire>>,
    /// Changes that were told; those still to come are apart.
    pub(in crate::run) changes: Mutex<Vec<Changes>>,
    /// What was leased.
    pub(in crate::run) leased: Mutex<Vec<String>>,
    /// Tickets that were given back, with their tokens.
    pub(in crate::run) released: Mutex<Vec<(String, u64)>>,
}

impl StandIn {
    pub(in crate::run) fn lock(&self, resource: &str, mode: &str) {
        let want = Want::new(resource.parse().unwrap(), mode.parse().unwrap());
        self.theirs.lock().unwrap().push(want);
    }

    pub(in crate::run) fn asks(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Resources of the changes that were told, `intended` apart.
    pub(in crate::run) fn told(&self, intended: bool) -> Vec<String> {
        let changes = self.changes.lock().unwrap();
        let those = changes.iter().filter(|changes| changes.intended == intended);
        those.flat_map(|changes| changes.writes.iter().map(|write| write.resource.to_string())).collect()
    }

    fn answers(&self) -> Result<(), ClientError> {
        if *self.is_away.lock().unwrap() { Err(ClientError::Unreachable("nobody".to_owned())) } else { Ok(()) }
    }
}

impl Lessor for Arc<StandIn> {
    /// Gives the first that was not given yet, or all.
    async fn lease(&self, ask: &Ask) -> Result<Ticket, ClientError> {
        self.answers()?;
        let ask = serde_json::to_value(ask).unwrap();
        let mut leased = self.leased.lock().unwrap();
        let wants = ask["wants"].as_array().unwrap().clone();
        let mut free: Vec<Value> =
            wants.iter().filter(|want| !leased.contains(&want["resource"].to_string())).cloned().collect();
        if ask["any"] == true {
            free.truncate(1);
        }
        leased.extend(free.iter().map(|want| want["resource"].to_string()));
        let ticket = format!("tkt_{}", leased.len());
        let answer = json!({"ticket": ticket, "state": "held", "token": 7, "wants": wants, "tokens": free});
        Ok(serde_json::from_value(answer).unwrap())
    }
}

impl Plane for Arc<StandIn> {
    async fn acquire(&self, ask: &Acquire) -> Result<Ticket, ClientError> {
        self.answers()?;
        self.asked.lock().unwrap().push(ask.clone());
        if let Some(problem) = self.refusal.lock().unwrap().take() {
            return Err(ClientError::Refused(Box::new(problem)));
        }
        let theirs = self.theirs.lock().unwrap();
        let ahead: Vec<Value> = theirs
            .iter()
            .filter(|theirs| ask.wants.iter().any(|want| !want.goes_with(theirs)))
            .map(|theirs| {
                json!({"ticket": "tkt_other", "state": "held", "resource": theirs.resource, "mode": theirs.mode,
                "holder": {"session.id": "ses_2", "developer.name": "ana", "project.name": "payments"},
                "intent": "raise the pool size", "since": "2026-11-26T14:02:31Z", "suspect": false})
            })
            .collect();
        let state = if ahead.is_empty() { "held" } else { "waiting" };
        let answer = json!({"ticket": ask.ticket, "state": state, "token": (state == "held").then_some(7),
            "position": 0, "ahead": ahead});
        Ok(serde_json::from_value(answer).unwrap())
    }

    async fn release(&self, ticket: &str, token: u64) -> Result<(), ClientError> {
        self.released.lock().unwrap().push((ticket.to_owned(), token));
        Ok(())
    }

    async fn tell(&self, changes: &Changes) -> Result<Told, ClientError> {
        self.answers()?;
        self.changes.lock().unwrap().push(changes.clone());
        let freezing = self.freezing.lock().unwrap();
        let is_freezing = changes.writes.iter().any(|write| freezing.contains(&write.resource.to_string()));
        if changes.intended && is_freezing {
            return Err(ClientError::Refused(Box::new(Problem {
                status: 409,
                code: "resource_frozen".to_owned(),
                detail: Some("this is frozen: an agent undid another's change".to_owned()),
                next: Some("ask a person to thaw it".to_owned()),
                ..Problem::default()
            })));
        }
        let frozen =
            changes.writes.iter().map(|write| write.resource.to_string()).filter(|name| freezing.contains(name));
        Ok(Told { frozen: frozen.collect() })
    }

    async fn writes(&self, _resource: &Resource) -> Result<Vec<WriteTold>, ClientError> {
        self.answers()?;
        Ok(serde_json::from_value(json!(*self.told_before.lock().unwrap())).unwrap())
    }

    async fn held(&self, _resource: &Resource) -> Result<Vec<Ticket>, ClientError> {
        self.answers()?;
        let theirs = self.theirs.lock().unwrap();
        let tickets: Vec<Value> = theirs
            .iter()
            .map(|want| {
                json!({"ticket": "tkt_other", "state": "held", "wants": [want], "since": "2026-11-26T14:02:31Z",
                "holder": {"session.id": "ses_2", "developer.name": "ana"}, "intent": "raise the pool size"})
            })
            .collect();
        Ok(serde_json::from_value(json!(tickets)).unwrap())
    }

    async fn freezes(&self) -> Result<Vec<FreezeTold>, ClientError> {
        self.answers()?;
        Ok(Vec::new())
    }

    async fn rules(&self) -> Result<Option<String>, ClientError> {
        self.answers()?;
        Ok(self.rules.lock().unwrap().clone())
    }
}
