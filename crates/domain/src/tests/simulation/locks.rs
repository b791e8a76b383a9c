//! What agents and humans ask of locks, and what they write.

use super::client::{some_session, someone};
use super::world::World;
use crate::freeze::{Ask, Thaw};
use crate::lock::{Acquire, Break, Choice, Holder, Mode, Patience, Phase, Priority, Release, Ticket, Want, Wants};
use crate::tests::house::{ada, digest, resource};
use crate::write::{Change, Hunk, Lines, Record};
use crate::{Actor, Command, TicketId, Time};

/// Tickets that are not over, above which nobody asks for another: the laws compare each with each.
const TICKETS: usize = 24;

/// With a gate and without, below each other and beside.
const RESOURCES: [&str; 6] = ["env:p", "env:p/a", "env:p/b", "path:r//f", "path:r//f/g", "slot:s"];

/// Asks, claims, lets go, breaks.
pub(super) fn some_lock(world: &mut World) -> (Actor, Command) {
    let tickets = &world.truth.locks.tickets;
    let known: Vec<_> = tickets.keys().copied().collect();
    let is_offered = |id: &&TicketId| matches!(tickets[*id].phase, Phase::Offered { .. });
    let offered: Vec<_> = known.iter().filter(is_offered).copied().collect();
    let some = if world.chance.percent(50) { world.chance.one_of(&offered) } else { None };
    let Some(id) = some.or_else(|| world.chance.one_of(&known)) else { return ask(world) };
    let ticket = world.truth.locks.tickets[&id].clone();
    let by = match ticket.holder {
        Holder::Session(session) => Actor::Session(session),
        Holder::Developer(developer) => Actor::Developer(developer),
    };
    match world.chance.below(100) {
        0..80 if matches!(ticket.phase, Phase::Offered { .. }) => (by, again(id, &ticket)),
        0..55 if known.len() < TICKETS => ask(world),
        80..84 => (by, again(id, &ticket)),
        84..88 => (ada(), Command::BreakLock(Break { ticket: id, reason: "gone".to_owned(), revoke: false })),
        _ => {
            // A token that is not the one it holds, now and then: a late retry.
            let wrong = world.chance.percent(10).then_some(7);
            (by, Command::ReleaseLock(Release { ticket: id, token: wrong.or(ticket.phase.token()) }))
        }
    }
}

fn again(ticket: TicketId, known: &Ticket) -> Command {
    Command::AcquireLock(Box::new(Acquire {
        ticket,
        wants: known.wants.clone(),
        choice: Choice::All,
        patience: Patience::Queue,
        priority: known.priority,
        intent: known.intent.clone(),
    }))
}

fn ask(world: &mut World) -> (Actor, Command) {
    let session = some_session(world).filter(|_| world.chance.percent(90));
    let by = match session {
        Some(session) => Actor::Session(session),
        None => Actor::Developer(someone(world)),
    };
    let n = world.fresh();
    let modes = [Mode::X, Mode::X, Mode::S, Mode::IX, Mode::SIX, Mode::IS, Mode::N];
    let count = 1 + world.chance.below(3);
    let wants: Vec<_> = (0..count)
        .map(|_| {
            let (at, mode) = (world.chance.one_of(&RESOURCES).unwrap(), world.chance.one_of(&modes).unwrap());
            Want::new(resource(at), mode)
        })
        .collect();
    let patience = match world.chance.below(10) {
        0 => Patience::None,
        1 => Patience::Pass,
        _ => Patience::Queue,
    };
    let acquire = Acquire {
        ticket: TicketId::new(Time::from_unix_millis(world.clock), n),
        wants: Wants::new(wants).unwrap(),
        choice: if world.chance.percent(15) { Choice::Any } else { Choice::All },
        patience,
        priority: world.chance.one_of(&[Priority::Low, Priority::Normal, Priority::Normal, Priority::High]).unwrap(),
        intent: None,
    };
    (by, Command::AcquireLock(Box::new(acquire)))
}

/// Two texts, so that they are undone often; and the human who looks at what that froze.
pub(super) fn some_write(world: &mut World) -> (Actor, Command) {
    let frozen: Vec<_> = world.truth.freezes.keys().cloned().collect();
    let at = resource(world.chance.one_of(&RESOURCES).unwrap());
    if let Some(at) = frozen.first().filter(|_| world.chance.percent(40)) {
        let thaw = Thaw { resource: at.clone(), reason: "seen".to_owned() };
        return (ada(), Command::ThawResource(Box::new(thaw)));
    }
    let Some(session) = some_session(world).filter(|_| world.chance.percent(95)) else {
        return (ada(), Command::FreezeResource(Box::new(Ask { resource: at, reason: "look".to_owned() })));
    };
    let text = |world: &mut World| digest("text", world.chance.below(2).into());
    let (old, new) = (text(world), text(world));
    let lines = (0..world.chance.below(3)).map(|_| some_lines(world)).collect();
    let change = Change { resource: at, before: Some(old), after: Some(new), hunks: vec![Hunk { old, new }], lines };
    let intended = world.chance.percent(20);
    let record = Record { session, changes: vec![change], intent: None, intended };
    (Actor::Session(session), Command::RecordWrite(Box::new(record)))
}

fn some_lines(world: &mut World) -> Lines {
    let some = |world: &mut World| u32::from(world.chance.percent(50)) + u32::from(world.chance.percent(50));
    Lines { at: some(world), old: some(world), new: some(world) }
}
