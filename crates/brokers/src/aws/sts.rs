//! The exchange: a role's temporary credentials for one session (AWS STS API reference, AssumeRoleWithWebIdentity and
//! AssumeRole).
//!
//! The first carries writ's token, in which tags and source identity are signed claims, and is not signed itself. The
//! second is signed with a key, and carries tags and source identity as parameters.

use domain::{Span, Time};
use zeroize::Zeroizing;

use super::call::{Failure, call};
use super::endpoint::Endpoint;
use super::form::Form;
use super::identity::Identity;
use super::limits::{
    CLOCK_SKEW_MAX, EXCHANGE_PAUSE, EXCHANGES_MAX, KEY_BYTES_MAX, SESSION_TOKEN_BYTES_MAX, TOKEN_LIFE,
};
use super::name;
use super::reply::{Document, Strange};
use super::settings::Means;
use super::time;
use crate::broker::{BrokerError, Order, TokenAsk, Tools};

/// The version of the STS interface: there is no other.
const VERSION: &str = "2011-06-15";
const SERVICE: &str = "AWS STS";

/// What is asked for.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    /// For whom.
    pub(super) order: &'a Order,
    /// Which role, in full.
    pub(super) role: &'a str,
    /// Narrowed to what.
    pub(super) policy: Option<String>,
    /// For how many seconds.
    pub(super) seconds: u64,
    /// Under which name.
    pub(super) session_name: &'a str,
}

/// What is given.
#[derive(Debug)]
pub(super) struct Credentials {
    /// The part that is not secret.
    pub(super) access_key_id: String,
    /// The key.
    pub(super) secret_access_key: Zeroizing<String>,
    /// Goes with every request.
    pub(super) session_token: Zeroizing<String>,
}

/// Asks for a role.
pub(super) async fn assume(
    sts: &Endpoint,
    means: &Means,
    lease: &Lease<'_>,
    tools: &Tools,
    now: Time,
) -> Result<Credentials, BrokerError> {
    let (form, identity) = match means {
        Means::WebIdentity { audience } => (web_identity(lease, audience, tools, now)?, None),
        Means::AssumeRole(identity) => (with_key(lease), Some(identity)),
    };
    let answer = exchange(sts, &form, identity, tools, now).await;
    let document = answer.map_err(|failure| explain(failure, lease.role, identity.is_some()))?;
    credentials(&document, lease, now).map_err(|why| Failure::Strange(why).error(SERVICE))
}

/// Asks, and asks again when STS could not get our published keys: under load it says so now and then of tokens that are
/// right. Nothing was made when it says so.
async fn exchange(
    sts: &Endpoint,
    form: &Form,
    identity: Option<&Identity>,
    tools: &Tools,
    now: Time,
) -> Result<Document, Failure> {
    let mut pause = EXCHANGE_PAUSE;
    for _ in 1..EXCHANGES_MAX {
        match call(sts, form, identity, &*tools.wire, now).await {
            Err(Failure::Refused { code, .. }) if code == "IDPCommunicationError" || code == "InvalidIdentityToken" => {
            }
            other => return other,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    call(sts, form, identity, &*tools.wire, now).await
}

fn common(form: Form, lease: &Lease<'_>) -> Form {
    let form = form
        .field("RoleArn", lease.role)
        .field("RoleSessionName", lease.session_name)
        .field("DurationSeconds", lease.seconds.to_string());
    match &lease.policy {
        Some(policy) => form.field("Policy", policy.as_str()),
        None => form,
    }
}

fn web_identity(lease: &Lease<'_>, audience: &str, tools: &Tools, now: Time) -> Result<Form, BrokerError> {
    let ask = TokenAsk {
        order: lease.order,
        audience,
        life: TOKEN_LIFE,
        for_aws: true,
        with_chain: false,
        extra: serde_json::Map::new(),
    };
    let token = tools.tokens.token(&ask, now)?;
    Ok(common(Form::new("AssumeRoleWithWebIdentity", VERSION), lease).field("WebIdentityToken", token.as_str()))
}

fn with_key(lease: &Lease<'_>) -> Form {
    let form =
        common(Form::new("AssumeRole", VERSION), lease).field("SourceIdentity", name::source_identity_of(lease.order));
    let form = numbered(name::tags(lease.order)).fold(form, |form, (number, (key, value))| {
        form.field(format!("Tags.member.{number}.Key"), key).field(format!("Tags.member.{number}.Value"), value)
    });
    numbered(name::TRANSITIVE)
        .fold(form, |form, (number, key)| form.field(format!("TransitiveTagKeys.member.{number}"), key))
}

/// As lists are numbered in forms: from 1.
fn numbered<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (usize, T)> {
    (1..).zip(items)
}

/// Reads the answer. That it is for the name we gave shows that it is an answer to us; that it expires when it should,
/// that the clocks agree well enough for what hangs on them.
fn credentials(document: &Document, lease: &Lease<'_>, now: Time) -> Result<Credentials, Strange> {
    let text = |path: &'static str, max: usize| {
        let text = document.one(path)?;
        let is_plain = !text.is_empty() && text.len() <= max && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain { Ok(text.to_owned()) } else { Err(Strange::Odd(path)) }
    };
    let expires_at =
        time::read(document.one("Credentials/Expiration")?).ok_or(Strange::Odd("Credentials/Expiration"))?;
    let expected = now + Span::from_secs(lease.seconds);
    if expires_at.since(expected) > CLOCK_SKEW_MAX || expected.since(expires_at) > CLOCK_SKEW_MAX {
        return Err(Strange::Clock);
    }
    let arn = document.one("AssumedRoleUser/Arn")?;
    if arn.rsplit('/').next() != Some(lease.session_name) {
        return Err(Strange::Odd("AssumedRoleUser/Arn"));
    }
    Ok(Credentials {
        access_key_id: text("Credentials/AccessKeyId", KEY_BYTES_MAX)?,
        secret_access_key: Zeroizing::new(text("Credentials/SecretAccessKey", KEY_BYTES_MAX)?),
        session_token: Zeroizing::new(text("Credentials/SessionToken", SESSION_TOKEN_BYTES_MAX)?),
    })
}

/// What STS means by its codes (AssumeRoleWithWebIdentity and AssumeRole, "Errors").
fn explain(failure: Failure, role: &str, is_signed: bool) -> BrokerError {
    let Failure::Refused { code, .. } = &failure else { return failure.error(SERVICE) };
    let operator = BrokerError::operator;
    match code.as_str() {
        "AccessDenied" => operator(format!(
            "AWS STS does not give this broker the role {role}: its trust policy must allow sts:AssumeRole or \
             sts:AssumeRoleWithWebIdentity, and sts:TagSession and sts:SetSourceIdentity with it, for this project and \
             profile; Ceph also says so of a token that it cannot verify (issuer not reachable, without `x5c`, or the \
             clocks differ)"
        )),
        "InvalidIdentityToken" => operator(
            "AWS STS cannot verify writ's token: compare the OpenID provider in IAM with writ's issuer (address, client \
             ids, published keys), and the clocks"
                .to_owned(),
        ),
        "ExpiredTokenException" | "ExpiredToken" if !is_signed => operator(
            "AWS STS finds writ's token expired: the clock of writ's machine is slow, or that of the target fast, by more \
             than five minutes"
                .to_owned(),
        ),
        "IDPRejectedClaim" => {
            operator("AWS STS refuses what writ's token says: compare its audience with the provider's client ids".to_owned())
        }
        "IDPCommunicationError" => BrokerError::away("AWS STS cannot fetch writ's published keys now"),
        "MalformedPolicyDocument" => {
            operator("AWS does not accept the session policy: check the target's `policies`".to_owned())
        }
        "PackedPolicyTooLarge" => operator(
            "AWS finds session policy and session tags too large together: shorten the target's `policies`, or ask for \
             fewer of them"
                .to_owned(),
        ),
        "RegionDisabledException" => operator("AWS STS is switched off in this `region` for the account".to_owned()),
        "ValidationError" | "InvalidParameterValue" | "InvalidArgument" => operator(format!(
            "AWS STS does not accept the request for the role {role}: most often `max_lifetime_seconds` is more than the \
             role's MaxSessionDuration, or more than an hour for a role that is assumed from another"
        )),
        "NoSuchEntity" => operator(format!("there is no role {role}")),
        _ => failure.error(SERVICE),
    }
}
