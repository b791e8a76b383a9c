//! The law of locks, model-checked: every interleaving of sessions that ask, claim, let go, lose their lock, vanish and
//! write, with writes that reach the gate late, twice or never, and requests that come again.
//!
//! Breadth first over the real [`crate::State`] with the real `decide` and `apply`, not over a model of them. States that
//! differ only in times, in how long the log has become, and in which of several sessions that are alike is which, are one:
//! nothing that may happen next depends on it, for every delay may end at once. In every state all laws of locks hold, and
//! between two nobody is passed and no ticket is lost.
//!
//! | what the search looks for | what it must catch |
//! |---|---|
//! | no gate admits an old token | gates that ask who holds, or nobody; a push check that takes old tokens |
//! | what is above keeps out what is below, and the other way round | a law that sees names only |
//! | nobody is passed | a law that barges |
//! | nobody waits for themselves | a law that lets circles be |
//! | handing on forgets nobody, and loses nobody | laws that do |
//! | nobody else has what a push on its way relies on | a law that gives it on |
//!
//! Written by hand: what is to be checked are this crate's own types, and the usual checker brings a web server and a
//! second family of random generators into the tree of every test.

mod mutant;
mod search;
mod world;

use mutant::Law;
use search::{Outcome, search};
use world::{Gate, Scope};

/// Of one session, with one ticket: what is below is written.
const ONE: Scope = Scope {
    sessions: 1,
    tickets: 1,
    kin: false,
    wants: &[("env:p", "X"), ("env:p/c", "X"), ("env:p/c", "S")],
    target: "env:p/c",
};
const BESIDE: &[(&str, &str)] = &[("env:p", "X"), ("env:p/c", "X"), ("env:p/c", "S"), ("env:p/d", "IX")];
const EXCLUSIVE: &[(&str, &str)] = &[("env:p", "X"), ("env:p/c", "X")];
/// The same in a repository, where the gate at `git push` looks.
const PUSHED: Scope =
    Scope { wants: &[("path:r//p", "X"), ("path:r//p/c", "X"), ("path:r//p/c", "S")], target: "path:r//p/c", ..ONE };
const PUSHED_EXCLUSIVE: &[(&str, &str)] = &[("path:r//p", "X"), ("path:r//p/c", "X")];

fn explored(scope: &Scope, gate: Gate, law: Law) -> Outcome {
    let outcome = search(scope, (gate, law));
    println!("{gate:?}, {law:?}: {} states, {} steps, {:?}", outcome.states, outcome.steps, outcome.sometimes);
    outcome
}

/// Everything was seen, and nothing was wrong.
#[track_caller]
fn holds(scope: &Scope, gate: Gate, sometimes: &[&str]) {
    let outcome = explored(scope, gate, Law::AsItIs);
    assert_eq!(outcome.violation, None);
    for what in sometimes {
        assert!(outcome.sometimes.contains(what), "never {what}");
    }
}

/// The search finds what is wrong.
#[track_caller]
fn caught(scope: &Scope, gate: Gate, law: Law, wrong: &str) {
    let violation = explored(scope, gate, law).violation.expect("nothing was found");
    assert!(violation.contains(wrong), "{violation}");
}

#[test]
fn three_sessions() {
    let sometimes = ["beside each other", "handed on", "not taken up", "rested", "let through", "kept out"];
    holds(&Scope { sessions: 3, wants: BESIDE, ..ONE }, Gate::Token, &sometimes);
}

#[test]
fn two_sessions_that_hold_several() {
    let sometimes = ["circle refused", "handed on", "let through", "kept out"];
    holds(&Scope { sessions: 2, tickets: 2, ..ONE }, Gate::Token, &sometimes);
}

#[test]
fn a_session_its_child_and_a_stranger() {
    holds(&Scope { sessions: 3, kin: true, ..ONE }, Gate::Token, &["handed on", "let through", "kept out"]);
}

#[test]
fn three_sessions_that_push() {
    let sometimes = ["handed on", "rested", "let through", "kept out", "let go while a write was on its way"];
    holds(&Scope { sessions: 3, ..PUSHED }, Gate::Push, &sometimes);
}

#[test]
fn a_session_its_child_and_a_stranger_that_push() {
    holds(&Scope { sessions: 3, kin: true, ..PUSHED }, Gate::Push, &["let through", "kept out"]);
}

#[test]
fn two_sessions_that_hold_several_and_push() {
    let sometimes = ["circle refused", "let through", "kept out", "let go while a write was on its way"];
    holds(&Scope { sessions: 2, tickets: 2, wants: PUSHED_EXCLUSIVE, ..PUSHED }, Gate::Push, &sometimes);
}

/// A late write of a session arrives under a later lock of its own: who holds is the same, and the token is not.
#[test]
fn a_gate_that_asks_who_holds_is_caught() {
    caught(&Scope { tickets: 2, ..ONE }, Gate::Holder, Law::AsItIs, "overwrites");
}

#[test]
fn a_gate_that_asks_nobody_is_caught() {
    caught(&Scope { sessions: 2, ..ONE }, Gate::Nobody, Law::AsItIs, "overwrites");
}

#[test]
fn a_push_with_an_old_token_is_caught() {
    caught(&Scope { tickets: 2, ..PUSHED }, Gate::Push, Law::TakesOldTokens, "nobody holds that lock");
}

#[test]
fn a_law_that_sees_names_only_is_caught() {
    caught(&Scope { sessions: 2, ..ONE }, Gate::Token, Law::SeesNamesOnly, "tkt_");
}

#[test]
fn a_law_that_barges_is_caught() {
    let wants: &[_] = &[("env:p", "S"), ("env:p/c", "X")];
    caught(&Scope { sessions: 3, wants, ..ONE }, Gate::Token, Law::Barges, "passes");
}

#[test]
fn a_law_that_lets_circles_be_is_caught() {
    let wants: &[_] = &[("env:p", "X"), ("env:q", "X")];
    caught(&Scope { sessions: 2, tickets: 2, wants, ..ONE }, Gate::Token, Law::WaitsInCircles, "waits for themselves");
}

#[test]
fn a_law_that_forgets_to_offer_is_caught() {
    caught(&Scope { sessions: 2, ..ONE }, Gate::Token, Law::ForgetsToOffer, "is free and waits");
}

#[test]
fn a_law_that_loses_whom_it_offers_is_caught() {
    caught(&Scope { sessions: 2, ..ONE }, Gate::Token, Law::LosesWhomItOffers, "was lost");
}

#[test]
fn a_law_that_gives_on_what_a_push_relies_on_is_caught() {
    caught(&Scope { sessions: 2, ..PUSHED }, Gate::Push, Law::LetsGoOfWhatIsPinned, "on its way");
}

/// A minute: run by hand, `cargo nextest run -p domain --run-ignored only model`.
#[test]
#[ignore = "takes a minute"]
fn three_sessions_that_hold_several() {
    holds(&Scope { sessions: 3, tickets: 2, wants: EXCLUSIVE, ..ONE }, Gate::Token, &[]);
}

/// Long, as above.
#[test]
#[ignore = "takes a minute"]
fn three_sessions_that_hold_several_and_push() {
    holds(&Scope { sessions: 3, tickets: 2, wants: &[("path:r//p/c", "X")], ..PUSHED }, Gate::Push, &[]);
}
