//! The append transaction: entries, what they change in the read tables, and what belongs to them, all or nothing.

use std::marker::PhantomData;

use domain::{DeveloperId, Digest, Event};
use ledger::Entry;

use crate::artifact::ArtifactChanges;
use crate::call::CallChanges;
use crate::conn::Committing;
use crate::limits::ENTRIES_PER_READ_MAX;
use crate::lock::LockChanges;
use crate::sums::SumChanges;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::write::WriteChanges;
use crate::{
    BrokerSecrets, CredentialHandle, Diff, NewEntry, Person, Store, StoreError, StoredEntry, broker, credential,
    developer, entry, person, project, session, team, write,
};

/// An open append, holding the write lock. Dropped without [`Append::commit`], it leaves nothing behind. After an
/// error it does nothing more: drop it, and begin again.
pub struct Append<'a> {
    transaction: Transaction,
    /// Where the next entry goes, once known.
    next: Option<u64>,
    appended: bool,
    store: PhantomData<&'a Store>,
}

/// A row that is not made from an entry but belongs to one, and is written in its transaction.
#[derive(Debug, Clone)]
pub enum Attachment {
    /// A developer's sealed names and password hash; replaces what was there. Whether the sign-in name is free is for
    /// the caller to ask first: [`Append::login_holder`].
    Person(Person),
    /// A broker's sealed secrets; replaces what was there.
    BrokerSecrets(BrokerSecrets),
    /// What ends a credential, sealed.
    Handle(CredentialHandle),
    /// What a change changed, in short.
    Diff(Diff),
}

/// An append whose commit is on its way.
pub struct Appending(Committing);

impl Appending {
    /// Waits until it is durable.
    ///
    /// # Errors
    /// See [`Append::commit`].
    pub async fn durable(self) -> Result<(), StoreError> {
        self.0.durable().await
    }
}

impl<'a> Append<'a> {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self { transaction, next: None, appended: false, store: PhantomData }
    }

    /// The position after the newest entry; 0 in an empty log.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_position(&mut self) -> Result<u64, StoreError> {
        let next = match self.next {
            Some(next) => next,
            None => entry::next_position(&mut self.transaction).await?,
        };
        self.next = Some(next);
        Ok(next)
    }

    /// Goes on at a position of which the caller knows that the log ends there: where nobody else writes, nobody has to ask. If the
    /// log ends elsewhere, all of this is refused.
    ///
    /// # Errors
    /// An earlier step failed.
    pub fn go_on_at(&mut self, next: u64) -> Result<(), StoreError> {
        if self.transaction.conn()?.guard(entry::ENDS_AT, vec![Value::count(next)]) {
            self.next = Some(next);
        }
        Ok(())
    }

    /// Entries above a position, or from the first, in order: what other nodes wrote. At most `limit`, and never more
    /// than [`crate::limits::ENTRIES_PER_READ_MAX`]: ask again after the last one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entries(&mut self, after: Option<u64>, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let limit = limit.min(ENTRIES_PER_READ_MAX);
        // With the entry at that position: where it is still there, it is known where the log ends, and nobody has to ask.
        let values = vec![Value::count(after.unwrap_or(0)), Value::count(limit as u64 + 1)];
        let rows = self.transaction.fetch(entry::ENTRIES_FROM, values).await?;
        // Some may be on their way to the disk still, and whoever reads them here goes by them.
        self.transaction.conn()?.settled().await?;
        let found: Vec<_> = rows.iter().map(StoredEntry::read).collect::<Result<_, _>>()?;
        let known = found.first().is_some_and(|first| Some(first.position) == after);
        let new: Vec<_> = found.into_iter().skip(usize::from(known)).take(limit).collect();
        if known && new.len() < limit {
            self.next = new.last().map(|last| last.position).or(after).map(|last| last + 1);
        }
        Ok(new)
    }

    /// Who has the sign-in name with this keyed digest; if nobody, nobody else takes it before the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn login_holder(&mut self, login: &Digest) -> Result<Option<DeveloperId>, StoreError> {
        person::login_holder(&mut self.transaction, login).await
    }

    /// Adds entries at the end of the log, and everything that follows from them. Positions run on from
    /// [`Append::next_position`] without a gap.
    ///
    /// # Errors
    /// The database failed, or the positions are not the next ones.
    pub async fn insert(&mut self, entries: &[NewEntry], attachments: &[Attachment]) -> Result<(), StoreError> {
        self.check_positions(entries).await?;
        entry::insert(&mut self.transaction, entries).await?;
        // Before what follows from the entries: who is erased by one of them is erased whatever came with the others.
        for attachment in attachments {
            match attachment {
                Attachment::Person(person) => person::put(&mut self.transaction, person).await?,
                Attachment::BrokerSecrets(secrets) => broker::put_secrets(&mut self.transaction, secrets).await?,
                Attachment::Handle(handle) => credential::put_handle(&mut self.transaction, handle).await?,
                Attachment::Diff(diff) => write::put_diff(&mut self.transaction, diff).await?,
            }
        }
        self.change_read_tables(entries).await?;
        self.appended |= !entries.is_empty();
        Ok(())
    }

    /// Makes everything inserted durable and lets go of the write lock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: whether it took effect is unknown; read the log to find out.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit(self.appended).await
    }

    /// Lets go of the write lock and leaves it to the database to make everything inserted durable, after what came before. Where
    /// that fails, everything that was to follow is refused by [`Append::go_on_at`].
    ///
    /// # Errors
    /// See [`Append::commit`].
    pub async fn commit_ahead(self) -> Result<Appending, StoreError> {
        self.transaction.commit_ahead(self.appended).await.map(Appending)
    }

    async fn check_positions(&mut self, entries: &[NewEntry]) -> Result<(), StoreError> {
        let next = self.next_position().await?;
        if (next..).zip(entries).any(|(expected, entry)| entry.position != expected) {
            return Err(StoreError::corrupt(format!("entries are to be appended elsewhere than at {next}")));
        }
        self.next = Some(next + entries.len() as u64);
        Ok(())
    }

    /// Rare things are written one by one, in order; calls, sums, locks and writes are gathered first and written in bulk.
    async fn change_read_tables(&mut self, entries: &[NewEntry]) -> Result<(), StoreError> {
        let mut calls = CallChanges::default();
        let mut sums = SumChanges::default();
        let mut artifacts = ArtifactChanges::default();
        let (mut locks, mut writes) = (LockChanges::default(), WriteChanges::default());
        for new in entries {
            let entry = &new.entry;
            artifacts.note(new);
            locks.note(new);
            writes.note(new);
            match &entry.event {
                Event::CallReserved(event) => {
                    calls.reserve(new, event);
                    sums.reserve(entry, event);
                }
                Event::CallSettled(event) => {
                    if calls.settle(new, event) {
                        sums.settle(event);
                    }
                }
                _ => self.change_one(entry).await?,
            }
        }
        artifacts.write(&mut self.transaction).await?;
        locks.write(&mut self.transaction).await?;
        writes.write(&mut self.transaction).await?;
        calls.write(&mut self.transaction).await?;
        sums.write(&mut self.transaction).await
    }

    async fn change_one(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let transaction = &mut self.transaction;
        match &entry.event {
            Event::DeveloperRegistered(event) => developer::registered(transaction, event).await,
            Event::DeveloperRolesSet(event) => developer::roles_set(transaction, event).await,
            Event::DeveloperDisabled(event) => developer::disabled(transaction, event).await,
            Event::DeveloperErased(event) => developer::erased(transaction, event, entry.time).await,
            Event::TeamCreated(event) => team::created(transaction, event).await,
            Event::ProjectCreated(event) => project::created(transaction, event).await,
            Event::SessionOpened(event) => session::opened(transaction, event, entry.time).await,
            Event::SessionSuspected(event) => session::suspected(transaction, event.session, true).await,
            Event::SessionRecovered(event) => session::suspected(transaction, event.session, false).await,
            Event::SessionOver(event) => session::over(transaction, event, entry.time).await,
            Event::BrokerConfigured(event) => broker::configured(transaction, event).await,
            Event::BrokerSwitched(event) => broker::switched(transaction, event).await,
            Event::BrokerRemoved(event) => broker::removed(transaction, event).await,
            Event::CredentialRequested(event) => credential::requested(transaction, event, entry.time).await,
            Event::CredentialIssued(event) => credential::issued(transaction, event, entry.time).await,
            Event::CredentialStalled(event) => credential::stalled(transaction, event).await,
            Event::CredentialOver(event) => credential::over(transaction, event, entry.time).await,
            // Calls come in bulk; the rest has no read table but the log itself.
            Event::CallReserved(_) | Event::CallSettled(_) => Ok(()),
            Event::TeamMemberAdded(_) | Event::TeamMemberRemoved(_) => Ok(()),
            Event::SignInStarted(_) | Event::SignInEnded(_) => Ok(()),
            // What it names is in the index of artifacts.
            Event::AliasClaimed(_) | Event::ArtifactRecorded(_) | Event::CertificateIssued(_) => Ok(()),
            Event::SessionClosed(_) | Event::ClaimMismatched(_) | Event::CallRefused(_) => Ok(()),
            Event::NodeStarted(_) | Event::NodeLost(_) => Ok(()),
            Event::KeyRotationAsked(_) | Event::KeyRotated(_) => Ok(()),
            // Locks and writes come in bulk too; what is frozen is in the state, whole.
            Event::LockQueued(_) | Event::LockOffered(_) | Event::LockGranted(_) => Ok(()),
            Event::LockResting(_) | Event::LockOver(_) => Ok(()),
            Event::ResourceWritten(_) | Event::ResourceFrozen(_) | Event::ResourceThawed(_) => Ok(()),
            Event::PushAdmitted(_) | Event::PushLanded(_) | Event::PushRefused(_) => Ok(()),
            // So are a project's lock rules.
            Event::LockRulesSet(_) => Ok(()),
            // Grants are in the state, whole; that somebody asked is in the log.
            Event::GrantSet(_) | Event::GrantRemoved(_) | Event::RevocationAsked(_) => Ok(()),
        }
    }
}
