use brokers::{KEYS_MAX, KeyStanding, PUBLISHED_AFTER_USE, PublicKey, WritClaims};
use domain::{DeveloperId, SessionId, limits};
use store::Options;

use super::*;
use crate::keys::KeysFolder;

const START: Time = Time::from_unix_millis(1_795_377_600_000);
const HOUR: Span = Span::from_secs(3600);
const DAY: Span = Span::from_secs(86_400);
const ISSUER: &str = "https://id.example.com";

/// An installation, and processes that share it.
struct Installation {
    _folder: tempfile::TempDir,
    keys: KeysFolder,
    store: Store,
    settings: IssuerSettings,
}

/// One of these processes.
struct Process {
    seals: Seals,
    signing: Signing,
    store: Store,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeysFolder::open(folder.path()).unwrap();
        let store = Store::open(&Options::new("sqlite::memory:".parse().unwrap())).await.unwrap();
        let settings = IssuerSettings {
            url: Some(ISSUER.to_owned()),
            algorithm: SigningAlgorithm::Es256,
            ..IssuerSettings::default()
        };
        Self { _folder: folder, keys, store, settings }
    }

    async fn process(&self) -> Process {
        let seals = Seals::start(&self.store, &self.keys, None).await.unwrap();
        let signing = Signing::start(&self.store, &seals, &self.settings, "http://127.0.0.1:1", START).await.unwrap();
        Process { seals, signing, store: self.store.clone() }
    }
}

impl Process {
    async fn rotate(&self, rotation: Rotation, now: Time) -> Result<(String, Time), SigningError> {
        self.signing.rotate(&self.store, &self.seals, rotation, now).await
    }

    /// What the process does every few seconds.
    async fn look(&self, now: Time) {
        self.signing.read(&self.store, &self.seals, now).await.unwrap();
        self.signing.tidy(&self.store, &self.seals, now).await.unwrap();
    }

    fn writ(&self, now: Time, life: Span) -> String {
        let claims = WritClaims {
            session: SessionId::new(now, 1),
            parents: Vec::new(),
            developer: DeveloperId::new(now, 7),
            project: None,
            profile: "default".parse().unwrap(),
            audience: Vec::new(),
            issued_at: now,
            expires_at: now + life,
        };
        self.signing.issuer(now).unwrap().writ(&claims).unwrap()
    }

    async fn verifies(&self, token: &str, now: Time) -> Result<(), VerifyError> {
        self.signing.verify(&self.store, &self.seals, token, "writ", now).await.map(drop)
    }

    fn kid(&self, now: Time) -> String {
        self.signing.issuer(now).unwrap().key().kid().to_owned()
    }

    fn standings(&self, now: Time) -> Vec<KeyStanding> {
        self.signing.ring().published(now).map(|key| key.standing).collect()
    }
}

fn kids(set: &Value) -> Vec<String> {
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| PublicKey::from_jwk(key).unwrap().kid().to_owned()).collect()
}

#[tokio::test]
async fn what_was_signed_before_each_step_of_two_rotations_verifies_until_it_expires() {
    let process = Installation::new().await.process().await;
    let longest = limits::SESSION_TTL_MAX;
    let mut signed = Vec::new();
    let mut now = START;
    for _ in 0..2 {
        let (kid, signs_from) = process.rotate(Rotation::Planned, now).await.unwrap();
        assert_eq!(signs_from, now + DAY);
        assert!(kids(&process.signing.key_set(now)).contains(&kid), "it is published before it signs");
        for moment in [now, signs_from - Span::from_millis(1), signs_from, signs_from + HOUR] {
            process.look(moment).await;
            assert_eq!(process.kid(moment) == kid, moment >= signs_from, "at {moment:?}");
            signed.push((moment, process.writ(moment, longest)));
        }
        now = signs_from + HOUR;
    }
    // Every hour until all is over: what is not expired verifies, what is does not, and keys go when they are done.
    let end = now + PUBLISHED_AFTER_USE + DAY;
    while now < end {
        process.look(now).await;
        for (issued, token) in &signed {
            let expected = if now < *issued + longest { Ok(()) } else { Err(VerifyError::Time) };
            let found = process.verifies(token, now).await;
            let is_gone = matches!(found, Err(VerifyError::UnknownKey { .. }));
            assert!(found == expected || expected.is_err() && is_gone, "of {issued:?} at {now:?}: {found:?}");
        }
        now = now + HOUR;
    }
    assert_eq!(process.standings(end), [KeyStanding::Active]);
    assert_eq!(kids(&process.signing.key_set(end)), [process.kid(end)]);
}

#[tokio::test]
async fn processes_on_one_database_change_over_at_the_same_moment() {
    let installation = Installation::new().await;
    let (one, other) = (installation.process().await, installation.process().await);
    assert_eq!(one.kid(START), other.kid(START));
    let (kid, signs_from) = one.rotate(Rotation::Planned, START).await.unwrap();
    other.look(START + HOUR).await;
    assert_eq!(one.signing.key_set(signs_from), other.signing.key_set(signs_from));
    let before = signs_from - Span::from_millis(1);
    assert_ne!((one.kid(before), other.kid(before)), (kid.clone(), kid.clone()));
    assert_eq!((one.kid(signs_from), other.kid(signs_from)), (kid.clone(), kid));
}

#[tokio::test]
async fn a_key_that_another_process_made_is_looked_for_before_it_is_unknown() {
    let installation = Installation::new().await;
    let (one, other) = (installation.process().await, installation.process().await);
    one.rotate(Rotation::Leaked, START).await.unwrap();
    let token = one.writ(START, HOUR);
    let at_once = other.verifies(&token, START).await;
    assert!(matches!(at_once, Err(VerifyError::UnknownKey { .. })), "it has read a moment ago: {at_once:?}");
    assert_eq!(other.verifies(&token, START + KEYS_LOOK_PAUSE).await, Ok(()));
}

#[tokio::test]
async fn of_processes_that_rotate_at_the_same_moment_one_does() {
    let installation = Installation::new().await;
    let mut racing = Vec::new();
    for _ in 0..6 {
        let process = installation.process().await;
        racing.push(tokio::spawn(async move { process.rotate(Rotation::Planned, START).await }));
    }
    let mut rotated = 0;
    for race in racing {
        match race.await.unwrap() {
            Ok(_) => rotated += 1,
            Err(SigningError::Ring(RingError::UnderWay { .. }) | SigningError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(rotated, 1);
    assert_eq!(installation.process().await.standings(START), [KeyStanding::Active, KeyStanding::Next]);
}

#[tokio::test]
async fn a_rotation_that_is_under_way_is_not_begun_again_but_may_be_cut_short() {
    let process = Installation::new().await.process().await;
    let (kid, _) = process.rotate(Rotation::Planned, START).await.unwrap();
    let refused = crate::error::Error::from(process.rotate(Rotation::Planned, START + HOUR).await.unwrap_err());
    let crate::error::Error::Conflict { code, text, next } = refused else { panic!("{refused:?}") };
    assert_eq!(code, "rotation_under_way");
    assert_eq!(text, format!("the next key, {kid}, is published already and has not begun to sign"));
    assert_eq!(next, "it signs from 2026-11-23 20:00 UTC; `writ keys rotate --now` lets it sign at once");
    let (hastened, signs_from) = process.rotate(Rotation::Now, START + HOUR).await.unwrap();
    assert_eq!(hastened, kid, "no further key was made");
    let every_process_has_read = Span::from_secs(2 * KEYS_READ_EVERY.as_secs());
    assert_eq!(signs_from, START + HOUR + every_process_has_read);
    assert_eq!(process.kid(signs_from), kid);
    let (another, signs_from) = process.rotate(Rotation::Now, signs_from).await.unwrap();
    assert_ne!(process.kid(signs_from - Span::from_millis(1)), another);
    assert_eq!(process.kid(signs_from), another);
}

#[tokio::test]
async fn nothing_that_a_leaked_key_signed_verifies() {
    let installation = Installation::new().await;
    let process = installation.process().await;
    let token = process.writ(START, HOUR);
    assert_eq!(process.verifies(&token, START).await, Ok(()));
    let (kid, signs_from) = process.rotate(Rotation::Leaked, START).await.unwrap();
    assert_eq!((signs_from, process.kid(START)), (START, kid.clone()));
    assert_eq!(kids(&process.signing.key_set(START)), [kid]);
    assert!(matches!(process.verifies(&token, START + HOUR).await, Err(VerifyError::UnknownKey { .. })));
}

#[tokio::test]
async fn published_keys_are_bounded() {
    let process = Installation::new().await.process().await;
    let mut now = START;
    for _ in 1..KEYS_MAX {
        let (_, signs_from) = process.rotate(Rotation::Now, now).await.unwrap();
        now = signs_from;
    }
    let refused = crate::error::Error::from(process.rotate(Rotation::Now, now).await.unwrap_err());
    assert_eq!(refused.to_string(), "the limit of 8 published signing keys is reached");
    // A leak cannot wait.
    process.rotate(Rotation::Leaked, now).await.unwrap();
}

#[tokio::test]
async fn the_key_of_an_earlier_version_is_the_first_of_the_ring() {
    let installation = Installation::new().await;
    let old = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
    installation.store.put_secret_if_absent(OLD_NAME, &old.to_pkcs8().unwrap()).await.unwrap();
    let process = installation.process().await;
    assert_eq!(process.kid(START), old.kid());
    assert_eq!(installation.store.get_secret(OLD_NAME).await.unwrap(), None);
    assert_eq!(installation.process().await.kid(START), old.kid(), "and stays so");
    // The next one is what the configuration says.
    let (kid, signs_from) = process.rotate(Rotation::Now, START).await.unwrap();
    let issuer = process.signing.issuer(signs_from).unwrap();
    assert_eq!((issuer.key().kid(), issuer.key().algorithm()), (kid.as_str(), SigningAlgorithm::Es256));
    let algorithms = &process.signing.discovery(signs_from)["id_token_signing_alg_values_supported"];
    assert_eq!(algorithms, &serde_json::json!(["RS256", "ES256"]));
}

#[tokio::test]
async fn killed_between_ring_and_old_key_the_next_start_goes_on() {
    let installation = Installation::new().await;
    let kid = installation.process().await.kid(START);
    // As if the old key had not been forgotten yet.
    let seals = Seals::start(&installation.store, &installation.keys, None).await.unwrap();
    let old = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
    seals.store_if_absent(&installation.store, OLD_NAME, &old.to_pkcs8().unwrap()).await.unwrap();
    assert_eq!(installation.process().await.kid(START), kid);
    assert_eq!(installation.store.get_secret(OLD_NAME).await.unwrap(), None);
}

#[tokio::test]
async fn a_new_seal_key_seals_the_ring_and_others_still_read_it() {
    let installation = Installation::new().await;
    let (one, other) = (installation.process().await, installation.process().await);
    let sealed_with = one.seals.rotate(&installation.store).await.unwrap();
    let blob = installation.store.get_secret(NAME).await.unwrap().unwrap();
    assert_eq!(brokers::SealRing::key_of(&blob), Some(sealed_with));
    other.look(START).await;
    let (kid, _) = other.rotate(Rotation::Leaked, START).await.unwrap();
    one.look(START).await;
    assert_eq!(one.kid(START), kid);
}

#[tokio::test]
async fn the_database_has_no_private_key_in_the_clear_and_none_that_does_not_sign() {
    let installation = Installation::new().await;
    let process = installation.process().await;
    let (_, signs_from) = process.rotate(Rotation::Planned, START).await.unwrap();
    let blob = installation.store.get_secret(NAME).await.unwrap().unwrap();
    assert!(!blob.windows(5).any(|window| window == b"pkcs8"));
    process.look(signs_from + HOUR).await;
    let stored = process.seals.stored(&installation.store, NAME).await.unwrap().unwrap();
    let text = String::from_utf8(stored.to_vec()).unwrap();
    assert_eq!((text.matches("\"jwk\"").count(), text.matches("pkcs8").count()), (2, 1));
}

#[tokio::test]
async fn certificates_are_published_where_that_is_configured() {
    let mut installation = Installation::new().await;
    let plain = installation.process().await.signing.key_set(START);
    assert!(plain["keys"][0].get("x5c").is_none());
    installation.settings.certificates = true;
    let set = installation.process().await.signing.key_set(START);
    assert_eq!(set["keys"][0]["kid"], plain["keys"][0]["kid"]);
    assert!(set["keys"][0]["x5c"][0].as_str().unwrap().len() > 400);
}

#[tokio::test]
async fn an_address_that_no_relying_party_takes_is_refused() {
    let mut installation = Installation::new().await;
    installation.settings.url = Some("https://id.example.com/".to_owned());
    let seals = Seals::start(&installation.store, &installation.keys, None).await.unwrap();
    let refused =
        Signing::start(&installation.store, &seals, &installation.settings, "http://127.0.0.1:1", START).await;
    assert!(matches!(refused, Err(SigningError::Issuer(brokers::IssuerError::Address))));
}
