//! How the events of brokers, grants and credentials change state.

use super::State;
use crate::broker::{Broker, Configured, Removed, Switched};
use crate::credential::{Cause, Credential, Due, Issued, Over, Requested};
use crate::grant::{GrantRemoved, GrantSet};
use crate::{CredentialId, Name, ProjectId, SessionId, Time};

impl State {
    pub(super) fn configure_broker(&mut self, event: &Configured) {
        let is_on = self.brokers.get(&event.broker).is_none_or(|known| known.is_on);
        let (kind, revision, targets) = (event.kind, event.revision, event.targets.clone());
        self.brokers.insert(event.broker.clone(), Broker { kind, is_on, revision, targets });
    }

    pub(super) fn switch_broker(&mut self, event: &Switched, at: Time) {
        if let Some(broker) = self.brokers.get_mut(&event.broker) {
            broker.is_on = event.is_on;
        }
        if !event.is_on {
            self.make_due(Cause::BrokerOff, at, |credential| credential.broker == event.broker);
        }
    }

    pub(super) fn remove_broker(&mut self, event: &Removed) {
        self.brokers.remove(&event.broker);
        for project in self.projects.values_mut() {
            project.grants.retain(|grant| grant.broker != event.broker);
        }
    }

    pub(super) fn set_grant(&mut self, event: &GrantSet, at: Time) {
        let grant = &event.grant;
        self.drop_grant(event.project, &grant.broker, &grant.target, grant.profile.as_ref(), at);
        if let Some(project) = self.projects.get_mut(&event.project) {
            project.grants.push(grant.clone());
        }
    }

    pub(super) fn remove_grant(&mut self, event: &GrantRemoved, at: Time) {
        self.drop_grant(event.project, &event.broker, &event.target, event.profile.as_ref(), at);
    }

    /// Without a grant, or with another, what was issued under it has no ground any more.
    fn drop_grant(&mut self, project: ProjectId, broker: &Name, target: &Name, profile: Option<&Name>, at: Time) {
        let Some(held) = self.projects.get_mut(&project) else { return };
        let before = held.grants.len();
        held.grants.retain(|grant| !grant.is_for(broker, target, profile));
        if held.grants.len() < before {
            self.make_due(Cause::GrantChanged, at, |credential| {
                credential.project == project
                    && credential.broker == *broker
                    && credential.target == *target
                    && credential.granted_to.as_ref() == profile
            });
        }
    }

    pub(super) fn request_credential(&mut self, event: &Requested, at: Time) {
        if let Some(session) = self.sessions.get_mut(&event.session) {
            session.credentials = session.credentials.max(event.sequence);
        }
        let credential = Credential {
            session: event.session,
            sequence: event.sequence,
            project: event.project,
            broker: event.broker.clone(),
            target: event.target.clone(),
            granted_to: event.granted_to.clone(),
            scope: event.scope.clone(),
            lock: event.lock,
            requested_at: at,
            node: event.node,
            is_issued: false,
            expires_at: event.expires_at,
            due: None,
            is_stalled: false,
        };
        self.expiries.insert((event.expires_at, event.credential));
        self.session_credentials.entry(event.session).or_default().insert(event.credential);
        self.credentials.insert(event.credential, credential);
    }

    pub(super) fn issue_credential(&mut self, event: &Issued) {
        let Some(credential) = self.credentials.get_mut(&event.credential) else { return };
        self.expiries.remove(&(credential.expires_at, event.credential));
        self.expiries.insert((event.expires_at, event.credential));
        credential.is_issued = true;
        credential.expires_at = event.expires_at;
    }

    pub(super) fn stall_credential(&mut self, id: CredentialId) {
        if let Some(credential) = self.credentials.get_mut(&id) {
            credential.is_stalled = true;
        }
    }

    pub(super) fn end_credential(&mut self, event: &Over) {
        let Some(credential) = self.credentials.remove(&event.credential) else { return };
        self.due.remove(&event.credential);
        self.expiries.remove(&(credential.expires_at, event.credential));
        if let Some(of_session) = self.session_credentials.get_mut(&credential.session) {
            of_session.remove(&event.credential);
            if of_session.is_empty() {
                self.session_credentials.remove(&credential.session);
            }
        }
    }

    pub(super) fn make_due_of(&mut self, session: SessionId, at: Time) {
        for id in self.session_credentials.get(&session).cloned().unwrap_or_default() {
            self.make_one_due(id, Cause::SessionOver, at);
        }
    }

    pub(super) fn make_one_due(&mut self, id: CredentialId, cause: Cause, at: Time) {
        if let Some(credential) = self.credentials.get_mut(&id) {
            credential.due.get_or_insert(Due { since: at, cause });
            self.due.insert(id);
        }
    }

    pub(super) fn make_due(&mut self, cause: Cause, at: Time, which: impl Fn(&Credential) -> bool) {
        let ids: Vec<_> = self.credentials.iter().filter(|(_, one)| which(one)).map(|(id, _)| *id).collect();
        for id in ids {
            self.make_one_due(id, cause, at);
        }
    }
}
