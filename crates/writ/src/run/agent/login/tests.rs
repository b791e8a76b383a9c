#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use brokers::ssh::{CERTIFICATE_ALGORITHM, LoginAuthority, LoginClaims};
use domain::{CredentialId, SessionId, Time};

use super::*;

/// Longer than any of these takes.
const WAIT: Duration = Duration::from_secs(60);

/// Gives a certificate with the serial number that is set, or none.
#[derive(Clone, Default)]
struct Desk {
    serial: Arc<AtomicU64>,
    is_closed: Arc<AtomicBool>,
}

fn key(seed: u8) -> SshKey {
    SshKey::from_seed(&[seed; 32]).unwrap()
}

fn certificate(key: SshPublicKey, serial: u64) -> LoginCertificate {
    let at = Time::from_unix_millis(1_795_377_600_000);
    let claims = LoginClaims {
        key,
        serial,
        key_id: "writ".to_owned(),
        principals: BTreeSet::from(["deploy".to_owned()]),
        valid_after: 0,
        valid_before: u64::MAX,
        force_command: None,
        source_addresses: vec![],
        permits: BTreeSet::new(),
        session: SessionId::new(at, 7),
        credential: CredentialId::new(at, 9),
    };
    LoginAuthority::new(self::key(1)).certify(&claims, &[3; 32]).unwrap()
}

impl Certificates for Desk {
    fn certificate<'a>(&'a self, key: &'a SshPublicKey) -> Asked<'a> {
        let made = certificate(*key, self.serial.load(Ordering::SeqCst));
        let is_open = !self.is_closed.load(Ordering::SeqCst);
        Box::pin(async move { is_open.then_some(made) })
    }
}

fn identity(seed: u8, desk: &Desk) -> Arc<Identity> {
    Arc::new(Identity::new(format!("ssh/{seed}"), key(seed), Box::new(desk.clone()), WAIT))
}

fn agent(desk: &Desk) -> LoginAgent {
    LoginAgent::new([identity(2, desk)])
}

/// What `ssh` has signed, changed in one place.
#[derive(Clone, Copy)]
struct Login<'a> {
    session: &'a [u8],
    message: u8,
    service: &'a str,
    method: &'a str,
    has_signature: u8,
    algorithm: &'a str,
    key: &'a [u8],
    more: &'a [u8],
}

impl<'a> Login<'a> {
    fn with(key: &'a [u8]) -> Self {
        Self {
            session: &[7; 32],
            message: 50,
            service: "ssh-connection",
            method: "publickey",
            has_signature: 1,
            algorithm: CERTIFICATE_ALGORITHM,
            key,
            more: &[],
        }
    }

    fn bytes(self) -> Vec<u8> {
        Writer::new()
            .string(self.session)
            .byte(self.message)
            .string(b"deploy")
            .string(self.service.as_bytes())
            .string(self.method.as_bytes())
            .byte(self.has_signature)
            .string(self.algorithm.as_bytes())
            .string(self.key)
            .raw(self.more)
            .into_bytes()
    }
}

fn sign(key: &[u8], data: &[u8]) -> Vec<u8> {
    Writer::new().byte(SIGN_REQUEST).string(key).string(data).u32(0).into_bytes()
}

/// What is offered: blobs and names.
async fn offered(agent: &LoginAgent) -> Vec<(Vec<u8>, String)> {
    let answer = agent.answer(&[REQUEST_IDENTITIES]).await.unwrap();
    let mut reader = Reader::new(&answer);
    assert_eq!(reader.byte(), Ok(IDENTITIES_ANSWER));
    let count = reader.u32().unwrap();
    let offers = (0..count).map(|_| (reader.string().unwrap().to_vec(), reader.text(100).unwrap().to_owned()));
    let offers = offers.collect();
    reader.end().unwrap();
    offers
}

#[tokio::test]
async fn it_offers_what_is_granted_and_signs_logins_with_it() {
    let desk = Desk::default();
    let agent = LoginAgent::new([identity(2, &desk), identity(3, &desk)]);
    let blobs = [2, 3].map(|seed| certificate(key(seed).public(), 0).blob().to_vec());
    assert_eq!(offered(&agent).await, [(blobs[0].clone(), "ssh/2".to_owned()), (blobs[1].clone(), "ssh/3".to_owned())]);
    let data = Login::with(&blobs[1]).bytes();
    let answer = agent.answer(&sign(&blobs[1], &data)).await.unwrap();
    let mut reader = Reader::new(&answer);
    assert_eq!(reader.byte(), Ok(SIGN_RESPONSE));
    assert!(key(3).public().verifies(&data, reader.string().unwrap()));
    reader.end().unwrap();
}

#[tokio::test]
async fn it_signs_the_variant_that_names_the_host() {
    let agent = agent(&Desk::default());
    let blob = offered(&agent).await[0].0.clone();
    let login = Login { method: "publickey-hostbound-v00@openssh.com", ..Login::with(&blob) };
    let host = Writer::new().string(&key(9).public().blob()).into_bytes();
    assert!(agent.answer(&sign(&blob, &Login { more: &host, ..login }.bytes())).await.is_some());
    assert!(agent.answer(&sign(&blob, &login.bytes())).await.is_none(), "without the host's key");
    let no_key = Writer::new().string(b"?").into_bytes();
    assert!(agent.answer(&sign(&blob, &Login { more: &no_key, ..login }.bytes())).await.is_none());
}

#[tokio::test]
async fn it_signs_nothing_but_logins_with_the_certificate_that_is_asked_for() {
    let agent = agent(&Desk::default());
    let blob = offered(&agent).await[0].0.clone();
    let good = Login::with(&blob);
    assert!(agent.answer(&sign(&blob, &good.bytes())).await.is_some());
    let (other, plain) = (certificate(key(4).public(), 0).blob().to_vec(), key(2).public().blob());
    let wrong = [
        Login { session: &[7; 19], ..good },
        Login { session: &[7; 65], ..good },
        Login { message: 51, ..good },
        Login { service: "ssh-userauth", ..good },
        Login { method: "hostbased", ..good },
        Login { has_signature: 0, ..good },
        Login { has_signature: 2, ..good },
        Login { algorithm: "ssh-ed25519", ..good },
        Login { key: &other, ..good },
        Login { key: &plain, ..good },
        Login { more: &[0], ..good },
    ];
    for (index, login) in wrong.iter().enumerate() {
        assert_eq!(agent.answer(&sign(&blob, &login.bytes())).await, None, "number {index}");
    }
    let git = Writer::new().raw(b"SSHSIG").string(b"git").string(b"").string(b"sha512").string(&[0; 64]).into_bytes();
    let cut = &good.bytes()[..60];
    for data in [git.as_slice(), &[], cut] {
        assert_eq!(agent.answer(&sign(&blob, data)).await, None, "{data:?}");
    }
}

#[tokio::test]
async fn it_signs_with_what_it_offered_only() {
    let agent = agent(&Desk::default());
    let blob = certificate(key(2).public(), 0).blob().to_vec();
    assert_eq!(agent.answer(&sign(&blob, &Login::with(&blob).bytes())).await, None, "nobody asked yet");
    offered(&agent).await;
    let plain = key(2).public().blob();
    assert_eq!(agent.answer(&sign(&plain, &Login::with(&plain).bytes())).await, None, "the bare key names nobody");
    let never_offered = certificate(key(2).public(), 5).blob().to_vec();
    assert_eq!(agent.answer(&sign(&never_offered, &Login::with(&never_offered).bytes())).await, None);
}

#[tokio::test]
async fn the_certificate_before_the_last_still_works() {
    let desk = Desk::default();
    let agent = agent(&desk);
    for serial in 1..=3 {
        desk.serial.store(serial, Ordering::SeqCst);
        assert_eq!(offered(&agent).await[0].0, certificate(key(2).public(), serial).blob());
        assert_eq!(offered(&agent).await.len(), 1, "the same again is no other");
    }
    let works = async |serial| {
        let blob = certificate(key(2).public(), serial).blob().to_vec();
        agent.answer(&sign(&blob, &Login::with(&blob).bytes())).await.is_some()
    };
    assert_eq!([works(1).await, works(2).await, works(3).await], [false, true, true]);
}

#[tokio::test]
async fn without_a_certificate_nothing_is_offered_or_signed_and_others_are() {
    let (open, closing) = (Desk::default(), Desk::default());
    let agent = LoginAgent::new([identity(2, &closing), identity(3, &open)]);
    let blob = offered(&agent).await[0].0.clone();
    closing.is_closed.store(true, Ordering::SeqCst);
    let names: Vec<_> = offered(&agent).await.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["ssh/3"]);
    assert_eq!(agent.answer(&sign(&blob, &Login::with(&blob).bytes())).await, None, "its session is over");
}

#[tokio::test]
async fn a_certificate_for_another_key_is_not_offered() {
    struct Mistaken;
    impl Certificates for Mistaken {
        fn certificate<'a>(&'a self, _: &'a SshPublicKey) -> Asked<'a> {
            Box::pin(async { Some(certificate(key(9).public(), 0)) })
        }
    }
    let agent = LoginAgent::new([Arc::new(Identity::new("x".to_owned(), key(2), Box::new(Mistaken), WAIT))]);
    assert_eq!(offered(&agent).await, []);
}

#[tokio::test]
async fn a_certificate_that_does_not_come_keeps_nobody_waiting_for_ever() {
    struct Never;
    impl Certificates for Never {
        fn certificate<'a>(&'a self, _: &'a SshPublicKey) -> Asked<'a> {
            Box::pin(std::future::pending())
        }
    }
    let never = Arc::new(Identity::new("never".to_owned(), key(2), Box::new(Never), Duration::from_millis(1)));
    let agent = LoginAgent::new([never, identity(3, &Desk::default())]);
    assert_eq!(offered(&agent).await.len(), 1);
}

#[tokio::test]
async fn everything_else_is_a_failure() {
    let agent = agent(&Desk::default());
    // Add, remove, lock, unlock; session-bind and another extension; what is cut or has more than it should.
    let add = Writer::new().byte(17).string(b"ssh-ed25519").into_bytes();
    let bind = Writer::new().byte(27).string(b"session-bind@openssh.com").string(b"").string(b"").string(b"").byte(0);
    let other = Writer::new().byte(27).string(b"query").into_bytes();
    let requests: [&[u8]; 9] =
        [&[], &[1], &add, &[18], &[19], &[22], &bind.into_bytes(), &other, &[REQUEST_IDENTITIES, 0]];
    for request in requests {
        assert_eq!(agent.answer(request).await, None, "{request:?}");
    }
    assert_eq!(offered(&agent).await.len(), 1, "the client goes on without it");
}
