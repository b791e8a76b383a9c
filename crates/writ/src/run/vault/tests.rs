#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Time;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::source::{Source, Work};
use super::timer::{Moment, Timer};
use super::{NoCredential, Vault};
use crate::client::{ClientError, Problem};
use crate::inside::CredentialAsk;
use crate::limits::{VAULT_ENTRIES_MAX, VAULT_FAILURE_PAUSE, VAULT_RETRY_MAX, VAULT_UNKNOWN_MAX};

/// A control plane that counts. Its own clock is ten minutes ahead.
#[derive(Default)]
struct Plane {
    made: Mutex<Vec<CredentialAsk>>,
    /// What goes wrong next, the last one for ever.
    wrong: Mutex<Vec<Wrong>>,
    life_seconds: AtomicI64,
    slow: Mutex<Option<Arc<tokio::sync::Notify>>>,
}

#[derive(Clone, Copy)]
enum Wrong {
    Nothing,
    Away,
    Closed,
    TargetDown,
    Forbidden,
    Garbage,
}

const SERVER_NOW: i64 = 1_800_000_600;

impl Plane {
    fn with(life_seconds: i64, wrong: &[Wrong]) -> Arc<Self> {
        let plane = Self { wrong: Mutex::new(wrong.to_vec()), ..Self::default() };
        plane.life_seconds.store(life_seconds, Ordering::Relaxed);
        Arc::new(plane)
    }

    fn count(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    fn next(&self) -> Wrong {
        let mut wrong = self.wrong.lock().unwrap();
        if wrong.len() > 1 { wrong.remove(0) } else { wrong.first().copied().unwrap_or(Wrong::Nothing) }
    }

    fn becomes(&self, wrong: Wrong) {
        *self.wrong.lock().unwrap() = vec![wrong];
    }

    fn answer(&self, ask: &CredentialAsk) -> Result<Zeroizing<String>, ClientError> {
        let problem = |status, code: &str| {
            let detail = Some(format!("said {status}"));
            Err(ClientError::Refused(Box::new(Problem { status, code: code.to_owned(), detail, ..Problem::default() })))
        };
        match self.next() {
            Wrong::Away => return Err(ClientError::Unreachable("nobody there".to_owned())),
            Wrong::Closed => return problem(503, "store_gone"),
            Wrong::TargetDown => return problem(502, "target_away"),
            Wrong::Forbidden => return problem(403, "not_granted"),
            Wrong::Garbage => return Ok(Zeroizing::new("{\"secret\":{\"token\":\"s3cret\"}}".to_owned())),
            Wrong::Nothing => {}
        }
        let time = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap().to_string();
        let number = self.count();
        let kind = if ask.broker == "aws" { "aws" } else { "token" };
        let life = self.life_seconds.load(Ordering::Relaxed);
        Ok(Zeroizing::new(
            json!({
                "id": format!("crd_{number}"), "broker": ask.broker, "kind": kind, "target": ask.target,
                "issued_at": time(SERVER_NOW), "expires_at": time(SERVER_NOW + life),
                "names": [], "secret": { "token": format!("secret {number}") }, "delivery": {},
            })
            .to_string(),
        ))
    }
}

impl Source for Plane {
    fn make<'a>(&'a self, ask: &'a CredentialAsk) -> Work<'a> {
        Box::pin(async move {
            self.made.lock().unwrap().push(ask.clone());
            let slow = self.slow.lock().unwrap().clone();
            if let Some(slow) = slow {
                slow.notified().await;
            }
            self.answer(ask)
        })
    }
}

/// The launcher's own time: whoever waits sets it forward.
#[derive(Default)]
struct Hands {
    steady_millis: AtomicI64,
    wall_millis: AtomicI64,
}

impl Hands {
    fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.steady_millis.fetch_add(millis, Ordering::Relaxed);
        self.wall_millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn elapsed(&self) -> Duration {
        self.now().steady
    }
}

impl Timer for Hands {
    fn now(&self) -> Moment {
        let steady = u64::try_from(self.steady_millis.load(Ordering::Relaxed)).unwrap();
        let wall = 1_800_000_000_000 + self.wall_millis.load(Ordering::Relaxed);
        Moment { steady: Duration::from_millis(steady), wall: Time::from_unix_millis(wall) }
    }

    fn pause(&self, span: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance(span);
        Box::pin(tokio::task::yield_now())
    }
}

fn vault(plane: &Arc<Plane>) -> Vault {
    timed(plane).0
}

fn timed(plane: &Arc<Plane>) -> (Vault, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    (Vault::new(Arc::clone(plane) as Arc<dyn Source>, Arc::clone(&hands) as Arc<dyn Timer>), hands)
}

fn ask(target: &str) -> CredentialAsk {
    CredentialAsk::whole("internal", target)
}

async fn token(vault: &Vault, ask: &CredentialAsk) -> Result<String, NoCredential> {
    vault.credential(ask).await.map(|credential| credential.field("token").unwrap().to_owned())
}

#[tokio::test]
async fn a_hundred_at_a_time_are_one() {
    let plane = Plane::with(3600, &[]);
    let slow = Arc::new(tokio::sync::Notify::new());
    *plane.slow.lock().unwrap() = Some(Arc::clone(&slow));
    let vault = vault(&plane);
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let vault = vault.clone();
            tokio::spawn(async move { token(&vault, &ask("a")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    slow.notify_one();
    for one in asking {
        assert_eq!(one.await.unwrap(), Ok("secret 1".to_owned()));
    }
    assert_eq!(plane.count(), 1);
}

/// What was revoked is given no longer, and what is too young to be known where that was said is.
#[tokio::test]
async fn what_is_not_good_any_more_is_forgotten() {
    let plane = Plane::with(3600, &[]);
    let (vault, hands) = timed(&plane);
    for target in ["a", "b"] {
        token(&vault, &ask(target)).await.unwrap();
    }
    let good = ["crd_2".to_owned()];
    let age = Duration::from_secs(1);
    hands.advance(age + VAULT_UNKNOWN_MAX);
    vault.keep_only(&good, age);
    assert_eq!(token(&vault, &ask("a")).await, Ok("secret 1".to_owned()), "it may have been unknown");
    hands.advance(Duration::from_millis(1));
    vault.keep_only(&good, age);
    assert_eq!(token(&vault, &ask("b")).await, Ok("secret 2".to_owned()));
    assert_eq!(token(&vault, &ask("a")).await, Ok("secret 3".to_owned()));
    assert_eq!(plane.count(), 3);
}

#[tokio::test]
async fn other_asks_are_others_and_order_means_nothing() {
    let plane = Plane::with(3600, &[]);
    let vault = vault(&plane);
    let scoped = |values: &[&str]| CredentialAsk {
        scope: [("r".to_owned(), values.iter().map(|&value| value.to_owned()).collect())].into(),
        ..ask("a")
    };
    let keyed = CredentialAsk { public_key: Some("ssh-ed25519 A".to_owned()), ..ask("a") };
    for one in [ask("a"), ask("b"), scoped(&["x", "y"]), keyed.clone()] {
        token(&vault, &one).await.unwrap();
    }
    assert_eq!(plane.count(), 4);
    for one in [ask("a"), scoped(&["y", "x"]), scoped(&["y", "x", "y"]), keyed] {
        token(&vault, &CredentialAsk { lifetime_seconds: Some(60), ..one }).await.unwrap();
    }
    assert_eq!(plane.count(), 4, "kept, whatever life is asked for");
}

#[tokio::test]
async fn another_is_made_while_the_last_is_still_good() {
    // Life, how long it is given, in seconds.
    for (broker, life, given) in
        [("internal", 3600, 2880), ("internal", 200, 140), ("internal", 60, 30), ("aws", 3600, 2640), ("aws", 900, 450)]
    {
        let plane = Plane::with(life, &[]);
        let (vault, hands) = timed(&plane);
        let ask = CredentialAsk::whole(broker, "a");
        assert_eq!(vault.credential(&ask).await.unwrap().expires_in_seconds, u64::try_from(life).unwrap());
        hands.advance(Duration::from_secs(given - 1));
        let left = vault.credential(&ask).await.unwrap().expires_in_seconds;
        assert_eq!((left, plane.count()), (u64::try_from(life).unwrap() - given + 1, 1), "{broker} {life}");
        hands.advance(Duration::from_secs(1));
        token(&vault, &ask).await.unwrap();
        assert_eq!(plane.count(), 2, "{broker} {life}");
    }
}

#[tokio::test]
async fn a_machine_that_slept_knows_what_ended_meanwhile() {
    let plane = Plane::with(3600, &[]);
    let (vault, hands) = timed(&plane);
    token(&vault, &ask("a")).await.unwrap();
    hands.wall_millis.fetch_add(3_000_000, Ordering::Relaxed);
    token(&vault, &ask("a")).await.unwrap();
    assert_eq!(plane.count(), 2);
    hands.wall_millis.fetch_sub(6_000_000, Ordering::Relaxed);
    token(&vault, &ask("a")).await.unwrap();
    assert_eq!(plane.count(), 2, "a clock that was set back says nothing");
}

#[tokio::test]
async fn a_fresh_one_is_made_once_for_all_that_wait() {
    let plane = Plane::with(3600, &[]);
    let (vault, hands) = timed(&plane);
    token(&vault, &ask("a")).await.unwrap();
    let fresh = CredentialAsk { fresh: true, ..ask("a") };
    hands.advance(Duration::from_millis(1));
    let (one, two) = tokio::join!(token(&vault, &fresh), token(&vault, &fresh));
    assert_eq!((one.unwrap(), two.unwrap(), plane.count()), ("secret 2".to_owned(), "secret 2".to_owned(), 2));
    hands.advance(Duration::from_millis(1));
    assert_eq!(token(&vault, &fresh).await.unwrap(), "secret 3");
    assert_eq!(token(&vault, &ask("a")).await.unwrap(), "secret 3", "the newest is kept");
}

#[tokio::test]
async fn a_control_plane_that_restarts_is_waited_for_within_a_bound() {
    for wrong in [Wrong::Away, Wrong::Closed] {
        let plane = Plane::with(3600, &[wrong, wrong, wrong, Wrong::Nothing]);
        assert!(token(&vault(&plane), &ask("a")).await.is_ok());
        assert_eq!(plane.count(), 4);
    }
    let plane = Plane::with(3600, &[Wrong::Away]);
    let (vault, hands) = timed(&plane);
    let began = hands.elapsed();
    let error = token(&vault, &ask("a")).await.unwrap_err();
    assert!(hands.elapsed() - began <= VAULT_RETRY_MAX);
    assert_eq!(
        error.to_string(),
        "no credential for internal/a: the control plane was asked for 15 s and did not answer (nobody there)"
    );
    let count = plane.count();
    assert_eq!(token(&vault, &ask("a")).await.unwrap_err(), error, "told again without asking");
    assert_eq!(plane.count(), count);
    hands.advance(VAULT_FAILURE_PAUSE);
    plane.becomes(Wrong::Nothing);
    assert!(token(&vault, &ask("a")).await.is_ok());
}

#[tokio::test]
async fn what_is_refused_is_asked_again_by_the_next_and_a_target_that_is_down_after_a_pause() {
    let plane = Plane::with(3600, &[Wrong::Forbidden]);
    let (refused, hands) = timed(&plane);
    assert!(matches!(token(&refused, &ask("a")).await, Err(NoCredential::Refused(problem)) if problem.status == 403));
    hands.advance(Duration::from_millis(1));
    plane.becomes(Wrong::Nothing);
    assert!(token(&refused, &ask("a")).await.is_ok(), "a grant that came meanwhile counts at once");

    let plane = Plane::with(3600, &[Wrong::TargetDown]);
    let (down, hands) = timed(&plane);
    for _ in 0..3 {
        hands.advance(Duration::from_millis(1));
        assert_eq!(token(&down, &ask("a")).await.unwrap_err().to_string(), "said 502");
    }
    assert_eq!(plane.count(), 1);
}

#[tokio::test]
async fn those_who_wait_for_a_refusal_get_it_without_asking_each() {
    let plane = Plane::with(3600, &[Wrong::Forbidden]);
    let vault = vault(&plane);
    let same = ask("a");
    let (one, two, three) = tokio::join!(token(&vault, &same), token(&vault, &same), token(&vault, &same));
    assert!(one.is_err() && one == two && two == three);
    assert_eq!(plane.count(), 1);
}

#[tokio::test]
async fn what_is_still_good_is_given_while_the_control_plane_is_away() {
    let plane = Plane::with(3600, &[]);
    let (vault, hands) = timed(&plane);
    token(&vault, &ask("a")).await.unwrap();
    for wrong in [Wrong::Away, Wrong::Closed, Wrong::TargetDown] {
        plane.becomes(wrong);
        hands.advance(Duration::from_secs(1000));
        let began = hands.elapsed();
        assert_eq!(token(&vault, &ask("a")).await.unwrap(), "secret 1");
        assert_eq!(hands.elapsed(), began, "nobody waits");
    }
    plane.becomes(Wrong::Forbidden);
    hands.advance(VAULT_FAILURE_PAUSE);
    assert!(token(&vault, &ask("a")).await.is_err(), "what is not granted any more is not given");
    plane.becomes(Wrong::Away);
    hands.advance(Duration::from_secs(600));
    assert!(token(&vault, &ask("a")).await.is_err(), "what ended is not given");
}

#[tokio::test]
async fn when_the_session_is_over_nothing_is_given_and_nothing_is_kept() {
    let plane = Plane::with(3600, &[]);
    let vault = vault(&plane);
    token(&vault, &ask("a")).await.unwrap();
    *plane.slow.lock().unwrap() = Some(Arc::default());
    let waiting = tokio::spawn({
        let vault = vault.clone();
        async move { token(&vault, &ask("b")).await }
    });
    tokio::task::yield_now().await;
    vault.close("session ses_1 was revoked by ada");
    vault.close("session ses_1 is over");
    let over = "session ses_1 was revoked by ada";
    assert_eq!(waiting.await.unwrap().unwrap_err().to_string(), over, "what was under way");
    assert_eq!(token(&vault, &ask("a")).await.unwrap_err().to_string(), over, "what was kept");
    assert!(vault.0.slots.lock().unwrap().values().all(|slot| slot.try_lock().unwrap().kept.is_none()));
    assert_eq!(plane.count(), 2);
}

#[tokio::test]
async fn the_number_of_credentials_is_bounded_and_the_first_to_end_makes_room() {
    let plane = Plane::with(600, &[]);
    let vault = vault(&plane);
    token(&vault, &ask("short")).await.unwrap();
    plane.life_seconds.store(3600, Ordering::Relaxed);
    for number in 0..VAULT_ENTRIES_MAX {
        token(&vault, &ask(&number.to_string())).await.unwrap();
    }
    let count = plane.count();
    assert_eq!(vault.0.slots.lock().unwrap().len(), VAULT_ENTRIES_MAX);
    token(&vault, &ask("0")).await.unwrap();
    assert_eq!(plane.count(), count);
    token(&vault, &ask("short")).await.unwrap();
    assert_eq!(plane.count(), count + 1);
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_not_told() {
    let plane = Plane::with(3600, &[Wrong::Garbage]);
    let error = token(&vault(&plane), &ask("a")).await.unwrap_err();
    assert!(!error.to_string().contains("s3cret") && !format!("{error:?}").contains("s3cret"), "{error}");
}

#[test]
fn a_given_credential_says_how_long_it_is_good_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let plane = Plane::with(3600, &[]);
        let given = vault(&plane).get(&ask("a")).await.unwrap();
        let json: Value = serde_json::from_str(&given.json()).unwrap();
        assert_eq!(json["secret"]["token"], "secret 1");
        assert!(matches!(json["expires_in_seconds"].as_u64(), Some(3590..=3600)));
    });
}
