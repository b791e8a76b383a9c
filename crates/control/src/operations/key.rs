//! Keys: see which sign and seal, and replace them.

use brokers::{KEYS_MAX, RingError, SealKeyId};
use domain::key::{Rotated, RotationAsked, When, Which};
use domain::{Command, Refusal, Time};

use crate::error::Error;
use crate::plane::{Asker, ControlPlane};
use crate::seals::SealsError;
use crate::signing::{Rotation, SigningError};
use crate::text;

/// Whether the asker may see which keys there are.
///
/// # Errors
/// When the asker may not.
pub fn may_see(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadKeys).map(drop))?)
}

/// Makes the next key that signs; returns its name and from when it does. Two entries: who asked, before anything is
/// changed, and which key it is now.
///
/// # Errors
/// When the asker is no administrator, a rotation is under way, too many keys are published, or the store is away.
pub async fn rotate(plane: &ControlPlane, asker: Asker, rotation: Rotation) -> Result<(String, Time), Error> {
    may_manage(plane, asker)?;
    let when = match rotation {
        Rotation::Planned => When::Planned,
        Rotation::Now => When::Now,
        Rotation::Leaked => When::Leaked,
    };
    ask(plane, asker, Which::Signing, when).await?;
    let now = plane.clock.now();
    let (kid, signs_from) = plane.signing.rotate(&plane.store, &plane.seals, rotation, now).await?;
    note(plane, asker, Rotated { key: Which::Signing, name: kid.clone(), from: signs_from }).await?;
    let (by, at) = (asker.by, text::rfc3339(signs_from));
    tracing::info!(?by, ?rotation, kid, signs_from = at, "the signing key is replaced");
    Ok((kid, signs_from))
}

/// Makes a new key that seals, and seals everything in `secrets` with it; returns its name. Two entries, as above.
///
/// # Errors
/// When the asker is no administrator, the keys come from a command, there are too many, or the store is away.
pub async fn rotate_seal(plane: &ControlPlane, asker: Asker) -> Result<SealKeyId, Error> {
    may_manage(plane, asker)?;
    ask(plane, asker, Which::Seal, When::Now).await?;
    let key = plane.seals.rotate(&plane.store).await?;
    note(plane, asker, Rotated { key: Which::Seal, name: key.to_string(), from: plane.clock.now() }).await?;
    let by = asker.by;
    tracing::info!(?by, %key, "the seal key is replaced");
    Ok(key)
}

async fn ask(plane: &ControlPlane, asker: Asker, key: Which, when: When) -> Result<(), Error> {
    plane.propose(asker, Command::AskKeyRotation(RotationAsked { key, when })).await?;
    Ok(())
}

async fn note(plane: &ControlPlane, asker: Asker, rotated: Rotated) -> Result<(), Error> {
    plane.propose(asker, Command::NoteKeyRotation(rotated)).await?;
    Ok(())
}

fn may_manage(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageKeys).map(drop))?)
}

impl From<SigningError> for Error {
    fn from(error: SigningError) -> Self {
        let text = error.to_string();
        match error {
            SigningError::Ring(RingError::UnderWay { signs_from, .. }) => {
                let at = text::short_utc(signs_from);
                let next = format!("it signs from {at}; `writ keys rotate --now` lets it sign at once");
                Self::Conflict { code: "rotation_under_way", text, next }
            }
            SigningError::Ring(RingError::TooMany { .. }) => {
                Refusal::LimitReached { what: "published signing keys", max: KEYS_MAX }.into()
            }
            SigningError::Seals(error) => error.into(),
            SigningError::Ring(_) | SigningError::Busy | SigningError::Key(_) | SigningError::Issuer(_) => {
                Self::Unavailable(text)
            }
        }
    }
}

impl From<SealsError> for Error {
    fn from(error: SealsError) -> Self {
        let text = error.to_string();
        match error {
            SealsError::Keys { .. } => Self::Conflict {
                code: "seal_keys_unusable",
                text,
                next: "docs/operating.md says how seal keys are replaced".to_owned(),
            },
            SealsError::Seal(_)
            | SealsError::NotSealed(_)
            | SealsError::UnknownKey { .. }
            | SealsError::Changed(_)
            | SealsError::Store(_) => Self::Unavailable(text),
        }
    }
}
