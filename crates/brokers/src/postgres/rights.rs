//! What the broker's own role lacks, as the statement to run.

use super::pool::Leased;
use super::role::{literal, quoted};
use super::trouble::Trouble;
use crate::broker::BrokerError;

/// From PostgreSQL 16 on, a role that may create roles has no more say over others than it was given.
const VERSION_WITH_ADMIN: u32 = 160_000;

/// Why a role could not be made in a group.
pub(super) async fn lacking_to_mint(leased: &Leased, user: &str, group: &str) -> Result<Option<BrokerError>, Trouble> {
    let (me, of) = (literal(user), literal(group));
    let rows = leased
        .run(&format!(
            "SELECT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)::text, \
             (SELECT count(*) FROM pg_roles WHERE rolname = {of}), \
             coalesce((SELECT pg_has_role({me}, oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles WHERE rolname = {of}), false)::text"
        ))
        .await?;
    let Some([may_create, groups, has_admin]) = rows.first().and_then(|row| row.first_chunk::<3>()) else {
        return Err(Trouble::Garbage);
    };
    let (user, in_group) = (quoted(user), quoted(group));
    if groups == "0" {
        return Ok(Some(BrokerError::operator(format!(
            "there is no group `{group}` at the PostgreSQL server: run there CREATE ROLE {in_group} NOLOGIN, and grant it \
             what sessions may do"
        ))));
    }
    if may_create != "true" {
        return Ok(Some(lacks_createrole(&user)));
    }
    Ok((leased.version() >= VERSION_WITH_ADMIN && has_admin != "true").then(|| {
        BrokerError::operator(format!(
            "the role {user} may not give the rights of `{group}` to sessions: run at the PostgreSQL server \
             GRANT {in_group} TO {user} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE"
        ))
    }))
}

/// Why a session's role could not be changed or dropped.
pub(super) fn lacking_to_revoke(version: u32, user: &str, role: &str) -> BrokerError {
    let (user, role) = (quoted(user), quoted(role));
    if version < VERSION_WITH_ADMIN {
        return lacks_createrole(&user);
    }
    BrokerError::operator(format!(
        "the role {user} may not drop the session's role {role}, perhaps because another role made it: run at the \
         PostgreSQL server ALTER ROLE {user} CREATEROLE; GRANT {role} TO {user} WITH ADMIN OPTION"
    ))
}

fn lacks_createrole(user: &str) -> BrokerError {
    BrokerError::operator(format!(
        "the role {user} may not create roles: run at the PostgreSQL server ALTER ROLE {user} CREATEROLE"
    ))
}
