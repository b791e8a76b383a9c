//! What each command decides, case by case: who may, what follows, and what is already so.

mod beats;
mod calls;
mod claims;
mod credentials;
mod endings;
mod locks;
mod nodes;
mod people;
mod push;
mod sessions;
mod sign_ins;
mod traces;

use super::house;
use super::run::Run;
use crate::{Actor, Command, Refusal};

/// Allowed for these, forbidden for those.
#[track_caller]
fn check_who(run: &Run, command: &Command, allowed: &[Actor], forbidden: &[Actor]) {
    for by in allowed {
        run.clone().ok(*by, command);
    }
    for by in forbidden {
        let refusal = run.refused(*by, command);
        assert!(matches!(refusal, Refusal::Forbidden { .. }), "{by:?}: {refusal}");
    }
}
