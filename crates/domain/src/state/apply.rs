//! How each event changes state. Total: an event that was written is applied, whatever it says.

use std::collections::BTreeSet;

use super::State;
use crate::call::{Outcome, Reservation, Reserved, Settled};
use crate::credential::{Cause, Credential};
use crate::developer::Developer;
use crate::lock::Holder;
use crate::project::Project;
use crate::session::{AliasClaimed, Ending, Opened, Over, Past, Session};
use crate::sign_in::{self, Held};
use crate::team::Team;
use crate::{CallId, Event, SessionId, SignInId, Time, Usd, limits};

impl State {
    /// Folds one event that happened at `at`. Never fails; never reads anything but its arguments.
    pub fn apply(&mut self, event: &Event, at: Time) {
        self.last_time = self.last_time.max(at);
        match event {
            Event::DeveloperRegistered(event) => {
                let developer = Developer { roles: event.roles.clone(), disabled: false, erased_at: None };
                self.developers.insert(event.developer, developer);
            }
            Event::DeveloperRolesSet(event) => {
                if let Some(developer) = self.developers.get_mut(&event.developer) {
                    developer.roles.clone_from(&event.roles);
                }
            }
            Event::DeveloperDisabled(event) => {
                if let Some(developer) = self.developers.get_mut(&event.developer) {
                    developer.disabled = true;
                }
            }
            Event::DeveloperErased(event) => {
                if let Some(developer) = self.developers.get_mut(&event.developer) {
                    developer.disabled = true;
                    developer.erased_at.get_or_insert(at);
                }
            }
            Event::TeamCreated(event) => {
                self.teams.insert(event.team, Team { name: event.name.clone(), members: Default::default() });
            }
            Event::TeamMemberAdded(event) => {
                if let Some(team) = self.teams.get_mut(&event.team) {
                    team.members.insert(event.developer);
                }
            }
            Event::TeamMemberRemoved(event) => {
                if let Some(team) = self.teams.get_mut(&event.team) {
                    team.members.remove(&event.developer);
                }
            }
            Event::ProjectCreated(event) => {
                let (name, teams) = (event.name.clone(), event.teams.clone());
                self.projects.insert(event.project, Project { name, teams, grants: Vec::new(), lock_rules: None });
            }
            Event::LockRulesSet(event) => {
                if let Some(project) = self.projects.get_mut(&event.project) {
                    project.lock_rules = Some(event.rules.clone()).filter(|rules| !rules.is_empty());
                }
            }
            Event::SignInStarted(event) => self.start_sign_in(event),
            Event::SignInEnded(event) => self.end_sign_in(event.sign_in),
            Event::SessionOpened(event) => self.open_session(event, at),
            Event::SessionSuspected(event) => self.set_suspect(event.session, Some(event.last_beat)),
            Event::SessionRecovered(event) => self.set_suspect(event.session, None),
            Event::SessionOver(event) => self.close_session(event, at),
            Event::SessionClosed(event) => {
                self.closing.remove(&event.session);
            }
            Event::AliasClaimed(event) => self.claim_alias(event),
            Event::CallReserved(event) => self.reserve_call(event, at),
            Event::CallSettled(event) => self.settle_call(event),
            Event::ArtifactRecorded(event) => self.count(event.session, |session| &mut session.artifacts),
            Event::CertificateIssued(event) => self.count(event.session, |session| &mut session.certificates),
            Event::BrokerConfigured(event) => self.configure_broker(event),
            Event::BrokerSwitched(event) => self.switch_broker(event, at),
            Event::BrokerRemoved(event) => self.remove_broker(event),
            Event::GrantSet(event) => self.set_grant(event, at),
            Event::GrantRemoved(event) => self.remove_grant(event, at),
            Event::CredentialRequested(event) => self.request_credential(event, at),
            Event::CredentialIssued(event) => self.issue_credential(event),
            Event::RevocationAsked(event) => self.make_one_due(event.credential, Cause::Asked, at),
            Event::CredentialStalled(event) => self.stall_credential(event.credential),
            Event::CredentialOver(event) => self.end_credential(event),
            Event::LockQueued(event) => self.queue_ticket(event, at),
            Event::LockOffered(event) => self.offer_ticket(event),
            Event::LockGranted(event) => self.grant_ticket(event, at),
            Event::LockResting(event) => self.rest_ticket(event, at),
            Event::LockOver(event) => self.end_ticket(event.ticket, at),
            Event::ResourceWritten(event) => self.write(event, at),
            Event::PushAdmitted(event) => self.pin(&event.locks, at),
            Event::PushLanded(event) => self.unpin(event),
            Event::PushRefused(_) => {}
            Event::ResourceFrozen(event) => self.freeze(event, at),
            Event::ResourceThawed(event) => self.thaw(&event.resource),
            Event::NodeStarted(event) => {
                self.nodes.insert(event.node);
            }
            Event::NodeLost(event) => {
                self.nodes.remove(&event.node);
                let was_making = |one: &Credential| one.node == event.node && !one.is_issued;
                self.make_due(Cause::NodeLost, at, was_making);
            }
            Event::ClaimMismatched(_) | Event::CallRefused(_) => {}
            Event::KeyRotationAsked(_) | Event::KeyRotated(_) => {}
        }
        self.next += 1;
    }

    fn start_sign_in(&mut self, event: &sign_in::Started) {
        let held = Held { developer: event.developer, token: event.token, expires_at: event.expires_at };
        self.sign_in_tokens.insert(event.token, event.sign_in);
        self.sign_ins.insert(event.sign_in, held);
    }

    fn end_sign_in(&mut self, id: SignInId) {
        if let Some(held) = self.sign_ins.remove(&id) {
            self.sign_in_tokens.remove(&held.token);
            remember(&mut self.sign_ins_over, id, limits::SIGN_INS_OVER_REMEMBERED_MAX);
        }
    }

    /// Revocation wins: an opening after the end of the same id changes nothing.
    fn open_session(&mut self, event: &Opened, at: Time) {
        if self.past.contains_key(&event.session) {
            return;
        }
        if let Some(parent) = event.parent {
            self.children.entry(parent).or_default().insert(event.session);
            if let Some(agent) = event.agent.as_ref().filter(|_| self.sessions.contains_key(&parent)) {
                self.agents.entry(parent).or_default().insert(agent.clone(), event.session);
            }
        }
        self.session_tokens.insert(event.token, event.session);
        let session = Session {
            parent: event.parent,
            agent: event.agent.clone(),
            developer: event.developer,
            project: event.project,
            team: event.team,
            profile: event.profile.clone(),
            token: event.token,
            opened_at: at,
            expires_at: event.expires_at,
            beats: event.beats,
            suspect_since: None,
            budget: event.budget,
            spent: Usd::ZERO,
            held: Usd::ZERO,
            calls_open: 0,
            aliases: Default::default(),
            artifacts: 0,
            certificates: 0,
            credentials: 0,
        };
        self.sessions.insert(event.session, session);
    }

    fn set_suspect(&mut self, id: SessionId, since: Option<Time>) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.suspect_since = since;
        }
    }

    fn close_session(&mut self, event: &Over, at: Time) {
        let Some(session) = self.sessions.remove(&event.session) else {
            return;
        };
        self.agents.remove(&event.session);
        for alias in &session.aliases {
            self.aliases.remove(alias);
        }
        if let Some(parent) = session.parent
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.remove(&event.session);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        self.make_due_of(event.session, at);
        self.end_tickets_of(event, at);
        let rests = self.locks.of(Holder::Session(event.session)).next().is_some();
        if session.calls_open > 0 || rests || self.session_credentials.contains_key(&event.session) {
            self.closing.insert(event.session, session.calls_open);
        }
        let ending = Ending { how: event.how.clone(), at };
        let past = Past { developer: session.developer, token: session.token, ending };
        self.past.insert(event.session, past);
        self.past_order.push_back(event.session);
        if self.past_order.len() > limits::SESSIONS_OVER_REMEMBERED_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.past_order.pop_front() else {
            return;
        };
        if let Some(past) = self.past.remove(&oldest) {
            self.session_tokens.remove(&past.token);
        }
    }

    fn claim_alias(&mut self, event: &AliasClaimed) {
        if let Some(session) = self.sessions.get_mut(&event.session) {
            session.aliases.insert(event.client_session.clone());
            self.aliases.insert(event.client_session.clone(), event.session);
        }
    }

    fn reserve_call(&mut self, event: &Reserved, at: Time) {
        let ancestors = self.lineage(event.session);
        self.each_payer(event.session, &ancestors, |payer| payer.held = payer.held.plus(event.hold));
        if let Some(session) = self.sessions.get_mut(&event.session) {
            session.calls_open += 1;
        }
        let reservation = Reservation {
            session: event.session,
            ancestors,
            node: event.node,
            hold: event.hold,
            reserved_at: at,
            dimensions: event.dimensions.clone(),
        };
        self.calls.insert(event.call, reservation);
    }

    /// Settled once: a second settlement of the same call finds nothing to change.
    fn settle_call(&mut self, event: &Settled) {
        let Some(call) = self.take_call(event.call) else {
            return;
        };
        if event.settlement.outcome == Outcome::Abandoned {
            remember(&mut self.abandoned, event.call, limits::CALLS_ABANDONED_REMEMBERED_MAX);
        }
        let cost = event.settlement.cost;
        self.each_payer(call.session, &call.ancestors, |payer| {
            payer.held = payer.held.minus(call.hold);
            payer.spent = payer.spent.plus(cost);
        });
    }

    fn take_call(&mut self, id: CallId) -> Option<Reservation> {
        let call = self.calls.remove(&id)?;
        if let Some(session) = self.sessions.get_mut(&call.session) {
            session.calls_open = session.calls_open.saturating_sub(1);
        } else if let Some(open) = self.closing.get_mut(&call.session) {
            *open = open.saturating_sub(1);
        }
        Some(call)
    }

    /// Counts one more of something that a live session has.
    fn count(&mut self, id: SessionId, counter: impl FnOnce(&mut Session) -> &mut usize) {
        if let Some(session) = self.sessions.get_mut(&id) {
            *counter(session) += 1;
        }
    }

    /// Applies a change to the session and those ancestors that are still live.
    fn each_payer(&mut self, session: SessionId, ancestors: &[SessionId], mut change: impl FnMut(&mut Session)) {
        for id in std::iter::once(&session).chain(ancestors) {
            if let Some(payer) = self.sessions.get_mut(id) {
                change(payer);
            }
        }
    }
}

/// Keeps an id among those it was done with. Ids sort by the time they were made, so the first is the oldest.
fn remember<Id: Ord>(ids: &mut BTreeSet<Id>, id: Id, max: usize) {
    ids.insert(id);
    if ids.len() > max {
        ids.pop_first();
    }
}
