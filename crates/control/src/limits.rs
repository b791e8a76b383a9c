//! Bounds of the control plane, each with its unit and its reason. Bounds of the nouns are in [`domain::limits`].

use std::time::Duration;

/// Commands waiting for the scribe. Beyond it a wall answers "busy": about two full batches.
pub const COMMANDS_WAITING_MAX: usize = 4096;
/// Requests that wait for what other nodes wrote, at a time: one read answers all that wait.
pub const CATCH_UPS_WAITING_MAX: usize = 64;
/// Commands in one transaction: keeps one commit under some tens of milliseconds.
pub const BATCH_COMMANDS_MAX: usize = 1024;
/// Entries read from other nodes at a time while catching up.
pub const CATCH_UP_ENTRIES_MAX: usize = 2000;
/// One transaction, from taking the lock to the commit. Past it the outcome is unknown and state is rebuilt.
pub const APPEND_MAX: Duration = Duration::from_secs(10);
/// Settlements waiting while the store is away: every open call makes exactly one.
pub const SETTLEMENTS_WAITING_MAX: usize = domain::limits::CALLS_OPEN_MAX;
/// Settlements proposed at a time.
pub const SETTLEMENTS_PER_ROUND_MAX: usize = 512;
/// Pause before a failed round of settlements is tried again.
pub const SETTLEMENT_RETRY_EVERY: Duration = Duration::from_millis(500);
/// How long a graceful stop waits for settlements to become durable.
pub const SETTLEMENT_FLUSH_MAX: Duration = Duration::from_secs(10);

/// How often the reaper looks.
pub const REAP_EVERY: Duration = Duration::from_secs(1);
/// Lapses proposed at a time: they share a transaction, and the first failure ends the look.
pub const LAPSES_PER_ROUND_MAX: usize = 256;
/// How often the rows of beats are read: every lapse bound is far longer.
pub const BEATS_READ_EVERY: Duration = Duration::from_secs(5);
/// How often a process writes its own beat.
pub const NODE_BEAT_EVERY: Duration = Duration::from_secs(5);
/// How often it tries while the store is away.
pub const NODE_PROBE_EVERY: Duration = Duration::from_secs(1);
/// A process silent for this long is gone: six beats.
pub const NODE_LOST_AFTER: domain::Span = domain::Span::from_secs(30);
/// A session's beat is written at most this often: launchers ask more often than the row needs.
pub const BEAT_ROW_EVERY: domain::Span = domain::Span::from_secs(10);

/// Entries between two snapshots: bounds what a cold start folds.
pub const SNAPSHOT_EVERY_ENTRIES: u64 = 20_000;
/// How often the log's root is signed while the log grows: below the second that auditors are promised.
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(800);
/// How old the newest checkpoint of an idle log becomes before it is published again.
pub const HEARTBEAT_EVERY: domain::Span = domain::Span::from_secs(60);
/// How often an idle node looks for entries of other nodes when no notification came.
pub const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Body of an API request: people type these.
pub const API_BODY_BYTES_MAX: usize = 256 * 1024;
/// Rows in one answer of the API.
pub const PAGE_ROWS_MAX: u32 = 1000;
/// Rows in one answer when nobody says.
pub const PAGE_ROWS_DEFAULT: u32 = 100;
/// Rows of one cost report.
pub const COST_ROWS_MAX: u32 = 10_000;

/// Bytes of a password: argon2 takes more, a form should not.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Characters of a new password.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Passwords checked at the same time: each takes 19 MiB and some tens of milliseconds.
pub const PASSWORD_CHECKS_MAX: usize = 2;
/// Wrong passwords for one sign-in name before it must wait.
pub const PASSWORD_FAILURES_MAX: u32 = 5;
/// How long it must wait then.
pub const PASSWORD_PAUSE: domain::Span = domain::Span::from_secs(30);
/// Sign-in names remembered for that; the oldest are forgotten first.
pub const PASSWORD_NAMES_REMEMBERED_MAX: usize = 10_000;
/// Characters of a display name.
pub const DISPLAY_NAME_CHARS_MAX: usize = 120;
/// Bytes of an e-mail address: what a mail server takes at most (RFC 5321, section 4.5.3.1.3, without the brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Bytes of a key file: the longest is an RSA key of 8,192 bits.
pub const KEY_FILE_BYTES_MAX: usize = brokers::PKCS8_BYTES_MAX;
/// People read from the store at a time, at start.
pub const PEOPLE_PER_READ: usize = 1_000;
/// People whose names are looked for at a time, once others registered them.
pub const STRANGERS_PER_LOOK_MAX: usize = 100;
/// How long after a key was not there it is looked for again: a shared folder may lag.
pub const STRANGER_PAUSE: domain::Span = domain::Span::from_secs(30);

/// Longest life of a session's certificate: a day, so that a stolen key is worth little; the launcher renews it.
pub const CERTIFICATE_LIFE_MAX: domain::Span = domain::Span::from_secs(24 * 3600);
/// How long before it is made a certificate counts: a laptop's clock may be behind.
pub const CERTIFICATE_BACKDATED: domain::Span = domain::Span::from_secs(5 * 60);
