//! One role, and what of it may be handed out.

use std::collections::{BTreeMap, BTreeSet};

use domain::broker::Target as TargetFacts;
use domain::scope::ANY;
use domain::{Name, Scope, Span};
use serde::{Deserialize, Serialize};

use super::POLICY;
use super::limits::{LIFE_DEFAULT, LIFE_MIN, POLICIES_MAX, SESSION_POLICY_CHARS_MAX, SETTING_CHARS_MAX};
use super::policy::Statements;
use super::raw::{RawPolicy, RawRevokeBy, RawTarget, Via};
use super::settings::check_word;
use crate::broker::BrokerError;
use crate::open::SettingsError;

/// One role.
#[derive(Debug)]
pub(super) struct Target {
    /// The role.
    pub(super) role: Role,
    /// The region for the programs that use it.
    pub(super) region: String,
    /// How they get the credential.
    pub(super) via: Via,
    /// Whether those that name no profile get it.
    pub(super) is_default: bool,
    /// How a credential is ended; none: not at all.
    pub(super) revoke_by: Option<RevokeBy>,
    policies: BTreeMap<Name, Statements>,
    default_policies: BTreeSet<Name>,
    life_default: Span,
    life_max: Span,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// Its name in full.
    pub(super) arn: String,
    /// The account, of twelve digits; Ceph has none.
    pub(super) account: Option<String>,
    /// Its name in IAM, without a path.
    pub(super) name: String,
}

/// What a deny goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RevokeBy {
    /// `aws:userid`, which ends with the role session's name: exactly this credential. A session that lives on may get
    /// another.
    Userid,
    /// `aws:PrincipalTag/session`: everything the session ever got from the role, also what it made of it by assuming the
    /// role once more, which a role's trust policy must allow first. A session that lives on gets nothing more from the
    /// role until the deny is taken away.
    PrincipalTag,
}

// === impl Target ===

impl Target {
    /// Reads and checks a target's settings.
    pub(super) fn read(
        name: &Name,
        raw: RawTarget,
        region: &str,
        partition: &str,
        life_max: Span,
    ) -> Result<Self, SettingsError> {
        let at = |text: String| SettingsError::new(format!("target `{name}`: {text}"));
        let role = Role::read("role_arn", &raw.role_arn, partition).map_err(at)?;
        let (life_default, life_max) = lives(&raw, life_max).map_err(at)?;
        let policies = policies(&raw).map_err(at)?;
        let default_policies = default_policies(&raw, &policies).map_err(at)?;
        let region = raw.region.unwrap_or_else(|| region.to_owned());
        check_word("region", &region)?;
        let revoke_by = match raw.revoke_by {
            RawRevokeBy::Userid => Some(RevokeBy::Userid),
            RawRevokeBy::PrincipalTag => Some(RevokeBy::PrincipalTag),
            RawRevokeBy::None => None,
        };
        let (via, is_default) = (raw.via, raw.default);
        Ok(Self { role, region, via, is_default, revoke_by, policies, default_policies, life_default, life_max })
    }

    /// What decisions must know of it.
    pub(super) fn facts(&self) -> TargetFacts {
        TargetFacts {
            life_min: LIFE_MIN,
            life_default: self.life_default,
            life_max: self.life_max,
            is_revocable: self.revoke_by.is_some(),
            is_local: false,
        }
    }

    /// The session policy for a scope; none if the target has none.
    ///
    /// # Errors
    /// The scope names a policy that the target does not have, or more than fit.
    pub(super) fn session_policy(&self, scope: &Scope) -> Result<Option<String>, BrokerError> {
        let asked = scope.values(POLICY).filter(|values| !values.contains(ANY));
        let chosen: Vec<&Statements> = match asked {
            None => self.default_policies.iter().filter_map(|name| self.policies.get(name)).collect(),
            Some(values) => values.iter().map(|value| self.named(value)).collect::<Result<_, _>>()?,
        };
        if chosen.is_empty() {
            return Ok(None);
        }
        Statements::merge(chosen).map(Some).map_err(|chars| {
            BrokerError::asker(format!(
                "these policies have {chars} characters together, AWS takes {SESSION_POLICY_CHARS_MAX}: ask for fewer"
            ))
        })
    }

    /// How many seconds to ask for, so that a credential lives no longer than this unless AWS gives no shorter life.
    pub(super) fn seconds(&self, left: Span) -> u64 {
        left.min(self.life_max).max(LIFE_MIN).as_secs()
    }

    fn named(&self, value: &str) -> Result<&Statements, BrokerError> {
        let found = self.policies.iter().find(|(name, _)| name.as_str() == value);
        found.map(|(_, policy)| policy).ok_or_else(|| {
            let known: Vec<String> = self.policies.keys().map(|name| format!("`{name}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            BrokerError::asker(format!("this target has no policy `{value}`; it has {known}"))
        })
    }
}

/// The life when nobody says, and the longest.
fn lives(raw: &RawTarget, most: Span) -> Result<(Span, Span), String> {
    let max = raw.max_lifetime_seconds.map_or(LIFE_DEFAULT, Span::from_secs);
    if max < LIFE_MIN || max > most {
        return Err(format!(
            "`max_lifetime_seconds` lies between {} and {}; a role that was assumed from another gets no more than an hour",
            LIFE_MIN.as_secs(),
            most.as_secs(),
        ));
    }
    let default = raw.lifetime_seconds.map_or(LIFE_DEFAULT.min(max), Span::from_secs);
    if default < LIFE_MIN || default > max {
        return Err(format!("`lifetime_seconds` lies between {} and {}", LIFE_MIN.as_secs(), max.as_secs()));
    }
    Ok((default, max))
}

/// Its policies, each of which fits.
fn policies(raw: &RawTarget) -> Result<BTreeMap<Name, Statements>, String> {
    if raw.policies.len() > POLICIES_MAX {
        return Err(format!("`policies` has more than {POLICIES_MAX}"));
    }
    if raw.policies.is_empty() && raw.policy == RawPolicy::Required {
        return Err(
            "`policies` is empty, so that every credential could do whatever the role may: add a session policy, \
                    or set `policy` to `optional`"
                .to_owned(),
        );
    }
    let mut policies = BTreeMap::new();
    for (name, value) in &raw.policies {
        let policy = Statements::read(value).map_err(|wrong| format!("the policy `{name}` {wrong}"))?;
        fits(&format!("the policy `{name}` has"), [&policy])?;
        policies.insert(name.clone(), policy);
    }
    Ok(policies)
}

/// Those that are chosen when nobody says. They are there, and fit together.
fn default_policies(raw: &RawTarget, policies: &BTreeMap<Name, Statements>) -> Result<BTreeSet<Name>, String> {
    let names: BTreeSet<Name> = match &raw.default_policies {
        Some(names) => names.iter().cloned().collect(),
        None => policies.keys().cloned().collect(),
    };
    if let Some(missing) = names.iter().find(|name| !policies.contains_key(*name)) {
        return Err(format!("`default_policies` names `{missing}`, which is not among `policies`"));
    }
    if names.is_empty() && raw.policy == RawPolicy::Required {
        return Err("`default_policies` is empty, but every credential must have a session policy".to_owned());
    }
    let chosen = names.iter().filter_map(|name| policies.get(name));
    fits("the policies that are chosen when nobody says (see `default_policies`) have together", chosen)?;
    Ok(names)
}

fn fits<'a>(what: &str, policies: impl IntoIterator<Item = &'a Statements>) -> Result<(), String> {
    Statements::merge(policies)
        .map(drop)
        .map_err(|chars| format!("{what} {chars} characters, AWS takes {SESSION_POLICY_CHARS_MAX}"))
}

// === impl Role ===

impl Role {
    /// Reads `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
    pub(super) fn read(setting: &str, arn: &str, partition: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{setting}` is not a role's: it looks like arn:{partition}:iam::123456789012:role/agent");
        let rest = arn.strip_prefix(&format!("arn:{partition}:iam::")).ok_or_else(wrong)?;
        let (account, path) = rest.split_once(":role/").ok_or_else(wrong)?;
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_account =
            account.is_empty() || (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        let is_plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte));
        if !is_account || name.is_empty() || name.len() > 64 || !is_plain(path) || arn.len() > SETTING_CHARS_MAX {
            return Err(wrong());
        }
        let account = Some(account.to_owned()).filter(|account| !account.is_empty());
        Ok(Self { arn: arn.to_owned(), account, name: name.to_owned() })
    }
}
