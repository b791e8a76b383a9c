//! What a workspace leases on its machine: a block of ports, the name of a database, the name of a compose project.
//!
//! They are locks like any other (`port:MACHINE/30020-30039`, `db:MACHINE/name`, `compose:MACHINE/name`), in mode X, held
//! by the session and gone with it. None of them decides whether the agent runs.

use serde::Serialize;

use super::ports;
use crate::client::{Client, ClientError};
use crate::limits::WORKSPACE_PORTS;
use crate::output::clean;
use crate::ticket::{Ticket, Wanted};
use crate::workspace::{Owner, names};

/// What was leased.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::run) struct Leases {
    /// First port of the block; none when it is not leased.
    port_base: Option<u16>,
    /// The database's name.
    database: Option<String>,
    /// The compose project's name.
    compose: Option<String>,
    /// The tickets that hold them, with their tokens.
    tickets: Vec<(String, u64)>,
    /// What did not work.
    pub(super) notes: Vec<String>,
}

/// Who gives leases: `POST /v1/locks`.
pub(in crate::run) trait Lessor {
    /// Asks for all wants, or for the first that is free.
    fn lease(&self, ask: &Ask) -> impl Future<Output = Result<Ticket, ClientError>> + Send;
}

/// `POST /v1/locks`, without a wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::run) struct Ask {
    wants: Vec<Wanted>,
    wait: bool,
    any: bool,
    intent: &'static str,
}

impl Lessor for Client {
    async fn lease(&self, ask: &Ask) -> Result<Ticket, ClientError> {
        self.post("/v1/locks", ask).await
    }
}

// === impl Leases ===

impl Leases {
    /// Leases for a session, or a part of one, on a machine. `is_free` tells whether nobody listens at a port; the blocks of sessions `around`
    /// this one would be granted to it, and are theirs.
    pub(super) async fn take(
        lessor: &impl Lessor,
        machine: &str,
        (repository, owner): (&str, &Owner),
        (around, is_free): (&[u16], impl Fn(u16) -> bool),
    ) -> Self {
        let mut leases = Self::default();
        let mut blocks = ports::free_blocks(owner, is_free);
        blocks.retain(|first| !around.contains(first));
        match block(lessor, machine, &blocks).await {
            Ok((first, ticket)) => {
                leases.port_base = Some(first);
                leases.note(&ticket);
            }
            Err(why) => leases.notes.push(format!("no ports are leased: {why}")),
        }
        // The names hold 40 random bits of the session's id: they are not somebody else's, leased or not.
        let (database, compose) = (names::database(repository, owner), names::compose_project(repository, owner));
        let wants = vec![want("db", machine, &database), want("compose", machine, &compose)];
        let ask = Ask { wants, wait: false, any: false, intent: "names of a workspace" };
        match lessor.lease(&ask).await {
            Ok(ticket) => leases.note(&ticket),
            Err(error) if is_without_locks(&error) => {}
            Err(error) => {
                leases.notes.push(format!("the names {database} and {compose} are not leased: {}", said(error)));
            }
        }
        (leases.database, leases.compose) = (Some(database), Some(compose));
        leases
    }

    /// None, and why.
    pub(super) fn none(why: String) -> Self {
        Self { notes: vec![why], ..Self::default() }
    }

    /// The variables that tell a command about them.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let ports = self
            .port_base
            .map(|first| [("WRIT_PORT_BASE", first.to_string()), ("WRIT_PORT_COUNT", WORKSPACE_PORTS.to_string())]);
        let database = self.database.clone().map(|name| ("WRIT_DATABASE", name));
        let compose = self.compose.clone().map(|name| ("COMPOSE_PROJECT_NAME", name));
        ports.into_iter().flatten().chain(database).chain(compose).collect()
    }

    fn note(&mut self, ticket: &Ticket) {
        self.tickets.extend(ticket.token.map(|token| (ticket.ticket.clone(), token)));
    }

    /// What holds them: tickets with their tokens.
    pub(in crate::run) fn tickets(&self) -> &[(String, u64)] {
        &self.tickets
    }

    /// The first port of the block.
    pub(in crate::run) fn port_base(&self) -> Option<u16> {
        self.port_base
    }

    /// For people: `ports 30020-30039`.
    pub(super) fn ports(&self) -> Option<String> {
        self.port_base.map(|first| format!("ports {}", ports::range(first)))
    }
}

fn want(kind: &str, machine: &str, name: &str) -> Wanted {
    Wanted { resource: format!("{kind}:{machine}/{name}"), mode: "X".to_owned() }
}

/// The first block that is free, some at a time.
async fn block(lessor: &impl Lessor, machine: &str, firsts: &[u16]) -> Result<(u16, Ticket), String> {
    for some in firsts.chunks(domain::limits::LOCK_WANTS_MAX) {
        let wants = some.iter().map(|first| want("port", machine, &ports::range(*first))).collect();
        let ask = Ask { wants, wait: false, any: true, intent: "ports of a workspace" };
        match lessor.lease(&ask).await {
            Ok(ticket) => {
                let first =
                    granted(&ticket).ok_or_else(|| "the control plane's answer is not understood".to_owned())?;
                return Ok((first, ticket));
            }
            Err(error) if is_held(&error) => {}
            Err(error) if is_without_locks(&error) => return Err("this control plane has no locks".to_owned()),
            Err(error) => return Err(said(error)),
        }
    }
    Err("all blocks of this machine are taken".to_owned())
}

fn granted(ticket: &Ticket) -> Option<u16> {
    let is_held = ticket.state == "held";
    ticket.tokens.first().filter(|_| is_held).and_then(|want| ports::first_of(want.resource.rsplit_once('/')?.1))
}

fn is_held(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(problem) if problem.code == "lock_held")
}

/// One that is older than locks.
fn is_without_locks(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(problem) if problem.status == 404 || problem.status == 405)
}

fn said(error: ClientError) -> String {
    match error {
        ClientError::Refused(problem) => problem.sentence(),
        other => clean(&other.to_string()),
    }
}

#[cfg(test)]
mod tests;
