//! Artifacts: what a session says it left in other systems.

use domain::artifact::{ArtifactKind, Record};
use domain::{Command, SessionId};

use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// Characters of a commit's id: SHA-1 or SHA-256, in hexadecimal.
const COMMIT_CHARS: [usize; 2] = [40, 64];

/// Records a claim of a session about itself.
///
/// # Errors
/// When the law refuses: the asker is not the session, the kind is not one a session may claim, the session is over or
/// recorded too many. When a commit is not named by its full id.
pub async fn record(
    plane: &ControlPlane,
    asker: Asker,
    session: SessionId,
    kind: &str,
    value: &str,
) -> Result<Record, Error> {
    let known = kind.parse::<ArtifactKind>().ok().filter(|kind| kind.may_be_claimed());
    let kind = known.ok_or_else(|| {
        let kinds: Vec<String> =
            ArtifactKind::ALL.iter().filter(|kind| kind.may_be_claimed()).map(|kind| format!("`{kind}`")).collect();
        Error::invalid(format!("a session records {} of its own, not `{}`", kinds.join(" and "), kind.escape_default()))
    })?;
    let record = Record { session, kind, value: checked(kind, value)? };
    plane.propose(asker, Command::RecordArtifact(record.clone())).await?;
    Ok(record)
}

/// The name as it is looked for later.
fn checked(kind: ArtifactKind, value: &str) -> Result<String, Error> {
    let value = value.trim();
    if kind != ArtifactKind::Commit {
        return Ok(value.to_owned());
    }
    let is_id = COMMIT_CHARS.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        Ok(value.to_ascii_lowercase())
    } else {
        Err(Error::invalid("a commit is named by its full id: 40 or 64 hexadecimal characters"))
    }
}
