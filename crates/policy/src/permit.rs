//! A right as a value: who holds a [`Permit`] was allowed, and the compiler asks for it.

use domain::{Actor, DeveloperId, State};

use crate::action::Rule;
use crate::{Action, Denial};

/// Proof that one actor may do one thing. Made by [`authorize`] and by nothing else; it cannot be copied, so it is used
/// for the operation it was asked for.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit is asked for to be handed to the operation it permits"]
pub struct Permit<A: Action> {
    action: A,
    by: Actor,
}

/// Asks for a right, against the state so far. Pure: same arguments, same answer.
///
/// A developer may do what concerns their own; an auditor may see everything; an administrator may do everything.
/// writ itself may do everything. The bootstrap token and the token of a session may do nothing here.
///
/// # Errors
/// A [`Denial`] says why not and what to do next.
pub fn authorize<A: Action>(state: &State, by: Actor, action: A) -> Result<Permit<A>, Denial> {
    let rule = action.rule();
    match by {
        Actor::System => {}
        Actor::Developer(developer) => check(state, developer, rule)?,
        Actor::Bootstrap | Actor::Session(_) => return Err(Denial::not_a_developer(rule.verb)),
    }
    Ok(Permit { action, by })
}

/// Known and not disabled comes first: ownership helps nobody who is locked out.
fn check(state: &State, by: DeveloperId, rule: Rule) -> Result<(), Denial> {
    let developer = state.developers.get(&by).ok_or_else(Denial::unknown)?;
    if developer.disabled {
        return Err(Denial::disabled());
    }
    if rule.owner == Some(by) || state.require(Actor::Developer(by), rule.role).is_ok() {
        return Ok(());
    }
    let denial = if rule.owner.is_some() { Denial::not_yours } else { Denial::role_missing };
    Err(denial(rule.verb, rule.role))
}

// === impl Permit ===

impl<A: Action> Permit<A> {
    /// What is permitted.
    pub fn action(&self) -> &A {
        &self.action
    }

    /// To whom.
    pub fn by(&self) -> Actor {
        self.by
    }
}
