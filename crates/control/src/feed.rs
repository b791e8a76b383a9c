//! What is told to those who follow locks and writes: each entry about them, as this node commits it or reads it from
//! another, with what the entry alone does not say.

use std::sync::Arc;

use domain::lock::{Holder, Wants};
use domain::{Event, State, TicketId, Time};
use tokio::sync::broadcast;

use crate::limits::FEED_NOTES_KEPT;

/// One entry about locks or writes.
#[derive(Debug, Clone)]
pub struct Note {
    /// Its place in the log.
    pub position: u64,
    /// When.
    pub at: Time,
    /// What it says.
    pub event: Event,
    /// The tickets it moves, where it does not say itself what they are for.
    pub tickets: Vec<Moved>,
}

/// A ticket that an entry moves.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Which.
    pub ticket: TicketId,
    /// For what.
    pub wants: Wants,
}

/// To whoever listens. Who is slower than [`FEED_NOTES_KEPT`] entries reads on in the log.
#[derive(Debug)]
pub(crate) struct Feed(broadcast::Sender<Arc<Note>>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::channel(FEED_NOTES_KEPT).0)
    }
}

impl Feed {
    /// Listens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Note>> {
        self.0.subscribe()
    }

    /// Makes a note of an entry that state has not been folded with yet, if anybody listens and it is about locks or writes.
    pub(crate) fn note(&self, state: &State, position: u64, at: Time, event: &Event) -> Option<Arc<Note>> {
        if self.0.receiver_count() == 0 || !is_about_locks(event) {
            return None;
        }
        let tickets = moved(state, event);
        Some(Arc::new(Note { position, at, event: event.clone(), tickets }))
    }

    /// Tells it; nobody may listen any more.
    pub(crate) fn tell(&self, note: Arc<Note>) {
        let _ = self.0.send(note);
    }
}

/// Whether those who follow locks are told of it. A session that is over lets go of what it held.
pub(crate) fn is_about_locks(event: &Event) -> bool {
    let of_tickets = matches!(
        event,
        Event::LockQueued(_)
            | Event::LockOffered(_)
            | Event::LockGranted(_)
            | Event::LockResting(_)
            | Event::LockOver(_)
    );
    let of_resources = matches!(event, Event::ResourceWritten(_) | Event::ResourceFrozen(_) | Event::ResourceThawed(_));
    of_tickets || of_resources || matches!(event, Event::SessionOver(_))
}

fn moved(state: &State, event: &Event) -> Vec<Moved> {
    let one = |ticket: TicketId| {
        let known = state.locks.tickets.get(&ticket);
        known.map(|known| Moved { ticket, wants: known.wants.clone() }).into_iter().collect()
    };
    match event {
        Event::LockOffered(event) => one(event.ticket),
        Event::LockResting(event) => one(event.ticket),
        Event::LockOver(event) => one(event.ticket),
        Event::SessionOver(event) => {
            let of = state.locks.of(Holder::Session(event.session));
            of.map(|(ticket, known)| Moved { ticket, wants: known.wants.clone() }).collect()
        }
        _ => Vec::new(),
    }
}
