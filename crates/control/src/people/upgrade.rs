//! Once per installation: what the first version of writ kept in the clear is sealed, and what held it is rewritten.

use brokers::DigestKey;
use domain::Digest;
use store::{Person, PlainPerson, Store, StoreError};

use super::{Identity, PersonKeys};
use crate::limits::PEOPLE_PER_READ;
use crate::seam;

/// The key of the first version under which the log has digests of sign-in names. It is destroyed: they are opaque then.
const OLD_LOGIN_KEY: &str = "login-key";
/// There while the database may still hold remnants.
const TO_SCRUB: &str = "people-to-scrub";

/// Moves everybody into sealed rows. Killed at any moment, the next start goes on; of two processes one does it.
///
/// # Errors
/// A text for the operator; nobody is lost then.
pub(crate) async fn upgrade(store: &Store, keys: &PersonKeys, login_key: &DigestKey) -> Result<(), String> {
    let failed = |error: StoreError| error.to_string();
    let is_old = store.get_secret(OLD_LOGIN_KEY).await.map_err(failed)?.is_some();
    if !is_old && store.get_secret(TO_SCRUB).await.map_err(failed)?.is_none() {
        return Ok(());
    }
    tracing::info!("sealing the names of developers that an earlier version kept in the clear");
    store.put_secret_if_absent(TO_SCRUB, b"").await.map_err(failed)?;
    loop {
        let plain = store.plain_people(PEOPLE_PER_READ).await.map_err(failed)?;
        if plain.is_empty() {
            break;
        }
        let login_key = login_key.clone();
        let sealing = keys.clone().off_thread(move |keys| seal_all(keys, &login_key, &plain)).await;
        let sealed = sealing.map_err(|error| format!("a person's key: {error}"))?;
        store.seal_plain_people(&sealed).await.map_err(failed)?;
    }
    store.forget_secret(OLD_LOGIN_KEY).await.map_err(failed)?;
    match store.scrub().await {
        Ok(()) => store.forget_secret(TO_SCRUB).await.map_err(failed),
        Err(error) => {
            tracing::warn!(%error, "free pages of the database may still hold names: the next start tries again");
            Ok(())
        }
    }
}

fn seal_all(keys: &PersonKeys, login_key: &DigestKey, plain: &[PlainPerson]) -> std::io::Result<Vec<Person>> {
    plain.iter().map(|person| seal_one(keys, login_key, person)).collect()
}

fn seal_one(keys: &PersonKeys, login_key: &DigestKey, plain: &PlainPerson) -> std::io::Result<Person> {
    let key = keys.make(plain.developer, &seam::random())?;
    let identity =
        Identity { login_name: plain.login_name.clone(), display_name: plain.display_name.clone(), email: None };
    Ok(Person {
        developer: plain.developer,
        login: Digest::from_bytes(login_key.digest(plain.login_name.as_bytes())),
        sealed: key.seal(plain.developer, seam::random(), &identity).map_err(std::io::Error::other)?,
        password_hash: plain.password_hash.clone(),
    })
}
