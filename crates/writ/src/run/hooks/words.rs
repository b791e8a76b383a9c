//! What agents are told: what happened, then what to do. Texts of others are cleaned, shortened and set apart.

use domain::lock::Want;

use super::foreign::Foreign;
use super::stale::Verdict;
use crate::limits::{DIFF_CHARS_MAX, INTENT_CHARS_MAX};
use crate::output::clean;
use crate::ticket::{Ahead, Holder, Ticket};

/// Why a change is refused.
pub(in crate::run) fn stale(path: &str, verdict: &Verdict, difference: &str) -> String {
    let path = clean(path);
    let difference = set_apart(difference);
    match verdict {
        Verdict::Go => String::new(),
        Verdict::Unread => format!(
            "writ: not done: {path} exists and you have not read it; all its content would be gone. Read it, then decide."
        ),
        Verdict::Partial => format!(
            "writ: not done: you have seen only pieces of {path}, and all its content would be gone. Read it as a whole, then \
             decide."
        ),
        Verdict::News(foreign) => format!(
            "writ: not done: you have not read {path}, and {} changed it at {}{}.{difference}\nRead it, then make your change \
             if your reason still holds beside that one; do not undo what was done there.",
            who(foreign),
            moment(&foreign.time),
            intent(foreign.intent.as_deref())
        ),
        Verdict::Changed(Some(foreign)) => format!(
            "writ: not done: {path} is not what you read. {} changed it at {}{}.{difference}\nRead it again, and change it \
             only if your reason still holds; do not undo what was done there.",
            who(foreign),
            moment(&foreign.time),
            intent(foreign.intent.as_deref())
        ),
        Verdict::Changed(None) => format!(
            "writ: not done: {path} is not what you read: somebody else changed it, perhaps a person, a formatter or \
             another program.{difference}\nRead it again, and change it only if your reason still holds."
        ),
        Verdict::Brought => format!(
            "writ: not done: a git command of yours put another version of {path} there.{difference}\nRead it again before \
             you change it."
        ),
        Verdict::Elsewhere(foreign) => format!(
            "writ: not done: {} changed {path} at {} in another working tree{}; the two changes will meet when they are \
             merged.{difference}\nRead {path} again, see whether your change still makes sense beside that one (`git fetch` \
             shows it once it is pushed), then try again.",
            who(foreign),
            moment(&foreign.time),
            intent(foreign.intent.as_deref())
        ),
    }
}

/// Another agent of the same session changed it.
pub(in crate::run) fn changed_by_sibling(path: &str, difference: &str) -> String {
    format!(
        "writ: not done: {} is not what you read: another agent of this session changed it.{}\nRead it again, and change it \
         only if your reason still holds.",
        clean(path),
        set_apart(difference)
    )
}

/// Another session changed what the agent has read.
pub(in crate::run) fn news(path: &str, foreign: &Foreign, is_here: bool) -> String {
    let place = if is_here { "" } else { " in another working tree" };
    let next = if is_here {
        "that is the content you read; do not undo it without asking its author"
    } else {
        "you read it before that; read it again before you rely on it or change it"
    };
    format!(
        "writ: {} changed {} at {}{place}{}; {next}.",
        who(foreign),
        clean(path),
        moment(&foreign.time),
        intent(foreign.intent.as_deref())
    )
}

/// Another session changed, in this working tree, what the agent has read.
pub(in crate::run) fn changed_here(path: &str, foreign: &Foreign) -> String {
    format!(
        "writ: {} changed {} at {}{}; you read it before that. Read it again before you rely on it or change it.",
        who(foreign),
        clean(path),
        moment(&foreign.time),
        intent(foreign.intent.as_deref())
    )
}

/// What the agent has read is frozen.
pub(in crate::run) fn frozen_elsewhere(resource: &str) -> String {
    format!(
        "writ: {} is frozen: agents undid each other's work there, or a person said so. Do not change it until a person has \
         thawed it.",
        clean(resource)
    )
}

/// Somebody outside of the session changed a file that the agent has read.
pub(in crate::run) fn touched(path: &str) -> String {
    format!(
        "writ: {} was changed by somebody outside of this session after you read it; read it again before you rely on it or \
         change it.",
        clean(path)
    )
}

/// It is the session's turn.
pub(in crate::run) fn offered(wants: &[Want], ticket: &str) -> String {
    let what: Vec<_> = wants.iter().map(|want| format!("{} ({})", want.resource, want.mode)).collect();
    format!(
        "writ: it is your turn: {} is set aside for you for a minute (ticket {}). Try again now what was refused before.",
        what.join(", "),
        clean(ticket)
    )
}

/// A lock is gone.
pub(in crate::run) fn lost(wants: &[Want], reason: Option<&str>) -> String {
    let what: Vec<_> = wants.iter().map(|want| format!("{} ({})", want.resource, want.mode)).collect();
    let reason = reason.map(|reason| format!(": {}", shortened(&clean(reason)))).unwrap_or_default();
    format!(
        "writ: this session no longer has the lock on {}{reason}. Stop changing it: what you push of it now is refused.",
        what.join(", ")
    )
}

/// A lock is held by somebody else.
pub(in crate::run) fn locked(wants: &[Want], ticket: &Ticket, waited_seconds: u64) -> String {
    let what: Vec<_> = wants.iter().map(|want| format!("{} ({})", want.resource, want.mode)).collect();
    let ahead = ticket.ahead.iter().map(|one| format!("\n- {}", before(one))).collect::<String>();
    let waited = if waited_seconds == 0 { String::new() } else { format!(" after {waited_seconds} s of waiting") };
    let others = match ticket.position {
        0 => "nobody waits before you".to_owned(),
        1 => "one other waits before you".to_owned(),
        count => format!("{count} others wait before you"),
    };
    format!(
        "writ: not done: {} is locked{waited}. You have a place in the queue: ticket {}, {others}.{ahead}\nDo \
         something else meanwhile; when it is your turn you will be told, and have a minute to try this again (`writ lock wait \
         {}` waits for it). Do not work around it: what is pushed or deployed without the lock is refused.",
        what.join(", "),
        clean(&ticket.ticket),
        clean(&ticket.ticket)
    )
}

fn before(one: &Ahead) -> String {
    let since = since(&one.since);
    let silent = if one.suspect { ", not heard of lately" } else { "" };
    let verb = if one.state == "held" { "holds" } else { "waits for" };
    format!(
        "{} {verb} {} ({}){since}{silent}{}",
        holder(&one.holder),
        clean(&one.resource),
        clean(&one.mode),
        intent(one.intent.as_deref())
    )
}

/// A line about a lock of somebody else's.
pub(in crate::run) fn held(ticket: &Ticket) -> String {
    let what: Vec<_> =
        ticket.wants.iter().map(|want| format!("{} ({})", clean(&want.resource), clean(&want.mode))).collect();
    let since = since(&ticket.since);
    format!("{}: {}{since}{}", what.join(", "), holder(&ticket.holder), intent(ticket.intent.as_deref()))
}

/// What nobody's agent may change.
pub(in crate::run) fn frozen(resource: &str, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(" ({})", shortened(&clean(reason)))).unwrap_or_default();
    format!(
        "writ: not done: {} is frozen{reason}: agents undid each other's work there, or a person said so. No agent may change it \
         until a person has thawed it; its owners have been asked. Go on with something else, and tell your user what you \
         wanted to change there and why.",
        clean(resource)
    )
}

/// The last change by another session, behind a refusal.
pub(in crate::run) fn lately(foreign: &Foreign, difference: &str) -> String {
    let (who, at, what_for) = (who(foreign), moment(&foreign.time), intent(foreign.intent.as_deref()));
    format!("\nThe last change there by another session: {who}, at {at}{what_for}.{}", set_apart(difference))
}

/// A change of this session's froze something.
pub(in crate::run) fn now_frozen(resource: &str) -> String {
    format!(
        "writ: {} is frozen now: sessions undid each other's work there, this one among them. No agent may change it until a \
         person has thawed it; its owners have been asked. Go on with something else.",
        clean(resource)
    )
}

/// What the control plane said no to.
pub(in crate::run) fn refused(sentence: &str, next: Option<&str>) -> String {
    let next = next.map(|next| format!(" {}.", clean(next))).unwrap_or_default();
    format!("writ: not done: {}.{next}", clean(sentence))
}

/// Nobody there to ask, and it matters.
pub(in crate::run) fn unanswered(wants: &[Want]) -> String {
    let what: Vec<_> = wants.iter().map(|want| want.resource.to_string()).collect();
    format!(
        "writ: not done: the control plane does not answer, and {} may be changed only by who holds its lock. Do something \
         else and try again in a minute.",
        what.join(", ")
    )
}

fn who(foreign: &Foreign) -> String {
    possessive(Some(&foreign.developer), Some(&foreign.session))
}

fn since(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(" since {}", moment(at)) }
}

fn holder(holder: &Holder) -> String {
    let who = possessive(holder.developer.as_deref(), holder.session.as_deref());
    match &holder.project {
        Some(project) => format!("{who} for {}", clean(project)),
        None => who,
    }
}

/// "ana's session ses_1", or "ana" for a person.
fn possessive(developer: Option<&str>, session: Option<&str>) -> String {
    let developer = developer.filter(|name| !name.is_empty()).map(clean);
    match (developer, session.map(clean)) {
        (Some(developer), Some(session)) => format!("{developer}'s session {session}"),
        (Some(developer), None) => developer,
        (None, Some(session)) => format!("session {session}"),
        (None, None) => "somebody".to_owned(),
    }
}

fn intent(text: Option<&str>) -> String {
    match text.map(|text| shortened(&clean(text))).filter(|text| !text.is_empty()) {
        Some(text) => format!(", saying \"{text}\""),
        None => String::new(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(INTENT_CHARS_MAX).collect()
}

/// `2026-11-26T14:02:31.123Z` as `14:02 UTC`: agents read many of them.
fn moment(time: &str) -> String {
    match time.get(11..16) {
        Some(clock) if time.ends_with('Z') => format!("{} UTC", clean(clock)),
        _ => clean(time),
    }
}

/// Lines of a difference; what looks like their end is none.
fn set_apart(difference: &str) -> String {
    if difference.trim().is_empty() {
        return String::new();
    }
    let lines = difference.chars().take(DIFF_CHARS_MAX).collect::<String>();
    let lines: Vec<_> = lines.lines().map(|line| clean(&line.replace("```", "'''"))).collect();
    format!("\n```diff\n{}\n```", lines.join("\n"))
}
