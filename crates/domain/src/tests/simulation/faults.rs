//! What goes wrong, and the reapers that set it right.

use super::chance::Chance;
use super::promise::Request;
use super::world::World;
use crate::call::Abandon;
use crate::lock::Phase;
use crate::node::Lose;
use crate::session::Lapse;
use crate::{Actor, Command, NodeId, SessionId, Time, lock};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is durable, and the node knows.
    Committed,
    /// It is not durable, and the node knows.
    Failed,
    /// The node does not know.
    Unknown { written: bool },
    /// The node dies with it.
    Crashed { written: bool },
}

impl Fate {
    pub(super) fn choose(chance: &mut Chance) -> Self {
        match chance.below(100) {
            0..86 => Self::Committed,
            86..91 => Self::Failed,
            91..95 => Self::Unknown { written: true },
            95..97 => Self::Unknown { written: false },
            97 => Self::Crashed { written: true },
            98 => Self::Crashed { written: false },
            _ => Self::Committed,
        }
    }
}

/// A process dies with its memory and its queue; another one starts in its place, under a new id.
pub(super) fn crash(world: &mut World, at: usize) {
    world.steps += 1;
    world.tally.crashes += 1;
    let node = world.nodes.swap_remove(at);
    world.dead.push(node.id);
    let lost: Vec<_> =
        node.queue.into_iter().filter(|request| !matches!(request.command, Command::StartNode(_))).collect();
    world.start_node();
    world.leave_in_doubt(lost);
}

/// A clock is set, up to an hour either way; sometimes the step is a leap of a whole night.
pub(super) fn jump_clock(world: &mut World) {
    world.steps += 1;
    world.tally.clock_jumps += 1;
    let at = world.any_node();
    let hour = 3_600_000;
    world.nodes[at].clock_off = i64::try_from(world.chance.below(2 * hour)).unwrap() - hour as i64;
}

/// Nobody does anything for a while: some sessions fall silent, some expire. The rest beat.
pub(super) fn pause(world: &mut World) {
    world.steps += 1;
    world.clock += i64::try_from(world.chance.below(120_000)).unwrap();
    let sessions: Vec<_> = world.truth.sessions.keys().copied().collect();
    for session in sessions {
        if world.chance.percent(70) {
            let at = world.any_node();
            let beat = Time::from_unix_millis(world.clock + world.nodes[at].clock_off);
            world.beats.insert(session, beat);
        }
    }
}

/// Some node writes down its state; it covers what it has seen, not what others have written since.
pub(super) fn take_snapshot(world: &mut World) {
    world.steps += 1;
    let at = world.any_node();
    let memory = &world.nodes[at].memory;
    if memory.position > world.snapshot.1 {
        world.tally.snapshots += 1;
        world.snapshot = (serde_json::to_string(&memory.state).unwrap(), memory.position);
    }
}

/// Some node's reaper looks around, at what that node has seen, and proposes what it finds overdue.
pub(super) fn reap(world: &mut World) {
    world.steps += 1;
    let at = world.any_node();
    let seen: Vec<_> = world.nodes[at].memory.state.sessions.keys().copied().collect();
    for _ in 0..3 {
        if let Some(session) = world.chance.one_of(&seen) {
            let command = lapse(world, session);
            world.submit(Request { by: Actor::System, command, in_doubt: false });
        }
    }
    let due: Vec<_> = world.nodes[at].memory.state.locks.timers.iter().map(|(_, id)| *id).collect();
    for ticket in due.into_iter().take(3) {
        let command = Command::LapseLock(lock::Lapse { ticket });
        world.submit(Request { by: Actor::System, command, in_doubt: false });
    }
    if let Some(node) = world.chance.one_of(&world.dead) {
        for command in [Command::AbandonCalls(Abandon { node }), Command::LoseNode(Lose { node })] {
            world.submit(Request { by: Actor::System, command, in_doubt: false });
        }
    }
}

fn lapse(world: &World, session: SessionId) -> Command {
    let last_beat = world.beats.get(&session).copied().unwrap_or_default();
    Command::LapseSession(Lapse { session, last_beat })
}

/// Recovery until nothing is left to recover.
pub(super) fn recover_everything(world: &mut World) {
    let sessions: Vec<_> = world.truth.sessions.keys().copied().collect();
    for session in sessions {
        let command = lapse(world, session);
        world.decree(&command);
    }
    let nodes: Vec<NodeId> = world.dead.iter().copied().chain(world.truth.nodes.iter().copied()).collect();
    for node in nodes {
        while world.decree(&Command::AbandonCalls(Abandon { node })) > 0 {}
        world.decree(&Command::LoseNode(Lose { node }));
    }
    recover_locks(world);
}

/// What is offered lapses, what rests has rested, and what humans hold and wait for is taken from them.
fn recover_locks(world: &mut World) {
    while let Some((id, ticket)) = world.truth.locks.tickets.first_key_value() {
        let (ticket, timed) = (*id, matches!(ticket.phase, Phase::Offered { .. } | Phase::Resting { .. }));
        world.clock += 60_000;
        let command = match timed {
            true => Command::LapseLock(lock::Lapse { ticket }),
            false => Command::BreakLock(lock::Break { ticket, reason: "over".to_owned(), revoke: false }),
        };
        assert!(world.decree(&command) > 0, "{ticket} cannot be ended");
    }
}
