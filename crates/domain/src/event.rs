//! What has happened: the only thing that changes [`crate::State`]. Each event becomes the body of one entry of the log.
//!
//! The `type` names are part of the log's format and never change their meaning; a changed shape gets a new version
//! and an upcast in the ledger.

use serde::{Deserialize, Serialize};

use crate::{
    artifact, broker, call, certificate, credential, developer, freeze, grant, key, lock, node, project, push, session,
    sign_in, team, write,
};

/// One fact. Serialised as `{"type": "<noun>.<verb>", "body": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum Event {
    /// A human became known.
    #[serde(rename = "developer.registered")]
    DeveloperRegistered(developer::Registered),
    /// A human's roles changed.
    #[serde(rename = "developer.roles_set")]
    DeveloperRolesSet(developer::RolesSet),
    /// A human was locked out: a leaver, or an emergency.
    #[serde(rename = "developer.disabled")]
    DeveloperDisabled(developer::Disabled),
    /// Who a human is was destroyed; the pseudonym stays.
    #[serde(rename = "developer.erased")]
    DeveloperErased(developer::Erased),
    /// A team was made.
    #[serde(rename = "team.created")]
    TeamCreated(team::Created),
    /// A developer joined a team.
    #[serde(rename = "team.member_added")]
    TeamMemberAdded(team::MemberAdded),
    /// A developer left a team.
    #[serde(rename = "team.member_removed")]
    TeamMemberRemoved(team::MemberRemoved),
    /// A project was made.
    #[serde(rename = "project.created")]
    ProjectCreated(project::Created),
    /// A project's lock rules were replaced.
    #[serde(rename = "project.lock_rules_set")]
    LockRulesSet(project::LockRulesSet),
    /// A developer signed in.
    #[serde(rename = "sign_in.started")]
    SignInStarted(sign_in::Started),
    /// A sign-in ended.
    #[serde(rename = "sign_in.ended")]
    SignInEnded(sign_in::Ended),
    /// A session began.
    #[serde(rename = "session.opened")]
    SessionOpened(Box<session::Opened>),
    /// A session missed its beats.
    #[serde(rename = "session.suspected")]
    SessionSuspected(session::Suspected),
    /// A suspect session beat again.
    #[serde(rename = "session.recovered")]
    SessionRecovered(session::Recovered),
    /// A session is over, however that came.
    #[serde(rename = "session.over")]
    SessionOver(session::Over),
    /// A session is over and all its calls are accounted for: its last entry.
    #[serde(rename = "session.closed")]
    SessionClosed(session::Closed),
    /// A session's client named itself for the first time (a claim).
    #[serde(rename = "session.alias_claimed")]
    AliasClaimed(session::AliasClaimed),
    /// A request claimed something that its bearer contradicts.
    #[serde(rename = "session.claim_mismatched")]
    ClaimMismatched(session::ClaimMismatched),
    /// Money was set aside for a model call.
    #[serde(rename = "call.reserved")]
    CallReserved(Box<call::Reserved>),
    /// A reserved call is accounted for.
    #[serde(rename = "call.settled")]
    CallSettled(Box<call::Settled>),
    /// A call was refused after the upstream had been contacted.
    #[serde(rename = "call.refused")]
    CallRefused(call::Refused),
    /// A session left a trace in another system.
    #[serde(rename = "artifact.recorded")]
    ArtifactRecorded(artifact::Recorded),
    /// A certificate was issued to a session.
    #[serde(rename = "certificate.issued")]
    CertificateIssued(certificate::Issued),
    /// Somebody had the installation's keys replaced.
    #[serde(rename = "key.rotation_asked")]
    KeyRotationAsked(key::RotationAsked),
    /// The installation has a new key.
    #[serde(rename = "key.rotated")]
    KeyRotated(key::Rotated),
    /// A broker was configured.
    #[serde(rename = "broker.configured")]
    BrokerConfigured(Box<broker::Configured>),
    /// A broker was switched on or off.
    #[serde(rename = "broker.switched")]
    BrokerSwitched(broker::Switched),
    /// A broker was removed.
    #[serde(rename = "broker.removed")]
    BrokerRemoved(broker::Removed),
    /// A project has a grant.
    #[serde(rename = "grant.set")]
    GrantSet(Box<grant::GrantSet>),
    /// A grant was taken away.
    #[serde(rename = "grant.removed")]
    GrantRemoved(grant::GrantRemoved),
    /// A credential was decided.
    #[serde(rename = "credential.requested")]
    CredentialRequested(Box<credential::Requested>),
    /// A credential was made.
    #[serde(rename = "credential.issued")]
    CredentialIssued(credential::Issued),
    /// Somebody asked that a credential be revoked.
    #[serde(rename = "credential.revocation_asked")]
    RevocationAsked(credential::RevocationAsked),
    /// A credential could not be ended, so far.
    #[serde(rename = "credential.stalled")]
    CredentialStalled(credential::Stalled),
    /// A credential is dead.
    #[serde(rename = "credential.over")]
    CredentialOver(credential::Over),
    /// A ticket waits.
    #[serde(rename = "lock.queued")]
    LockQueued(Box<lock::Queued>),
    /// It is a ticket's turn.
    #[serde(rename = "lock.offered")]
    LockOffered(lock::Offered),
    /// A ticket holds what it wants; the entry's position is the fencing token.
    #[serde(rename = "lock.granted")]
    LockGranted(Box<lock::Granted>),
    /// A ticket was let go while a change was on its way: what it held rests.
    #[serde(rename = "lock.resting")]
    LockResting(lock::Resting),
    /// A ticket is over.
    #[serde(rename = "lock.over")]
    LockOver(lock::Over),
    /// A session changed a resource.
    #[serde(rename = "resource.written")]
    ResourceWritten(Box<write::Written>),
    /// A push may go in.
    #[serde(rename = "push.admitted")]
    PushAdmitted(Box<push::Admitted>),
    /// A push that was let in is not on its way any more.
    #[serde(rename = "push.landed")]
    PushLanded(push::Landed),
    /// A push may not go in.
    #[serde(rename = "push.refused")]
    PushRefused(Box<push::Refused>),
    /// No agent may change a resource.
    #[serde(rename = "resource.frozen")]
    ResourceFrozen(Box<freeze::Frozen>),
    /// A human has looked at a frozen resource.
    #[serde(rename = "resource.thawed")]
    ResourceThawed(freeze::Thawed),
    /// A writ process came up.
    #[serde(rename = "node.started")]
    NodeStarted(node::Started),
    /// A writ process is gone; its open calls are settled by recovery.
    #[serde(rename = "node.lost")]
    NodeLost(node::Lost),
}

impl Event {
    /// The session this event is about, if it is about one.
    pub fn session(&self) -> Option<crate::SessionId> {
        match self {
            Self::SessionOpened(event) => Some(event.session),
            Self::SessionSuspected(event) => Some(event.session),
            Self::SessionRecovered(event) => Some(event.session),
            Self::SessionOver(event) => Some(event.session),
            Self::SessionClosed(event) => Some(event.session),
            Self::AliasClaimed(event) => Some(event.session),
            Self::ClaimMismatched(event) => Some(event.session),
            Self::CallReserved(event) => Some(event.session),
            Self::CallSettled(event) => Some(event.session),
            Self::CallRefused(event) => Some(event.session),
            Self::ArtifactRecorded(event) => Some(event.session),
            Self::CertificateIssued(event) => Some(event.session),
            Self::CredentialRequested(event) => Some(event.session),
            Self::CredentialIssued(event) => Some(event.session),
            Self::RevocationAsked(event) => Some(event.session),
            Self::CredentialStalled(event) => Some(event.session),
            Self::CredentialOver(event) => Some(event.session),
            Self::LockQueued(event) => event.holder.session(),
            Self::LockOffered(event) => event.holder.session(),
            Self::LockGranted(event) => event.holder.session(),
            Self::LockResting(event) => event.holder.session(),
            Self::LockOver(event) => event.holder.session(),
            Self::ResourceWritten(event) => Some(event.session),
            Self::PushAdmitted(event) => Some(event.push.session),
            Self::PushLanded(event) => Some(event.session),
            Self::PushRefused(event) => Some(event.push.session),
            _ => None,
        }
    }
}
