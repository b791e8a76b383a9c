#![allow(clippy::unwrap_used)]

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::{CredentialId, DeveloperId, ProjectId, SessionId, Time};
use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::broker::{Fault, TokenSource, Wire, WireError};

const NOW: Time = Time::from_unix_millis(1_795_694_400_000);

/// Signs nothing, and remembers what it was asked for.
#[derive(Default)]
struct Signer(Mutex<Vec<Value>>);

impl TokenSource for Signer {
    fn token(&self, ask: &TokenAsk<'_>, now: Time) -> Result<Zeroizing<String>, BrokerError> {
        assert_eq!(now, NOW);
        if ask.audience == "unknown" {
            return Err(BrokerError::operator("no token is made for the audience `unknown`"));
        }
        let asked = json!({
            "audience": ask.audience, "life": ask.life.as_secs(), "aws": ask.for_aws, "chain": ask.with_chain,
            "extra": ask.extra,
        });
        self.0.lock().unwrap().push(asked);
        Ok(Zeroizing::new("ey.signed.token".to_owned()))
    }
}

struct NoWire;

impl Wire for NoWire {
    fn send<'a>(
        &'a self,
        _: http::Request<Bytes>,
        _: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async { Err(WireError::NotSent("nothing is to be sent".to_owned())) })
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn scope(dimensions: &[(&str, &[&str])]) -> Scope {
    let dimension = |(dimension, values): &(&str, &[&str])| {
        (name(dimension), values.iter().map(|&value| value.to_owned()).collect())
    };
    Scope::new(dimensions.iter().map(dimension).collect())
}

fn order(target: &str, life: u64, scope: Scope) -> Order {
    Order {
        credential: CredentialId::new(NOW, 1),
        session: SessionId::new(NOW, 2),
        sequence: 7,
        developer: DeveloperId::new(NOW, 3),
        developer_name: "ada".to_owned(),
        project: ProjectId::new(NOW, 4),
        project_name: name("checkout"),
        profile: name("default"),
        target: name(target),
        scope,
        at: NOW,
        expires_at: NOW + Span::from_secs(life),
        public_key: None,
    }
}

fn broker(targets: Value) -> Arc<dyn Broker> {
    open(&json!({ "targets": targets }).to_string(), Secrets::new()).unwrap()
}

/// What the signer was asked for.
async fn mint(broker: &dyn Broker, order: &Order) -> Result<(Minted, Value), BrokerError> {
    let signer = Arc::new(Signer::default());
    let tools = Tools { wire: Arc::new(NoWire), tokens: Arc::clone(&signer) as Arc<dyn TokenSource> };
    let minted = broker.mint(order, &tools, Chance { now: NOW, random: [0; 32] }).await?;
    let asked = signer.0.lock().unwrap().remove(0);
    Ok((minted, asked))
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn a_token_says_what_the_target_and_the_scope_say() {
    block(async {
        let broker = broker(json!({
            "billing": {
                "audience": "http://internal", "claims": { "tier": "gold" }, "dimensions": ["roles"],
                "access_default": ["read"],
            },
            "images": { "audience": "registry.test", "access": "registry", "with_chain": true },
        }));
        let billing = order("billing", 600, scope(&[("roles", &["ops", "dev"])]));
        let (minted, asked) = mint(&*broker, &billing).await.unwrap();
        let extra = json!({ "tier": "gold", "access": ["read"], "roles": ["dev", "ops"] });
        let expected =
            json!({ "audience": "http://internal", "life": 600, "aws": false, "chain": false, "extra": extra });
        assert_eq!(asked, expected);
        assert_eq!(minted.secret.field("token"), Some("ey.signed.token"));
        assert_eq!(minted.expires_at, NOW + Span::from_secs(600));
        assert_eq!(minted.names, [(ArtifactKind::TokenId, format!("{}.7", billing.session))]);
        assert!(minted.handle.is_none(), "nothing can end it");

        let values: &[&str] =
            &["repository:team/app:pull", "repository:team/app:push", "repository:h:5000/x:pull,push"];
        let (_, asked) = mint(&*broker, &order("images", 300, scope(&[("access", values)]))).await.unwrap();
        let access = json!([
            { "type": "repository", "name": "h:5000/x", "actions": ["pull", "push"] },
            { "type": "repository", "name": "team/app", "actions": ["pull", "push"] },
        ]);
        assert_eq!(asked["extra"], json!({ "access": access }));
        assert_eq!((&asked["chain"], &asked["life"]), (&json!(true), &json!(300)));
    });
}

#[test]
fn a_token_lives_no_longer_than_the_target_allows_nor_than_was_decided() {
    block(async {
        let targets =
            json!({ "a": { "audience": "x" }, "b": { "audience": "x", "life_seconds": 120, "life_max_seconds": 300 } });
        let broker = broker(targets);
        let laws = broker.targets();
        let lives = |target: &str| {
            let law = laws[&name(target)];
            (law.life_min.as_secs(), law.life_default.as_secs(), law.life_max.as_secs())
        };
        assert_eq!((lives("a"), lives("b")), ((60, 600, 3600), (60, 120, 300)));
        for (target, decided, expected) in [("a", 10, 10), ("a", 9999, 3600), ("b", 9999, 300)] {
            let (minted, asked) = mint(&*broker, &order(target, decided, Scope::default())).await.unwrap();
            assert_eq!(asked["life"], json!(expected));
            assert_eq!(minted.expires_at, NOW + Span::from_secs(expected));
        }
        let error = mint(&*broker, &order("a", 0, Scope::default())).await.unwrap_err();
        assert_eq!(error.to_string(), "the session has no time left for a token");
    });
}

#[test]
fn only_who_asks_about_tokens_learns_of_a_revocation() {
    block(async {
        let broker =
            broker(json!({ "asks": { "audience": "x", "introspects": true }, "verifies": { "audience": "x" } }));
        let tools = Tools { wire: Arc::new(NoWire), tokens: Arc::new(Signer::default()) };
        let chance = Chance { now: NOW, random: [0; 32] };
        let laws = broker.targets();
        for (target, expected) in [("asks", Revocation::Dead), ("verifies", Revocation::Impossible)] {
            let order = order(target, 60, Scope::default());
            let is_revocable = expected == Revocation::Dead;
            let law = laws[&name(target)];
            assert_eq!((law.is_revocable, law.is_local), (is_revocable, true));
            assert_eq!(broker.plan(&order).handle.is_some(), is_revocable);
            let (minted, _) = mint(&*broker, &order).await.unwrap();
            assert_eq!(minted.handle, broker.plan(&order).handle, "the same before and after");
            let handle = minted.handle.unwrap_or_else(|| Handle::new(Vec::new()));
            assert_eq!(broker.revoke(&order, &handle, &tools, chance).await, Ok(expected));
        }
    });
}

#[test]
fn an_issuer_that_does_not_know_the_audience_says_so() {
    let broker = broker(json!({ "a": { "audience": "unknown" } }));
    let error = block(mint(&*broker, &order("a", 60, Scope::default()))).unwrap_err();
    assert_eq!((error.fault, error.maybe_minted), (Fault::Operator, false));
}

#[test]
fn scopes_are_checked_when_they_are_granted() {
    let broker = broker(json!({
        "list": { "audience": "x", "dimensions": ["roles"] },
        "images": { "audience": "x", "access": "registry" },
        "open": { "audience": "x", "access": "registry", "access_default": ["repository:a:pull"] },
    }));
    let check = |target: &str, scope: Scope| broker.check(&name(target), &scope).map_err(|error| error.to_string());
    for (target, good) in [
        ("list", scope(&[])),
        ("list", scope(&[("access", &["read", "*"]), ("roles", &["ops"])])),
        ("images", scope(&[("access", &["repository:a/b-c.d:pull,push", "registry:catalog:*"])])),
        ("images", scope(&[("access", &["*"])])),
        ("open", scope(&[])),
    ] {
        assert_eq!(check(target, good), Ok(()), "{target}");
    }
    for (target, bad, expected) in [
        ("list", scope(&[("rolls", &["ops"])]), "there is no dimension `rolls`; dimensions are access, roles"),
        (
            "images",
            scope(&[]),
            "a token without access opens nothing: name `access`, such as `repository:team/app:pull`",
        ),
        (
            "images",
            scope(&[("access", &["repository:a"])]),
            "`access`: `repository:a` is not understood, such as `repository:team/app:pull` would be",
        ),
        ("nowhere", scope(&[]), "there is no target `nowhere`; targets are images, list, open"),
    ] {
        assert_eq!(check(target, bad), Err(expected.to_owned()), "{target}");
    }
    for value in [
        "",
        ":",
        "repository::pull",
        "repository:a:",
        "repository:a b:pull",
        "repository:a:pull,",
        "R:a:pull",
        "repository:\"a:pull",
    ] {
        assert!(check("images", scope(&[("access", &[value])])).is_err(), "{value}");
    }
}

#[test]
fn a_registry_takes_no_star_that_was_not_narrowed() {
    let broker = broker(json!({ "images": { "audience": "x", "access": "registry" } }));
    let error = block(mint(&*broker, &order("images", 60, scope(&[("access", &["*"])])))).unwrap_err();
    assert_eq!(error.fault, Fault::Asker);
    assert!(error.text.contains("name each repository"), "{error}");
}

#[test]
fn launchers_are_told_what_was_set_and_no_more() {
    let delivery = json!({
        "kubernetes": { "server": "https://k", "namespace": "n", "default": true },
        "gcp": { "audience": "//iam", "service_account": "a@b", "token_lifetime_seconds": 900 },
        "azure": { "tenant_id": "t", "client_id": "c" },
        "docker": { "registries": ["r:5000"] },
        "git": { "host": "git.example.com", "auth": "bearer", "gate": "github.com" },
        "http": { "base_url": "https://b" },
        "npm": { "registry": "https://n", "scopes": ["@a"] },
        "env": { "plain": { "A": "b" }, "secret": { "PIP_INDEX_URL": "https://t:{token}@p/simple" } },
    });
    let broker = broker(
        json!({ "a": { "audience": "x", "access": "registry", "delivery": delivery }, "b": { "audience": "x" } }),
    );
    assert_eq!(broker.delivery(&name("a")), delivery);
    assert_eq!(broker.delivery(&name("b")), json!({}));
}

#[test]
fn a_wrong_setting_is_named() {
    let check = |target: Value, expected: &str| {
        let settings = json!({ "targets": { "a": target } }).to_string();
        let error = open(&settings, Secrets::new()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(json!({}), "missing field `audience`");
    check(json!({ "audience": "x", "lifetime": 1 }), "unknown field `lifetime`");
    check(json!({ "audience": " x" }), "`targets.a.audience`");
    check(json!({ "audience": "x", "life_seconds": 59 }), "`targets.a.life_seconds` is from 60 to 3600");
    check(json!({ "audience": "x", "life_max_seconds": 3601 }), "`targets.a.life_max_seconds` is from 60 to 3600");
    check(json!({ "audience": "x", "life_seconds": 900, "life_max_seconds": 600 }), "longer than");
    check(json!({ "audience": "x", "claims": { "access": [] } }), "`targets.a.claims.access` is a dimension");
    check(json!({ "audience": "x", "claims": { "roles": 1 }, "dimensions": ["roles"] }), "claims.roles`");
    check(json!({ "audience": "x", "dimensions": ["access"] }), "`targets.a.dimensions`");
    check(
        json!({ "audience": "x", "access": "registry", "access_default": ["pull"] }),
        "`targets.a.access_default`: `pull`",
    );
    check(json!({ "audience": "x", "delivery": { "docker": { "registries": ["r"] } } }), "`targets.a.delivery.docker`");
    let docker = json!({ "docker": { "registries": ["https://r"] } });
    check(
        json!({ "audience": "x", "access": "registry", "delivery": docker }),
        "`targets.a.delivery.docker.registries`",
    );
    check(json!({ "audience": "x", "delivery": { "kubernetes": {} } }), "missing field `server`");
    check(json!({ "audience": "x", "delivery": { "git": { "host": "h", "auth": "digest" } } }), "delivery.git.auth`");
    check(
        json!({ "audience": "x", "delivery": { "env": { "plain": { "T": "{token}" } } } }),
        "`targets.a.delivery.env.plain`",
    );
    let secrets = Secrets::from([("key".to_owned(), Zeroizing::new("x".to_owned()))]);
    let settings = json!({ "targets": { "a": { "audience": "x" } } }).to_string();
    assert!(open(&settings, secrets).unwrap_err().to_string().contains("the secret `key` is not used"));
}
