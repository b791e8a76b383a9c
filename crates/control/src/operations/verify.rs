//! What relying parties ask: whether a token that writ signed is alive, whose it is, and what it may do.
//!
//! A relying party that only verifies signatures learns of a revocation when the token expires. One that asks learns of it
//! at once: a token is alive while its credential and its session are.

use domain::credential::token_id;
use domain::scope::ANY;
use domain::{CredentialId, DeveloperId, ProjectId, SessionId, Span, State, Time};
use serde_json::{Map, Value};
use store::Engine;

use crate::plane::ControlPlane;

/// How long after it was signed a token may be unknown here, because it was signed by another process.
const NEWS_MAX: Span = Span::from_secs(30);
/// The dimension of a scope, and the claim, that says whether its bearer may change anything.
const ACCESS: &str = "access";
/// What it says then.
const WRITE: &str = "write";

/// A token that is alive.
#[derive(Debug, Clone, PartialEq)]
pub struct Alive {
    /// The credential that it is; none for the writ of a session.
    pub credential: Option<CredentialId>,
    /// For which session it was made.
    pub session: SessionId,
    /// On whose behalf that acts.
    pub developer: DeveloperId,
    /// What the work is for.
    pub project: Option<ProjectId>,
    /// Whether it may change anything.
    pub may_write: bool,
    /// Everything it says.
    pub claims: Map<String, Value>,
}

/// What the log knows of a token.
struct Known {
    credential: Option<CredentialId>,
    developer: DeveloperId,
    project: Option<ProjectId>,
    /// What its scope says of [`ACCESS`], if anything.
    may_write: Option<bool>,
}

/// Finds out whether a text is a token for this audience that is alive. Nothing is said of why one is not: whoever holds a
/// dead or foreign token learns no more than that.
pub async fn alive(plane: &ControlPlane, text: &str, audience: &str) -> Option<Alive> {
    let now = plane.clock.now();
    let verified = plane.signing.verify(&plane.store, &plane.seals, text, audience, now).await;
    let claims = verified.ok()?.claims;
    let (session, number) = named(&claims)?;
    let look = || plane.view.read(|state| known(state, session, number, now));
    let known = match look() {
        Some(known) => known,
        None if is_news(plane, &claims, now) => {
            plane.scribe.catch_up().await.ok()?;
            look()?
        }
        None => return None,
    };
    let Known { credential, developer, project, may_write } = known;
    let may_write = may_write.unwrap_or_else(|| claims.get(ACCESS).is_some_and(says_write));
    Some(Alive { credential, session, developer, project, may_write, claims })
}

/// The audience that a token names, unverified: for who may ask about tokens for anybody.
pub fn audience_of(text: &str) -> Option<String> {
    use base64::Engine as _;
    let payload = text.split('.').nth(1).filter(|payload| payload.len() <= brokers::issuer_limits::TOKEN_BYTES_MAX)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&claims).ok()?;
    match claims.get("aud")? {
        Value::Array(several) => several.first()?.as_str().map(str::to_owned),
        one => one.as_str().map(str::to_owned),
    }
}

/// What a token is of its session's: a numbered credential, or the session's writ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Credential(u64),
    Writ,
}

/// The session and the number in a token's `jti`, as writ spells them.
fn named(claims: &Map<String, Value>) -> Option<(SessionId, Number)> {
    let name = claims.get("jti")?.as_str()?;
    if let Some(session) = name.strip_suffix(":1") {
        return Some((session.parse().ok()?, Number::Writ));
    }
    let (session, number) = name.rsplit_once('.')?;
    let (session, number): (SessionId, u64) = (session.parse().ok()?, number.parse().ok()?);
    (token_id(session, number) == name).then_some((session, Number::Credential(number)))
}

/// The session must be live, and so must the credential: made, not due to be ended, not expired.
fn known(state: &State, session: SessionId, number: Number, now: Time) -> Option<Known> {
    let live = state.unexpired_session(session, now).ok()?;
    let developer = live.developer;
    let Number::Credential(number) = number else {
        return Some(Known { credential: None, developer, project: live.project, may_write: None });
    };
    let (id, credential) = state.credentials_of(session).find(|(_, one)| one.sequence == number)?;
    let is_live = credential.is_issued && credential.due.is_none() && now < credential.expires_at;
    let may_write = credential.scope.values(ACCESS).map(|values| values.contains(WRITE) || values.contains(ANY));
    is_live.then_some(Known { credential: Some(id), developer, project: Some(credential.project), may_write })
}

/// Whether another process may have signed it so lately that this one has not heard of it.
fn is_news(plane: &ControlPlane, claims: &Map<String, Value>, now: Time) -> bool {
    let signed_at = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
    plane.store.engine() == Engine::Postgres
        && now.unix_seconds() - signed_at <= i64::try_from(NEWS_MAX.as_secs()).unwrap_or(0)
}

/// `"write"`, or a list that has it.
fn says_write(claim: &Value) -> bool {
    match claim {
        Value::String(text) => text.split([' ', ',']).any(|word| word == WRITE),
        Value::Array(values) => values.iter().any(|value| value.as_str() == Some(WRITE)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
