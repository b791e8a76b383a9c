#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::{ArtifactKind, CredentialId, DeveloperId, Name, ProjectId, Scope, SessionId, Time};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use crate::broker::{TokenAsk, TokenSource, Wire, WireError};

/// 2026-07-01T12:00:00Z.
pub(crate) const NOW: Time = Time::from_unix_millis(1_782_907_200_000);

pub(crate) fn order(target: &str, scope: &[(&str, &[&str])]) -> Order {
    let id = |n| u128::from(n as u32);
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
    let scope: BTreeMap<Name, _> = scope.iter().map(|(name, of)| (name.parse().unwrap(), values(of))).collect();
    Order {
        credential: CredentialId::new(NOW, id(1)),
        session: SessionId::new(NOW, id(2)),
        sequence: 3,
        developer: DeveloperId::new(NOW, id(4)),
        developer_name: "ada".into(),
        project: ProjectId::new(NOW, id(5)),
        project_name: "payments".parse().unwrap(),
        profile: "dev-write".parse().unwrap(),
        target: target.parse().unwrap(),
        scope: Scope::new(scope),
        at: NOW,
        expires_at: Time::from_unix_millis(NOW.unix_millis() + 900_750),
        public_key: None,
    }
}

pub(crate) fn chance() -> Chance {
    Chance { now: NOW, random: [7; 32] }
}

/// No network, and answers that were laid out.
#[derive(Default)]
pub(crate) struct FakeWire {
    pub(crate) answers: Mutex<Vec<Result<http::Response<Bytes>, WireError>>>,
    pub(crate) seen: Mutex<Vec<(http::Request<Bytes>, Duration)>>,
}

impl Wire for FakeWire {
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        self.seen.lock().unwrap().push((request, within));
        let answer = self.answers.lock().unwrap().remove(0);
        Box::pin(async move { answer })
    }
}

struct NoTokens;

impl TokenSource for NoTokens {
    fn token(&self, _: &TokenAsk<'_>, _: Time) -> Result<Zeroizing<String>, BrokerError> {
        Err(BrokerError::operator("no tokens here"))
    }
}

pub(crate) fn tools(wire: &Arc<FakeWire>) -> Tools {
    Tools { wire: wire.clone(), tokens: Arc::new(NoTokens) }
}

pub(crate) fn no_tools() -> Tools {
    tools(&Arc::default())
}

/// A carrier that answers what was laid out and remembers what it was told.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<Vec<Result<Vec<u8>, BrokerError>>>,
    told: Mutex<Vec<Value>>,
}

impl Carrier for Arc<Script> {
    fn name(&self) -> &str {
        "the script"
    }

    fn shows(&self) -> &'static str {
        "nothing"
    }

    fn within(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn tell(&self, told: Told<'_>, _: &Tools, _: Chance) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        self.told.lock().unwrap().push(serde_json::from_slice(&told.json).unwrap());
        self.answers.lock().unwrap().remove(0).map(Zeroizing::new)
    }
}

fn plugin(target: Value) -> (Plugin<Arc<Script>>, Arc<Script>) {
    let script = Arc::new(Script::default());
    let settings = serde_json::from_value(target).unwrap();
    let targets = BTreeMap::from([("prod".parse().unwrap(), settings)]);
    (Plugin::new(Arc::clone(&script), targets).unwrap(), script)
}

fn answers(script: &Script, answers: Vec<Result<Value, BrokerError>>) {
    *script.answers.lock().unwrap() =
        answers.into_iter().map(|answer| answer.map(|value| value.to_string().into_bytes())).collect();
}

fn good() -> Value {
    json!({ "version": 1, "secret": { "token": "s3cr3t-value", "user": "x" }, "expires_at": "2026-07-01T12:15:00Z",
            "handle": "lease-77", "names": ["acme-77"] })
}

#[tokio::test]
async fn what_it_is_told_names_session_developer_and_project() {
    let (plugin, script) = plugin(json!({ "settings": { "region": "eu" }, "variables": { "ACME_TOKEN": "token" },
                       "dimensions": { "roles": ["read", "write"] } }));
    let delivery = plugin.delivery(&"prod".parse().unwrap());
    assert_eq!(delivery, json!({ "env": { "secret": { "ACME_TOKEN": "{token}" } } }));
    answers(&script, vec![Ok(good()), Ok(json!({}))]);
    let order = order("prod", &[("roles", &["*"])]);
    let tools = no_tools();
    let minted = plugin.mint(&order, &tools, chance()).await.unwrap();
    assert_eq!(minted.secret.field("token"), Some("s3cr3t-value"));
    assert_eq!(minted.names, [(ArtifactKind::CredentialHandle, "acme-77".to_owned())]);
    assert_eq!(minted.expires_at.unix_millis(), NOW.unix_millis() + 900_000);
    let handle = minted.handle.unwrap();
    assert_eq!(plugin.revoke(&order, &handle, &tools, chance()).await, Ok(Revocation::Dead));
    let told = script.told.lock().unwrap();
    insta::assert_json_snapshot!(told[0], @r#"
    {
      "action": "mint",
      "credential": "cred_01KWERSRG00000000000000001",
      "developer": {
        "id": "dev_01KWERSRG00000000000000004",
        "name": "ada"
      },
      "expires_at": "2026-07-01T12:15:00Z",
      "lifetime_seconds": 900,
      "profile": "dev-write",
      "project": {
        "id": "prj_01KWERSRG00000000000000005",
        "name": "payments"
      },
      "scope": {
        "roles": [
          "read",
          "write"
        ]
      },
      "session": "ses_01KWERSRG00000000000000002",
      "settings": {
        "region": "eu"
      },
      "target": "prod",
      "version": 1
    }
    "#);
    assert_eq!(told[1]["action"], "revoke");
    assert_eq!(told[1]["handle"], "lease-77");
    assert_eq!(told[1]["credential"], told[0]["credential"]);
}

#[tokio::test]
async fn what_was_perhaps_made_is_ended_by_its_id() {
    let (plugin, script) = plugin(json!({}));
    answers(&script, vec![Ok(json!({}))]);
    let order = order("prod", &[]);
    let handle = plugin.plan(&order).handle.unwrap();
    plugin.revoke(&order, &handle, &no_tools(), chance()).await.unwrap();
    let told = script.told.lock().unwrap();
    assert_eq!(told[0]["handle"], Value::Null);
    assert!(told[0].as_object().unwrap().contains_key("handle"));
    assert_eq!(told[0]["credential"], order.credential.to_string());
}

/// Every answer that cannot be used: what is said, and that what it made is ended at once with the handle it gave.
#[tokio::test]
async fn an_answer_that_cannot_be_used_is_revoked_at_once() {
    let with = |name: &str, value: Value| {
        let mut answer = good();
        answer[name] = value;
        answer
    };
    let without = |name: &str| {
        let mut answer = good();
        answer.as_object_mut().unwrap().remove(name);
        answer
    };
    let cases = [
        (
            with("expires_at", json!("2026-07-01T11:59:59Z")),
            "past (2026-07-01T11:59:59Z; it is 2026-07-01T12:00:00Z here)",
        ),
        (with("expires_at", json!("2026-07-01T12:15:01Z")), "later than the 2026-07-01T12:15:00Z it was asked for"),
        (with("expires_at", json!("in an hour")), "not RFC 3339"),
        (without("expires_at"), "no `expires_at`"),
        (without("secret"), "no `secret`"),
        (with("secret", json!({})), "no `secret`"),
        (with("secret", json!({ "token": "" })), "empty"),
        (with("secret", json!({ "Token!": "abc" })), "whose name is not"),
        (with("version", json!(2)), "`\"version\": 1`"),
        (with("names", json!(["x s3cr3t-value y"])), "with a value of the secret"),
        (with("names", json!(["a\nb"])), "`names`"),
    ];
    for (answer, expected) in cases {
        let (plugin, script) = plugin(json!({}));
        answers(&script, vec![Ok(answer), Ok(json!({}))]);
        let error = plugin.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap_err();
        assert!(error.text.contains(expected), "{error}");
        assert!(error.text.contains("the script, asked for `prod`,") && error.text.contains("was revoked"), "{error}");
        assert!(!error.text.contains("s3cr3t") && !error.maybe_minted, "{error}");
        assert_eq!(script.told.lock().unwrap()[1]["handle"], "lease-77", "{expected}");
    }
}

#[tokio::test]
async fn garbage_is_revoked_by_its_id_and_never_repeated() {
    let garbage: [&[u8]; 6] = [
        b"",
        b"s3cr3t-value",
        b"{\"version\":1,\"secret\":\"s3cr3t-value\"}",
        b"{\"version\":\"s3cr3t-value\"}",
        b"{\"version\":1,\"secret\":{\"token\":\"s3cr3t-value\"},\"expires_at\":\"2026-07-01T12:10:00Z\",\"handle\":\"h\"} trailing s3cr3t-value",
        b"\xff\xfe\x00s3cr3t-value",
    ];
    for bytes in garbage {
        let (plugin, script) = plugin(json!({}));
        *script.answers.lock().unwrap() = vec![Ok(bytes.to_vec()), Ok(Vec::new())];
        let error = plugin.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap_err();
        assert!(!error.text.contains("s3cr3t") && error.text.contains("answered"), "{error}");
        assert_eq!(script.told.lock().unwrap()[1]["handle"], Value::Null);
    }
}

#[tokio::test]
async fn what_could_not_be_ended_at_once_is_known_to_be_perhaps_alive() {
    let (plugin, script) = plugin(json!({}));
    let mut late = good();
    late["expires_at"] = json!("2027-07-01T12:15:01Z");
    answers(&script, vec![Ok(late), Err(BrokerError::refused("no"))]);
    let error = plugin.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap_err();
    assert!(error.maybe_minted && error.text.contains("later than"), "{error}");
}

#[tokio::test]
async fn a_handle_is_needed_where_credentials_can_be_ended() {
    let mut answer = good();
    answer.as_object_mut().unwrap().remove("handle");
    let (strict, script) = plugin(json!({}));
    answers(&script, vec![Ok(answer.clone()), Ok(json!({}))]);
    let error = strict.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap_err();
    assert!(error.text.contains("no `handle`"), "{error}");

    let (lax, script) = plugin(json!({ "revocable": false }));
    answers(&script, vec![Ok(answer)]);
    let minted = lax.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap();
    assert!(minted.handle.is_none() && lax.plan(&order("prod", &[])).handle.is_none());
}

#[tokio::test]
async fn a_revocation_that_is_refused_is_an_error_and_makes_nothing() {
    let (plugin, script) = plugin(json!({}));
    answers(&script, vec![Err(BrokerError::refused("exit code 1"))]);
    let handle = plugin.plan(&order("prod", &[])).handle.unwrap();
    let error = plugin.revoke(&order("prod", &[]), &handle, &no_tools(), chance()).await.unwrap_err();
    assert!(!error.may_pass && !error.maybe_minted);
}

#[test]
fn a_scope_is_checked_against_what_the_target_knows() {
    let (plugin, _) = plugin(json!({ "dimensions": { "roles": ["read", "write"], "tenant": [] } }));
    let prod: Name = "prod".parse().unwrap();
    let check =
        |scope: &[(&str, &[&str])]| plugin.check(&prod, &order("prod", scope).scope).map_err(|error| error.text);
    assert_eq!(check(&[("roles", &["read"]), ("tenant", &["any text"])]), Ok(()));
    assert_eq!(check(&[("roles", &["*"])]), Ok(()));
    assert_eq!(check(&[("roles", &["admin"])]).unwrap_err(), "`roles` has no value `admin`, it has `read`, `write`");
    assert_eq!(
        check(&[("rolls", &["read"])]).unwrap_err(),
        "this target knows no dimension `rolls`, it has `roles`, `tenant`"
    );
}

#[test]
fn lives_are_checked() {
    for (settings, is_fine) in [
        (json!({}), true),
        (json!({ "life_max_seconds": 300 }), true),
        (json!({ "life_min_seconds": 7200 }), true),
        (json!({ "life_min_seconds": 0 }), false),
        (json!({ "life_max_seconds": 43_201 }), false),
        (json!({ "life_min_seconds": 600, "life_default_seconds": 300 }), false),
    ] {
        let settings: TargetSettings = serde_json::from_value(settings).unwrap();
        let targets = BTreeMap::from([("prod".parse().unwrap(), settings)]);
        assert_eq!(Plugin::new(Arc::new(Script::default()), targets).is_ok(), is_fine);
    }
}
