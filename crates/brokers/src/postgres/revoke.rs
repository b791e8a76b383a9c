//! Ending a session's role: no log-in, no connection, nothing owned, no role. Every step may find that somebody else did it
//! before, and a revocation that was cut short is simply done again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

use super::limits::{DATABASES_MAX, PREPARED_MAX, ROUNDS_MAX, STARTING_LOOKS_MAX, TERMINATION_PAUSE, TERMINATIONS_MAX};
use super::pool::{Leased, Pool};
use super::rights::lacking_to_revoke;
use super::role::{literal, quoted};
use super::trouble::Trouble;
use crate::broker::BrokerError;

/// What is kept of a role to end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handle {
    /// Its name.
    pub(super) role: String,
    /// Whose rights it has, and who gets what it owns.
    pub(super) group: String,
    /// A database to log in to.
    pub(super) database: String,
}

/// Why a role is not ended.
pub(super) enum Unfinished {
    /// The server.
    Trouble(Trouble),
    /// Something to tell.
    Told(BrokerError),
}

impl From<Trouble> for Unfinished {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// A role at the server.
struct Doomed {
    oid: String,
    name: String,
}

/// What there is of a role besides itself.
struct Found {
    /// Connections, objects, rights, prepared transactions.
    has_belongings: bool,
    /// Whether a connection of somebody's is just being made.
    is_starting: bool,
}

/// Ends all roles whose name starts so: one, if it was made.
///
/// # Errors
/// Not all of them are ended; some may be closed already.
pub(super) async fn revoke(pool: &Arc<Pool>, leased: &Leased, prefix: &str, group: &str) -> Result<(), Unfinished> {
    let found = leased
        .run(&format!("SELECT oid, rolname FROM pg_roles WHERE starts_with(rolname, {}) LIMIT 8", literal(prefix)))
        .await?;
    for row in found {
        let [oid, name] = row.try_into().map_err(|_| Trouble::Garbage)?;
        let ending = Ending { pool, leased, role: Doomed { oid, name }, group };
        match ending.end().await {
            // Another node ended it at the same time.
            Err(Unfinished::Trouble(trouble)) if trouble.is(&SqlState::UNDEFINED_OBJECT) => {}
            Err(Unfinished::Trouble(trouble)) if trouble.is(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(Unfinished::Told(lacking_to_revoke(leased.version(), pool.user(), &ending.role.name)));
            }
            other => other?,
        }
    }
    Ok(())
}

/// One role on its way out.
struct Ending<'a> {
    pool: &'a Arc<Pool>,
    leased: &'a Leased,
    role: Doomed,
    group: &'a str,
}

impl Ending<'_> {
    async fn end(&self) -> Result<(), Unfinished> {
        let role = self.quoted();
        self.leased.run(&format!("ALTER ROLE {role} NOLOGIN PASSWORD NULL")).await?;
        for _ in 0..ROUNDS_MAX {
            self.clear().await?;
            match self.leased.run(&self.dropping()).await {
                // From a connection that came up in between: something is its own, or the connection is still there.
                Err(trouble) if trouble.is(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {}
                Err(trouble) if trouble.is(&SqlState::DIVISION_BY_ZERO) => {}
                other => return other.map(drop).map_err(Unfinished::from),
            }
        }
        Err(self.told(
            BrokerError::operator,
            &format!(
                "cannot log in any more, but the server still has something in its name, perhaps a right that somebody else \
                 gave it: run there, as who gave it or as a superuser, DROP OWNED BY {role}; DROP ROLE {role}"
            ),
        ))
    }

    /// Drops the role unless it has a connection: that would go on with its group's rights, and nobody could end it any more.
    /// The division makes the server take the transaction back.
    fn dropping(&self) -> String {
        format!(
            "DROP ROLE {}; SELECT 1 / (CASE WHEN count(*) = 0 THEN 1 ELSE 0 END) FROM pg_stat_activity WHERE usesysid = {}",
            self.quoted(),
            self.role.oid
        )
    }

    /// Ends its connections and gives away what it owns, if there is any of either.
    async fn clear(&self) -> Result<(), Unfinished> {
        let mut found = self.look().await?;
        for _ in 0..STARTING_LOOKS_MAX {
            if !found.is_starting {
                break;
            }
            tokio::time::sleep(TERMINATION_PAUSE).await;
            found = self.look().await?;
        }
        if !found.has_belongings {
            return Ok(());
        }
        self.become_member().await?;
        self.terminate().await?;
        self.roll_back_prepared().await?;
        self.give_away().await
    }

    /// What there is of it. A connection that is just being made has passed the check of the log-in, perhaps before the role
    /// lost it, and is in no list of activity yet; but it has a lock on its transaction's number already.
    async fn look(&self) -> Result<Found, Unfinished> {
        let rows = self
            .leased
            .run(&format!(
                "SELECT (EXISTS (SELECT FROM pg_stat_activity WHERE usesysid = {oid}) \
                 OR EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = {oid}) \
                 OR EXISTS (SELECT FROM pg_prepared_xacts WHERE owner = {name}))::text, \
                 EXISTS (SELECT FROM pg_locks WHERE locktype = 'virtualxid' AND pid IS NOT NULL \
                 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pg_stat_activity.pid = pg_locks.pid))::text",
                oid = self.role.oid,
                name = literal(&self.role.name),
            ))
            .await?;
        let Some([belongings, starting]) = rows.first().and_then(|row| row.first_chunk::<2>()) else {
            return Err(Trouble::Garbage.into());
        };
        Ok(Found { has_belongings: belongings == "true", is_starting: starting == "true" })
    }

    /// Whoever made a role may act as it, once it says so: then its connections and belongings are its own. The membership
    /// goes with the role.
    async fn become_member(&self) -> Result<(), Unfinished> {
        self.leased.run(&format!("GRANT {} TO CURRENT_USER", self.quoted())).await?;
        Ok(())
    }

    /// Ends its connections until there is none. New ones cannot come: it may not log in any more.
    async fn terminate(&self) -> Result<(), Unfinished> {
        let ending = self.acting(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = {}",
            self.role.oid
        ));
        for _ in 0..TERMINATIONS_MAX {
            if self.leased.run(&ending).await?.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(TERMINATION_PAUSE).await;
        }
        Err(self.told(BrokerError::away, "still has connections although they were told to end"))
    }

    /// Transactions that it prepared outlive its connections, with their locks.
    async fn roll_back_prepared(&self) -> Result<(), Unfinished> {
        let found = self
            .leased
            .run(&format!(
                "SELECT database, gid FROM pg_prepared_xacts WHERE owner = {} LIMIT {PREPARED_MAX}",
                literal(&self.role.name)
            ))
            .await?;
        for row in found {
            let [database, gid] = row.try_into().map_err(|_| Trouble::Garbage)?;
            // Never given back: it is somebody else's role from here on.
            let there = self.at(&database).await?;
            there.run(&format!("SET ROLE {}", self.quoted())).await?;
            there.run(&format!("ROLLBACK PREPARED {}", literal(&gid))).await?;
        }
        Ok(())
    }

    /// Gives its objects to its group, and drops what cannot be given: default privileges, and rights that others gave it.
    async fn give_away(&self) -> Result<(), Unfinished> {
        let role = self.quoted();
        let giving = self.acting(&format!("REASSIGN OWNED BY {role} TO {}; DROP OWNED BY {role}", quoted(self.group)));
        let found = self
            .leased
            .run(&format!(
                "SELECT DISTINCT coalesce(datname, current_database()) FROM pg_shdepend \
                 LEFT JOIN pg_database ON pg_database.oid = dbid \
                 WHERE refclassid = 'pg_authid'::regclass AND refobjid = {} LIMIT {DATABASES_MAX}",
                self.role.oid
            ))
            .await?;
        for row in found {
            let [database] = row.try_into().map_err(|_| Trouble::Garbage)?;
            let given = if database == self.leased.database() {
                self.leased.run(&giving).await
            } else {
                // Not kept: whoever runs the server may want to drop that database.
                self.at(&database).await?.run(&giving).await
            };
            given.map_err(|trouble| self.not_given(trouble, &database))?;
        }
        Ok(())
    }

    fn not_given(&self, trouble: Trouble, database: &str) -> Unfinished {
        let is_of_group = trouble.is(&SqlState::UNDEFINED_OBJECT) || trouble.is(&SqlState::INSUFFICIENT_PRIVILEGE);
        if !is_of_group {
            return trouble.into();
        }
        let role = self.quoted();
        self.told(
            BrokerError::operator,
            &format!(
                "owns something in the database `{database}` that cannot be given to `{}`: run there \
                 REASSIGN OWNED BY {role} TO somebody; DROP OWNED BY {role}",
                self.group
            ),
        )
    }

    /// A connection to another database.
    async fn at(&self, database: &str) -> Result<Leased, Unfinished> {
        let taken = self.pool.take(database).await;
        taken.map_err(|trouble| Unfinished::Told(trouble.told(self.pool.server(), self.pool.user(), database)))
    }

    /// A transaction of the role itself (several statements in one message are one): what it may end and give away is its own on every release, whatever the broker's
    /// role inherits.
    fn acting(&self, statements: &str) -> String {
        format!("SET LOCAL ROLE {}; {statements}", self.quoted())
    }

    fn quoted(&self) -> String {
        quoted(&self.role.name)
    }

    fn told(&self, error: impl Fn(String) -> BrokerError, what: &str) -> Unfinished {
        Unfinished::Told(error(format!("the session's role {} {what}", self.role.name)))
    }
}
