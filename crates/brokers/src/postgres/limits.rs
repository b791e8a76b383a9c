//! Bounds of the PostgreSQL broker, each with its unit and its reason.

use std::time::Duration;

/// Connections of one broker to its server at a time: a thousand roles at once are ended through these, and a server's
/// `max_connections` is a hundred by default.
pub(super) const CONNECTIONS_MAX: usize = 8;
/// How long a piece of work waits for one of them: when a thousand sessions end at once, the last waits for the others.
pub(super) const QUEUE_MAX: Duration = Duration::from_secs(30);
/// From the name's resolution to the end of the log-in.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(5);
/// One mint or one revocation, once it has a connection: with that, less than what it is waited for.
pub(super) const WORK_MAX: Duration = Duration::from_secs(12);
/// One statement, as the server counts it: what it takes longer for would hold a connection that others wait for.
pub(super) const STATEMENT_MILLIS_MAX: u32 = 8_000;
/// Waiting for a lock, as the server counts it.
pub(super) const LOCK_MILLIS_MAX: u32 = 4_000;
/// A transaction in which nothing happens, as the server counts it: writ died in the middle.
pub(super) const SILENT_TRANSACTION_MILLIS_MAX: u32 = 30_000;
/// How long an unused connection is kept.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(30);
/// An unused connection is asked whether it still lives before it is used, if it was unused for this long.
pub(super) const IDLE_UNASKED_MAX: Duration = Duration::from_secs(1);
/// How long a connection may take to say good-bye.
pub(super) const CLOSE_MAX: Duration = Duration::from_secs(2);
/// After the server was away, others that wait are told so for this long instead of finding out one after the other.
pub(super) const AWAY_REMEMBERED: Duration = Duration::from_secs(2);
/// Bytes of the server's answers to one statement: ours are a few rows of names.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Rounds of ending connections, giving away what the role owns and dropping it: a connection may slip in between.
pub(super) const ROUNDS_MAX: u32 = 4;
/// How often a connection that is just being made is waited for, one pause each: longer ones only wait for a password, and
/// will find that the role may not log in.
pub(super) const STARTING_LOOKS_MAX: u32 = 2;
/// How often a role's connections are looked for until none is left.
pub(super) const TERMINATIONS_MAX: u32 = 60;
/// Pause between two looks: together six seconds.
pub(super) const TERMINATION_PAUSE: Duration = Duration::from_millis(100);
/// Databases in which a role's objects are looked after by one revocation; the next one does further ones.
pub(super) const DATABASES_MAX: usize = 64;
/// Transactions prepared by a role that one revocation rolls back.
pub(super) const PREPARED_MAX: usize = 64;

/// Groups that one target allows.
pub(super) const GROUPS_MAX: usize = 64;
/// Bytes of an identifier: `NAMEDATALEN` less its terminator.
pub(super) const IDENTIFIER_BYTES_MAX: usize = 63;
/// Bytes of a host's name (RFC 1035 section 2.3.4).
pub(super) const HOST_BYTES_MAX: usize = 253;
/// Bytes of certificates as PEM: some roots.
pub(super) const CA_BYTES_MAX: usize = 16 * 1024;
/// Connections that one role may be allowed at most.
pub(super) const CONNECTION_LIMIT_MAX: u32 = 1_000;
