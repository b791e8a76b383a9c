//! Audit bundles: entries with all that proves them, for somebody who has nothing else. Format: [`ledger::dossier`].

use std::sync::Arc;

use bytes::Bytes;
use domain::{DeveloperId, SessionId, Time};
use ledger::dossier::{Head, Subject, WriteError, Writer};
use ledger::{ProofPlan, SignedCheckpoint, TileSet};
use store::{Store, StoredEntry};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::Instant;

use super::proof;
use crate::error::Error;
use crate::limits::{
    BUNDLE_CHECKPOINT_LOOK_EVERY, BUNDLE_CHECKPOINT_WAIT_MAX, BUNDLE_ENTRIES_PER_READ, BUNDLE_PIECE_BYTES,
    BUNDLE_PIECES_WAITING_MAX, BUNDLE_STALL_MAX, BUNDLE_TILES_KEPT_MAX, BUNDLES_MAX,
};
use crate::plane::{Asker, ControlPlane};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All entries of one session.
    Session(SessionId),
    /// All entries from one position to below another; to the end when that is absent.
    Positions {
        /// The first.
        from: u64,
        /// The one after the last.
        to: Option<u64>,
    },
    /// All entries from one time to before another, and one more on each side where there is one: so that the bundle
    /// itself shows that it holds the whole time.
    Times {
        /// The earliest.
        since: Time,
        /// The one after the latest; to the end when absent.
        until: Option<Time>,
    },
}

/// A bundle that is being made.
#[derive(Debug)]
pub struct Export {
    /// What it holds.
    pub subject: Subject,
    /// Its bytes as they come; the last piece is an error when the bundle could not be finished.
    pub pieces: mpsc::Receiver<Result<Bytes, Error>>,
}

/// Bundles are made one page at a time, and each occupies a connection to the database while it is.
static BUNDLES: Semaphore = Semaphore::const_new(BUNDLES_MAX);

/// Begins to make a bundle up to the newest checkpoint, which covers what was written before the asking unless the notary
/// is late. Auditors may have any; a developer may have those of their own sessions.
///
/// # Errors
/// The asker may not, nothing is there to be exported, nothing was signed yet, or too many bundles are made already.
pub async fn export(plane: &Arc<ControlPlane>, asker: Asker, wanted: Wanted) -> Result<Export, Error> {
    authorize(plane, asker, wanted).await?;
    let busy = |_| Error::Unavailable(format!("{BUNDLES_MAX} bundles are being exported already"));
    let permit = BUNDLES.try_acquire().map_err(busy)?;
    let checkpoint = covering(plane).await?;
    let subject = subject(&plane.store, wanted, checkpoint.size()).await?;
    let (log, policy) = (plane.notary.verifier_key().clone(), plane.trust_policy.clone().map(String::into_bytes));
    let head = Head { subject, log, policy, checkpoint };
    let (sender, pieces) = mpsc::channel(BUNDLE_PIECES_WAITING_MAX);
    tokio::spawn(make(plane.store.clone(), head, sender, permit));
    Ok(Export { subject, pieces })
}

async fn authorize(plane: &ControlPlane, asker: Asker, wanted: Wanted) -> Result<(), Error> {
    let owner: Option<DeveloperId> = match wanted {
        Wanted::Session(id) => plane.store.session(id).await?.map(|row| row.developer),
        _ => None,
    };
    plane.view.read(|state| match owner {
        Some(developer) => policy::authorize(state, asker.by, policy::ReadSession { developer }).map(drop),
        None => policy::authorize(state, asker.by, policy::ReadLog).map(drop),
    })?;
    match (wanted, owner) {
        (Wanted::Session(id), None) => Err(Error::not_found("session", id)),
        _ => Ok(()),
    }
}

/// The newest checkpoint, once it covers all that is in the log now; or what there is after a short wait.
async fn covering(plane: &ControlPlane) -> Result<SignedCheckpoint, Error> {
    let size = plane.store.next_position().await?;
    let until = Instant::now() + BUNDLE_CHECKPOINT_WAIT_MAX;
    loop {
        match proof::newest(plane).await? {
            Some(checkpoint) if checkpoint.size() >= size || Instant::now() >= until => return Ok(checkpoint),
            None if Instant::now() >= until => {
                return Err(Error::Unavailable("nothing was signed yet: try again in a second".to_owned()));
            }
            _ => tokio::time::sleep(BUNDLE_CHECKPOINT_LOOK_EVERY).await,
        }
    }
}

async fn subject(store: &Store, wanted: Wanted, size: u64) -> Result<Subject, Error> {
    let (from, to) = match wanted {
        Wanted::Session(session) => {
            let entries = store.count_session_entries(session, size).await?;
            let uncovered = || Error::Unavailable("no checkpoint covers the session yet: try again".to_owned());
            return if entries > 0 { Ok(Subject::Session { session, entries }) } else { Err(uncovered()) };
        }
        Wanted::Positions { from, to } => (from, to.unwrap_or(size).min(size)),
        Wanted::Times { since, until } => {
            let from = store.position_at(since).await?;
            let to = match until {
                Some(until) => store.position_at(until).await?,
                None => size,
            };
            if from >= to.min(size) {
                return Err(Error::not_found("entry", "of that time"));
            }
            (from.saturating_sub(1), to.saturating_add(1).min(size))
        }
    };
    if from < to { Ok(Subject::Range { from, to }) } else { Err(Error::not_found("entry", from)) }
}

/// Makes the bundle, as fast as it is taken.
async fn make(store: Store, head: Head, sender: mpsc::Sender<Result<Bytes, Error>>, _permit: SemaphorePermit<'static>) {
    let mut out = Out { sender, buffer: Vec::with_capacity(BUNDLE_PIECE_BYTES * 2) };
    let made = match head.subject {
        Subject::Session { session, .. } => session_bundle(&store, &head, session, &mut out).await,
        Subject::Range { from, to } => range_bundle(&store, &head, from, to, &mut out).await,
    };
    if let Err(Some(error)) = made {
        tracing::error!(%error, "an audit bundle was not finished");
        let _ = out.sender.send(Err(error)).await;
    }
}

/// Bytes on their way to whoever asked.
struct Out {
    sender: mpsc::Sender<Result<Bytes, Error>>,
    buffer: Vec<u8>,
}

/// Why a bundle is not finished; nothing when nobody takes it any more.
type Unfinished = Option<Error>;

impl Out {
    /// Sends what has gathered, if it is a piece or the `last`.
    async fn flush(&mut self, last: bool) -> Result<(), Unfinished> {
        if self.buffer.len() < BUNDLE_PIECE_BYTES && !last {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(BUNDLE_PIECE_BYTES * 2)));
        match tokio::time::timeout(BUNDLE_STALL_MAX, self.sender.send(Ok(piece))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }
}

async fn range_bundle(store: &Store, head: &Head, from: u64, to: u64, out: &mut Out) -> Result<(), Unfinished> {
    let plan = ProofPlan::range(from, to, head.checkpoint.size()).map_err(proof::broken)?;
    let tiles = proof::tiles(store, &plan).await.map_err(Error::from)?;
    let beside = plan.hashes(&tiles).map_err(proof::broken)?;
    let mut writer = Writer::range(head, &beside, &mut out.buffer).map_err(unwritable)?;
    let mut next = from;
    while next < to {
        let limit = usize::try_from(to - next).unwrap_or(usize::MAX).min(BUNDLE_ENTRIES_PER_READ);
        let page = store.entries(next.checked_sub(1), limit).await.map_err(Error::from)?;
        check_gapless(&page, next)?;
        for entry in &page {
            writer.entry(&entry.bytes, &mut out.buffer).map_err(unwritable)?;
            out.flush(false).await?;
        }
        next += page.len() as u64;
    }
    writer.finish().map_err(unwritable)?;
    out.flush(true).await
}

async fn session_bundle(store: &Store, head: &Head, of: SessionId, out: &mut Out) -> Result<(), Unfinished> {
    let size = head.checkpoint.size();
    let mut writer = Writer::session(head, &mut out.buffer).map_err(unwritable)?;
    let mut tiles = Kept::default();
    let mut last = None;
    loop {
        let page = store.session_entries(of, last, size, BUNDLE_ENTRIES_PER_READ).await.map_err(Error::from)?;
        let Some(newest) = page.last() else { break };
        last = Some(newest.position);
        for entry in &page {
            let plan = ProofPlan::inclusion(entry.position, size).map_err(proof::broken)?;
            let proof = plan.hashes(tiles.with(store, &plan).await?).map_err(proof::broken)?;
            writer.proved(entry.position, &entry.bytes, &proof, &mut out.buffer).map_err(unwritable)?;
            out.flush(false).await?;
        }
    }
    writer.finish().map_err(unwritable)?;
    out.flush(true).await
}

/// Tiles that one proof needed and the next will need too: neighbours share nearly all of theirs.
#[derive(Default)]
struct Kept {
    tiles: TileSet,
    count: usize,
}

impl Kept {
    async fn with(&mut self, store: &Store, plan: &ProofPlan) -> Result<&TileSet, Error> {
        if self.count > BUNDLE_TILES_KEPT_MAX {
            *self = Self::default();
        }
        for tile in plan.tiles() {
            if self.tiles.get(tile).is_none() {
                self.tiles.insert_hashes(tile, proof::hashes(store, tile).await?);
                self.count += 1;
            }
        }
        Ok(&self.tiles)
    }
}

fn check_gapless(page: &[StoredEntry], next: u64) -> Result<(), Error> {
    let is_gapless = !page.is_empty() && page.iter().zip(next..).all(|(entry, expected)| entry.position == expected);
    let gap = || Error::Unavailable(format!("the log has a gap at or after entry {next}: run `writ audit fsck`"));
    if is_gapless { Ok(()) } else { Err(gap()) }
}

fn unwritable(error: WriteError) -> Error {
    Error::Unavailable(format!("the bundle cannot be written: {error}; run `writ audit fsck`"))
}
