//! Background watch: sessions that fell silent or reached their expiry, and snapshots.
//!
//! The reaper only proposes; the law decides. Every node runs one; two that propose the same lapse do no harm.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::lock::{Lapse, Phase};
use domain::{Command, SessionId, Time, limits as bounds, session};
use tokio_util::sync::CancellationToken;

use crate::limits::{
    BEATS_READ_EVERY, DIFFS_PRUNED_EVERY, LAPSES_PER_ROUND_MAX, LOCK_LAPSES_PER_ROUND_MAX, REAP_EVERY, REAP_GAP_MAX,
    SNAPSHOT_EVERY_ENTRIES,
};
use crate::plane::ControlPlane;
use crate::scribe::{Failure, Proposal};
use crate::{seam, snapshot};

/// Watches until `stop`.
pub(crate) async fn run(plane: Arc<ControlPlane>, started_at: Time, stop: CancellationToken) {
    let mut reaper = Reaper::new(plane, started_at);
    let mut tick = tokio::time::interval(REAP_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => reaper.look().await,
        }
    }
}

struct Reaper {
    plane: Arc<ControlPlane>,
    /// Silence is counted from here at the earliest: while writ was away nobody could beat.
    counted_from: Time,
    /// When it last looked, by how long the machine has been up.
    looked_at: Duration,
    ticks: u64,
    snapshot_at: u64,
    snapshotting: Arc<AtomicBool>,
}

/// When sessions were last heard.
struct Beats {
    rows: HashMap<SessionId, Time>,
    /// When those without a row were heard: never, or now if not every row was read. (The longest silent come first.)
    others: Time,
}

impl Reaper {
    fn new(plane: Arc<ControlPlane>, started_at: Time) -> Self {
        let snapshot_at = plane.view.next();
        let looked_at = seam::uptime();
        Self { plane, counted_from: started_at, looked_at, ticks: 0, snapshot_at, snapshotting: Arc::default() }
    }

    async fn look(&mut self) {
        self.notice_gap();
        self.snapshot_when_due();
        let beats = if self.ticks.is_multiple_of(BEATS_READ_EVERY.as_secs()) { self.read_beats().await } else { None };
        self.lapse_sessions(beats.as_ref()).await;
        self.lapse_locks().await;
        if self.ticks.is_multiple_of(DIFFS_PRUNED_EVERY.as_secs())
            && let Err(error) = self.plane.store.prune_diffs(self.plane.clock.now()).await
        {
            tracing::warn!(%error, "old diffs were not forgotten; trying again later");
        }
        self.ticks += 1;
    }

    /// Whether this process was stopped, or the machine slept: an outage like any other.
    fn notice_gap(&mut self) {
        let uptime = seam::uptime();
        if uptime.saturating_sub(self.looked_at) > REAP_GAP_MAX {
            tracing::warn!("this process stood still: silence meanwhile is held against nobody");
            self.counted_from = self.plane.clock.now();
        }
        self.looked_at = uptime;
    }

    /// Nothing is held against anybody before this.
    fn earliest(&self) -> Time {
        self.counted_from.max(self.plane.scribe.health().away_at())
    }

    async fn read_beats(&self) -> Option<Beats> {
        let now = self.plane.clock.now();
        let rows = self.plane.store.last_beats(bounds::SESSIONS_LIVE_MAX).await;
        let rows = rows.inspect_err(|error| tracing::warn!(%error, "beats were not read")).ok()?;
        let others = if rows.len() < store::limits::ROWS_MAX { Time::default() } else { now };
        Some(Beats { rows: HashMap::from_iter(rows), others })
    }

    /// Without beats only expiries are looked at.
    async fn lapse_sessions(&self, beats: Option<&Beats>) {
        let due = self.overdue(beats);
        for round in due.chunks(LAPSES_PER_ROUND_MAX) {
            let propose =
                |lapse: &session::Lapse| self.plane.scribe.submit(Proposal::from(Command::LapseSession(lapse.clone())));
            let proposed: Vec<_> = round.iter().map(propose).collect();
            for answer in proposed {
                let Ok(answer) = answer else { return };
                // Refused when another node was quicker or the session beat meanwhile. When the store is away, what was
                // read of beats grows old: the next look reads it again.
                if let Ok(Err(Failure::Unavailable(_) | Failure::Busy)) = answer.await {
                    return;
                }
            }
        }
    }

    fn overdue(&self, beats: Option<&Beats>) -> Vec<session::Lapse> {
        let now = self.plane.clock.now();
        let earliest = self.earliest();
        self.plane.view.read(|state| {
            let overdue = state.sessions.iter().filter_map(|(&id, live)| {
                let row = beats.map(|beats| beats.rows.get(&id).copied().unwrap_or(beats.others));
                let last_beat = row.unwrap_or(live.opened_at).max(live.opened_at).max(earliest);
                let silent = beats.is_some() && live.beats && now.since(last_beat) >= silence_bound(live);
                (now >= live.expires_at || silent).then_some(session::Lapse { session: id, last_beat })
            });
            overdue.collect()
        })
    }

    /// Offers that nobody took up, and rests that are over. While writ was away nobody could take up an offer.
    async fn lapse_locks(&self) {
        let (now, earliest) = (self.plane.clock.now(), self.earliest());
        let due: Vec<Lapse> = self.plane.view.read(|state| {
            let over = state.locks.timers.iter().take_while(|(at, _)| *at <= now).take(LOCK_LAPSES_PER_ROUND_MAX);
            let is_due = |(_, ticket): &&(Time, _)| match state.locks.tickets.get(ticket).map(|known| known.phase) {
                Some(Phase::Offered { .. }) => now.since(earliest) >= bounds::LOCK_OFFER,
                _ => true,
            };
            over.filter(is_due).map(|(_, ticket)| Lapse { ticket: *ticket }).collect()
        });
        let propose = |lapse: Lapse| self.plane.scribe.submit(Proposal::from(Command::LapseLock(lapse)));
        let proposed: Vec<_> = due.into_iter().map(propose).collect();
        for answer in proposed {
            let Ok(answer) = answer else { return };
            // Refused when another node was quicker, or the offer was taken up.
            if let Ok(Err(Failure::Unavailable(_) | Failure::Busy)) = answer.await {
                return;
            }
        }
    }

    /// One snapshot at a time, off the path of the scribe.
    fn snapshot_when_due(&mut self) {
        let next = self.plane.view.next();
        if next - self.snapshot_at < SNAPSHOT_EVERY_ENTRIES || self.snapshotting.swap(true, Ordering::AcqRel) {
            return;
        }
        self.snapshot_at = next;
        let (plane, snapshotting) = (Arc::clone(&self.plane), Arc::clone(&self.snapshotting));
        tokio::spawn(async move {
            if let Err(error) = snapshot::save(&plane.store, &plane.view).await {
                tracing::warn!(error, "no snapshot was saved: the next start folds more entries");
            }
            snapshotting.store(false, Ordering::Release);
        });
    }
}

fn silence_bound(live: &session::Session) -> domain::Span {
    if live.suspect_since.is_some() { bounds::BEAT_EXPIRE_AFTER } else { bounds::BEAT_SUSPECT_AFTER }
}
