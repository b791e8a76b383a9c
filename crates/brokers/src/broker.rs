//! What every broker does, and what it is given to do it with.
//!
//! A credential is decided and recorded in the log before a broker is asked to make it, and what it takes to end it is
//! durable before the credential leaves. So a broker says beforehand what it will make ([`Broker::plan`]), makes it
//! ([`Broker::mint`]), and can end it later from what it said then ([`Broker::revoke`]), perhaps in another process.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::broker::Target;
use domain::{ArtifactKind, CredentialId, DeveloperId, Name, ProjectId, Scope, SessionId, Span, Time};
use serde::{Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::Injection;

/// Work that goes over the network. Whoever asked may drop it: then nothing is known of its outcome.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, BrokerError>> + Send + 'a>>;

/// Named secrets of an operator's: an App's private key, a database password.
pub type Secrets = BTreeMap<String, Zeroizing<String>>;

/// One broker: its settings were read and checked, its secrets are in memory.
pub trait Broker: Send + Sync + fmt::Debug {
    /// Its targets, with what decisions must know of them. At least one.
    fn targets(&self) -> BTreeMap<Name, Target>;

    /// Checks that a scope means something for a target: dimensions that are known, values that are well formed. Asked when
    /// a grant is made.
    ///
    /// # Errors
    /// Says which dimension or value, and what would be understood.
    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError>;

    /// What is known before anything is made; the same order always gives the same plan. For a target that is local,
    /// these are all the names.
    fn plan(&self, order: &Order) -> Plan;

    /// Makes the credential at its target.
    fn mint<'a>(&'a self, order: &'a Order, tools: &'a Tools, chance: Chance) -> Work<'a, Minted>;

    /// Ends a credential, from the handle that its mint or its plan gave. Ending one that is gone, or never was, is a
    /// success. May be asked any number of times.
    fn revoke<'a>(
        &'a self,
        order: &'a Order,
        handle: &'a Handle,
        tools: &'a Tools,
        chance: Chance,
    ) -> Work<'a, Revocation>;

    /// What a launcher must know to hand the target's credentials to the programs that use them (addresses, names,
    /// regions), as a JSON object; nothing secret.
    fn delivery(&self, target: &Name) -> Value;

    /// What the target's own log will show of a session, in a sentence.
    fn shows(&self) -> &'static str;

    /// How long making or ending a credential may take in all, where that is longer than a target usually gets.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// How requests to a target get its secret, for targets whose secret is injected and never handed over. Nothing is
    /// minted for those.
    fn injection(&self, _target: &Name) -> Option<&Injection> {
        None
    }
}

/// A credential as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub credential: CredentialId,
    /// For which session.
    pub session: SessionId,
    /// The how manieth of that session's, from 1.
    pub sequence: u64,
    /// On whose behalf.
    pub developer: DeveloperId,
    /// What people call them: the sign-in name, without control characters; the id once it is erased.
    pub developer_name: String,
    /// What the work is for.
    pub project: ProjectId,
    /// What people call that.
    pub project_name: Name,
    /// The session's permission profile.
    pub profile: Name,
    /// At which target of the broker.
    pub target: Name,
    /// What it is good for: within the grant.
    pub scope: Scope,
    /// When it was decided.
    pub at: Time,
    /// Until when it may live at most; the broker makes it no longer unless its target gives only fixed lives.
    pub expires_at: Time,
    /// The key it is for, where the session brings one: an OpenSSH public key line.
    pub public_key: Option<String>,
}

/// What is known of a credential before it is made.
#[derive(Debug, Default)]
pub struct Plan {
    /// The names under which the target's log will show it.
    pub names: Vec<(ArtifactKind, String)>,
    /// What ends it, if that is known before: then a credential that was perhaps made can be ended.
    pub handle: Option<Handle>,
}

/// What was made.
#[derive(Debug)]
pub struct Minted {
    /// What the session gets.
    pub secret: Secret,
    /// When it stops working by itself.
    pub expires_at: Time,
    /// The names under which the target's log will show it, those of the plan included. At most
    /// [`domain::limits::ARTIFACT_CHARS_MAX`] characters each, and 8 of them.
    pub names: Vec<(ArtifactKind, String)>,
    /// What ends it; none when nothing can.
    pub handle: Option<Handle>,
}

/// What ends a credential: the broker's own bytes, secret, at most [`crate::limits::HANDLE_BYTES_MAX`]. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Handle(Zeroizing<Vec<u8>>);

/// What a session gets: named fields, such as `token`, or `access_key_id` and its like. It does not print; serialised, it
/// is the object of its fields.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(BTreeMap<Cow<'static, str>, Zeroizing<String>>);

/// How a revocation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It does not work any more.
    Dead,
    /// Nothing can end it before it expires.
    Impossible,
}

/// What brokers work with. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    /// HTTP.
    pub wire: Arc<dyn Wire>,
    /// writ's own statements.
    pub tokens: Arc<dyn TokenSource>,
}

/// Time and chance of one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    /// Now.
    pub now: Time,
    /// Random bytes that nothing else uses.
    pub random: [u8; 32],
}

/// One HTTP request and its whole answer. Redirects are answers.
pub trait Wire: Send + Sync {
    /// Sends it; the answer's head and whole body, whatever its status, `within` that time.
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The other side never heard of the request.
    #[error("{0}")]
    NotSent(String),
    /// The other side may have acted on the request.
    #[error("{0}")]
    NoAnswer(String),
}

/// Whoever signs writ's tokens.
pub trait TokenSource: Send + Sync {
    /// Signs a statement about an order's session for a relying party.
    ///
    /// # Errors
    /// The audience is not one that this installation speaks to, or it cannot be signed.
    fn token(&self, ask: &TokenAsk<'_>, now: Time) -> Result<Zeroizing<String>, BrokerError>;
}

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct TokenAsk<'a> {
    /// About whom.
    pub order: &'a Order,
    /// To whom.
    pub audience: &'a str,
    /// How long it counts; never beyond the order's expiry.
    pub life: Span,
    /// Whether to carry AWS's session tags and source identity.
    pub for_aws: bool,
    /// Whether its header carries the certificate chain (`x5c`).
    pub with_chain: bool,
    /// Further claims; none may replace one of writ's own.
    pub extra: serde_json::Map<String, Value>,
}

/// Why a broker did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct BrokerError {
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether the same may succeed later.
    pub may_pass: bool,
    /// Whether a credential may have been made all the same.
    pub maybe_minted: bool,
    /// When the target asked to be tried again at the earliest, if it said so.
    pub retry_after: Option<Span>,
    /// What happened and what to do, for the operator and the session; never a secret, never the target's own words.
    pub text: String,
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Who asked: a scope or key that means nothing.
    Asker,
    /// Who configured the broker.
    Operator,
    /// The target: away, slow, or it refused.
    Target,
}

// === impl Handle ===

impl Handle {
    /// A handle of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A handle that is a JSON value.
    pub fn json(value: &impl Serialize) -> Self {
        // INVARIANT: handles are plain structs of texts and numbers, which serialise.
        Self::new(serde_json::to_vec(value).unwrap_or_default())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a handle that is a JSON value.
    ///
    /// # Errors
    /// It is not one of this broker's: an operator's fault, since the broker was replaced by one of another kind.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, BrokerError> {
        let strange = |_| BrokerError::operator("the handle of this credential is not one of this broker's");
        serde_json::from_slice(&self.0).map_err(strange)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(…)")
    }
}

// === impl Secret ===

impl Secret {
    /// A secret of these fields.
    pub fn new<N: Into<Cow<'static, str>>>(fields: impl IntoIterator<Item = (N, String)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value))).collect())
    }

    /// Names and values of its fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// A field's value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

// === impl BrokerError ===

impl BrokerError {
    /// The asker's fault.
    pub fn asker(text: impl Into<String>) -> Self {
        Self { fault: Fault::Asker, may_pass: false, maybe_minted: false, retry_after: None, text: text.into() }
    }

    /// The operator's fault.
    pub fn operator(text: impl Into<String>) -> Self {
        Self { fault: Fault::Operator, may_pass: false, maybe_minted: false, retry_after: None, text: text.into() }
    }

    /// The target refused for good.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { fault: Fault::Target, may_pass: false, maybe_minted: false, retry_after: None, text: text.into() }
    }

    /// The target is away or out of order: later it may work.
    pub fn away(text: impl Into<String>) -> Self {
        Self { fault: Fault::Target, may_pass: true, maybe_minted: false, retry_after: None, text: text.into() }
    }

    /// The same, when the target may have made a credential.
    #[must_use]
    pub fn perhaps_minted(mut self) -> Self {
        self.maybe_minted = true;
        self
    }

    /// The same, when the target asked to be left alone for so long.
    #[must_use]
    pub fn not_before(mut self, wait: Option<Span>) -> Self {
        self.retry_after = wait;
        self
    }
}

impl From<WireError> for BrokerError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::NotSent(text) => Self::away(text),
            WireError::NoAnswer(text) => Self::away(text).perhaps_minted(),
        }
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tools")
    }
}
