//! What a refusal says to whoever pushes: what stands in the way, whose it is, and what to do next.

use domain::freeze::Freeze;
use domain::lock::{Holder, Ticket};
use domain::push::{Push, Why, own_refs};
use domain::{Resource, State, TicketId};
use store::WriteRow;

use crate::plane::ControlPlane;
use crate::text;

/// Two sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What stands in the way.
    pub detail: String,
    /// What to do next; a line each.
    pub next: String,
}

/// The words for a refusal. `lately` is the last change by others of what is frozen, if that is known.
pub fn words(plane: &ControlPlane, push: &Push, why: &Why, lately: Option<&WriteRow>) -> Words {
    let (session, repository) = (push.session, &push.repository);
    let (detail, next) = match why {
        Why::SessionForeign { claimed } => (
            format!("the push says it is of session {claimed}, and its credential is session {session}'s"),
            "push from inside the session that did the work".to_owned(),
        ),
        Why::RefForeign { name } => (
            format!("`{name}` is not a ref of session {session}, and the session does not hold it"),
            format!("push to a branch of its own: git push origin HEAD:{}NAME", own_refs(session)),
        ),
        Why::RefProtected { name } => {
            let resource = Resource::repository_ref(repository, name);
            let resource = resource.map(|resource| word(&resource)).unwrap_or_default();
            (
                format!("`{name}` moves only through its queue, and session {session} does not hold it"),
                format!(
                    "push to a branch of its own: git push origin HEAD:{}NAME\n\
                     or queue for it: writ lock acquire {resource} --wait",
                    own_refs(session)
                ),
            )
        }
        Why::RefRewritten { name } => (
            format!("`{name}` is protected: it goes forward, and is neither rewritten nor deleted"),
            "merge or rebase onto what is there, or leave it to a human".to_owned(),
        ),
        Why::Frozen { resource } => (
            format!(
                "`{}` is frozen until a human has looked at it: {}{}",
                short(resource),
                cause(plane, resource),
                lately.map(|row| changed(plane, row)).unwrap_or_default()
            ),
            format!(
                "leave it out of this push, or ask the owners of the project to look at it and run: \
                 writ lock thaw {} --reason WHAT-THEY-FOUND",
                word(resource)
            ),
        ),
        Why::PathLocked { resource, ticket, holder, held, mode } => (
            format!(
                "`{}` is locked by {}{}{} (mode {mode} on `{}`, ticket {ticket})",
                short(resource),
                who(plane, *holder),
                since(plane, *ticket),
                intent(plane, *ticket),
                short(held)
            ),
            format!(
                "leave it out of this push, or wait, look at what changed, and push again: \
                 writ lock acquire {} --wait",
                word(held)
            ),
        ),
        Why::LockMissing { resource } => (
            format!("`{}` is changed only by who holds its lock, and session {session} does not", short(resource)),
            format!(
                "take it, look at what changed there meanwhile, and push again: writ lock acquire {} --wait",
                word(resource)
            ),
        ),
        Why::TokenMissing { resource, token } => (
            format!("session {session} holds `{}`, and the push does not name the token of that", short(resource)),
            format!("git push -o writ.token={token}"),
        ),
        Why::TokenStale { token } => (
            format!(
                "token {token} is of no lock that session {session} holds now: it was released, broken, or passed on \
                 while the session was away"
            ),
            "writ lock list says what it holds; take the lock again, look at what changed meanwhile, and push again"
                .to_owned(),
        ),
        Why::Unattributed { commit } => (
            format!("commit {commit} does not name session {session} in a trailer"),
            "inside `writ run` git adds it: git rebase --exec 'git commit --amend --no-edit' BASE".to_owned(),
        ),
        Why::Unsigned { commit, because } => (
            format!(
                "commit {commit} is not signed with a certificate of session {session}: {}",
                text::one_line(because)
            ),
            "inside `writ run` git signs: git rebase --exec 'git commit --amend --no-edit' BASE".to_owned(),
        ),
    };
    Words { detail, next }
}

/// A resource as one word of a shell: whoever reads the sentence copies it.
fn word(resource: &Resource) -> String {
    let text = resource.to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%,".contains(&byte);
    if text.bytes().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// A path of a repository as people know it; anything else in full.
fn short(resource: &Resource) -> String {
    resource.repository_path().map_or_else(|| resource.to_string(), |(_, path)| path)
}

fn who(plane: &ControlPlane, holder: Holder) -> String {
    match holder {
        Holder::Developer(developer) => format!("{} for maintenance", plane.people.login(developer)),
        Holder::Session(session) => {
            let developer = plane.view.read(|state: &State| state.sessions.get(&session).map(|live| live.developer));
            match developer {
                Some(developer) => format!("session {session} of {}", plane.people.login(developer)),
                None => format!("session {session}"),
            }
        }
    }
}

fn since(plane: &ControlPlane, ticket: TicketId) -> String {
    let since = plane.view.read(|state| state.locks.tickets.get(&ticket).map(Ticket::since));
    since.map(|since| format!(" since {}", text::short_utc(since))).unwrap_or_default()
}

/// Who changed it last, when and what for.
fn changed(plane: &ControlPlane, row: &WriteRow) -> String {
    let what_for = row.intent.as_ref().map(|intent| format!(" for: {}", text::one_line(intent))).unwrap_or_default();
    let who = who(plane, Holder::Session(row.session));
    format!("; {who} changed it at {}{what_for}", text::short_utc(row.at))
}

fn intent(plane: &ControlPlane, ticket: TicketId) -> String {
    let intent = plane.view.read(|state| {
        let found: Option<&Ticket> = state.locks.tickets.get(&ticket);
        found.and_then(|found| found.intent.clone())
    });
    intent.map(|intent| format!(" for: {}", text::one_line(&intent))).unwrap_or_default()
}

fn cause(plane: &ControlPlane, resource: &Resource) -> String {
    let freeze = plane.view.read(|state| state.freezes.get(resource).cloned());
    let said =
        |freeze: Freeze| format!("{}, at {}", text::one_line(freeze.cause.words()), text::short_utc(freeze.since));
    freeze.map_or_else(|| "it was at that moment".to_owned(), said)
}
