//! Proofs from the store: that an entry is in the log, and that the log grew from what it was.

use domain::{Actor, Digest};
use ledger::{ProofError, ProofPlan, SignedCheckpoint, Tile, TileError, TileSet, TlogProof};
use store::{Store, StoreError, StoredEntry};

use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// An entry and where it is proved to be.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The entry as it was written.
    pub entry: StoredEntry,
    /// That it is in the log.
    pub proof: TlogProof,
}

/// The log's newest checkpoint, and that it grew from an earlier size.
#[derive(Debug, Clone)]
pub struct Continuation {
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// The consistency proof; empty when nothing is to be proved.
    pub proof: Vec<Digest>,
}

/// An entry with its proof, to whoever may read the log, and to the developer whose session it is about.
///
/// # Errors
/// The asker may not see it, there is no such entry, or no checkpoint covers it yet.
pub async fn prove_entry(plane: &ControlPlane, asker: Asker, position: u64) -> Result<Proved, Error> {
    let entry = plane.store.entry(position).await?;
    let owner = match &entry {
        Some(entry) => owner(plane, entry).await?,
        None => None,
    };
    plane.view.read(|state| match owner {
        Some(developer) => policy::authorize(state, asker.by, policy::ReadSession { developer }).map(drop),
        None => policy::authorize(state, asker.by, policy::ReadLog).map(drop),
    })?;
    let entry = entry.ok_or_else(|| Error::not_found("entry", position))?;
    let covered = newest(plane).await?.filter(|checkpoint| position < checkpoint.size());
    let checkpoint = covered.ok_or_else(|| {
        Error::Unavailable(format!("no checkpoint covers entry {position} yet: the next one comes within a second"))
    })?;
    let plan = ProofPlan::inclusion(position, checkpoint.size()).map_err(broken)?;
    let hashes = plan.hashes(&tiles(&plane.store, &plan).await?).map_err(broken)?;
    Ok(Proved { entry, proof: TlogProof { extra: None, index: position, hashes, checkpoint } })
}

/// The newest checkpoint, to anybody who is somebody here; with the proof that it grew from `since`, if that is given and
/// not larger. None while nothing was signed.
///
/// # Errors
/// The store cannot be read.
pub async fn continuation(plane: &ControlPlane, since: Option<u64>) -> Result<Option<Continuation>, Error> {
    let Some(checkpoint) = newest(plane).await? else { return Ok(None) };
    let size = checkpoint.size();
    let Some(since) = since.filter(|since| *since > 0 && *since < size) else {
        return Ok(Some(Continuation { checkpoint, proof: Vec::new() }));
    };
    let proof = consistency(&plane.store, since, size).await?;
    Ok(Some(Continuation { checkpoint, proof }))
}

/// That the log of `new` entries grew from the one of `old`.
///
/// # Errors
/// The store cannot be read, or has no tree that large.
pub async fn consistency(store: &Store, old: u64, new: u64) -> Result<Vec<Digest>, Error> {
    let plan = ProofPlan::consistency(old, new).map_err(broken)?;
    plan.hashes(&tiles(store, &plan).await?).map_err(broken)
}

/// The tiles that a proof is made from.
///
/// # Errors
/// The store cannot be read.
pub async fn tiles(store: &Store, plan: &ProofPlan) -> Result<TileSet, StoreError> {
    let mut tiles = TileSet::new();
    for tile in plan.tiles() {
        tiles.insert_hashes(tile, hashes(store, tile).await?);
    }
    Ok(tiles)
}

/// A tile's hashes: as it was stored when it is full, from what is below it when it is not, or not stored yet. Fewer than
/// its width when the log does not reach that far.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub async fn hashes(store: &Store, tile: Tile) -> Result<Vec<Digest>, StoreError> {
    if tile.is_full()
        && let Some(row) = store.tile(tile.level(), tile.index()).await?
    {
        return tile.hashes(&row.hashes).map_err(|error: TileError| StoreError::Corrupt { what: error.to_string() });
    }
    let first = tile.index().saturating_mul(ledger::TILE_WIDTH.into());
    match tile.level().checked_sub(1) {
        None => store.leaves(first, tile.width().into()).await,
        Some(below) => store.tile_roots(below, first, tile.width().into()).await,
    }
}

/// The newest checkpoint that was published.
pub(crate) async fn newest(plane: &ControlPlane) -> Result<Option<SignedCheckpoint>, Error> {
    plane.notary.published().await.map_err(|error| Error::Unavailable(error.to_string()))
}

/// The developer whose session an entry is about; none when it is about no session.
async fn owner(plane: &ControlPlane, entry: &StoredEntry) -> Result<Option<domain::DeveloperId>, Error> {
    let decoded = ledger::decode(&entry.bytes).map_err(|error| Error::Unavailable(error.to_string()))?;
    let Some(session) = decoded.event.session() else { return Ok(None) };
    Ok(plane.store.session(session).await?.map(|row| row.developer))
}

pub(crate) fn broken(error: ProofError) -> Error {
    Error::Unavailable(format!("the log's tree is not whole: {error}"))
}

/// Whether somebody may read whole entries of everybody: what bundles of entries hold.
pub(crate) fn may_read_log(plane: &ControlPlane, by: Actor) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, by, policy::ReadLog).map(drop))?)
}
