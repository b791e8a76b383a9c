//! The inline policies of a role (IAM API reference: PutRolePolicy, GetRolePolicy, ListRolePolicies, DeleteRolePolicy).

use domain::Time;
use serde_json::Value;

use super::call::{Failure, call};
use super::endpoint::Endpoint;
use super::form::{self, Form};
use super::identity::Identity;
use super::limits::{PAGE_NAMES, PAGES_MAX};
use super::reply::Document;
use crate::broker::{BrokerError, Wire};

/// The version of the IAM interface: there is no other.
const VERSION: &str = "2010-05-08";
const SERVICE: &str = "AWS IAM";

/// IAM, as somebody, now.
#[derive(Clone, Copy)]
pub(super) struct Iam<'a> {
    /// Where.
    pub(super) endpoint: &'a Endpoint,
    /// As whom.
    pub(super) identity: &'a Identity,
    /// How.
    pub(super) wire: &'a dyn Wire,
    /// Now.
    pub(super) now: Time,
    /// Whether a role may be one object that every write replaces, as Ceph's are.
    pub(super) rewrites_roles: bool,
}

/// How writing a policy went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there.
    Done,
    /// The role has as much policy as it may have.
    Full,
}

// === impl Iam ===

impl Iam<'_> {
    /// Writes a policy under a name.
    pub(super) async fn put(&self, role: &str, name: &str, document: &str) -> Result<Put, BrokerError> {
        let form = on(role, "PutRolePolicy").field("PolicyName", name).field("PolicyDocument", document);
        match self.call(&form).await {
            Ok(_) => Ok(Put::Done),
            Err(Failure::Refused { code, .. }) if code == "LimitExceeded" => Ok(Put::Full),
            Err(failure) => Err(explain(failure, "iam:PutRolePolicy", role)),
        }
    }

    /// Reads the policy of a name; none if there is none, or it is not JSON.
    pub(super) async fn get(&self, role: &str, name: &str) -> Result<Option<Value>, BrokerError> {
        match self.call(&on(role, "GetRolePolicy").field("PolicyName", name)).await {
            Ok(document) => Ok(document.one("PolicyDocument").ok().and_then(read_policy)),
            Err(failure) if is_absent(&failure) => Ok(None),
            Err(failure) => Err(explain(failure, "iam:GetRolePolicy", role)),
        }
    }

    /// The names of a role's policies; none of a role that is not there.
    pub(super) async fn list(&self, role: &str) -> Result<Vec<String>, BrokerError> {
        let mut names = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let form = on(role, "ListRolePolicies").field("MaxItems", PAGE_NAMES.to_string());
            let form = marker.iter().fold(form, |form, marker| form.field("Marker", marker.as_str()));
            let page = match self.call(&form).await {
                Err(failure) if is_absent(&failure) => break,
                page => page.map_err(|failure| explain(failure, "iam:ListRolePolicies", role))?,
            };
            names.extend(page.all("PolicyNames/member").map(str::to_owned));
            marker = page.one("Marker").ok().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(names)
    }

    /// Takes the policy of a name away, if it is there.
    pub(super) async fn delete(&self, role: &str, name: &str) -> Result<(), BrokerError> {
        match self.call(&on(role, "DeleteRolePolicy").field("PolicyName", name)).await {
            Ok(_) => Ok(()),
            Err(failure) if is_absent(&failure) => Ok(()),
            Err(failure) => Err(explain(failure, "iam:DeleteRolePolicy", role)),
        }
    }

    async fn call(&self, form: &Form) -> Result<Document, Failure> {
        call(self.endpoint, form, Some(self.identity), self.wire, self.now).await
    }
}

fn on(role: &str, action: &str) -> Form {
    Form::new(action, VERSION).field("RoleName", role)
}

/// Ceph answers with two documents one after the other when a policy is not there, which is not XML: the status says it.
fn is_absent(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { status: 404, code } if code.is_empty() || code == "NoSuchEntity")
}

/// AWS sends policies percent-encoded inside the XML, Ceph as they are.
fn read_policy(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&form::plain(text)?).ok())
}

fn explain(failure: Failure, permission: &str, role: &str) -> BrokerError {
    let Failure::Refused { code, .. } = &failure else { return failure.error(SERVICE) };
    match code.as_str() {
        "AccessDenied" => BrokerError::operator(format!(
            "the identity that ends credentials lacks the permission {permission} on the role `{role}`: allow it, or set \
             `revoke_by` to `none` at its targets"
        )),
        // Were the role deleted, its credentials would be dead; but in another account there is no such role either, and
        // there they live.
        "NoSuchEntity" => BrokerError::operator(format!(
            "the identity that ends credentials finds no role `{role}`: it must be of the role's own account; if the role \
             was deleted, its credentials died with it"
        )),
        "ConcurrentModification" | "ConcurrentModificationException" | "EntityTemporarilyUnmodifiable" => {
            BrokerError::away("the role is being changed by somebody else: it is tried again later")
        }
        "UnmodifiableEntity" => BrokerError::operator(format!(
            "the role `{role}` belongs to an AWS service and cannot be changed, so that its credentials cannot be ended: \
             use a role of your own"
        )),
        _ => failure.error(SERVICE),
    }
}
