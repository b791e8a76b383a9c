//! Which processes are alive: each writes a beat, and the open calls of one that fell silent are settled at their bounds.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Command, NodeId, Time, call, limits as bounds, node};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::limits::{NODE_BEAT_EVERY, NODE_LOST_AFTER, NODE_PROBE_EVERY};
use crate::plane::ControlPlane;
use crate::scribe::Proposal;

/// Looks once, so that what an earlier run left in flight is settled before anybody is served, then watches until
/// `stop`. `alone` says that no other process can share the store, so that every other node is gone.
pub(crate) async fn start(plane: Arc<ControlPlane>, alone: bool, stop: CancellationToken) -> JoinHandle<()> {
    let watch = Watch { plane, alone };
    watch.look().await;
    tokio::spawn(watch.run(stop))
}

struct Watch {
    plane: Arc<ControlPlane>,
    alone: bool,
}

impl Watch {
    async fn run(self, stop: CancellationToken) {
        let mut rested = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(NODE_PROBE_EVERY) => rested += 1,
            }
            // The beat is also how writ finds out that a store that was away is back.
            if rested * NODE_PROBE_EVERY >= NODE_BEAT_EVERY || self.plane.scribe.store_is_away() {
                rested = 0;
                self.look().await;
            }
        }
    }

    async fn look(&self) {
        if self.beat().await {
            self.recover_lost_nodes().await;
        }
    }

    /// Returns whether the beat was written.
    async fn beat(&self) -> bool {
        let now = self.plane.clock.now();
        let written = self.plane.store.node_beat(self.plane.node, now, env!("CARGO_PKG_VERSION")).await;
        match &written {
            Ok(()) => self.plane.scribe.health().store_is_there(),
            Err(error) => {
                self.plane.scribe.health().store_failed(self.plane.clock.now());
                tracing::warn!(%error, "this node's beat was not written");
            }
        }
        written.is_ok()
    }

    /// Settles what dead processes left in flight, then notes that they are gone.
    async fn recover_lost_nodes(&self) {
        let Ok(rows) = self.plane.store.node_beats().await else { return };
        let now = self.plane.clock.now();
        let is_fresh = |at: Time| !self.alone && now.since(heard(at, &self.plane)) < NODE_LOST_AFTER;
        let beating: BTreeSet<NodeId> = rows.iter().filter(|(_, at)| is_fresh(*at)).map(|(node, _)| *node).collect();
        let known: BTreeSet<NodeId> = self
            .plane
            .view
            .read(|state| state.nodes.iter().copied().chain(state.calls.values().map(|call| call.node)).collect());
        for lost in known.into_iter().filter(|node| *node != self.plane.node && !beating.contains(node)) {
            recover_node(&self.plane, lost).await;
        }
        for (node, _) in rows.into_iter().filter(|(node, at)| *node != self.plane.node && !is_fresh(*at)) {
            let _ = self.plane.store.forget_node(node).await;
        }
    }
}

/// While the store was away no node could beat, and their streams ran on all the same: silence counts from then.
fn heard(at: Time, plane: &ControlPlane) -> Time {
    at.max(plane.scribe.health().away_at())
}

/// Settles the open calls of a lost process at their bounds, a bounded number at a time.
async fn recover_node(plane: &ControlPlane, lost: NodeId) {
    let rounds = bounds::CALLS_OPEN_MAX / bounds::CALLS_ABANDONED_PER_COMMAND_MAX + 1;
    for _ in 0..rounds {
        let command = Command::AbandonCalls(call::Abandon { node: lost });
        match plane.scribe.propose(Proposal::from(command)).await {
            Ok(receipt) if receipt.events.is_empty() => break,
            Ok(receipt) => {
                let calls = receipt.events.len();
                tracing::warn!(node.id = %lost, calls, "calls of a lost process were settled at their bound");
            }
            Err(_) => return,
        }
    }
    let _ = plane.scribe.propose(Proposal::from(Command::LoseNode(node::Lose { node: lost }))).await;
}
