//! Scripts that only talk.

use super::{Cast, Script};
use crate::failure::Failure;
use crate::limits::{EVENTS_MAX, TEXT_KIB_MAX};
use crate::message::Block;

/// The answer to a request no script was asked for.
pub(super) const DEFAULT: &str = "This is the stand-in model service: a scripted answer, no model ran.";

pub(super) fn long(cast: &Cast<'_>) -> Result<Script, Failure> {
    let deltas = cast.args.number_or("events", 200, EVENTS_MAX)?;
    let parts = (1..=deltas).map(|n| format!("part {n} of {deltas}. "));
    cast.say(vec![Block::Text(parts.collect())])
}

pub(super) fn big(cast: &Cast<'_>) -> Result<Script, Failure> {
    let kib = cast.args.number_or("kb", 400, TEXT_KIB_MAX)?;
    let parts = (1..=kib).map(|n| format!("{:.<1024}", format!("block {n} of {kib} ")));
    cast.say(vec![Block::Text(parts.collect())])
}

pub(super) fn think(cast: &Cast<'_>) -> Result<Script, Failure> {
    let text = cast.args.text_or("then", "The script thought before it spoke.");
    cast.say(vec![
        Block::thinking("A stand-in has nothing to think about, but it can show the shape of it."),
        Block::text(text),
    ])
}
