#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::collections::BTreeSet;

use domain::{BrokerKind, DeveloperId, ProjectId, SessionId, Span};
use zeroize::Zeroizing;

use super::*;
use crate::broker::{Fault, TokenAsk, TokenSource, Wire, WireError};
use crate::ssh::{LoginCertificate, SshKey};

/// 2026-11-22T20:00:00Z.
const NOW: Time = Time::from_unix_millis(1_795_377_600_000);

/// Neither is used: nothing at a host is asked.
struct Nobody;

impl Wire for Nobody {
    fn send<'a>(
        &'a self,
        _: http::Request<bytes::Bytes>,
        _: std::time::Duration,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<http::Response<bytes::Bytes>, WireError>> + Send + 'a>> {
        unreachable!("the broker asks nobody")
    }
}

impl TokenSource for Nobody {
    fn token(&self, _: &TokenAsk<'_>, _: Time) -> Result<Zeroizing<String>, BrokerError> {
        unreachable!("the broker wants no token")
    }
}

fn tools() -> Tools {
    Tools { wire: Arc::new(Nobody), tokens: Arc::new(Nobody) }
}

fn secrets(name: &str, value: &str) -> Secrets {
    Secrets::from([(name.to_owned(), Zeroizing::new(value.to_owned()))])
}

fn seed() -> Secrets {
    secrets("ca_seed", &generate_ssh_ca(&Zeroizing::new([5; 32])))
}

fn opened(settings: &Value) -> Result<Arc<dyn Broker>, SettingsError> {
    crate::open(BrokerKind::Ssh, &settings.to_string(), seed())
}

fn staging() -> Value {
    json!({ "targets": { "staging": {
        "principals": ["deploy", "logs"],
        "hosts": [{ "host": "*.staging.example.com", "port": 2222, "user": "deploy" }],
    } } })
}

fn broker() -> Arc<dyn Broker> {
    opened(&staging()).unwrap()
}

/// The settings with one more in their only target.
fn with(name: &str, value: Value) -> Value {
    let mut settings = staging();
    settings["targets"]["staging"][name] = value;
    settings
}

fn key() -> SshPublicKey {
    SshKey::from_seed(&[2; 32]).unwrap().public()
}

fn order() -> Order {
    Order {
        credential: CredentialId::new(NOW, 0xfeed_dead_beef),
        session: SessionId::new(NOW, 7),
        sequence: 1,
        developer: DeveloperId::new(NOW, 1),
        developer_name: "grace@example.com".to_owned(),
        project: ProjectId::new(NOW, 1),
        project_name: "checkout".parse().unwrap(),
        profile: "default".parse().unwrap(),
        target: "staging".parse().unwrap(),
        scope: Scope::default(),
        at: NOW,
        expires_at: NOW + Span::from_secs(300),
        public_key: Some(format!("{} laptop", key())),
    }
}

fn scope(dimension: &str, values: &[&str]) -> Scope {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Scope::new(BTreeMap::from([(dimension.parse().unwrap(), values)]))
}

async fn mint(broker: &Arc<dyn Broker>, order: &Order) -> Result<(Minted, LoginCertificate), BrokerError> {
    let minted = broker.mint(order, &tools(), Chance { now: NOW, random: [3; 32] }).await?;
    let certificate = minted.secret.field("certificate").unwrap().parse().unwrap();
    Ok((minted, certificate))
}

async fn refusal(broker: &Arc<dyn Broker>, order: &Order) -> String {
    let error = mint(broker, order).await.unwrap_err();
    assert_eq!(error.fault, Fault::Asker, "{error}");
    error.text
}

#[tokio::test]
async fn a_certificate_names_the_session_and_counts_until_the_order_expires() {
    let (minted, certificate) = mint(&broker(), &order()).await.unwrap();
    assert_eq!(certificate.key(), key());
    assert_eq!(certificate.session(), Some(order().session));
    assert_eq!(
        certificate.key_id(),
        format!("session={} developer=grace@example.com project=checkout", order().session)
    );
    assert_eq!(certificate.principals(), ["deploy", "logs"]);
    assert_eq!(certificate.valid_after(), 1_795_377_600 - 300);
    assert_eq!(certificate.valid_before(), 1_795_377_600 + 300);
    assert_eq!(minted.expires_at, order().expires_at);
    assert_eq!((certificate.force_command(), certificate.source_addresses()), (None, None));
    let extensions: Vec<&str> = certificate.extensions().collect();
    assert_eq!(extensions, ["credential@writ.dev", "permit-pty", "session@writ.dev"]);
    let authority = broker().delivery(&order().target)["ssh"]["authority"].as_str().unwrap().parse().unwrap();
    assert!(certificate.is_from(&authority));
}

#[tokio::test]
async fn the_plan_has_the_name_that_the_certificate_has() {
    let plan = broker().plan(&order());
    let (minted, certificate) = mint(&broker(), &order()).await.unwrap();
    assert_eq!(certificate.serial(), 0xfeed_dead_beef);
    let name = (ArtifactKind::CertificateSerial, certificate.serial().to_string());
    assert_eq!((&plan.names, &minted.names), (&vec![name.clone()], &vec![name]));
    assert_eq!(plan.handle, minted.handle);
    let chance = Chance { now: NOW, random: [4; 32] };
    let revoked = broker().revoke(&order(), &plan.handle.unwrap(), &tools(), chance).await;
    assert_eq!(revoked, Ok(Revocation::Dead));
}

#[test]
fn a_serial_number_has_53_bits_and_is_never_0() {
    let serial = |random: u128| ssh_serial(CredentialId::new(NOW, random));
    assert_eq!(serial(0), 1);
    assert_eq!(serial(1 << 53), 1);
    assert_eq!(serial(u128::MAX), (1 << 53) - 1);
    assert_eq!(serial(4711), 4711);
}

#[test]
fn its_law_is_that_of_the_settings() {
    let law = |settings: &Value| opened(settings).unwrap().targets().into_values().next().unwrap();
    let usual = Target {
        life_min: Span::from_secs(1),
        life_default: Span::from_secs(300),
        life_max: Span::from_secs(3600),
        is_revocable: true,
        is_local: true,
    };
    assert_eq!(law(&staging()), usual);
    let short = Target { life_default: Span::from_secs(120), life_max: Span::from_secs(120), ..usual };
    assert_eq!(law(&with("max_lifetime_seconds", json!(120))), short);
    let long = Target { life_default: Span::from_secs(1800), ..usual };
    assert_eq!(law(&with("lifetime_seconds", json!(1800))), long);
}

#[tokio::test]
async fn a_scope_narrows_the_principals() {
    let order = Order { scope: scope("principals", &["logs"]), ..order() };
    let (_, certificate) = mint(&broker(), &order).await.unwrap();
    assert_eq!(certificate.principals(), ["logs"]);
    let order = Order { scope: scope("principals", &["*"]), ..order };
    let (_, certificate) = mint(&broker(), &order).await.unwrap();
    assert_eq!(certificate.principals(), ["deploy", "logs"], "every one is every one of the target");
    let order = Order { scope: scope("principals", &["logs", "root"]), ..order };
    let expected = "`root` is not one of the target's values of `principals`; it has: `deploy`, `logs`";
    assert_eq!(refusal(&broker(), &order).await, expected);
    assert_eq!(broker().check(&order.target, &order.scope).unwrap_err().text, expected);
}

#[tokio::test]
async fn a_certificate_runs_one_of_the_commands_that_are_set() {
    let broker = opened(&with("force_command", json!(["uptime", "journalctl -n 100"]))).unwrap();
    let command = async |values: &[&str]| {
        let scope = if values.is_empty() { Scope::default() } else { scope("force_command", values) };
        let (_, certificate) = mint(&broker, &Order { scope, ..order() }).await.unwrap();
        certificate.force_command().map(str::to_owned)
    };
    assert_eq!(command(&[]).await.as_deref(), Some("uptime"));
    assert_eq!(command(&["*"]).await.as_deref(), Some("uptime"));
    assert_eq!(command(&["journalctl -n 100"]).await.as_deref(), Some("journalctl -n 100"));
    assert_eq!(command(&["uptime", "journalctl -n 100"]).await.as_deref(), Some("uptime"));
    let order = Order { scope: scope("force_command", &["sh"]), ..order() };
    assert!(refusal(&broker, &order).await.contains("it has: `uptime`, `journalctl -n 100`"));
    let nothing_set = self::broker().check(&order.target, &order.scope).unwrap_err();
    assert_eq!(nothing_set.text, "`sh` is not one of the target's values of `force_command`; it has: none");
}

#[tokio::test]
async fn what_the_settings_say_is_in_the_certificate() {
    let mut settings = with("source_addresses", json!(["10.1.0.0/16", "127.0.0.1", "2001:db8::/32"]));
    settings["targets"]["staging"]["extensions"] = json!(["permit-port-forwarding", "permit-user-rc"]);
    settings["targets"]["staging"]["backdate_seconds"] = json!(900);
    let (_, certificate) = mint(&opened(&settings).unwrap(), &order()).await.unwrap();
    assert_eq!(certificate.source_addresses(), Some("10.1.0.0/16,127.0.0.1/32,2001:db8::/32"));
    let permits: Vec<&str> = certificate.extensions().filter(|name| name.starts_with("permit-")).collect();
    assert_eq!(permits, ["permit-port-forwarding", "permit-user-rc"]);
    assert_eq!(certificate.valid_after(), 1_795_377_600 - 900);
}

#[tokio::test]
async fn an_order_that_means_nothing_is_refused_with_what_to_do() {
    let text = refusal(&broker(), &Order { public_key: None, ..order() }).await;
    assert_eq!(text, "a certificate is for a key: send `public_key`, an Ed25519 one");
    let text = refusal(&broker(), &Order { public_key: Some("ssh-rsa AAAA".to_owned()), ..order() }).await;
    assert_eq!(text, "`public_key`: not a public key: expected `ssh-ed25519` and its base64, as in id_ed25519.pub");
    let text = refusal(&broker(), &Order { target: "prod".parse().unwrap(), ..order() }).await;
    assert_eq!(text, "this broker has no target `prod`; it has: staging");
    let text = refusal(&broker(), &Order { scope: scope("role", &["admin"]), ..order() }).await;
    assert_eq!(text, "unknown dimension `role`: an ssh target has `principals` and `force_command`");
    let text = refusal(&broker(), &Order { expires_at: NOW, ..order() }).await;
    assert_eq!(text, "the time for this certificate is over before it is made: ask again");
}

#[tokio::test]
async fn names_cannot_forge_a_field_of_the_log() {
    let name = "eve project=prod\" (serial 1)\n".to_owned() + &"x".repeat(1000);
    let (_, certificate) = mint(&broker(), &Order { developer_name: name, ..order() }).await.unwrap();
    let fields: Vec<&str> = certificate.key_id().split(' ').collect();
    assert_eq!(fields.len(), 3, "{fields:?}");
    assert!(fields[1].starts_with("developer=eve_project_prod___serial_1__xxx"), "{fields:?}");
    assert_eq!(fields[2], "project=checkout");
}

#[test]
fn settings_that_are_wrong_are_named() {
    let told = |name: &str, value: Value| opened(&with(name, value)).unwrap_err().to_string();
    let expect = [
        ("principals", json!([]), "target `staging`: `principals` names 1 to 16 of them"),
        ("principals", json!(["*"]), "target `staging`: `principals`: `*` is not the name of a principal"),
        ("principals", json!(["a b"]), "target `staging`: `principals`: `a b` is not the name of a principal"),
        (
            "source_addresses",
            json!(["10.0.0.1/8"]),
            "target `staging`: `source_addresses`: `10.0.0.1/8` names a host inside its network, write for instance \
             `10.1.0.0/16` or `2001:db8::/32`",
        ),
        (
            "source_addresses",
            json!(["10.0.0.0/33"]),
            "target `staging`: `source_addresses`: `10.0.0.0/33` is not a network, write for instance `10.1.0.0/16` or \
             `2001:db8::/32`",
        ),
        ("lifetime_seconds", json!(4000), "target `staging`: `lifetime_seconds` is a number of seconds from 1 to 3600"),
        (
            "max_lifetime_seconds",
            json!(0),
            "target `staging`: `max_lifetime_seconds` is a number of seconds from 1 to 3600",
        ),
        ("backdate_seconds", json!(7200), "target `staging`: `backdate_seconds` is a number of seconds from 0 to 1800"),
        (
            "force_command",
            json!(["a\nb"]),
            "target `staging`: `force_command`: a command is a line of at most 256 characters",
        ),
        (
            "hosts",
            json!([{ "host": "a\nProxyCommand evil" }]),
            "target `staging`: `hosts`: `a\nProxyCommand evil` is not the name of a host or a pattern",
        ),
        (
            "hosts",
            json!([{ "host": "a", "user": "-oProxyCommand=evil" }]),
            "target `staging`: `hosts`: `-oProxyCommand=evil` is not the name of an account",
        ),
        ("hosts", json!([{ "host": "a", "port": 0 }]), "target `staging`: `hosts`: a port is a number from 1 to 65535"),
    ];
    for (name, value, text) in expect {
        assert_eq!(told(name, value), text);
    }
    assert!(told("extensions", json!(["permit-everything"])).contains("unknown variant `permit-everything`"));
    assert!(told("principal", json!("x")).contains("unknown field `principal`"));
}

#[test]
fn the_authority_is_a_seed_or_a_file_and_never_shown() {
    let open = |secrets: Secrets| crate::open(BrokerKind::Ssh, &staging().to_string(), secrets);
    let told = |secrets: Secrets| open(secrets).unwrap_err().to_string();
    assert_eq!(
        told(Secrets::new()),
        "the authority's key is missing: set the secret `ca_key` (a file of `ssh-keygen -t ed25519 -N ''`) or `ca_seed` \
         (32 random bytes in base64)"
    );
    assert_eq!(told(secrets("ca_seed", "c2VjcmV0")), "secret `ca_seed`: expected 32 bytes in base64");
    assert!(told(secrets("ca_key", "c2VjcmV0")).starts_with("secret `ca_key`: not a private key"));
    assert_eq!(told(secrets("password", "hunter2")), "unknown secret `password`: this kind has `ca_seed` or `ca_key`");
    let both = seed().into_iter().chain(secrets("ca_key", "x")).collect();
    assert_eq!(told(both), "the authority has one key: set `ca_key` or `ca_seed`, not both");
    let shown = format!("{:?}", open(seed()).unwrap());
    let value = generate_ssh_ca(&Zeroizing::new([5; 32]));
    assert!(!shown.contains(value.as_str()) && shown.contains("SHA256:"), "{shown}");
}

#[test]
fn delivery_says_what_a_client_must_know() {
    let told = broker().delivery(&order().target);
    let authority = LoginAuthority::new(SshKey::from_seed(&[5; 32]).unwrap()).public();
    assert_eq!(
        told,
        json!({ "ssh": {
            "authority": authority.to_string(),
            "principals": ["deploy", "logs"],
            "hosts": [{ "host": "*.staging.example.com", "port": 2222, "user": "deploy" }],
        } })
    );
    assert_eq!(broker().targets().into_keys().collect::<BTreeSet<_>>(), BTreeSet::from([order().target]));
}
