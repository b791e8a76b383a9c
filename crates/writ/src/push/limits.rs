//! Bounds of a push at a gate, each with its unit and its reason.

use std::time::Duration;

/// Bytes of the name of a ref: git's own files hold no longer ones.
pub(crate) const REF_BYTES_MAX: usize = 1024;
/// Refs that one push updates: the law's bound.
pub(crate) const UPDATES_MAX: usize = domain::limits::PUSH_UPDATES_MAX;
/// Fencing tokens of one push: the law's bound.
pub(crate) const TOKENS_MAX: usize = domain::limits::PUSH_TOKENS_MAX;
/// Options of one push, each a packet.
pub(crate) const OPTIONS_MAX: usize = 512;
/// Paths that one push touches: the law's bound; up to 8 MB in one request.
pub(crate) const PATHS_MAX: usize = domain::limits::PUSH_PATHS_MAX;
/// Commits of one push: the history of a large project, pushed at once.
pub(crate) const COMMITS_MAX: usize = 20_000;
/// Commits told in full to the control plane: those after it are counted only, and refused where attribution is asked for.
pub(crate) const COMMITS_TOLD_MAX: usize = 2_000;
/// Commits with more than two parents in one push: each is compared with every parent.
pub(crate) const OCTOPUSES_MAX: usize = 64;
/// Bytes of git's list of changes: [`PATHS_MAX`] paths, several times over in a long history.
pub(crate) const CHANGES_BYTES_MAX: usize = 128 << 20;
/// Bytes of the commit objects whose signatures are looked at.
pub(crate) const COMMIT_OBJECTS_BYTES_MAX: usize = 32 << 20;
/// Bytes of what git says of a failure.
pub(crate) const GIT_COMPLAINT_BYTES_MAX: usize = 64 << 10;
/// Time for one command of git: 20,000 commits on a busy server.
pub(crate) const GIT_MAX: Duration = Duration::from_secs(120);
/// Time for the control plane's decision: a restart takes seconds, and a human waits for the push.
pub(crate) const CHECK_MAX: Duration = Duration::from_secs(30);
/// Pause before the control plane is asked again; it did not answer.
pub(crate) const CHECK_RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Time to say that a push has arrived: whoever pushed waits for it, and nothing depends on it.
pub(crate) const LANDED_MAX: Duration = Duration::from_secs(3);
/// Notes of admitted pushes kept in a repository: each is of a push that is on its way or never came.
pub(crate) const ADMITTED_NOTES_MAX: usize = 1000;
/// How long such a note is kept: the largest push is in before.
pub(crate) const ADMITTED_NOTE_LIFE: Duration = Duration::from_secs(3600);
/// How often it is asked.
pub(crate) const CHECK_ATTEMPTS: u32 = 4;
/// Bytes of the list of updates that a hook reads: [`UPDATES_MAX`] of the longest.
pub(crate) const UPDATES_BYTES_MAX: u64 = 512 << 10;
/// Lines printed about one refusal.
pub(crate) const REFUSAL_LINES_MAX: usize = 20;
