//! Following locks and writes: what is committed about them, from some position of the log on, without a gap.

use std::sync::Arc;

use domain::{Event, Resource, SessionId, State};
use ledger::Entry;
use store::{About, EntryQuery, FoundEntry, LockFilter, LockRow};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, SemaphorePermit, broadcast, mpsc};

use super::lock;
use crate::error::Error;
use crate::feed::{Moved, Note, is_about_locks};
use crate::limits::{
    FEED_EVENTS_WAITING_MAX, FEED_HEARTBEAT_EVERY, FEED_READ_ENTRIES_MAX, FEED_STALL_MAX, FEED_TICKETS_OF_SESSION_MAX,
    FEEDS_MAX,
};
use crate::plane::{Asker, ControlPlane};

/// What to follow.
#[derive(Debug, Clone, Default)]
pub struct Follow {
    /// Only what overlaps this.
    pub resource: Option<Resource>,
    /// The last position that was seen: from the one after it on. From now on when absent.
    pub after: Option<u64>,
}

/// What one who follows is told.
#[derive(Debug, Clone)]
pub enum Told {
    /// An entry.
    Note(Arc<Note>),
    /// That nothing happened for a while.
    Nothing,
}

/// Whether the asker is still who they were.
pub type StillWelcome = Box<dyn Fn(&State) -> bool + Send + Sync>;

/// Each holds a task, and a connection of the store while it is behind.
static FEEDS: Semaphore = Semaphore::const_new(FEEDS_MAX);

/// Begins to follow; ends when the receiver is dropped or takes nothing for too long, when the asker is welcome no longer, or
/// with this process.
///
/// # Errors
/// The asker's session is over, or too many follow already.
pub fn follow(
    plane: &Arc<ControlPlane>,
    asker: Asker,
    follow: Follow,
    welcome: StillWelcome,
) -> Result<mpsc::Receiver<Told>, Error> {
    lock::check_may_look(plane, asker)?;
    let permit = FEEDS
        .try_acquire()
        .map_err(|_| domain::Refusal::LimitReached { what: "requests that follow locks", max: FEEDS_MAX })?;
    let (sender, receiver) = mpsc::channel(FEED_EVENTS_WAITING_MAX);
    // Listened to before it is looked where the log ends: nothing falls in between.
    let feed = plane.view.follow();
    let next = follow.after.map_or_else(|| plane.view.next(), |after| after.saturating_add(1));
    let follower =
        Follower { plane: Arc::clone(plane), resource: follow.resource, next, feed, sender, welcome, _permit: permit };
    tokio::spawn(follower.run());
    Ok(receiver)
}

struct Follower {
    plane: Arc<ControlPlane>,
    resource: Option<Resource>,
    /// The first position that was not looked at.
    next: u64,
    feed: broadcast::Receiver<Arc<Note>>,
    sender: mpsc::Sender<Told>,
    welcome: StillWelcome,
    _permit: SemaphorePermit<'static>,
}

/// There is nobody to tell, or nothing to read.
struct Stop;

impl Follower {
    async fn run(mut self) {
        let closing = self.plane.closing.clone();
        tokio::select! {
            () = closing.cancelled() => {}
            _ = self.go_on() => {}
        }
    }

    async fn go_on(&mut self) -> Result<(), Stop> {
        loop {
            self.read_on().await?;
            loop {
                match tokio::time::timeout(FEED_HEARTBEAT_EVERY, self.feed.recv()).await {
                    Ok(Ok(note)) => self.pass_on(note).await?,
                    // Too slow: what was missed is in the log.
                    Ok(Err(RecvError::Lagged(_))) => break,
                    Ok(Err(RecvError::Closed)) => return Err(Stop),
                    Err(_) => self.send(Told::Nothing).await?,
                }
                if !self.plane.view.read(|state| (self.welcome)(state)) {
                    return Err(Stop);
                }
            }
        }
    }

    /// Tells what the log has from where this stands to its end.
    async fn read_on(&mut self) -> Result<(), Stop> {
        let end = self.plane.view.next();
        while self.next < end {
            let kinds = ["lock.", "resource.", "session.over"];
            let query = EntryQuery {
                from: self.next,
                until: Some(end),
                about: kinds.map(|kind| About::Kind(kind.to_owned())).to_vec(),
                limit: FEED_READ_ENTRIES_MAX,
                ..EntryQuery::default()
            };
            let page = self.plane.store.search(&query).await.map_err(unreadable)?;
            for found in page.entries {
                let note = self.note(found).await?;
                self.pass_on(Arc::new(note)).await?;
            }
            self.next = page.next.unwrap_or(end);
        }
        Ok(())
    }

    async fn note(&self, found: FoundEntry) -> Result<Note, Stop> {
        let entry: Entry = ledger::decode(&found.bytes).map_err(unreadable)?;
        let tickets = self.moved(&entry).await.map_err(unreadable)?;
        Ok(Note { position: found.position, at: entry.time, event: entry.event, tickets })
    }

    /// What the tickets of an entry were for, by their rows.
    async fn moved(&self, entry: &Entry) -> Result<Vec<Moved>, store::StoreError> {
        let one = async |ticket| Ok(self.plane.store.lock(ticket).await?.map(moved).into_iter().collect());
        match &entry.event {
            Event::LockOffered(event) => one(event.ticket).await,
            Event::LockResting(event) => one(event.ticket).await,
            Event::LockOver(event) => one(event.ticket).await,
            Event::SessionOver(event) => self.ended_with(event.session).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn ended_with(&self, session: SessionId) -> Result<Vec<Moved>, store::StoreError> {
        let limit = FEED_TICKETS_OF_SESSION_MAX;
        let filter = LockFilter { session: Some(session), over_only: true, limit, ..LockFilter::default() };
        let rows = self.plane.store.locks(&filter).await?;
        Ok(rows.into_iter().filter(|row| row.how.is_none()).map(moved).collect())
    }

    async fn pass_on(&mut self, note: Arc<Note>) -> Result<(), Stop> {
        if note.position < self.next {
            return Ok(());
        }
        self.next = note.position + 1;
        if is_about_locks(&note.event) && self.is_wanted(&note) {
            self.send(Told::Note(note)).await?;
        }
        Ok(())
    }

    fn is_wanted(&self, note: &Note) -> bool {
        let Some(wanted) = &self.resource else { return !is_empty(note) };
        let overlaps = |resource: &Resource| resource.overlaps(wanted);
        match &note.event {
            Event::LockQueued(event) => event.wants.iter().any(|want| overlaps(&want.resource)),
            Event::LockGranted(event) => event.wants.iter().any(|want| overlaps(&want.resource)),
            Event::ResourceWritten(event) => overlaps(&event.change.resource),
            Event::ResourceFrozen(event) => overlaps(&event.resource),
            Event::ResourceThawed(event) => overlaps(&event.resource),
            _ => note.tickets.iter().flat_map(|moved| &moved.wants).any(|want| overlaps(&want.resource)),
        }
    }

    async fn send(&self, told: Told) -> Result<(), Stop> {
        match tokio::time::timeout(FEED_STALL_MAX, self.sender.send(told)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop),
        }
    }
}

/// A session that is over and had no tickets is nobody's news here.
fn is_empty(note: &Note) -> bool {
    matches!(note.event, Event::SessionOver(_)) && note.tickets.is_empty()
}

fn moved(row: LockRow) -> Moved {
    Moved { ticket: row.ticket, wants: row.wants }
}

fn unreadable(error: impl std::fmt::Display) -> Stop {
    tracing::warn!(%error, "one who follows locks is let go: the log could not be read");
    Stop
}
