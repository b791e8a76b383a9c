//! Making a session's role: one message with one transaction.

use std::time::Duration;

use domain::{Span, Time};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use super::pool::Leased;
use super::role::{comment, literal, name, quoted};
use super::scram::Password;
use super::settings::TargetSettings;
use super::trouble::Trouble;
use crate::broker::{BrokerError, Chance, Order};

/// A role that was made.
pub(super) struct Made {
    /// Its name.
    pub(super) role: String,
    /// What it logs in with.
    pub(super) password: Password,
}

/// Makes the role of an order; `begun` is when `chance.now` was read. On an error the transaction is not committed, unless
/// the connection was lost.
///
/// # Errors
/// [`Trouble`], or that the life is over already.
pub(super) async fn mint(
    leased: &Leased,
    order: &Order,
    target: &TargetSettings,
    group: &str,
    chance: Chance,
    begun: Instant,
) -> Result<Result<Made, Trouble>, BrokerError> {
    let server_now = match server_now(leased).await {
        Ok(now) => now,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let now = chance.now + span(begun.elapsed());
    let left = order.expires_at.since(now);
    if left == Span::default() {
        return Err(BrokerError::away("the credential's life was over before its role was made: ask again"));
    }
    // The server judges by its own clock, so that is the one to go by.
    let until = timestamp(server_now + left)?;
    let made = Made { role: name(order), password: Password::new(&chance.random) };
    let statements = statements(&made, order, target, group, until);
    Ok(leased.run(&statements).await.map(|_| made))
}

/// The four statements. No privilege is ever granted to the role itself: what it may do, its group may, so nothing of it
/// stays behind in the access lists of tables.
fn statements(made: &Made, order: &Order, target: &TargetSettings, group: &str, until: Timestamp) -> String {
    let (role, in_group) = (quoted(&made.role), quoted(group));
    let timeout = target
        .statement_timeout_seconds
        .map_or(String::new(), |seconds| format!("ALTER ROLE {role} SET statement_timeout = '{seconds}s'; "));
    format!(
        "CREATE ROLE {role} LOGIN CONNECTION LIMIT {limit} PASSWORD {verifier} VALID UNTIL '{until}' IN ROLE {in_group}; \
         ALTER ROLE {role} SET role = {as_group}; {timeout}COMMENT ON ROLE {role} IS {comment}",
        limit = target.connection_limit,
        verifier = literal(&made.password.verifier),
        as_group = literal(group),
        comment = literal(&comment(order)),
    )
}

/// The server's clock.
async fn server_now(leased: &Leased) -> Result<Time, Trouble> {
    let rows = leased.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").await?;
    let millis = rows.first().and_then(|row| row.first()).and_then(|text| text.parse().ok());
    millis.map(Time::from_unix_millis).ok_or(Trouble::Garbage)
}

/// Whether a mint was refused because the role is there already: an order is minted once, so somebody made it by hand, or
/// an earlier answer was lost.
pub(super) fn is_there_already(trouble: &Trouble) -> bool {
    trouble.is(&SqlState::DUPLICATE_OBJECT)
}

fn timestamp(time: Time) -> Result<Timestamp, BrokerError> {
    let outside = |_| BrokerError::asker("the credential's expiry lies outside the calendar");
    Timestamp::from_millisecond(time.unix_millis()).map_err(outside)
}

fn span(elapsed: Duration) -> Span {
    Span::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
