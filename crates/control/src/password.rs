//! Passwords of local accounts: argon2id, a few checks at a time, and a pause after too many wrong ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use domain::{Digest, Time};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::limits::{
    PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORD_CHECKS_MAX, PASSWORD_FAILURES_MAX, PASSWORD_NAMES_REMEMBERED_MAX,
    PASSWORD_PAUSE,
};
use crate::seam;

/// Makes and checks password hashes.
#[derive(Debug)]
pub struct Passwords {
    checks: Arc<Semaphore>,
    failures: Mutex<HashMap<Digest, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Time,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { checks: Arc::new(Semaphore::new(PASSWORD_CHECKS_MAX)), failures: Mutex::default() }
    }
}

impl Passwords {
    /// The argon2id hash of a new password, in PHC string format.
    ///
    /// # Errors
    /// When the password is too short or too long.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        if password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(Error::invalid(format_args!("a password needs at least {PASSWORD_CHARS_MIN} characters")));
        }
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Error::invalid(format_args!("a password has at most {PASSWORD_BYTES_MAX} bytes")));
        }
        self.off_thread(move || hash(&password)).await
    }

    /// Whether the password fits the hash. Takes as long when there is no such person, so that names cannot be guessed.
    ///
    /// # Errors
    /// When too many wrong passwords came for this sign-in name lately.
    pub async fn verify(
        &self,
        login: Digest,
        password: String,
        stored: Option<String>,
        now: Time,
    ) -> Result<bool, Error> {
        self.check_pause(&login, now)?;
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let right = self.off_thread(move || Ok(fits(&password, stored.as_deref()))).await?;
        self.note(login, right, now);
        Ok(right)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let stopping = |_| Error::Unavailable("writ is stopping".to_owned());
        let _place = Arc::clone(&self.checks).acquire_owned().await.map_err(stopping)?;
        let joined = tokio::task::spawn_blocking(work).await;
        joined.unwrap_or_else(|_| Err(Error::Unavailable("the password could not be checked".to_owned())))
    }

    fn check_pause(&self, login: &Digest, now: Time) -> Result<(), Error> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failures) = failures.get(login) else { return Ok(()) };
        let until = failures.last + PASSWORD_PAUSE;
        if failures.count < PASSWORD_FAILURES_MAX || now >= until {
            return Ok(());
        }
        Err(Error::Throttled { seconds: until.since(now).as_secs() + 1 })
    }

    fn note(&self, login: Digest, right: bool, now: Time) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if right {
            failures.remove(&login);
            return;
        }
        if failures.len() >= PASSWORD_NAMES_REMEMBERED_MAX && !failures.contains_key(&login) {
            let oldest = failures.iter().min_by_key(|(_, failures)| failures.last).map(|(login, _)| *login);
            oldest.map(|login| failures.remove(&login));
        }
        let entry = failures.entry(login).or_insert(Failures { count: 0, last: now });
        // After a served pause counting starts again.
        let served = entry.count >= PASSWORD_FAILURES_MAX && now >= entry.last + PASSWORD_PAUSE;
        *entry = Failures { count: if served { 1 } else { entry.count.saturating_add(1) }, last: now };
    }
}

fn hash(password: &str) -> Result<String, Error> {
    let failed = |_| Error::Unavailable("the password could not be hashed".to_owned());
    let salt = SaltString::encode_b64(&seam::random::<16>()).map_err(failed)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

fn fits(password: &str, stored: Option<&str>) -> bool {
    // A hash that no password fits, with the default parameters, so that an unknown name costs the same time.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let verify = |stored: &str| {
        PasswordHash::new(stored)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    };
    match stored {
        Some(stored) => verify(stored),
        None => {
            let _ = verify(NOBODY);
            false
        }
    }
}
