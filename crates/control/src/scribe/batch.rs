//! One transaction of the scribe: lock, catch up, decide, insert, commit, then tell. Where the log is this process's alone, there
//! is nothing to catch up with, and telling is left to the [`Tail`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{DeveloperId, Digest, NodeId, Refusal, Time, decide};
use ledger::Entry;
use store::{Append, Appending, Attachment, NewEntry, Store, StoreError, StoredEntry};
use tokio::sync::{mpsc, oneshot};

use super::tail::{self, Tail};
use super::{Failure, Health, Proposal, Receipt, Waiting};
use crate::limits::{
    APPEND_MAX, BATCH_COMMANDS_MAX, BATCH_GATHER_MAX, BATCH_GATHER_PARTS, BATCH_GATHER_YIELDS_MAX, CATCH_UP_ENTRIES_MAX,
};
use crate::seam::{self, Clock};
use crate::view::{Folded, View};

/// Where a command's answer goes.
pub(super) type Reply = oneshot::Sender<Result<Receipt, Failure>>;

/// Everything one transaction needs. `draft` runs ahead of the committed view by what is in the tail, and inside a transaction.
pub(super) struct Writer {
    store: Store,
    view: Arc<View>,
    clock: Arc<Clock>,
    node: NodeId,
    health: Arc<Health>,
    draft: Folded,
    tail: Tail,
    /// Whether the log is known to end where the draft does, if nobody else writes it.
    is_in_step: bool,
}

/// What the commands of one transaction come to.
#[derive(Default)]
struct Draft {
    answers: Vec<Result<Receipt, Failure>>,
    entries: Vec<NewEntry>,
    attachments: Vec<Attachment>,
    /// Who has the sign-in names that the proposals ask for. Names are no part of state: they are to be forgotten.
    holders: BTreeMap<Digest, DeveloperId>,
}

/// The transaction before.
#[derive(Default)]
struct Last {
    commands: usize,
    took: Duration,
}

/// Works until the queue is closed and empty.
pub(super) async fn run(mut writer: Writer, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH_COMMANDS_MAX);
    let mut last = Last::default();
    while queue.recv_many(&mut batch, BATCH_COMMANDS_MAX).await > 0 {
        if writer.store.is_ours_alone() {
            writer.store.disk_is_free().await;
            take(&mut queue, &mut batch);
        } else {
            gather(&mut queue, &mut batch, &last).await;
        }
        let (proposals, replies): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting| (waiting.proposal, waiting.reply)).unzip();
        let (commands, began) = (proposals.len(), seam::uptime());
        writer.write(proposals, replies).await;
        last = Last { commands, took: seam::uptime().saturating_sub(began) };
    }
}

/// Adds those who came meanwhile.
fn take(queue: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>) {
    while batch.len() < BATCH_COMMANDS_MAX
        && let Ok(waiting) = queue.try_recv()
    {
        batch.push(waiting);
    }
}

/// Lets those who were answered together come back together: whoever is first would else begin a transaction alone, and the
/// others would wait for two commits instead of one. Gives up as soon as nobody comes for a moment; where commits are slow, after
/// a part of one.
async fn gather(queue: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>, last: &Last) {
    let wanted = last.commands.min(BATCH_COMMANDS_MAX);
    let mut idle = 0;
    while batch.len() < wanted && idle < BATCH_GATHER_YIELDS_MAX {
        tokio::task::yield_now().await;
        match queue.try_recv() {
            Ok(waiting) => {
                batch.push(waiting);
                idle = 0;
            }
            Err(_) => idle += 1,
        }
    }
    let moment = last.took / BATCH_GATHER_PARTS;
    // The runtime's timers count milliseconds.
    if moment < Duration::from_millis(1) {
        return;
    }
    let come_back = async {
        while batch.len() < wanted
            && let Some(waiting) = queue.recv().await
        {
            batch.push(waiting);
        }
    };
    // Whoever does not come back waits for the commit after this one.
    let _ = tokio::time::timeout(moment.min(BATCH_GATHER_MAX), come_back).await;
}

impl Writer {
    pub(super) fn new(store: Store, view: Arc<View>, clock: Arc<Clock>, node: NodeId, health: Arc<Health>) -> Self {
        let draft = view.copy();
        let tail = Tail::start(Arc::clone(&view), Arc::clone(&clock), Arc::clone(&health));
        Self { store, view, clock, node, health, draft, tail, is_in_step: false }
    }

    /// Carries out some commands and sees to it that each is answered.
    async fn write(&mut self, proposals: Vec<Option<Proposal>>, replies: Vec<Reply>) {
        if self.may_go_ahead(&proposals) {
            return self.write_ahead(proposals, replies).await;
        }
        if self.store.is_ours_alone() {
            self.settle().await;
        }
        tell(replies, self.write_and_wait(proposals).await);
    }

    /// Whether the next transaction need not wait for the one before. Who has a sign-in name is asked in the transaction.
    fn may_go_ahead(&self, proposals: &[Option<Proposal>]) -> bool {
        let names = |proposal: &Proposal| proposal.attachments.iter().any(|one| matches!(one, Attachment::Person(_)));
        let is_known = self.is_in_step && !self.tail.has_failed() && self.store.is_ours_alone();
        is_known && !proposals.iter().flatten().any(names)
    }

    /// Waits until everything that was decided is told. What failed was not: then the draft is taken anew from what was committed;
    /// if a commit reached the disk after all, the next transaction's catching up finds it.
    async fn settle(&mut self) {
        if !self.tail.drain().await {
            self.start_over();
        }
    }

    fn start_over(&mut self) {
        self.draft = self.view.copy();
        self.is_in_step = false;
    }

    /// Leaves it to the tail to wait for the disk and to answer.
    async fn write_ahead(&mut self, proposals: Vec<Option<Proposal>>, replies: Vec<Reply>) {
        let count = proposals.len();
        let transaction = tokio::time::timeout(APPEND_MAX, self.append(proposals)).await;
        match transaction.unwrap_or_else(|_| Err(silent())) {
            Ok((drafted, appending)) => {
                let Draft { entries, answers, .. } = drafted;
                self.tail.push(tail::Batch { appending, entries, answers, replies }).await;
            }
            Err(failure) => {
                self.health.failed(self.clock.now(), &failure, count);
                self.tail.drain().await;
                self.start_over();
                tell(replies, vec![Err(failure); count]);
            }
        }
    }

    /// Decides, and gives to the store what comes of it. Nobody is to be caught up with.
    async fn append(&mut self, proposals: Vec<Option<Proposal>>) -> Result<(Draft, Option<Appending>), Failure> {
        let store = self.store.clone();
        let mut append = store.begin_append().await.map_err(unavailable)?;
        append.go_on_at(self.draft.next).map_err(unavailable)?;
        let drafted = self.decide_all(proposals, BTreeMap::new())?;
        if drafted.entries.is_empty() {
            return Ok((drafted, None));
        }
        append.insert(&drafted.entries, &drafted.attachments).await.map_err(unavailable)?;
        let appending = append.commit_ahead().await.map_err(unavailable)?;
        Ok((drafted, Some(appending)))
    }

    /// One answer per proposal, in order. On failure the draft is thrown away and taken anew from what was committed;
    /// if the commit reached the disk after all, the next transaction's catching up finds it.
    async fn write_and_wait(&mut self, proposals: Vec<Option<Proposal>>) -> Vec<Result<Receipt, Failure>> {
        let count = proposals.len();
        let transaction = tokio::time::timeout(APPEND_MAX, self.transact(proposals)).await;
        let outcome = transaction.unwrap_or_else(|_| Err(silent()));
        outcome.unwrap_or_else(|failure| {
            self.health.failed(self.clock.now(), &failure, count);
            self.start_over();
            vec![Err(failure); count]
        })
    }

    async fn transact(&mut self, proposals: Vec<Option<Proposal>>) -> Result<Vec<Result<Receipt, Failure>>, Failure> {
        if proposals.iter().all(Option::is_none) {
            return self.follow(proposals.len()).await;
        }
        let store = self.store.clone();
        let mut append = store.begin_append().await.map_err(unavailable)?;
        self.catch_up(&mut append).await?;
        self.is_in_step = true;
        let holders = holders(&mut append, &proposals).await?;
        let drafted = self.decide_all(proposals, holders)?;
        if drafted.entries.is_empty() {
            return Ok(drafted.answers);
        }
        append.insert(&drafted.entries, &drafted.attachments).await.map_err(unavailable)?;
        append.commit().await.map_err(unavailable)?;
        self.health.committed(drafted.entries.len());
        self.view.commit(drafted.entries.iter().map(|new| (&new.entry, new.leaf)));
        Ok(drafted.answers)
    }

    /// Reads what other nodes committed without taking the write lock: nobody here wants to write.
    async fn follow(&mut self, answers: usize) -> Result<Vec<Result<Receipt, Failure>>, Failure> {
        loop {
            let after = self.draft.next.checked_sub(1);
            let stored = self.store.entries(after, CATCH_UP_ENTRIES_MAX).await.map_err(unavailable)?;
            if self.fold(stored)? < CATCH_UP_ENTRIES_MAX {
                break;
            }
        }
        let receipt = Receipt { events: Vec::new(), at: self.draft.state.last_time, position: self.draft.next };
        Ok(vec![Ok(receipt); answers])
    }

    /// Reads what other nodes committed since the last transaction, under the write lock: nothing can come after it.
    async fn catch_up(&mut self, append: &mut Append<'_>) -> Result<(), Failure> {
        loop {
            let stored =
                append.entries(self.draft.next.checked_sub(1), CATCH_UP_ENTRIES_MAX).await.map_err(unavailable)?;
            if self.fold(stored)? < CATCH_UP_ENTRIES_MAX {
                return Ok(());
            }
        }
    }

    /// Folds committed entries into the draft and the view: they are durable already. Returns how many there were.
    fn fold(&mut self, stored: Vec<StoredEntry>) -> Result<usize, Failure> {
        let found = stored.len();
        let entries = read_all(stored, self.draft.next).map_err(Failure::Unavailable)?;
        for (entry, leaf) in &entries {
            self.draft.fold(entry, *leaf);
        }
        self.view.commit(entries.iter().map(|(entry, leaf)| (entry, *leaf)));
        Ok(found)
    }

    /// # Errors
    /// An event that does not fit into an entry, which would be a bug: nothing of the transaction is written then.
    fn decide_all(
        &mut self,
        proposals: Vec<Option<Proposal>>,
        holders: BTreeMap<Digest, DeveloperId>,
    ) -> Result<Draft, Failure> {
        // Time never runs backwards inside the log, whatever the machine's clock does.
        let now = self.clock.now().max(self.draft.state.last_time);
        let mut drafted = Draft { holders, ..Draft::default() };
        for proposal in proposals {
            let answer = match proposal {
                None => Ok(Receipt { events: Vec::new(), at: now, position: self.draft.next }),
                Some(proposal) => match self.decide_one(proposal, now, &mut drafted) {
                    Err(Failure::Refused(refusal)) => Err(Failure::Refused(refusal)),
                    decided => Ok(decided?),
                },
            };
            drafted.answers.push(answer);
        }
        Ok(drafted)
    }

    fn decide_one(&mut self, proposal: Proposal, at: Time, drafted: &mut Draft) -> Result<Receipt, Failure> {
        let position = self.draft.next;
        let events = decide(&self.draft.state, proposal.by, &proposal.command, at)?;
        if !events.is_empty() {
            drafted.attach(proposal.attachments)?;
        }
        for event in &events {
            let (actor, node, request) = (proposal.by, self.node, proposal.request);
            let chain = self.draft.chains.place(event);
            let entry = Entry { time: at, actor, node, request, chain, event: event.clone() };
            // INVARIANT: the bounds of `domain` keep every event within an entry's bounds.
            let bytes = ledger::encode(&entry).map_err(|error| Failure::Unavailable(error.to_string()))?;
            let leaf = ledger::leaf_hash(&bytes);
            let position = self.draft.next;
            self.draft.fold(&entry, leaf);
            drafted.entries.push(NewEntry { position, bytes, leaf, entry });
        }
        Ok(Receipt { events, at, position })
    }
}

impl Draft {
    /// Takes the rows of a command that is carried out, and with them the sign-in names in them: a later command of the
    /// same transaction finds them taken.
    fn attach(&mut self, attachments: Vec<Attachment>) -> Result<(), Refusal> {
        for attachment in &attachments {
            let Attachment::Person(person) = attachment else { continue };
            if *self.holders.entry(person.login).or_insert(person.developer) != person.developer {
                return Err(Refusal::LoginTaken);
            }
        }
        self.attachments.extend(attachments);
        Ok(())
    }
}

/// Who has the sign-in names that come with some proposals, now that nobody else can take one. A name that is let go in
/// this very transaction counts as taken still.
async fn holders(
    append: &mut Append<'_>,
    proposals: &[Option<Proposal>],
) -> Result<BTreeMap<Digest, DeveloperId>, Failure> {
    let mut holders = BTreeMap::new();
    for attachment in proposals.iter().flatten().flat_map(|proposal| &proposal.attachments) {
        let Attachment::Person(person) = attachment else { continue };
        if let Some(holder) = append.login_holder(&person.login).await.map_err(unavailable)? {
            holders.insert(person.login, holder);
        }
    }
    Ok(holders)
}

/// Decodes entries that must follow each other from `next` on.
///
/// # Errors
/// A text for the operator when the log has a gap, or holds what this writ cannot read.
pub(crate) fn read_all(stored: Vec<StoredEntry>, next: u64) -> Result<Vec<(Entry, Digest)>, String> {
    let mut entries = Vec::with_capacity(stored.len());
    for (stored, expected) in stored.into_iter().zip(next..) {
        if stored.position != expected {
            return Err(format!("the log has no entry {expected}: restore the database from a backup"));
        }
        let entry = ledger::decode(&stored.bytes).map_err(|error| format!("entry {expected}: {error}"))?;
        entries.push((entry, stored.leaf));
    }
    Ok(entries)
}

/// Answers each of some commands.
pub(super) fn tell(replies: Vec<Reply>, answers: Vec<Result<Receipt, Failure>>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // A caller that went away no longer wants to know; what was written stays written.
        let _ = reply.send(answer);
    }
}

pub(super) fn unavailable(error: StoreError) -> Failure {
    Failure::Unavailable(error.to_string())
}

pub(super) fn silent() -> Failure {
    Failure::Unavailable(format!("the store did not answer within {} s", APPEND_MAX.as_secs()))
}

#[cfg(test)]
mod tests;
