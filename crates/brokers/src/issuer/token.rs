//! Tokens for relying parties.
//!
//! What a token says of the session it says twice: under the names that writ has everywhere (`session.id`), and under
//! plain ones (`session`), because the expression languages of relying parties do not like full stops. The first are ids;
//! the second are what people read: names where there are any.

use domain::limits::SESSION_DEPTH_MAX;
use domain::{DeveloperId, Name, ProjectId, SessionId, Time};
use serde_json::{Map, Value, json};

use super::IssuerError;
use super::aws::{self, AwsClaims};
use super::check::within;
use super::jwt::Actor;
use super::limits::{
    DEVELOPER_LABEL_CHARS_MAX, EXTRA_CLAIM_NAME_CHARS_MAX, EXTRA_CLAIMS_BYTES_MAX, EXTRA_CLAIMS_MAX, SUBJECT_CHARS_MAX,
    SUBJECT_CHARS_MIN, TOKEN_ID_CHARS_MAX, TOKEN_LIFE_MAX,
};

/// What a token says. Everything in it was decided and recorded before.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenClaims {
    /// Who is to accept it: audiences of configured relying parties, at least one.
    pub audience: Vec<String>,
    /// Who the relying party sees; made by [`super::RelyingParty::subject`].
    pub subject: String,
    /// Its name in the relying party's log; made by [`domain::credential::token_id`].
    pub token_id: String,
    /// The session that acts.
    pub session: SessionId,
    /// The sessions it was opened from, nearest first; at most [`SESSION_DEPTH_MAX`].
    pub parents: Vec<SessionId>,
    /// The human on whose behalf it acts.
    pub developer: DeveloperId,
    /// The human's sign-in name or address, where the relying party is to see it.
    pub developer_label: Option<String>,
    /// What the work is for.
    pub project: Option<ProjectClaim>,
    /// Name of the permission profile.
    pub profile: Name,
    /// For AWS STS.
    pub aws: Option<AwsClaims>,
    /// Further claims. None may have the name of one that writ sets or that a standard registered.
    pub extra: Map<String, Value>,
    /// When it is issued, and from when it counts; rounded down to a second.
    pub issued_at: Time,
    /// Until when it counts, at most [`TOKEN_LIFE_MAX`] later; rounded down to a second.
    pub expires_at: Time,
}

/// A project in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectClaim {
    /// Its id, which never changes.
    pub id: ProjectId,
    /// Its name.
    pub name: Name,
}

/// Names of claims that are not for others: those of RFC 7519 section 4.1, RFC 8693 section 4 and RFC 7800 section 3.1,
/// those of OpenID Connect Core section 2 that change what a token means, and writ's own.
const TAKEN: [&str; 28] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "act",
    "may_act",
    "scope",
    "client_id",
    "cnf",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "session.id",
    "developer.id",
    "project.id",
    "session",
    "developer",
    "project",
    "profile",
    aws::TAGS,
    aws::SOURCE_IDENTITY,
];

pub(super) fn check(claims: &TokenClaims) -> Result<(), IssuerError> {
    let (from, until) = (claims.issued_at.unix_seconds(), claims.expires_at.unix_seconds());
    if until <= from {
        return Err(IssuerError::Expiry);
    }
    if claims.expires_at.since(claims.issued_at) > TOKEN_LIFE_MAX {
        return Err(IssuerError::Life);
    }
    check_subject(&claims.subject)?;
    check_token_id(claims.session, &claims.token_id)?;
    within("parent sessions", claims.parents.len(), SESSION_DEPTH_MAX)?;
    if let Some(label) = &claims.developer_label {
        within("characters in the developer's name", label.chars().count(), DEVELOPER_LABEL_CHARS_MAX)?;
        if label.is_empty() || label.chars().any(char::is_control) {
            return Err(wrong("developer", "is empty or has control characters"));
        }
    }
    if let Some(aws) = &claims.aws {
        aws.check()?;
    }
    check_extra(&claims.extra)
}

fn check_subject(subject: &str) -> Result<(), IssuerError> {
    let fits = (SUBJECT_CHARS_MIN..=SUBJECT_CHARS_MAX).contains(&subject.len());
    if fits && subject.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(wrong("sub", "is not 6 to 255 visible ASCII characters"))
}

fn check_token_id(session: SessionId, token_id: &str) -> Result<(), IssuerError> {
    let sequence = token_id.strip_prefix(&session.to_string()).and_then(|rest| rest.strip_prefix('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if sequence.is_some_and(is_number) && token_id.len() <= TOKEN_ID_CHARS_MAX {
        return Ok(());
    }
    Err(wrong("jti", "is not the session's id, a full stop and a number"))
}

fn check_extra(extra: &Map<String, Value>) -> Result<(), IssuerError> {
    within("further claims", extra.len(), EXTRA_CLAIMS_MAX)?;
    for name in extra.keys() {
        if TAKEN.contains(&name.as_str()) {
            return Err(wrong(name, "is set by writ and by nobody else"));
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if name.is_empty() || name.len() > EXTRA_CLAIM_NAME_CHARS_MAX || !name.bytes().all(plain) {
            let name: String = name.chars().filter(|one| !one.is_control()).take(EXTRA_CLAIM_NAME_CHARS_MAX).collect();
            return Err(wrong(&name, "has a name that is not 1 to 100 visible ASCII characters"));
        }
    }
    let bytes = serde_json::to_vec(extra).map_or(usize::MAX, |json| json.len());
    within("bytes of further claims", bytes, EXTRA_CLAIMS_BYTES_MAX)
}

/// One audience is a text and several are a list (RFC 7519 section 4.1.3): not everybody takes a list of one.
pub(super) fn payload(issuer: &str, claims: &TokenClaims) -> Value {
    let audience = match claims.audience.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let issued_at = claims.issued_at.unix_seconds();
    let developer = claims.developer.to_string();
    let mut payload = json!({
        "iss": issuer,
        "sub": claims.subject,
        "aud": audience,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": claims.expires_at.unix_seconds(),
        "jti": claims.token_id,
        "act": Actor::chain(claims.session, &claims.parents),
        "session.id": claims.session,
        "session": claims.session,
        "developer.id": developer,
        "developer": claims.developer_label.as_ref().unwrap_or(&developer),
        "profile": claims.profile,
    });
    if let Some(project) = &claims.project {
        payload["project.id"] = json!(project.id);
        payload["project"] = json!(project.name);
    }
    if let Some(aws) = &claims.aws {
        payload[aws::TAGS] = aws.tags_claim();
        payload[aws::SOURCE_IDENTITY] = json!(aws.source_identity);
    }
    for (name, value) in &claims.extra {
        payload[name] = value.clone();
    }
    payload
}

fn wrong(claim: &str, what: &'static str) -> IssuerError {
    IssuerError::Claim { claim: claim.to_owned(), what }
}

#[cfg(test)]
mod tests;
