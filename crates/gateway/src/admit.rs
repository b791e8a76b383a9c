//! May it go on: what the call can cost at most, whether that fits, and whether the control plane would take it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use domain::call::Reserve;
use domain::limits::CALLS_OPEN_PER_SESSION_MAX;
use domain::{Time, Usd};
use metering::{PriceBook, RequestFacts};

use crate::authority::Authority;
use crate::claims::claims;
use crate::exchange::Exchange;
use crate::intake::Upload;
use crate::rejection::{self, Rejection};

/// A call that would be admitted, as far as this node knows.
pub(crate) struct Admitted {
    /// What is asked of the control plane.
    pub(crate) ask: Reserve,
    /// What the meter knows of the request.
    pub(crate) facts: RequestFacts,
    /// What it is priced with.
    pub(crate) book: Arc<PriceBook>,
    /// The moment whose prices apply.
    pub(crate) at: Time,
    /// The request's body, lowered to what the budget affords if need be.
    pub(crate) upload: Upload,
}

/// Reads the request's facts and bounds its cost.
///
/// # Errors
/// The refusal for a body the meter cannot read, for a budget that cannot hold it, or the control plane's own.
pub(crate) fn admit<A: Authority>(
    authority: &A,
    exchange: &Exchange,
    mut upload: Upload,
) -> Result<Admitted, Rejection> {
    let mut facts = RequestFacts::scan(&upload.bytes).map_err(|error| rejection::invalid(error.to_string()))?;
    let (book, at) = (authority.book(), authority.now());
    let mut hold = metering::upper_bound(&book, at, &facts);
    if let Some(room) = exchange.caller.room.filter(|&room| hold > room) {
        hold = clamp(&book, at, &mut facts, &mut upload, hold, room)?;
    }
    let ask = Reserve {
        call: authority.new_call(),
        session: exchange.caller.session,
        node: authority.node(),
        model: facts.model.clone(),
        hold,
        claims: claims(&exchange.parts.headers, &facts),
        upstream_contacted: may_overlap(exchange.caller.room, hold),
    };
    authority.precheck(&ask)?;
    Ok(Admitted { ask, facts, book, at, upload })
}

/// Whether the upstream may be contacted while the reservation is still on its way to the disk. Not when it may yet be
/// refused for want of money: the provider would bill what nobody pays for. A session has at most so many calls in
/// flight, so with room for all of them at this hold none of them is refused.
fn may_overlap(room: Option<Usd>, hold: Usd) -> bool {
    let all = hold.nanos().saturating_mul(CALLS_OPEN_PER_SESSION_MAX as i64);
    room.is_none_or(|room| room.nanos() >= all)
}

/// Lowers `max_tokens` to what the room affords: the one exception to forwarding bodies byte for byte, because an
/// answer that may be cut short beats a refusal. Returns the new hold.
fn clamp(
    book: &PriceBook,
    at: Time,
    facts: &mut RequestFacts,
    upload: &mut Upload,
    hold: Usd,
    room: Usd,
) -> Result<Usd, Rejection> {
    let refused = || rejection::over_room(hold, room);
    let tokens = metering::affordable_max_tokens(book, at, facts, room).ok_or_else(refused)?;
    let span = facts.max_tokens_span.clone().ok_or_else(refused)?;
    upload.bytes = replace(&upload.bytes, span, &tokens.to_string());
    // Read again rather than patched: what is held must be what the forwarded bytes ask for.
    *facts = RequestFacts::scan(&upload.bytes).map_err(|error| rejection::invalid(error.to_string()))?;
    let lowered = metering::upper_bound(book, at, facts);
    if lowered > room { Err(refused()) } else { Ok(lowered) }
}

fn replace(body: &Bytes, span: std::ops::Range<usize>, text: &str) -> Bytes {
    let mut copy = BytesMut::with_capacity(body.len() + text.len());
    copy.extend_from_slice(&body[..span.start]);
    copy.extend_from_slice(text.as_bytes());
    copy.extend_from_slice(&body[span.end..]);
    copy.freeze()
}

#[cfg(test)]
mod tests;
