//! Breadth first, so that what is found wrong is shown by a shortest way to it.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::mutant::Law;
use super::world::{Action, Gate, Scope, World};

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// States that differ.
    pub(super) states: usize,
    /// Steps between them.
    pub(super) steps: usize,
    /// What happened at least once.
    pub(super) sometimes: BTreeSet<&'static str>,
    /// What was wrong first, and how it came about.
    pub(super) violation: Option<String>,
}

/// Goes through every state that can be reached.
pub(super) fn search(scope: &Scope, (gate, law): (Gate, Law)) -> Outcome {
    let mut outcome = Outcome::default();
    let start = World::new(scope);
    let mut seen = BTreeSet::from([start.key(scope)]);
    let mut came_by: Vec<(usize, Option<Action>)> = vec![(0, None)];
    let mut next = VecDeque::from([(0, start)]);
    while let Some((at, world)) = next.pop_front() {
        for action in world.actions(scope) {
            outcome.steps += 1;
            let sometimes = &mut outcome.sometimes;
            let step = or_panics(|| {
                let Some(after) = world.step(scope, (gate, law), action, sometimes)? else { return Ok(None) };
                if !seen.insert(after.key(scope)) {
                    return Ok(None);
                }
                after.check(scope);
                Ok(Some(after))
            });
            match step {
                Ok(None) => {}
                Ok(Some(after)) => {
                    came_by.push((at, Some(action)));
                    next.push_back((came_by.len() - 1, after));
                }
                Err(wrong) => {
                    (outcome.states, outcome.violation) = (seen.len(), Some(told(&came_by, at, action, &wrong)));
                    return outcome;
                }
            }
        }
    }
    outcome.states = seen.len();
    outcome
}

/// A law that is broken panics, and says which.
fn or_panics<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// The way from the start.
fn told(came_by: &[(usize, Option<Action>)], at: usize, last: Action, wrong: &str) -> String {
    let before = |at: &usize| came_by[*at].1.map(|_| came_by[*at].0);
    let way = std::iter::successors(Some(at), before).filter_map(|at| came_by[at].1);
    let mut way: Vec<_> = way.map(|action| format!("{action:?}")).collect();
    way.reverse();
    way.push(format!("{last:?}"));
    format!("{wrong}, after {}", way.join(", "))
}
