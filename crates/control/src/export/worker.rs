//! One task for each export: follows the log from a durable cursor and hands its entries to a sink, in order, at least
//! once. Of several nodes on one database the one that holds the lease delivers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Event, SessionId, Span, Time};
use store::{Lease, StoreError};
use tokio_util::sync::CancellationToken;

use super::sink::{Failure, FailureKind, Sink};
use super::{Line, Owner, origin};
use crate::limits::{
    EXPORT_BACK_OFF_MAX, EXPORT_BACK_OFF_MIN, EXPORT_DEAD_MAX, EXPORT_DUE_PER_LOOK_MAX, EXPORT_LEASE,
    EXPORT_LOOK_EVERY, EXPORT_NOTE_EVERY, EXPORT_READ_ENTRIES_MAX, EXPORT_RENEW_EVERY,
};
use crate::plane::ControlPlane;
use crate::seam;
use crate::settings::ExportSettings;

/// One export at work.
pub(crate) struct Worker {
    plane: Arc<ControlPlane>,
    settings: ExportSettings,
    sink: Sink,
    origin: String,
    /// Whether no other process can share the store.
    alone: bool,
    stop: CancellationToken,
    /// The first position that was not passed yet.
    next: u64,
    /// When that was last noted in the store, which also renews the lease.
    noted_at: Time,
}

/// Why the export does not go on here.
enum Halt {
    /// The process stops.
    Stopped,
    /// Another node holds the lease now.
    Lost,
    /// The store is away.
    Away(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Away(error)
    }
}

/// What became of a delivery.
enum Delivery {
    Taken,
    /// Not taken after this many tries, and not to be tried on.
    GivenUp(Failure, u64),
}

impl Worker {
    pub(crate) fn new(
        plane: Arc<ControlPlane>,
        settings: ExportSettings,
        sink: Sink,
        alone: bool,
        stop: CancellationToken,
    ) -> Self {
        let origin = origin(&plane);
        Self { plane, settings, sink, origin, alone, stop, next: 0, noted_at: Time::default() }
    }

    /// Works until the process stops, then lets go of the lease.
    pub(crate) async fn run(mut self) {
        loop {
            match self.take_and_follow().await {
                Halt::Stopped => break,
                Halt::Lost => {}
                Halt::Away(error) => tracing::debug!(export = self.name(), %error, "the export waits for the store"),
            }
            if self.pause(EXPORT_RENEW_EVERY).await.is_err() {
                break;
            }
        }
        if let Err(error) = self.plane.store.export_release(self.name(), self.plane.node).await {
            tracing::debug!(export = self.name(), %error, "the lease of the export was left to lapse");
        }
    }

    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn take_and_follow(&mut self) -> Halt {
        let first = if self.settings.from_now { self.plane.view.next() } else { 0 };
        let taken = self.plane.store.export_take(self.name(), first, self.lease(), self.alone).await;
        match taken {
            Ok(Some(next)) => (self.next, self.noted_at) = (next, self.plane.clock.now()),
            Ok(None) => return Halt::Lost,
            Err(error) => return Halt::Away(error),
        }
        match self.follow().await {
            Ok(never) => match never {},
            Err(halt) => {
                // What was delivered since the last note would be delivered again.
                let _ = self.note().await;
                halt
            }
        }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, Halt> {
        loop {
            self.try_dead_again().await?;
            if self.plane.view.next() > self.next {
                self.pass_some().await?;
            } else {
                if !self.alone {
                    self.note_when_due(EXPORT_RENEW_EVERY).await?;
                }
                self.pause(EXPORT_LOOK_EVERY).await?;
            }
        }
    }

    /// Reads some entries, delivers those that are wanted, and passes all.
    async fn pass_some(&mut self) -> Result<(), Halt> {
        let stored = self.plane.store.entries(self.next.checked_sub(1), EXPORT_READ_ENTRIES_MAX).await?;
        let Some(last) = stored.last().map(|entry| entry.position) else {
            // The view is ahead of what a reading connection sees; it will be there in a moment.
            return self.pause(EXPORT_LOOK_EVERY).await;
        };
        let mut lines = Vec::with_capacity(stored.len());
        for line in lines_of(&self.plane, stored).await? {
            match line {
                Ok(line) if self.settings.wants(line.kind()) => lines.push(line),
                Ok(_) => {}
                Err(error) => {
                    // An entry of a newer writ, or a damaged one: nothing may be left out, so nothing goes on.
                    self.stuck(&error.to_string()).await?;
                    return self.pause(EXPORT_RENEW_EVERY).await;
                }
            }
        }
        let size = self.sink.batch();
        for batch in lines.chunks(size) {
            self.deliver(batch).await?;
            if let Some(line) = batch.last() {
                self.next = line.position + 1;
            }
            self.note_when_due(EXPORT_NOTE_EVERY).await?;
        }
        self.next = last + 1;
        self.note().await
    }

    /// Delivers a batch; of one that is refused, each entry by itself, so that only the bad ones are given up.
    async fn deliver(&mut self, lines: &[Line]) -> Result<(), Halt> {
        match self.insist(lines).await? {
            Delivery::Taken => Ok(()),
            Delivery::GivenUp(failure, _) if failure.kind == FailureKind::Refused && lines.len() > 1 => {
                for line in lines {
                    if let Delivery::GivenUp(failure, attempts) = self.insist(std::slice::from_ref(line)).await? {
                        self.bury(std::slice::from_ref(line), &failure, attempts).await?;
                    }
                    self.note_when_due(EXPORT_NOTE_EVERY).await?;
                }
                Ok(())
            }
            Delivery::GivenUp(failure, attempts) => self.bury(lines, &failure, attempts).await,
        }
    }

    /// Tries until it is taken or refused, or a passing failure has not passed for the bounded time.
    async fn insist(&mut self, lines: &[Line]) -> Result<Delivery, Halt> {
        let (mut back_off, mut attempts) = (EXPORT_BACK_OFF_MIN, 0);
        let mut failing_since = None;
        loop {
            attempts += 1;
            let failure = match self.attempt(lines).await? {
                Ok(()) => return Ok(Delivery::Taken),
                Err(failure) => failure,
            };
            let now = self.plane.clock.now();
            let given_up = match failure.kind {
                FailureKind::Refused | FailureKind::Final => true,
                FailureKind::Away => false,
                FailureKind::Passing => {
                    let since = *failing_since.get_or_insert(now);
                    now.since(since) >= span(self.settings.retry_for)
                }
            };
            if given_up {
                return Ok(Delivery::GivenUp(failure, attempts));
            }
            tracing::debug!(export = self.name(), attempts, error = failure.what, "a delivery will be tried again");
            self.wait_out(&failure.what, failure.retry_after.unwrap_or_default().max(jittered(back_off))).await?;
            back_off = (back_off * 2).min(EXPORT_BACK_OFF_MAX);
        }
    }

    /// One try, which a stop cuts short.
    async fn attempt(&mut self, lines: &[Line]) -> Result<Result<(), Failure>, Halt> {
        let now = self.plane.clock.now();
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => Err(Halt::Stopped),
            delivered = self.sink.deliver(&self.origin, now, lines) => Ok(delivered),
        }
    }

    /// Gives entries up: they are listed, and the export goes on. When the list is full it waits instead.
    async fn bury(&mut self, lines: &[Line], failure: &Failure, attempts: u64) -> Result<(), Halt> {
        while self.plane.store.export_dead_count(self.name()).await? + lines.len() as u64 > EXPORT_DEAD_MAX {
            let full = format!("{EXPORT_DEAD_MAX} entries were given up, the limit; the last: {}", failure.what);
            self.wait_out(&full, EXPORT_BACK_OFF_MAX).await?;
        }
        let now = self.plane.clock.now();
        for line in lines {
            self.plane.store.export_bury(self.name(), line.position, attempts, &failure.what, now).await?;
        }
        let (first, entries) = (lines.first().map(|line| line.position), lines.len());
        tracing::warn!(export = self.name(), first, entries, error = failure.what, "entries were not taken");
        Ok(())
    }

    /// Entries given up earlier that somebody asked to try once more, each by itself.
    async fn try_dead_again(&mut self) -> Result<(), Halt> {
        let due = self.plane.store.export_due(self.name(), EXPORT_DUE_PER_LOOK_MAX).await?;
        for position in due {
            let stored = self.plane.store.entry(position).await?;
            let Some(Ok(line)) = lines_of(&self.plane, stored.into_iter().collect()).await?.pop() else { continue };
            match self.attempt(std::slice::from_ref(&line)).await? {
                Ok(()) => self.plane.store.export_revived(self.name(), position).await?,
                Err(failure) => {
                    let now = self.plane.clock.now();
                    self.plane.store.export_bury(self.name(), position, 1, &failure.what, now).await?;
                }
            }
            self.note_when_due(EXPORT_NOTE_EVERY).await?;
        }
        Ok(())
    }

    /// Says what stands in the way, and waits; the lease is kept meanwhile.
    async fn wait_out(&mut self, what: &str, wait: Duration) -> Result<(), Halt> {
        let mut left = wait;
        loop {
            self.stuck(what).await?;
            let slice = left.min(EXPORT_RENEW_EVERY);
            self.pause(slice).await?;
            left -= slice;
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Halt::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    fn lease(&self) -> Lease {
        let now = self.plane.clock.now();
        Lease { node: self.plane.node, now, until: now + span(EXPORT_LEASE) }
    }

    async fn note(&mut self) -> Result<(), Halt> {
        let lease = self.lease();
        let held = self.plane.store.export_advance(self.name(), self.next, lease).await?;
        self.noted_at = lease.now;
        if held { Ok(()) } else { Err(Halt::Lost) }
    }

    async fn note_when_due(&mut self, every: Duration) -> Result<(), Halt> {
        let is_due = self.plane.clock.now().since(self.noted_at) >= span(every);
        if is_due { self.note().await } else { Ok(()) }
    }

    async fn stuck(&mut self, what: &str) -> Result<(), Halt> {
        // The way so far first: whoever goes on after a crash need not deliver it again.
        if self.noted_at != self.plane.clock.now() {
            self.note().await?;
        }
        let held = self.plane.store.export_stuck(self.name(), what, self.lease()).await?;
        if held { Ok(()) } else { Err(Halt::Lost) }
    }
}

/// Entries as lines, with what is known of their sessions.
pub(crate) async fn lines_of(
    plane: &ControlPlane,
    stored: Vec<store::StoredEntry>,
) -> Result<Vec<Result<Line, ledger::DecodeError>>, StoreError> {
    let mut owners: HashMap<SessionId, Option<Owner>> = HashMap::new();
    let mut lines = Vec::with_capacity(stored.len());
    for entry in stored {
        let owner = match ledger::decode(&entry.bytes) {
            Ok(decoded) => owner(plane, &decoded.event, &mut owners).await?,
            Err(_) => None,
        };
        lines.push(Line::new(entry, owner));
    }
    Ok(lines)
}

/// Whose session an event is about: said by itself, else known to the state of live sessions, else by the rows.
async fn owner(
    plane: &ControlPlane,
    event: &Event,
    known: &mut HashMap<SessionId, Option<Owner>>,
) -> Result<Option<Owner>, StoreError> {
    let Some(session) = event.session() else { return Ok(None) };
    if let Some(said) = Owner::said_by(event) {
        known.insert(session, Some(said));
    }
    if let Some(owner) = known.get(&session) {
        return Ok(*owner);
    }
    let live = plane.view.read(|state| {
        let live = state.sessions.get(&session)?;
        Some(Owner { developer: live.developer, project: live.project, team: live.team })
    });
    let owner = match live {
        Some(owner) => Some(owner),
        None => plane.store.session(session).await?.map(|row| Owner {
            developer: row.developer,
            project: row.project,
            team: row.team,
        }),
    };
    known.insert(session, owner);
    Ok(owner)
}

fn span(duration: Duration) -> Span {
    Span::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Between half and all of it, so that exports that failed together do not come back together.
fn jittered(wait: Duration) -> Duration {
    let chance = u32::from(u16::from_le_bytes(seam::random()));
    wait / 2 + wait / 2 * chance / u32::from(u16::MAX)
}
