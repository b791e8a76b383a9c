//! Artifacts: traces that a session leaves in other systems, each under the name that system gives it. "Who did this?"
//! starts from one of them.
//!
//! What a broker or the gateway records is proof of its own; what a session says about itself (a commit, a pull request)
//! is a claim, and is told apart for ever by its kind.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Actor, Event, Refusal, RequestId, Role, SessionId, State, Time, credential, limits, text};

/// What kind of name an artifact is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// A git commit, by its full id. A claim: the commit's signature is the proof.
    Commit,
    /// A pull request, as `owner/repository#number` or its URL. A claim.
    PullRequest,
    /// An HTTP request to writ, by the id in its answer.
    Request,
    /// A model call, by the id that the model service gave it.
    UpstreamRequest,
    /// The client's own session id. A claim.
    ClientSession,
    /// A sub-agent inside the client. A claim.
    Agent,
    /// A certificate that writ issued, by its serial number.
    CertificateSerial,
    /// An AWS access key id.
    AwsAccessKey,
    /// An AWS role session name.
    AwsRoleSession,
    /// A database login role.
    DatabaseRole,
    /// A fencing token of a lock.
    LockToken,
    /// A credential that writ vended, by writ's own id of it.
    Credential,
    /// A token that writ signed for a session, by its `jti`.
    TokenId,
    /// A bearer token somebody else made for a session, by the base64 of its SHA-256: what GitHub's audit log shows as
    /// `hashed_token`.
    TokenHash,
    /// What an operator's own broker calls the credential it made.
    CredentialHandle,
}

impl ArtifactKind {
    /// Every kind, in the order in which a search tells what it looked for.
    pub const ALL: [Self; 15] = [
        Self::Commit,
        Self::PullRequest,
        Self::Request,
        Self::UpstreamRequest,
        Self::ClientSession,
        Self::Agent,
        Self::CertificateSerial,
        Self::AwsAccessKey,
        Self::AwsRoleSession,
        Self::DatabaseRole,
        Self::LockToken,
        Self::Credential,
        Self::TokenId,
        Self::TokenHash,
        Self::CredentialHandle,
    ];

    /// The kind's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::PullRequest => "pull_request",
            Self::Request => "request",
            Self::UpstreamRequest => "upstream_request",
            Self::ClientSession => "client_session",
            Self::Agent => "agent",
            Self::CertificateSerial => "certificate_serial",
            Self::AwsAccessKey => "aws_access_key",
            Self::AwsRoleSession => "aws_role_session",
            Self::DatabaseRole => "database_role",
            Self::LockToken => "lock_token",
            Self::Credential => "credential",
            Self::TokenId => "token_id",
            Self::TokenHash => "token_hash",
            Self::CredentialHandle => "credential_handle",
        }
    }

    /// Whether a session may say of itself that it left this. All other kinds are recorded by who made them.
    pub const fn may_be_claimed(self) -> bool {
        matches!(self, Self::Commit | Self::PullRequest)
    }

    /// Whether the link to the session is only what somebody said.
    pub const fn is_claim(self) -> bool {
        matches!(self, Self::Commit | Self::PullRequest | Self::ClientSession | Self::Agent)
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a kind of artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of artifact")]
pub struct ArtifactKindError;

impl FromStr for ArtifactKind {
    type Err = ArtifactKindError;

    fn from_str(text: &str) -> Result<Self, ArtifactKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ArtifactKindError)
    }
}

/// Record a trace that a session left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which session.
    pub session: SessionId,
    /// What kind of name it is.
    pub kind: ArtifactKind,
    /// The name, at most [`limits::ARTIFACT_CHARS_MAX`] characters.
    pub value: String,
}

/// Entry: a session left a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Which session.
    pub session: SessionId,
    /// What kind of name it is.
    pub kind: ArtifactKind,
    /// The name.
    pub value: String,
}

/// A session claims for itself only, and only what may be claimed; writ records anything.
pub(crate) fn record(state: &State, by: Actor, command: &Record, now: Time) -> Result<Vec<Event>, Refusal> {
    let allowed = match by {
        Actor::System => true,
        Actor::Session(session) => session == command.session && command.kind.may_be_claimed(),
        Actor::Bootstrap | Actor::Developer(_) => false,
    };
    if !allowed {
        return Err(Refusal::Forbidden { needs: Role::Admin.as_str() });
    }
    text::check("the artifact's name", &command.value, limits::ARTIFACT_CHARS_MAX)?;
    let session = state.unexpired_session(command.session, now)?;
    if session.artifacts >= limits::ARTIFACTS_PER_SESSION_MAX {
        return Err(Refusal::LimitReached { what: "artifacts of one session", max: limits::ARTIFACTS_PER_SESSION_MAX });
    }
    Ok(vec![Event::ArtifactRecorded(Recorded {
        session: command.session,
        kind: command.kind,
        value: command.value.clone(),
    })])
}

/// The names by which an entry makes its session known in other systems. Requests of model calls are not among them:
/// there are many, and they are found through the calls.
pub fn named_by(event: &Event, request: Option<RequestId>) -> Vec<(ArtifactKind, Cow<'_, str>)> {
    let mut names = Vec::new();
    match event {
        Event::AliasClaimed(event) => names.push((ArtifactKind::ClientSession, Cow::from(&event.client_session))),
        Event::ArtifactRecorded(event) => names.push((event.kind, Cow::from(&event.value))),
        Event::CertificateIssued(event) => {
            names.push((ArtifactKind::CertificateSerial, Cow::from(event.serial.to_string())));
        }
        Event::CredentialRequested(event) => {
            let token_id = credential::token_id(event.session, event.sequence);
            names.push((ArtifactKind::Credential, Cow::from(event.credential.to_string())));
            names.push((ArtifactKind::TokenId, Cow::from(token_id)));
        }
        Event::CredentialIssued(event) => {
            names.extend(event.names.iter().map(|name| (name.kind, Cow::from(&name.value))));
        }
        Event::CallReserved(event) => {
            names.extend(event.claims.agent.as_ref().map(|agent| (ArtifactKind::Agent, Cow::from(agent))));
        }
        Event::CallSettled(event) => {
            let id = event.settlement.upstream_request.as_ref();
            names.extend(id.map(|id| (ArtifactKind::UpstreamRequest, Cow::from(id))));
        }
        _ => {}
    }
    // Of what happens many times a second the requests have no index: calls are found by when they were made, locks by their
    // tickets.
    let is_frequent = matches!(
        event,
        Event::CallReserved(_)
            | Event::CallSettled(_)
            | Event::LockQueued(_)
            | Event::LockOffered(_)
            | Event::LockGranted(_)
            | Event::LockResting(_)
            | Event::LockOver(_)
    );
    if let Some(request) = request.filter(|_| !is_frequent) {
        names.push((ArtifactKind::Request, Cow::from(request.to_string())));
    }
    names.retain(|(_, value)| !value.is_empty());
    names
}

#[cfg(test)]
mod tests;
