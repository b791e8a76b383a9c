//! A refusal in git's own way: gitprotocol-pack(5), "Report Status". `git push` shows the lines, and the reason of each ref.

use super::limits::REASON_CHARS_MAX;
use super::request::Head;
use crate::output::clean;
use crate::push::pkt::{self, FLUSH};
use crate::push::verdict::Refused;

/// The bands of what goes to programs, and of what goes to people.
const DATA: u8 = 1;
const PEOPLE: u8 = 2;

/// The body of the answer to a push that does not go in: none of its refs moves.
pub(super) fn refusal(head: &Head, refused: &Refused) -> Vec<u8> {
    let report = report(head, refused);
    let mut body = Vec::new();
    if !head.has("side-band-64k") {
        return report;
    }
    for line in refused.lines() {
        pkt::write_band(&mut body, PEOPLE, format!("{line}\n").as_bytes());
    }
    pkt::write_band(&mut body, DATA, &report);
    body.extend_from_slice(FLUSH);
    body
}

fn report(head: &Head, refused: &Refused) -> Vec<u8> {
    let mut report = Vec::new();
    if !head.has("report-status") && !head.has("report-status-v2") {
        return report;
    }
    pkt::write(&mut report, b"unpack ok\n");
    for update in &head.updates {
        let is_about = refused.name.as_ref().is_none_or(|name| *name == update.name);
        let reason = if is_about { &refused.reason } else { "nothing of this push was taken" };
        let reason: String = clean(reason).chars().take(REASON_CHARS_MAX).collect();
        pkt::write(&mut report, format!("ng {} {}: {reason}\n", update.name, clean(&refused.code)).as_bytes());
    }
    report.extend_from_slice(FLUSH);
    report
}
