//! A stand-in for STS and IAM: answers in their form and keeps roles' inline policies, within IAM's limit. What is real
//! about them is tested against Ceph, end to end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::*;
use crate::aws::form::{Form, plain};
use crate::broker::{TokenAsk, TokenSource, Wire, WireError};

/// Characters that the inline policies of a role have at most (IAM and AWS STS quotas).
const ROLE_CHARS_MAX: usize = 10_240;

type Fields = BTreeMap<String, String>;
/// What is answered instead, for an action.
type Instead = Box<dyn Fn(&Fields) -> Option<Result<(u16, String), WireError>> + Send + Sync>;

pub(super) struct StandIn {
    /// Policies by role and name.
    pub(super) policies: Mutex<BTreeMap<(String, String), String>>,
    /// The requests: host, whether signed, fields.
    pub(super) requests: Mutex<Vec<(String, Option<String>, Fields)>>,
    /// Actions that are not allowed.
    pub(super) forbidden: Vec<&'static str>,
    pub(super) instead: Instead,
    /// How far its clock is ahead, in seconds; negative: behind.
    pub(super) ahead: i64,
}

impl Default for StandIn {
    fn default() -> Self {
        Self {
            policies: Mutex::default(),
            requests: Mutex::default(),
            forbidden: Vec::new(),
            instead: Box::new(|_| None),
            ahead: 0,
        }
    }
}

impl StandIn {
    pub(super) fn answering(
        instead: impl Fn(&Fields) -> Option<Result<(u16, String), WireError>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { instead: Box::new(instead), ..Self::default() })
    }

    pub(super) fn tools(self: &Arc<Self>) -> Tools {
        let (wire, tokens): (Arc<dyn Wire>, Arc<dyn TokenSource>) = (Arc::clone(self) as _, Arc::clone(self) as _);
        Tools { wire, tokens }
    }

    /// How often an action was asked for.
    pub(super) fn count(&self, action: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(_, _, fields)| fields["Action"] == action).count()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.policies.lock().unwrap().keys().map(|(_, name)| name.clone()).collect()
    }

    /// Everything that the role's policies say.
    pub(super) fn said(&self) -> String {
        self.policies.lock().unwrap().values().cloned().collect()
    }

    fn answer(&self, fields: &Fields) -> Result<(u16, String), WireError> {
        let action = fields["Action"].as_str();
        if let Some(instead) = (self.instead)(fields) {
            return instead;
        }
        if self.forbidden.contains(&action) {
            return Ok(failed(403, "AccessDenied"));
        }
        let key = || (fields["RoleName"].clone(), fields["PolicyName"].clone());
        let mut policies = self.policies.lock().unwrap();
        Ok(match action {
            "AssumeRole" | "AssumeRoleWithWebIdentity" => (200, self.assumed(fields)),
            "PutRolePolicy" => {
                let mut after = policies.clone();
                after.insert(key(), fields["PolicyDocument"].clone());
                let chars: usize = after.values().map(|policy| policy.chars().count()).sum();
                if chars > ROLE_CHARS_MAX {
                    return Ok(failed(409, "LimitExceeded"));
                }
                *policies = after;
                done(action)
            }
            "GetRolePolicy" => match policies.get(&key()) {
                None => failed(404, "NoSuchEntity"),
                Some(policy) => (
                    200,
                    format!(
                        "<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>{}</PolicyDocument>\
                         </GetRolePolicyResult></GetRolePolicyResponse>",
                        Form::default().field("", policy).encode().trim_start_matches('=')
                    ),
                ),
            },
            "DeleteRolePolicy" => match policies.remove(&key()) {
                None => failed(404, "NoSuchEntity"),
                Some(_) => done(action),
            },
            "ListRolePolicies" => {
                let members: String = policies.keys().map(|(_, name)| format!("<member>{name}</member>")).collect();
                let result = format!("<PolicyNames>{members}</PolicyNames><IsTruncated>false</IsTruncated>");
                (200, format!("<R><ListRolePoliciesResult>{result}</ListRolePoliciesResult></R>"))
            }
            _ => failed(400, "InvalidAction"),
        })
    }

    fn assumed(&self, fields: &Fields) -> String {
        let seconds: i64 = fields["DurationSeconds"].parse().unwrap();
        let expiration = jiff::Timestamp::from_second(NOW.unix_seconds() + seconds + self.ahead).unwrap();
        assumed(&fields["RoleSessionName"], &expiration.to_string())
    }
}

/// A whole answer of STS.
pub(super) fn assumed(session_name: &str, expiration: &str) -> String {
    format!(
        "<AssumeRoleResponse><AssumeRoleResult>\
         <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/agent/{session_name}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>the-secret-key</SecretAccessKey>\
         <SessionToken>the-session-token</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    )
}

/// An error of STS or IAM, whose message must never be repeated.
pub(super) fn failed(status: u16, code: &str) -> (u16, String) {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>VENDOR WORDS</Message></Error>");
    (status, format!("<ErrorResponse>{error}</ErrorResponse>"))
}

fn done(action: &str) -> (u16, String) {
    (200, format!("<{action}Response><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"))
}

impl Wire for StandIn {
    fn send<'a>(
        &'a self,
        request: Request<Bytes>,
        _within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            let text = String::from_utf8(request.body().to_vec()).unwrap();
            let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
            let fields: Fields = pairs.map(|(name, value)| (plain(name).unwrap(), plain(value).unwrap())).collect();
            let signature = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let host = request.uri().host().unwrap().to_owned();
            self.requests.lock().unwrap().push((host, signature, fields.clone()));
            tokio::task::yield_now().await;
            let (status, body) = self.answer(&fields)?;
            Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
        })
    }
}

impl TokenSource for StandIn {
    fn token(&self, ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        assert!(ask.for_aws && !ask.with_chain && ask.extra.is_empty());
        Ok(Zeroizing::new(format!("token for {} of {}s", ask.audience, ask.life.as_secs())))
    }
}
