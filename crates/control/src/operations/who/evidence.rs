//! What a thing can be, and whether that makes its link to a session a proof or a claim.

use std::fmt;
use std::str::FromStr;

use domain::ArtifactKind;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A session, by its id.
    Session,
    /// A model call, by its id.
    Call,
    /// A human, by id or sign-in name.
    Developer,
    /// A request for locks, by its ticket.
    Ticket,
    /// Something that sessions lock and change.
    Resource,
    /// A trace in another system.
    Artifact(ArtifactKind),
    /// A name that has a session's id in it: of a branch, a role, a key.
    NameWithId,
}

/// Why a text is not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of thing")]
pub struct KindError;

// === impl Kind ===

impl Kind {
    /// The kind's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Call => "call",
            Self::Developer => "developer",
            Self::Ticket => "ticket",
            Self::Resource => "resource",
            Self::Artifact(kind) => kind.as_str(),
            Self::NameWithId => "name_with_id",
        }
    }

    /// Whether the link to the session is only what somebody said.
    pub const fn is_claim(self) -> bool {
        match self {
            Self::Session | Self::Call | Self::Developer | Self::Ticket | Self::Resource => false,
            Self::Artifact(kind) => kind.is_claim(),
            Self::NameWithId => true,
        }
    }

    /// Why the thing leads to its session: one sentence without a full stop.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Session => "this entry opened the session",
            Self::Call => "the call came with the session's own bearer",
            Self::Developer => "this is the human",
            Self::Ticket => "it asked for the locks of this ticket, with its own bearer",
            Self::Resource => "it holds this, or was the last that held or changed it",
            Self::NameWithId => "the name has the session's id in it: whoever chose the name says so",
            Self::Artifact(kind) => match kind {
                ArtifactKind::Commit => "the session says it made this commit; a signature would prove it",
                ArtifactKind::PullRequest => "the session says it opened this pull request",
                ArtifactKind::Request => "this entry came of the request",
                ArtifactKind::UpstreamRequest => "the gateway read it in the answer to a call of the session",
                ArtifactKind::ClientSession => "the client said so in a call with the session's bearer",
                ArtifactKind::Agent => "the client said so in a call with the session's bearer",
                ArtifactKind::CertificateSerial => "writ issued the certificate to the session",
                ArtifactKind::AwsAccessKey
                | ArtifactKind::AwsRoleSession
                | ArtifactKind::DatabaseRole
                | ArtifactKind::LockToken
                | ArtifactKind::Credential
                | ArtifactKind::TokenId
                | ArtifactKind::TokenHash
                | ArtifactKind::CredentialHandle => "writ gave it to the session",
            },
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        let own = [Self::Session, Self::Call, Self::Developer, Self::Ticket, Self::Resource, Self::NameWithId];
        let artifacts = ArtifactKind::ALL.into_iter().map(Self::Artifact);
        own.into_iter().chain(artifacts).find(|kind| kind.as_str() == text).ok_or(KindError)
    }
}
