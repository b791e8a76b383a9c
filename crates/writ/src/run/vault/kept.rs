//! A credential that is kept, and how long it is good for.

use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::NoCredential;
use super::timer::Moment;
use crate::inside::Credential;
use crate::limits::{CREDENTIAL_AWS_LEFT_MIN, CREDENTIAL_GOOD_LEFT_MIN, CREDENTIAL_LEFT_MIN};

/// The control plane's answer, as it came.
pub(super) struct Kept {
    id: String,
    text: Zeroizing<String>,
    /// Counted from `asked`, so rather too short than too long.
    life: Duration,
    /// Less than this left, and another one is made.
    left_min: Duration,
    asked: Moment,
    came: Moment,
}

/// A credential as it is given.
#[derive(Clone)]
pub(in crate::run) struct Given {
    text: Zeroizing<String>,
    left: Duration,
}

/// What must be known of the answer.
#[derive(Deserialize)]
struct Head {
    id: String,
    kind: String,
    issued_at: String,
    expires_at: String,
}

// === impl Kept ===

impl Kept {
    /// Reads the answer to what was asked at that moment.
    pub(super) fn read(text: Zeroizing<String>, asked: Moment, came: Moment) -> Result<Self, NoCredential> {
        let life = serde_json::from_str::<Head>(&text).ok().and_then(|head| Some((head.life_millis()?, head)));
        let Some((life, Head { id, kind, .. })) = life else { return Err(strange()) };
        let life = Duration::from_millis(u64::try_from(life).unwrap_or(0));
        let wished = if kind == "aws" { CREDENTIAL_AWS_LEFT_MIN } else { CREDENTIAL_LEFT_MIN };
        // One that lives shortly is given for half of its life, and not asked for anew each time.
        let left_min = wished.max(life / 5).min(life / 2);
        Ok(Self { id, text, life, left_min, asked, came })
    }

    /// How long it is good for.
    pub(super) fn left(&self, now: &Moment) -> Duration {
        self.life.saturating_sub(now.since(&self.asked))
    }

    /// Whether nothing better need be asked for.
    pub(super) fn is_young(&self, now: &Moment) -> bool {
        let left = self.left(now);
        left > self.left_min && !left.is_zero()
    }

    /// Whether it can be given when there is nothing better.
    pub(super) fn is_good(&self, now: &Moment) -> bool {
        self.left(now) > CREDENTIAL_GOOD_LEFT_MIN
    }

    /// Whether it has this id.
    pub(super) fn is(&self, id: &str) -> bool {
        self.id == id
    }

    /// When it came.
    pub(super) fn came(&self) -> &Moment {
        &self.came
    }

    /// Whether it came after that.
    pub(super) fn came_after(&self, moment: &Moment) -> bool {
        self.came.is_after(moment)
    }

    pub(super) fn given(&self, now: &Moment) -> Given {
        Given { text: self.text.clone(), left: self.left(now) }
    }
}

// === impl Given ===

impl Given {
    /// The control plane's answer, with how long it is good for from now on in `expires_in_seconds`.
    pub(in crate::run) fn json(&self) -> Zeroizing<String> {
        // INVARIANT: it was read as an object with fields.
        let fields = self.text.trim_start().strip_prefix('{').unwrap_or_default();
        let mut json = Zeroizing::new(String::with_capacity(fields.len() + 48));
        json.push_str("{\"expires_in_seconds\":");
        json.push_str(&self.left.as_secs().to_string());
        json.push(',');
        json.push_str(fields);
        json
    }

    /// The same, read.
    ///
    /// # Errors
    /// The answer is of another version.
    pub(in crate::run) fn credential(&self) -> Result<Credential, NoCredential> {
        serde_json::from_str(&self.json()).map_err(|_| strange())
    }
}

// === impl Head ===

impl Head {
    /// Between the control plane's own two times.
    fn life_millis(&self) -> Option<i64> {
        let millis = |text: &str| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond());
        Some(millis(&self.expires_at)?.saturating_sub(millis(&self.issued_at)?))
    }
}

fn strange() -> NoCredential {
    let text = "the control plane's answer is of another version: no credential is understood in it";
    NoCredential::Failed { text: text.to_owned(), may_pass: false }
}
