//! Settlements on their way to the log. A stream that was admitted is accounted for even while the store is away:
//! its settlement waits here, in a bounded buffer, and is proposed again until it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Command, Refusal, RequestId, call};
use tokio::sync::{Notify, mpsc};

use crate::limits::{SETTLEMENT_RETRY_EVERY, SETTLEMENTS_PER_ROUND_MAX, SETTLEMENTS_WAITING_MAX};
use crate::scribe::{Failure, Proposal, Scribe};

/// The way to have a call settled. Never blocks, never fails. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Settlements {
    queue: mpsc::Sender<Due>,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    count: AtomicUsize,
    emptied: Notify,
}

#[derive(Debug, Clone)]
struct Due {
    request: RequestId,
    settle: Box<call::Settle>,
}

impl Settlements {
    /// Starts the task that carries settlements to the log.
    pub fn start(scribe: Scribe) -> Self {
        let (queue, due) = mpsc::channel(SETTLEMENTS_WAITING_MAX);
        let waiting = Arc::new(Waiting::default());
        tokio::spawn(carry(scribe, due, Arc::clone(&waiting)));
        Self { queue, waiting }
    }

    /// Hands over what a call came to.
    pub fn put(&self, request: RequestId, settle: call::Settle) {
        self.waiting.count.fetch_add(1, Ordering::AcqRel);
        let call = settle.call;
        // Each open call settles once and open calls have the same bound, so a full buffer means a bug elsewhere;
        // the call then stays held and recovery settles it at its bound.
        if self.queue.try_send(Due { request, settle: Box::new(settle) }).is_err() {
            self.waiting.done(1);
            tracing::error!(call.id = %call, "the settlement buffer is full: this call stays held until recovery");
        }
    }

    /// How many settlements are not durable yet.
    pub fn waiting(&self) -> usize {
        self.waiting.count.load(Ordering::Acquire)
    }

    /// Waits until every settlement handed over so far is durable.
    pub async fn flushed(&self) {
        loop {
            let emptied = self.waiting.emptied.notified();
            if self.waiting() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Waiting {
    fn done(&self, count: usize) {
        if self.count.fetch_sub(count, Ordering::AcqRel) == count {
            self.emptied.notify_waiters();
        }
    }
}

async fn carry(scribe: Scribe, mut queue: mpsc::Receiver<Due>, waiting: Arc<Waiting>) {
    let mut round = Vec::with_capacity(SETTLEMENTS_PER_ROUND_MAX);
    while queue.recv_many(&mut round, SETTLEMENTS_PER_ROUND_MAX).await > 0 {
        while !round.is_empty() {
            let before = round.len();
            round = propose_all(&scribe, round).await;
            waiting.done(before - round.len());
            if !round.is_empty() {
                tokio::time::sleep(SETTLEMENT_RETRY_EVERY).await;
            }
        }
    }
}

/// Proposes a round in one go, so that it shares a commit. Returns those that must be tried again.
async fn propose_all(scribe: &Scribe, round: Vec<Due>) -> Vec<Due> {
    let mut submitted = Vec::with_capacity(round.len());
    for due in round {
        let mut proposal = Proposal::from(Command::SettleCall(due.settle.clone()));
        proposal.request = Some(due.request);
        submitted.push((due, scribe.submit(proposal)));
    }
    let mut again = Vec::new();
    for (due, answer) in submitted {
        let outcome = match answer {
            Ok(answer) => answer.await.unwrap_or(Err(Failure::Busy)),
            Err(failure) => Err(failure),
        };
        match outcome {
            // Unknown: settled already, by recovery or by a commit whose answer was lost; or never reserved.
            Ok(_) | Err(Failure::Refused(Refusal::CallUnknown)) => {}
            Err(Failure::Refused(refusal)) => {
                tracing::error!(call.id = %due.settle.call, %refusal, "a settlement was refused");
            }
            Err(Failure::Unavailable(_) | Failure::Busy) => again.push(due),
        }
    }
    again
}
