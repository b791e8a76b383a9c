//! Scripts in which something goes wrong.

use super::{Cast, Script, Twist};
use crate::failure::{Failure, kind_of};
use crate::limits::{EVENTS_MAX, REQUEST_BODY_BYTES_MAX};
use crate::message::Block;

/// A failure instead of an answer.
pub(super) fn instead(name: &str, cast: &Cast<'_>) -> Result<Script, Failure> {
    match name {
        "rst" => Ok(Script::Reset),
        "overloaded" => {
            let times = cast.args.number_or("times", 1, EVENTS_MAX)?;
            if cast.shared.count(cast.written)? <= times {
                failure(cast, 529, "Overloaded").map(Script::Fail)
            } else {
                cast.then("The stand-in service has recovered.")
            }
        }
        _ => failure(cast, 400, "scripted error").map(Script::Fail),
    }
}

/// A message that does not arrive as it should.
pub(super) fn during(name: &str, cast: &Cast<'_>) -> Result<Script, Failure> {
    let after = |default| {
        let events = cast.args.number_or("events", default, EVENTS_MAX);
        events.map(|events| events as usize)
    };
    let twist = match name {
        "cut" => match cast.args.number("bytes", REQUEST_BODY_BYTES_MAX as u64)? {
            Some(bytes) => Twist::CutAfterBytes(bytes as usize),
            None => Twist::CutAfterEvents(after(4)?),
        },
        "midstream_error" => Twist::ErrorAfter(after(4)?, failure(cast, 529, "Overloaded")?),
        "stall" => Twist::StallAfter(after(4)?),
        "gate" => Twist::GateAfter(after(4)?),
        "hostile_event" => Twist::FloodAfter(after(2)?),
        "bad_utf8" => Twist::BadUtf8,
        _ => Twist::Gzip,
    };
    let default = match name {
        "bad_utf8" => "These bytes are no text: @@@@, but these are again.",
        _ => "This answer was written to be read to its end, word for word, slowly and with care.",
    };
    let message = cast.message(vec![Block::text(cast.args.text_or("then", default))])?;
    Ok(Script::Say(Box::new(message), twist))
}

fn failure(cast: &Cast<'_>, status: u64, message: &str) -> Result<Failure, Failure> {
    let args = cast.args;
    let status = args.number_or("status", status, 599)?;
    if status < 400 {
        return Err(Failure::invalid(format!("scenario argument `status` is `{status}`, it must be 400 to 599")));
    }
    let status = status as u16;
    Ok(Failure {
        status,
        kind: args.text_or("type", kind_of(status)).to_owned(),
        message: args.text_or("message", message).to_owned(),
        retry_after_s: args.number("retry_after", u64::from(u32::MAX))?,
        should_retry: args.text("should_retry").map(|text| text == "true"),
    })
}
