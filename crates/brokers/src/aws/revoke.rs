//! Ending credentials before they expire: AWS has no call for it, so the role denies them everything.
//!
//! Each deny is an inline policy of its own on the role, never rewritten (see [`super::deny`]): IAM has no conditional
//! write, so a policy that two writers read, extend and write back would lose what one of them added, and a credential
//! would live. Writing a policy of one's own needs no reading. The price is room: a role's inline policies share 10,240
//! characters, about 60 policies of one credential each. So credentials that become due together go into one policy, and
//! once a dozen have a policy of their own, these are put together: a policy that denies all of theirs is written first,
//! and read back, and only then are they taken away. Whoever else does the same at the same time at worst says a thing
//! twice. That makes room for about 180. What has expired is taken away by whoever ends a credential of the role next.
//!
//! Ceph stores a role with all its policies as one object and writes it whole: of two writes in the same few milliseconds
//! it loses one (measured: 30 of 80). So within a process a role has one writer at a time; every deny is read back before
//! a credential counts as dead; and where IAM is not AWS's own it is read back only a moment later, when a write that began
//! before it has landed, and written again if it is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Span, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::deny::{Denied, DenyName};
use super::iam::{Iam, Put};
use super::limits::{
    BATCH_MAX, CLOCK_SKEW_MAX, DENIES_BEFORE_MERGE, LANDED_AFTER, MERGED_BELOW, MERGED_CHARS_MAX, PRUNED_MAX,
    ROLES_MAX, TIDY_AFTER, WAITING_MAX, WRITES_MAX,
};
use super::name::userid_pattern;
use super::target::{RevokeBy, Target};
use crate::broker::{BrokerError, Order};

/// What ends a credential, whatever the settings say by then.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsHandle {
    role: String,
    by: RevokeBy,
    session: String,
    userid: String,
    /// Until when it lives, in Unix seconds.
    until: i64,
}

/// Ends credentials, role by role.
#[derive(Debug, Default)]
pub(super) struct Revoker {
    roles: Mutex<BTreeMap<String, Arc<Queue>>>,
}

/// Credentials that wait to be ended, and whose turn it is.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<Tidied>,
}

/// When the role was last tidied; none: not by this process.
#[derive(Debug, Default)]
struct Tidied(Option<Time>);

#[derive(Debug)]
struct Waiting {
    handle: AwsHandle,
    tell: oneshot::Sender<Result<(), BrokerError>>,
}

// === impl AwsHandle ===

impl AwsHandle {
    /// For a credential of this order that lives until then.
    pub(super) fn new(by: RevokeBy, target: &Target, order: &Order, expires_at: Time) -> Self {
        Self {
            role: target.role.name.clone(),
            by,
            session: order.session.to_string(),
            userid: userid_pattern(order),
            until: expires_at.unix_seconds(),
        }
    }

    fn denied(&self) -> Denied {
        let mut denied = Denied::default();
        match self.by {
            RevokeBy::Userid => denied.userids.insert(self.userid.clone()),
            RevokeBy::PrincipalTag => denied.sessions.insert(self.session.clone()),
        };
        denied
    }

    /// From when on its deny is needed no more: it has expired by any clock.
    fn needed_until(&self) -> Time {
        Time::from_unix_millis(self.until.saturating_mul(1000)) + CLOCK_SKEW_MAX + Span::from_secs(1)
    }
}

// === impl Revoker ===

impl Revoker {
    /// Ends a credential, together with others of its role that wait. May be dropped at any time, and asked again.
    pub(super) async fn revoke(&self, iam: &Iam<'_>, handle: &AwsHandle) -> Result<(), BrokerError> {
        let queue = self.queue(&handle.role);
        let mut told = queue.push(handle)?;
        let mut tidied = queue.turn.lock().await;
        // Each round ends at least one that waited, and there are at most so many.
        for _ in 0..=WAITING_MAX {
            match told.try_recv() {
                Ok(result) => return result,
                // Whoever had it in hand was dropped.
                Err(TryRecvError::Closed) => told = queue.push(handle)?,
                Err(TryRecvError::Empty) => {}
            }
            let batch = queue.take();
            let result = deny(iam, &handle.role, &batch, &mut tidied).await;
            batch.into_iter().for_each(|waiting| drop(waiting.tell.send(result.clone())));
        }
        Err(BrokerError::away("too many credentials of this role wait to be ended: it is tried again later"))
    }

    fn queue(&self, role: &str) -> Arc<Queue> {
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if !roles.contains_key(role) && roles.len() >= ROLES_MAX {
            return Arc::default();
        }
        Arc::clone(roles.entry(role.to_owned()).or_default())
    }
}

// === impl Queue ===

impl Queue {
    fn push(&self, handle: &AwsHandle) -> Result<oneshot::Receiver<Result<(), BrokerError>>, BrokerError> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asked for these does not wait any more.
        waiting.retain(|waiting| !waiting.tell.is_closed());
        if waiting.len() >= WAITING_MAX {
            return Err(BrokerError::away(format!(
                "more than {WAITING_MAX} credentials of the role `{}` wait to be ended: it is tried again later",
                handle.role
            )));
        }
        waiting.push(Waiting { handle: handle.clone(), tell });
        Ok(told)
    }

    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(BATCH_MAX);
        waiting.drain(..count).collect()
    }
}

/// Denies all of these, and sees that it is so.
async fn deny(iam: &Iam<'_>, role: &str, batch: &[Waiting], tidied: &mut Tidied) -> Result<(), BrokerError> {
    let denied = batch.iter().fold(Denied::default(), |all, waiting| all.and(&waiting.handle.denied()));
    let Some(until) = batch.iter().map(|waiting| waiting.handle.needed_until()).max() else { return Ok(()) };
    let name = denied.name(until);
    let mut put = write(iam, role, &name, &denied).await?;
    if put == Put::Full {
        tidy(iam, role, tidied).await?;
        put = write(iam, role, &name, &denied).await?;
    }
    match put {
        Put::Done => tidy_if_due(iam, role, tidied).await,
        Put::Full => Err(BrokerError::away(format!(
            "the role `{role}` has no room for another deny: its inline policies have 10,240 characters together; make \
             them shorter, or use more roles or shorter lives. It is tried again later"
        ))),
    }
}

/// Writes a deny and reads it back.
async fn write(iam: &Iam<'_>, role: &str, name: &DenyName, denied: &Denied) -> Result<Put, BrokerError> {
    let (name, document) = (name.to_string(), denied.document());
    let wanted: Option<Value> = serde_json::from_str(&document).ok();
    for _ in 0..WRITES_MAX {
        if iam.put(role, &name, &document).await? == Put::Full {
            return Ok(Put::Full);
        }
        if iam.rewrites_roles {
            tokio::time::sleep(LANDED_AFTER).await;
        }
        let is = iam.get(role, &name).await?;
        if is.is_some() && is == wanted {
            return Ok(Put::Done);
        }
        if !iam.rewrites_roles {
            break;
        }
    }
    Err(BrokerError::away(format!(
        "the deny that was put on the role `{role}` is not there yet: it is tried again later"
    )))
}

async fn tidy_if_due(iam: &Iam<'_>, role: &str, tidied: &mut Tidied) -> Result<(), BrokerError> {
    if tidied.0.is_some_and(|last| iam.now.since(last) < TIDY_AFTER) {
        return Ok(());
    }
    tidy(iam, role, tidied).await
}

/// Takes away what has expired, and puts together what is left if that is much.
async fn tidy(iam: &Iam<'_>, role: &str, tidied: &mut Tidied) -> Result<(), BrokerError> {
    let mut names: Vec<DenyName> = iam.list(role).await?.iter().filter_map(|name| DenyName::read(name)).collect();
    names.sort();
    let now = iam.now.unix_seconds();
    let (gone, live): (Vec<DenyName>, Vec<DenyName>) = names.into_iter().partition(|name| name.until <= now);
    for name in gone.iter().take(PRUNED_MAX) {
        iam.delete(role, &name.to_string()).await?;
    }
    if tidied.0.is_none() && gone.is_empty() {
        // So that a missing permission is found when the broker is configured, not when the role is full.
        iam.delete(role, &Denied::default().name(Time::default()).to_string()).await?;
    }
    // One that was put together before would never expire if it were put together again and again.
    let small: Vec<DenyName> = live.into_iter().filter(|name| name.count < MERGED_BELOW).collect();
    if small.len() > DENIES_BEFORE_MERGE {
        merge(iam, role, &small).await?;
    }
    tidied.0 = Some(iam.now);
    Ok(())
}

/// Puts denies together, those first that go first.
async fn merge(iam: &Iam<'_>, role: &str, small: &[DenyName]) -> Result<(), BrokerError> {
    let (mut all, mut merged): (Denied, Vec<&DenyName>) = (Denied::default(), Vec::new());
    for name in small {
        let Some(denied) = iam.get(role, &name.to_string()).await?.as_ref().and_then(Denied::read) else { continue };
        let more = all.clone().and(&denied);
        if more.document().chars().count() <= MERGED_CHARS_MAX {
            (all, merged) = (more, [merged, vec![name]].concat());
        }
    }
    let (Some(last), true) = (merged.iter().map(|name| name.until).max(), merged.len() > 1) else { return Ok(()) };
    let name = all.name(Time::from_unix_millis(last.saturating_mul(1000)));
    if write(iam, role, &name, &all).await? != Put::Done {
        return Ok(());
    }
    for old in merged.into_iter().filter(|old| **old != name) {
        iam.delete(role, &old.to_string()).await?;
    }
    Ok(())
}
