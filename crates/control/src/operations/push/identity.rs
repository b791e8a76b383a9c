//! Which session a push is of, by what the gate says proves it.

use brokers::ssh::SshPublicKey;
use domain::push::Proof;
use domain::{BrokerKind, Name, SessionId, Token, TokenKind};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::operations::{session as sessions, ssh_hosts, verify};
use crate::plane::ControlPlane;

/// Which session pushes, and how that is known.
#[derive(Clone)]
pub enum Identity {
    /// It asks by itself, with its own bearer.
    Bearer(SessionId),
    /// It showed the gate a token: its own, or one that was made for the gate.
    Token(Zeroizing<String>),
    /// The web server before the gate checked a token, as relying parties do.
    WebServer(SessionId),
    /// An SSH server logged it in by a certificate of this authority (fingerprint).
    Certificate(SessionId, String),
}

impl Identity {
    pub(super) fn proof(&self) -> Proof {
        match self {
            Self::Bearer(_) => Proof::Bearer,
            Self::Token(_) => Proof::Token,
            Self::WebServer(_) => Proof::WebServer,
            Self::Certificate(..) => Proof::Certificate,
        }
    }
}

/// Finds the session. What a gate says of others' checks is believed: it has a secret that says it is a gate.
pub(super) async fn session(plane: &ControlPlane, identity: &Identity, gate: Option<&str>) -> Result<SessionId, Error> {
    match (identity, gate) {
        (Identity::Bearer(session), None) => Ok(*session),
        (Identity::Token(token), Some(audience)) => by_token(plane, token, audience).await,
        (Identity::WebServer(session), Some(_)) => Ok(*session),
        (Identity::Certificate(session, authority), Some(_)) => {
            if is_login_authority(plane, authority).await {
                Ok(*session)
            } else {
                Err(Error::Unauthenticated("the certificate that logged in is not from this control plane"))
            }
        }
        (Identity::Bearer(_), Some(_)) | (_, None) => {
            Err(Error::Unauthenticated("only a gate says who pushes; a session asks with its own token"))
        }
    }
}

async fn by_token(plane: &ControlPlane, text: &str, audience: &str) -> Result<SessionId, Error> {
    if let Ok(token) = text.parse::<Token>() {
        if token.kind() == TokenKind::Session {
            return sessions::of_token(plane, &token);
        }
        return Err(Error::Unauthenticated("this is a human's token, and not one of a session"));
    }
    let alive = verify::alive(plane, text, audience).await;
    let alive = alive.ok_or(Error::Unauthenticated("the push came with no token that is alive here"))?;
    if alive.may_write {
        Ok(alive.session)
    } else {
        Err(Error::Forbidden {
            text: "this token is for reading only".to_owned(),
            next: Some("ask an administrator for a grant that may write".to_owned()),
        })
    }
}

async fn is_login_authority(plane: &ControlPlane, fingerprint: &str) -> bool {
    let ssh: Vec<Name> = plane.view.read(|state| {
        let ssh = state.brokers.iter().filter(|(_, broker)| broker.kind == BrokerKind::Ssh);
        ssh.map(|(name, _)| name.clone()).collect()
    });
    for name in ssh {
        let line = ssh_hosts::authority(plane, &name.to_string()).await.unwrap_or_default();
        if line.parse::<SshPublicKey>().is_ok_and(|key| key.fingerprint() == fingerprint) {
            return true;
        }
    }
    false
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer(session) => f.debug_tuple("Bearer").field(session).finish(),
            Self::Token(_) => f.write_str("Token(..)"),
            Self::WebServer(session) => f.debug_tuple("WebServer").field(session).finish(),
            Self::Certificate(session, authority) => {
                f.debug_tuple("Certificate").field(session).field(authority).finish()
            }
        }
    }
}
