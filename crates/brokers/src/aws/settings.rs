//! What an operator says about accounts and roles: see [`RawSettings`].

use std::collections::BTreeMap;

use domain::Name;
use zeroize::Zeroizing;

use super::endpoint::{Address, Endpoint};
use super::identity::Identity;
use super::limits::{AUDIENCE_CHARS_MAX, KEY_BYTES_MAX, LIFE_CHAINED_MAX, LIFE_MAX, SESSION_TOKEN_BYTES_MAX};
use super::raw::{RawIdentity, RawSettings};
use super::target::{Role, Target};
use crate::broker::Secrets;
use crate::open::SettingsError;

/// Secrets of the key that asks for roles, with `identity` = `assume_role`; it also ends credentials, unless there is
/// another that does. A temporary key has a token, a long-lived one has none.
const ASSUME: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];
/// Secrets of the key that ends credentials, by IAM.
const REVOKE: [&str; 3] = ["revoke_access_key_id", "revoke_secret_access_key", "revoke_session_token"];

/// As they were read and checked.
#[derive(Debug)]
pub(super) struct Settings {
    /// How roles are asked for.
    pub(super) means: Means,
    /// STS.
    pub(super) sts: Endpoint,
    /// IAM.
    pub(super) iam: Endpoint,
    /// `aws`, `aws-cn`, `aws-us-gov` or another.
    pub(super) partition: String,
    /// The addresses that the settings name.
    pub(super) named: NamedEndpoints,
    /// Who changes roles' policies; none only where nothing can be revoked.
    pub(super) revoker: Option<RevokeAs>,
    /// The roles.
    pub(super) targets: BTreeMap<Name, Target>,
}

/// How roles are asked for.
#[derive(Debug)]
pub(super) enum Means {
    /// With a token of writ's own for this audience.
    WebIdentity {
        /// The `aud` of the token.
        audience: String,
    },
    /// With a key.
    AssumeRole(Identity),
}

/// Who changes roles' policies.
#[derive(Debug)]
pub(super) enum RevokeAs {
    /// Whoever has this key.
    Key(Identity),
    /// A role.
    Role {
        /// Its name in full.
        arn: String,
        /// How it is asked for: with a token.
        means: Means,
    },
}

/// Addresses other than AWS's own.
#[derive(Debug)]
pub(super) struct NamedEndpoints {
    /// STS.
    pub(super) sts: Option<Address>,
    /// IAM.
    pub(super) iam: Option<Address>,
    /// S3.
    pub(super) s3: Option<Address>,
}

/// Reads and checks settings and secrets.
pub(super) fn read(settings: &str, mut secrets: Secrets) -> Result<Settings, SettingsError> {
    let mut raw: RawSettings = serde_json::from_str(settings)?;
    let ambient = identity(&mut secrets, ASSUME)?;
    let revoke = identity(&mut secrets, REVOKE)?;
    if let Some(other) = secrets.keys().next() {
        let known = [ASSUME, REVOKE].concat().join("`, `");
        return Err(SettingsError::new(format!("an aws broker has no secret `{other}`; it may have `{known}`")));
    }
    check_word("region", &raw.region)?;
    check_word("partition", &raw.partition)?;
    let revoker = revoker(&raw, revoke, &ambient)?;
    let means = means(&raw, ambient)?;
    let named = NamedEndpoints::read(&raw)?;
    let (sts, iam) = endpoints(&raw, &named)?;
    let mut targets = BTreeMap::new();
    for (name, target) in std::mem::take(&mut raw.targets) {
        let target = Target::read(&name, target, &raw.region, &raw.partition, means.life_max())?;
        targets.insert(name, target);
    }
    if revoker.is_none() && targets.values().any(|target| target.revoke_by.is_some()) {
        return Err(SettingsError::new(
            "nobody can end credentials early: name a role that may change the roles' inline policies (`revoke_role_arn` \
             and `revoke_audience`), or add the key of somebody who may (the secrets `revoke_access_key_id` and \
             `revoke_secret_access_key`), or set `revoke_by` to `none` at every target",
        ));
    }
    Ok(Settings { means, sts, iam, partition: raw.partition, named, revoker, targets })
}

/// The key under these names of secrets; taken out of them.
fn identity(secrets: &mut Secrets, names: [&str; 3]) -> Result<Option<Identity>, SettingsError> {
    let [id, key, token] = names.map(|name| secrets.remove(name));
    let (id, key) = match (id, key, &token) {
        (None, None, None) => return Ok(None),
        (Some(id), Some(key), _) => (id, key),
        _ => {
            let [id, key, token] = names;
            return Err(SettingsError::new(format!(
                "the secrets `{id}` and `{key}` come together, and `{token}` with them"
            )));
        }
    };
    check_secret(names[0], &id, KEY_BYTES_MAX)?;
    check_secret(names[1], &key, KEY_BYTES_MAX)?;
    if let Some(token) = &token {
        check_secret(names[2], token, SESSION_TOKEN_BYTES_MAX)?;
    }
    Ok(Some(Identity::new(id, key, token)))
}

fn check_secret(name: &str, value: &Zeroizing<String>, max: usize) -> Result<(), SettingsError> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.is_empty() || value.len() > max || !is_plain {
        return Err(SettingsError::new(format!(
            "the secret `{name}` is not one: it has 1 to {max} printable characters"
        )));
    }
    Ok(())
}

/// The role, if there is one; else the key that is for it, else the one that asks for roles.
fn revoker(
    raw: &RawSettings,
    key: Option<Identity>,
    ambient: &Option<Identity>,
) -> Result<Option<RevokeAs>, SettingsError> {
    match (&raw.revoke_role_arn, &raw.revoke_audience) {
        (None, None) => Ok(key.or_else(|| ambient.clone()).map(RevokeAs::Key)),
        (Some(arn), Some(audience)) if key.is_none() => {
            let role = Role::read("revoke_role_arn", arn, &raw.partition).map_err(SettingsError::new)?;
            let means = Means::WebIdentity { audience: check_audience("revoke_audience", audience)? };
            Ok(Some(RevokeAs::Role { arn: role.arn, means }))
        }
        _ => Err(SettingsError::new(
            "`revoke_role_arn` and `revoke_audience` come together, and without the secrets `revoke_access_key_id` and so on",
        )),
    }
}

fn check_audience(setting: &str, audience: &str) -> Result<String, SettingsError> {
    if audience.is_empty() || audience.len() > AUDIENCE_CHARS_MAX {
        return Err(SettingsError::new(format!(
            "`{setting}` has 1 to {AUDIENCE_CHARS_MAX} characters: it is one of the client ids of the OpenID provider in IAM"
        )));
    }
    Ok(audience.to_owned())
}

fn means(raw: &RawSettings, ambient: Option<Identity>) -> Result<Means, SettingsError> {
    match (&raw.identity, ambient) {
        (RawIdentity::WebIdentity, None) => {
            Ok(Means::WebIdentity { audience: check_audience("audience", &raw.audience)? })
        }
        (RawIdentity::WebIdentity, Some(_)) => Err(SettingsError::new(
            "with `identity` = `web_identity` no key asks for roles: leave the secrets `access_key_id` and so on out; the \
             key that ends credentials is `revoke_access_key_id` and so on",
        )),
        (RawIdentity::AssumeRole, Some(identity)) => Ok(Means::AssumeRole(identity)),
        (RawIdentity::AssumeRole, None) => Err(SettingsError::new(
            "with `identity` = `assume_role` the broker needs the secrets `access_key_id` and `secret_access_key`, and \
             `session_token` if the key is a temporary one",
        )),
    }
}

/// STS and IAM, AWS's own unless others are named. IAM is one service per partition, wherever the roles are used.
fn endpoints(raw: &RawSettings, named: &NamedEndpoints) -> Result<(Endpoint, Endpoint), SettingsError> {
    let region = raw.region.as_str();
    let own = match raw.partition.as_str() {
        "aws" => Some((format!("sts.{region}.amazonaws.com"), "iam.amazonaws.com", "us-east-1")),
        "aws-cn" => Some((format!("sts.{region}.amazonaws.com.cn"), "iam.cn-north-1.amazonaws.com.cn", "cn-north-1")),
        "aws-us-gov" => Some((format!("sts.{region}.amazonaws.com"), "iam.us-gov.amazonaws.com", "us-gov-west-1")),
        _ => None,
    };
    let (own_sts, own_iam) = match own {
        Some((sts, iam, iam_region)) => (Some(Address::public(&sts)), Some((Address::public(iam), iam_region))),
        None => (None, None),
    };
    let iam = named.iam.clone().map(|address| (address, region)).or(own_iam);
    let (Some(sts), Some((iam, iam_region))) = (named.sts.clone().or(own_sts), iam) else {
        return Err(SettingsError::new(
            "`partition` is not `aws`, `aws-cn` or `aws-us-gov`: name `endpoint_sts` and `endpoint_iam`",
        ));
    };
    let sts = Endpoint { address: sts, region: region.to_owned(), service: "sts" };
    Ok((sts, Endpoint { address: iam, region: iam_region.to_owned(), service: "iam" }))
}

/// Regions and partitions: they end up in addresses and files.
pub(super) fn check_word(setting: &str, value: &str) -> Result<(), SettingsError> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if value.is_empty() || value.len() > 64 || !is_plain {
        return Err(SettingsError::new(format!("`{setting}` has 1 to 64 letters, digits, `-` or `_`")));
    }
    Ok(())
}

// === impl Means ===

impl Means {
    fn life_max(&self) -> domain::Span {
        match self {
            Self::AssumeRole(identity) if identity.session_token().is_some() => LIFE_CHAINED_MAX,
            Self::AssumeRole(_) | Self::WebIdentity { .. } => LIFE_MAX,
        }
    }
}

// === impl NamedEndpoints ===

impl NamedEndpoints {
    fn read(raw: &RawSettings) -> Result<Self, SettingsError> {
        let read =
            |setting, text: &Option<String>| text.as_deref().map(|text| Address::read(setting, text)).transpose();
        Ok(Self {
            sts: read("endpoint_sts", &raw.endpoint_sts)?,
            iam: read("endpoint_iam", &raw.endpoint_iam)?,
            s3: read("endpoint_s3", &raw.endpoint_s3)?,
        })
    }
}
