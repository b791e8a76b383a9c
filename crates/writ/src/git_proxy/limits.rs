//! Bounds of the proxy, each with its unit and its reason.

use std::time::Duration;

/// Connections open at one time: a few for each agent of a large team.
pub(super) const CONNECTIONS_MAX: usize = 1024;
/// Pushes that are read or looked at at one time: each may take [`SPOOL_BYTES_MAX`] on the disk, twice.
pub(super) const PUSHES_MAX: usize = 8;
/// Longest wait for one of those places.
pub(super) const PLACE_WAIT_MAX: Duration = Duration::from_secs(60);
/// Bytes of one push: what git servers take at most (GitHub: 2 GiB).
pub(super) const SPOOL_BYTES_MAX: u64 = 2 << 30;
/// Bytes of a push before its pack: the law's refs, and its options.
pub(super) const HEAD_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a question of a fetch: what a client has and wants.
pub(super) const ASK_BYTES_MAX: usize = 64 << 20;
/// Bytes of a list of refs: 300,000 of them.
pub(super) const ADVERTISEMENT_BYTES_MAX: usize = 32 << 20;
/// Longest pause within a body, in both directions: a server that counts objects says so every few seconds.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(300);
/// Longest wait for the head of the git server's answer: it answers a push when it has taken it.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(600);
/// Time to ask whether a token is alive.
pub(super) const VERIFY_MAX: Duration = Duration::from_secs(10);
/// Time for one fetch into a copy: the first brings the whole repository.
pub(super) const FETCH_MAX: Duration = Duration::from_secs(1800);
/// Time to index a pack of [`SPOOL_BYTES_MAX`].
pub(super) const INDEX_MAX: Duration = Duration::from_secs(600);
/// Bytes of a token for the git server.
pub(super) const TOKEN_BYTES_MAX: u64 = 16 << 10;
/// How long a token that a command printed is used.
pub(super) const TOKEN_FRESH_FOR: Duration = Duration::from_secs(300);
/// Time for that command.
pub(super) const TOKEN_COMMAND_MAX: Duration = Duration::from_secs(30);
/// Bytes read from a file at a time.
pub(super) const PIECE_BYTES: usize = 64 << 10;
/// Repositories of one proxy.
pub(super) const REPOSITORIES_MAX: usize = 1_000;
/// Characters of the reason that is told of one ref: more does not fit in a line.
pub(super) const REASON_CHARS_MAX: usize = 200;
