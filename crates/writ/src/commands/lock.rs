//! `writ lock`.

mod look;
mod table;
mod way;

use domain::{Resource, Span};
use serde_json::{Value, json};

pub(crate) use way::{Way, put};

use crate::api::read;
use crate::cli::{Asked, LockAcquire, LockCommand};
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::inside::LockAsk;
use crate::limits::LOCK_WAIT_STEP;
use crate::output::{clean, print, print_json_lines};
use crate::ticket::Ticket;

/// Runs a command about locks.
pub(super) async fn lock(command: LockCommand) -> Result<Exit, CommandError> {
    match command {
        LockCommand::Acquire(arguments) => acquire(arguments).await,
        LockCommand::Release { ticket, token } => release(ticket, token).await,
        LockCommand::Wait { ticket, within, json } => wait(ticket, within, json).await,
        LockCommand::List(arguments) => look::list(arguments).await,
        LockCommand::Queue { resource, json } => look::queue(&resource, json).await,
        LockCommand::Why { what } => look::why(&what).await,
        LockCommand::Break { ticket, reason, revoke } => take_away(&ticket, &reason, revoke).await,
        LockCommand::Freeze { resource, reason } => freeze(&resource, &reason).await,
        LockCommand::Thaw { resource, reason } => thaw(&resource, &reason).await,
        LockCommand::Frozen { json } => look::frozen(json).await,
        LockCommand::Rules { project, set } => rules(&project, set.as_deref()).await,
    }
}

async fn acquire(arguments: LockAcquire) -> Result<Exit, CommandError> {
    let way = Way::find()?;
    let ticket = ask(&way, &arguments.asked, arguments.any).await?;
    show(&way, ticket, arguments.json)
}

/// Asks for a lock; waits for it where that was asked.
///
/// # Errors
/// Somebody has it, and there is no waiting or not for so long.
pub(super) async fn ask(way: &Way, asked: &Asked, any: bool) -> Result<Value, CommandError> {
    let wants: Vec<_> =
        asked.wants.iter().map(|want| json!({"resource": want.0.resource, "mode": want.0.mode})).collect();
    let mut body =
        json!({"wants": wants, "wait": asked.wait.is_some(), "any": any, "priority": asked.priority.as_str()});
    if let Some(intent) = &asked.intent {
        body["intent"] = intent.as_str().into();
    }
    let answer: Value = way.ask(LockAsk::Acquire { body }).await?;
    match asked.wait {
        Some(within) => until_held(way, answer, within).await,
        None => Ok(answer),
    }
}

async fn wait(ticket: String, within: Span, json: bool) -> Result<Exit, CommandError> {
    let way = Way::find()?;
    let answer: Value = way.ask(LockAsk::Show { ticket, wait_seconds: 0 }).await?;
    let answer = until_held(&way, answer, within).await?;
    show(&way, answer, json)
}

/// Asks again until it is held, says on standard error who stands in the way, and gives up in the end: the ticket stays.
async fn until_held(way: &Way, mut answer: Value, within: Span) -> Result<Value, CommandError> {
    let mut left = within.as_secs();
    let mut told = String::new();
    loop {
        let ticket: Ticket = read(answer.clone())?;
        if !ticket.waits() {
            return Ok(answer);
        }
        let in_the_way = ticket.in_the_way();
        if in_the_way != told {
            eprintln!(
                "{} waits for {}, {} ahead:\n{}",
                ticket.ticket,
                ticket.about(),
                ticket.position,
                in_the_way.trim_end()
            );
            told = in_the_way;
        }
        if left == 0 {
            return Err(still_waits(&ticket));
        }
        let wait_seconds = left.min(LOCK_WAIT_STEP.as_secs());
        left -= wait_seconds;
        answer = way.ask(LockAsk::Show { ticket: ticket.ticket, wait_seconds }).await?;
    }
}

fn still_waits(ticket: &Ticket) -> CommandError {
    let id = clean(&ticket.ticket);
    CommandError::new(Exit::Refused, format!("it is not the turn of {id} yet; {} ahead", ticket.position))
        .hinted(format!("it keeps its place: `writ lock wait {id}`, or `writ lock release {id}` to give it up"))
}

fn show(way: &Way, answer: Value, json: bool) -> Result<Exit, CommandError> {
    if json {
        print_json_lines([&answer])?;
        return Ok(Exit::Done);
    }
    let ticket: Ticket = read(answer)?;
    let Some(token) = ticket.token else {
        let id = clean(&ticket.ticket);
        return Err(CommandError::new(Exit::Refused, format!("ticket {id} is {}", clean(&ticket.state))));
    };
    let whose = if way.is_inside() { "this session holds" } else { "you hold, until you let go," };
    eprintln!("{whose} {}", ticket.about());
    print(&format!("{} {token}\n", clean(&ticket.ticket)))?;
    Ok(Exit::Done)
}

async fn release(ticket: String, token: Option<u64>) -> Result<Exit, CommandError> {
    let name = clean(&ticket);
    let _: Value = Way::find()?.ask(LockAsk::Release { ticket, token }).await?;
    eprintln!("{name} is over");
    Ok(Exit::Done)
}

async fn take_away(ticket: &str, reason: &str, revoke: bool) -> Result<Exit, CommandError> {
    let body = json!({"reason": reason, "revoke": revoke});
    human()?.post_quietly(&format!("/v1/locks/{}/break", escape(ticket)), &body).await?;
    let session = if revoke { ", and its session is revoked" } else { "" };
    eprintln!("{} is over: its token opens no gate any more{session}", clean(ticket));
    Ok(Exit::Done)
}

async fn freeze(resource: &Resource, reason: &str) -> Result<Exit, CommandError> {
    human()?.post_quietly("/v1/freezes", &json!({"resource": resource, "reason": reason})).await?;
    eprintln!("{resource} is frozen: no agent changes it until `writ lock thaw {resource} --reason …`");
    Ok(Exit::Done)
}

async fn thaw(resource: &Resource, reason: &str) -> Result<Exit, CommandError> {
    let query = format!("resource={}&reason={}", escape(&resource.to_string()), escape(reason));
    human()?.delete(&format!("/v1/freezes?{query}")).await?;
    eprintln!("{resource} is frozen no longer");
    Ok(Exit::Done)
}

/// Shows the rules as they are kept; sets them first where a file is given.
async fn rules(project: &str, file: Option<&std::path::Path>) -> Result<Exit, CommandError> {
    let client = human()?;
    let path = format!("/v1/projects/{}/lock-rules", escape(project));
    let answer: Value = match file {
        Some(file) => {
            let rules = super::broker::bounded(file, domain::limits::LOCK_RULES_BYTES_MAX as u64)?;
            client.put(&path, &json!({"rules": rules.as_str()})).await?
        }
        None => client.get(&path).await?,
    };
    let rules = answer["rules"].as_str().unwrap_or_default();
    if rules.is_empty() {
        eprintln!("{} has no rules of its own: what writ takes for granted holds", clean(project));
    }
    print(rules)?;
    Ok(Exit::Done)
}

/// Only humans do these, so the sign-in is asked even inside a session.
fn human() -> Result<Client, CommandError> {
    Home::find()?.client(None)
}
