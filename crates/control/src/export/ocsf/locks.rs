//! Locks and writes, as API activity of the session that holds or writes; as entities that are managed, where a human does.

use domain::TicketId;
use domain::freeze::{Frozen, Thawed};
use domain::lock::{Granted, Holder, How, Offered, Over, Queued, Resting, Wants};
use domain::write::Written;
use serde_json::{Value, json};

use super::shape::{Class, Severity, Shape};
use super::{activity, actor};
use crate::export::Line;

pub(super) fn queued(line: &Line, event: &Queued) -> Shape {
    let message = format!("{} waits for {}", event.holder, first(&event.wants));
    let data = json!({"wants": event.wants, "priority": event.priority, "intent": event.intent});
    about(line, event.holder, (1, "Create"), "lock.queue", message, event.ticket, data)
}

pub(super) fn offered(line: &Line, event: &Offered) -> Shape {
    let message = format!("it is the turn of {}: ticket {}", event.holder, event.ticket);
    let data = json!({"until": event.until.unix_millis()});
    about(line, event.holder, (3, "Update"), "lock.offer", message, event.ticket, data)
}

pub(super) fn granted(line: &Line, event: &Granted) -> Shape {
    let message = format!("{} holds {}", event.holder, first(&event.wants));
    let data = json!({"wants": event.wants, "token": line.position, "intent": event.intent});
    about(line, event.holder, (1, "Create"), "lock.grant", message, event.ticket, data)
}

pub(super) fn resting(line: &Line, event: &Resting) -> Shape {
    let message = format!("{} let go while a change is on its way: ticket {}", event.holder, event.ticket);
    let data = json!({"until": event.until.unix_millis()});
    about(line, event.holder, (3, "Update"), "lock.rest", message, event.ticket, data)
}

/// A lock that a human breaks is worth a look.
pub(super) fn over(line: &Line, event: &Over) -> Shape {
    let message = format!("ticket {} of {} is over", event.ticket, event.holder);
    let shape = about(line, event.holder, (4, "Delete"), "lock.release", message, event.ticket, json!(event.how));
    match &event.how {
        How::Broken { reason } => shape.severity(Severity::Medium).with("status_detail", reason.as_str()),
        How::Released | How::Passed | How::Unclaimed | How::Rested => shape,
    }
}

pub(super) fn written(line: &Line, event: &Written) -> Shape {
    let message = format!("session {} changed {}", event.session, event.change.resource);
    let data = json!({"before": event.change.before, "after": event.change.after, "intent": event.intent});
    let resource = json!({"type": "resource", "uid": event.change.resource.to_string(), "data": data});
    activity(line, event.session, (3, "Update"), "resource.write", message, resource).succeeded()
}

pub(super) fn frozen(line: &Line, event: &Frozen) -> Shape {
    let message = format!("{} is frozen", event.resource);
    entity(line, (99, "Freeze"), message, "resource", event.resource.to_string(), json!(event.cause))
        .with("status_detail", event.cause.words())
}

pub(super) fn thawed(line: &Line, event: &Thawed) -> Shape {
    let message = format!("{} is frozen no longer", event.resource);
    entity(line, (99, "Thaw"), message, "resource", event.resource.to_string(), json!({}))
        .with("status_detail", event.reason.as_str())
}

fn about(
    line: &Line,
    holder: Holder,
    done: (u64, &'static str),
    operation: &str,
    message: String,
    ticket: TicketId,
    data: Value,
) -> Shape {
    let uid = ticket.to_string();
    match holder {
        Holder::Session(session) => {
            let resource = json!({"type": "lock", "uid": uid, "data": data});
            activity(line, session, done, operation, message, resource).succeeded()
        }
        Holder::Developer(_) => entity(line, done, message, "lock", uid, data),
    }
}

fn entity(line: &Line, done: (u64, &'static str), message: String, kind: &str, uid: String, data: Value) -> Shape {
    let entity = json!({"type_id": 99, "type": kind, "uid": uid.clone(), "name": uid, "data": data});
    Shape::new(Class::EntityManagement, done, message)
        .succeeded()
        .severity(Severity::Medium)
        .with("actor", actor(line))
        .with("entity", entity)
}

/// What a ticket is about, for a sentence.
fn first(wants: &Wants) -> String {
    let mut all = wants.iter();
    let first = all.next().map(|want| format!("{} in mode {}", want.resource, want.mode)).unwrap_or_default();
    match all.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
