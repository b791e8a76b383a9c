//! What a control plane shows of its log: `GET /v1/log/checkpoint`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use ledger::{SignedCheckpoint, VerifierKey};

use super::{Remembered, has_none};
use crate::api::{LogCheckpoint, WitnessStanding};
use crate::client::{Client, ClientError};
use crate::command_error::CommandError;

/// A checkpoint that is not believed yet.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) key: VerifierKey,
    pub(super) checkpoint: SignedCheckpoint,
    /// Between the size asked from and the checkpoint's; none when the server gave none.
    pub(super) proof: Option<Vec<Digest>>,
    /// What the server says of its witnesses.
    pub(super) witnesses: Option<WitnessStanding>,
}

/// Asks for the newest checkpoint and a proof that it continues the one remembered. None when there is none.
pub(super) async fn fetch(client: &Client, known: Option<&Remembered>) -> Result<Option<Shown>, CommandError> {
    const PATH: &str = "/v1/log/checkpoint";
    let since = known.and_then(|known| known.checkpoint.as_ref()).map(SignedCheckpoint::size).filter(|size| *size > 0);
    let answered: Result<LogCheckpoint, ClientError> = match since {
        Some(size) => client.get(&format!("{PATH}?since={size}")).await,
        None => client.get(PATH).await,
    };
    let answered = match answered {
        // A log that is smaller than that cannot prove anything from there; what it shows is looked at all the same.
        Err(ClientError::Refused(problem))
            if since.is_some() && [400, 409, 410, 416, 422].contains(&problem.status) =>
        {
            client.get(PATH).await
        }
        other => other,
    };
    match answered {
        Ok(answer) => answer.checkpoint.as_deref().map(|note| read(&answer, note)).transpose(),
        Err(error) if has_none(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read(answer: &LogCheckpoint, note: &str) -> Result<Shown, CommandError> {
    let strange = |error: &dyn std::error::Error| {
        CommandError::failed("the server shows a checkpoint of its log that cannot be read").because(error)
    };
    let key = answer.key.parse().map_err(|error: ledger::KeyError| strange(&error))?;
    let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(|error| strange(&error))?;
    let hashes = answer.consistency.iter().flatten();
    let proof = hashes.map(|text| hash(text)).collect::<Option<Vec<_>>>();
    let proof = proof.ok_or_else(|| CommandError::failed("the server's consistency proof is not made of hashes"))?;
    let proof = Some(proof).filter(|proof| !proof.is_empty());
    Ok(Shown { key, checkpoint, proof, witnesses: answer.witnesses.clone() })
}

fn hash(text: &str) -> Option<Digest> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}
