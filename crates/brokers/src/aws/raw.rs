//! The settings as they are written.

use std::collections::BTreeMap;

use domain::Name;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A broker: one way of asking for roles, and one identity that ends what came of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSettings {
    /// How roles are asked for: with writ's own token, or with a key.
    pub(super) identity: RawIdentity,
    /// With `web_identity`: the audience of the token, one of the client ids of the OpenID provider in IAM.
    #[serde(default = "default_audience")]
    pub(super) audience: String,
    /// Where STS is asked, and where the targets are unless they say otherwise.
    pub(super) region: String,
    /// AWS's own: `aws`, `aws-cn`, `aws-us-gov`. Others need `endpoint_sts` and `endpoint_iam`.
    #[serde(default = "default_partition")]
    pub(super) partition: String,
    /// Another STS than AWS's own: `https://host`.
    pub(super) endpoint_sts: Option<String>,
    /// Another IAM than AWS's own.
    pub(super) endpoint_iam: Option<String>,
    /// Another S3 than AWS's own, for the programs that use the credential.
    pub(super) endpoint_s3: Option<String>,
    /// The role that ends credentials, instead of a key: it is asked for with a token of writ's own.
    pub(super) revoke_role_arn: Option<String>,
    /// The audience of that token. No `token` broker may make tokens for it: whoever has one may change roles.
    pub(super) revoke_audience: Option<String>,
    /// The roles.
    pub(super) targets: BTreeMap<Name, RawTarget>,
}

/// How roles are asked for.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawIdentity {
    /// `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// `AssumeRole`.
    AssumeRole,
}

/// One role, and what of it may be handed out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    /// `arn:aws:iam::123456789012:role/agent`.
    pub(super) role_arn: String,
    /// For the programs that use the credential; the broker's unless said.
    pub(super) region: Option<String>,
    /// How they get the credential.
    #[serde(default)]
    pub(super) via: Via,
    /// Whether those that name no profile get this target; else they get the session's first.
    #[serde(default)]
    pub(super) default: bool,
    /// Whether every credential must have a session policy.
    #[serde(default)]
    pub(super) policy: RawPolicy,
    /// Session policies by name; a scope's dimension `policy` chooses among them.
    #[serde(default)]
    pub(super) policies: BTreeMap<Name, Value>,
    /// Those that are chosen when nobody says; all of them unless said.
    pub(super) default_policies: Option<Vec<Name>>,
    /// The life when nobody says, in seconds.
    pub(super) lifetime_seconds: Option<u64>,
    /// The longest life, in seconds; at most the role's `MaxSessionDuration`.
    pub(super) max_lifetime_seconds: Option<u64>,
    /// What ends a credential early.
    #[serde(default)]
    pub(super) revoke_by: RawRevokeBy,
}

/// How programs in a session get the credential.
#[derive(Debug, Serialize, Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum Via {
    /// They call a process (`credential_process`).
    #[default]
    Process,
    /// They ask a loopback address (the container endpoint); for one target of a session.
    Container,
}

/// Whether every credential must have a session policy.
#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawPolicy {
    /// A target without policies is refused.
    #[default]
    Required,
    /// Without one, a credential may do whatever its role may.
    Optional,
}

/// What ends a credential early.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawRevokeBy {
    /// See [`super::target::RevokeBy::Userid`].
    #[default]
    Userid,
    /// See [`super::target::RevokeBy::PrincipalTag`].
    PrincipalTag,
    /// Nothing: it lives until it expires.
    None,
}

fn default_audience() -> String {
    "sts.amazonaws.com".to_owned()
}

fn default_partition() -> String {
    "aws".to_owned()
}
