//! The JWT itself: header and payload as they stand on the wire (RFC 7515 section 3.1, RFC 7519 section 4.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{DeveloperId, ProjectId, SessionId};
use serde::Serialize;

use super::{AUDIENCE_DEFAULT, WritClaims};
use crate::{Certificate, SigningKey};

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
    /// RFC 7515 section 4.1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    x5c: Option<[String; 1]>,
}

/// The claims of a writ. Members of our own are named as everywhere else in writ.
#[derive(Serialize)]
pub(super) struct Writ<'a> {
    iss: &'a str,
    aud: Vec<&'a str>,
    sub: DeveloperId,
    act: Actor,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// One writ per session so far, hence `:1`.
    jti: String,
    #[serde(rename = "developer.id")]
    developer: DeveloperId,
    #[serde(rename = "project.id", skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    #[serde(rename = "session.id")]
    session: SessionId,
    profile: &'a str,
}

/// Who acts, and through whom: RFC 8693 section 4.1.
#[derive(Serialize)]
pub(super) struct Actor {
    sub: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Box<Actor>>,
}

/// Signs in the compact form of RFC 7515 section 7.1. None when the key or the encoder fails.
pub(super) fn sign(key: &SigningKey, certificate: Option<&Certificate>, payload: &impl Serialize) -> Option<String> {
    let x5c = certificate.map(|certificate| [certificate.x5c()]);
    let header = Header { alg: key.algorithm().as_str(), typ: "JWT", kid: key.kid(), x5c };
    let mut text = format!("{}.{}", part(&header)?, part(payload)?);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Some(text)
}

fn part(value: &impl Serialize) -> Option<String> {
    serde_json::to_vec(value).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

// === impl Writ ===

impl<'a> Writ<'a> {
    pub(super) fn new(issuer: &'a str, claims: &'a WritClaims) -> Self {
        let issued_at = claims.issued_at.unix_seconds();
        Self {
            iss: issuer,
            aud: audience(claims),
            sub: claims.developer,
            act: Actor::chain(claims.session, &claims.parents),
            iat: issued_at,
            nbf: issued_at,
            exp: claims.expires_at.unix_seconds(),
            jti: format!("{}:1", claims.session),
            developer: claims.developer,
            project: claims.project,
            session: claims.session,
            profile: claims.profile.as_str(),
        }
    }
}

fn audience(claims: &WritClaims) -> Vec<&str> {
    if claims.audience.is_empty() {
        return vec![AUDIENCE_DEFAULT];
    }
    claims.audience.iter().map(String::as_str).collect()
}

// === impl Actor ===

impl Actor {
    /// The session outermost, its root ancestor innermost.
    pub(super) fn chain(session: SessionId, parents: &[SessionId]) -> Self {
        let inner = parents.iter().rev().fold(None, |act, &sub| Some(Box::new(Self { sub, act })));
        Self { sub: session, act: inner }
    }
}
