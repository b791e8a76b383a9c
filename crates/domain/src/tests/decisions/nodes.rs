use super::house::*;
use crate::call::Abandon;
use crate::node::Lose;
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal};

fn lose(n: u128) -> Command {
    Command::LoseNode(Lose { node: nod(n) })
}

#[test]
fn a_node_starts_once_and_is_lost_once() {
    let mut run = Run::furnished();
    assert_eq!(run.refused(Actor::System, &start_node(0)), Refusal::IdTaken);
    run.ok(Actor::System, &start_node(1));
    assert_eq!(run.state.nodes, [nod(0), nod(1)].into());
    assert_eq!(run.ok(Actor::System, &lose(1)).len(), 1);
    assert_eq!(run.state.nodes, [nod(0)].into());
    assert!(run.ok(Actor::System, &lose(1)).is_empty());
}

#[test]
fn a_node_is_lost_after_its_calls_are_settled_at_their_bound() {
    let mut run = Run::furnished();
    run.ok(Actor::System, &start_node(1));
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::System, &reserving(reserve(0, 0, 7)));
    run.ok(Actor::System, &reserving(crate::call::Reserve { node: nod(1), ..reserve(1, 0, 5) }));
    assert!(run.ok(Actor::System, &lose(0)).is_empty());
    let events = run.ok(Actor::System, &Command::AbandonCalls(Abandon { node: nod(0) }));
    let [Event::CallSettled(settled)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((settled.call, settled.settlement.cost, settled.settlement.list), (cal(0), nanos(7), nanos(7)));
    assert_eq!(settled.settlement.quality, crate::call::Quality::Bound);
    assert_eq!(settled.settlement.outcome, crate::call::Outcome::Abandoned);
    assert_eq!(run.state.calls.keys().copied().collect::<Vec<_>>(), [cal(1)]);
    assert_eq!(run.ok(Actor::System, &lose(0)).len(), 1);
}

/// Found by the simulation: a reservation whose answer was lost, settled by recovery, must not come back by a retry.
#[test]
fn an_abandoned_call_is_not_reserved_again() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::System, &reserving(reserve(0, 0, 7)));
    run.ok(Actor::System, &Command::AbandonCalls(Abandon { node: nod(0) }));
    assert_eq!(run.refused(Actor::System, &reserving(reserve(0, 0, 7))), Refusal::IdTaken);
}
