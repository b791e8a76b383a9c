//! Every bound of writ, each with its unit and its reason. Reaching one is a clear error, never growth.

use crate::Span;

/// Characters in a name: fits a DNS label and a file name.
pub const NAME_CHARS_MAX: usize = 64;
/// Characters of a reason a human gives: a sentence, not a document.
pub const REASON_CHARS_MAX: usize = 500;
/// Characters kept of a claim (client session id, agent id, user agent): claims are strangers' text.
pub const CLAIM_CHARS_MAX: usize = 128;
/// Characters kept of a model id.
pub const MODEL_CHARS_MAX: usize = 128;
/// Characters of a label that a program gives itself: an upstream and its request id, a price book, a release of writ.
pub const LABEL_CHARS_MAX: usize = 128;

/// Shortest life of a session: below this an agent cannot finish a turn.
pub const SESSION_TTL_MIN: Span = Span::from_secs(60);
/// Longest life of a session: a week; longer work opens a new one.
pub const SESSION_TTL_MAX: Span = Span::from_secs(7 * 86_400);
/// Life of a session when nobody says: a working day.
pub const SESSION_TTL_DEFAULT: Span = Span::from_secs(8 * 3600);
/// How often a launcher beats.
pub const BEAT_EVERY: Span = Span::from_secs(20);
/// Without a beat for this long a session is suspect: three beats and some slack.
pub const BEAT_SUSPECT_AFTER: Span = Span::from_secs(70);
/// Without a beat for this long a session expires: a laptop lid closed for a coffee is forgiven, a night is not.
pub const BEAT_EXPIRE_AFTER: Span = Span::from_secs(15 * 60);

/// Live sessions of one developer: far above what one human can watch.
pub const SESSIONS_LIVE_PER_DEVELOPER_MAX: usize = 256;
/// Live sessions of the whole installation: bounds state in memory (about 1 kB each).
pub const SESSIONS_LIVE_MAX: usize = 50_000;
/// Depth of child sessions below a root session.
pub const SESSION_DEPTH_MAX: usize = 8;
/// Live descendants of one root session: also bounds the entries that ending it writes.
pub const SESSION_DESCENDANTS_MAX: usize = 256;
/// Sub-agents that one session's client may name; further ones are counted as the session itself.
pub const AGENTS_PER_SESSION_MAX: usize = 1_000;
/// Ended sessions remembered for a good refusal text; the oldest are forgotten first.
pub const SESSIONS_OVER_REMEMBERED_MAX: usize = 10_000;
/// Client session ids one session may claim.
pub const ALIASES_PER_SESSION_MAX: usize = 64;

/// Calls in flight for one root session, with all sessions below it.
pub const CALLS_OPEN_PER_SESSION_MAX: usize = 256;
/// Calls in flight in the whole installation.
pub const CALLS_OPEN_MAX: usize = 100_000;
/// Calls settled by one recovery command: keeps one transaction short.
pub const CALLS_ABANDONED_PER_COMMAND_MAX: usize = 500;
/// Abandoned calls remembered, so that a late retry does not reserve one again; the oldest are forgotten first.
pub const CALLS_ABANDONED_REMEMBERED_MAX: usize = 10_000;

/// Characters of an artifact's name in another system: a URL of a pull request fits.
pub const ARTIFACT_CHARS_MAX: usize = 256;
/// Artifacts one session may record: a week of commits.
pub const ARTIFACTS_PER_SESSION_MAX: usize = 10_000;
/// Certificates issued to one session: one an hour for its longest life, tenfold.
pub const CERTIFICATES_PER_SESSION_MAX: usize = 2_000;

/// Dimensions of a scope: a broker's kind has a handful.
pub const SCOPE_DIMENSIONS_MAX: usize = 16;
/// Values in one dimension of a scope: the repositories of a project.
pub const SCOPE_VALUES_MAX: usize = 64;
/// Characters of one such value: an S3 prefix or a registry's `repository:name:pull` fits.
pub const SCOPE_VALUE_CHARS_MAX: usize = 256;

/// Bytes of one scope, dimensions and values together: it is part of an entry.
pub const SCOPE_BYTES_MAX: usize = 16 * 1024;
/// Brokers in one installation: a few accounts of each cloud.
pub const BROKERS_MAX: usize = 500;
/// Targets of one broker.
pub const BROKER_TARGETS_MAX: usize = 64;
/// Bytes of a broker's settings: escaped, they fit in an entry.
pub const BROKER_SETTINGS_BYTES_MAX: usize = 20 * 1024;
/// Grants of one project.
pub const GRANTS_PER_PROJECT_MAX: usize = 256;
/// Credentials of one session that are not dead yet: its targets, a few times over.
pub const CREDENTIALS_ALIVE_PER_SESSION_MAX: usize = 256;
/// Credentials of one session in its whole life: a week of one every minute.
pub const CREDENTIALS_PER_SESSION_MAX: u64 = 20_000;
/// Credentials of the whole installation that are not dead yet: bounds state in memory (about 500 bytes each).
pub const CREDENTIALS_ALIVE_MAX: usize = 200_000;
/// Names under which one credential is known elsewhere.
pub const CREDENTIAL_NAMES_MAX: usize = 8;
/// Characters of a public key that a session brings: an Ed25519 line has 80.
pub const PUBLIC_KEY_CHARS_MAX: usize = 800;
/// The longest life of a credential: AWS's twelve hours.
pub const CREDENTIAL_LIFE_MAX: Span = Span::from_secs(12 * 3600);

/// Bytes of a resource's name: a long path in a repository with a long name.
pub const RESOURCE_BYTES_MAX: usize = 1024;
/// Segments of a resource: deeper than any source tree.
pub const RESOURCE_SEGMENTS_MAX: usize = 64;
/// Resources that one ticket asks for.
pub const LOCK_WANTS_MAX: usize = 64;
/// Bytes of their names together: they are part of an entry.
pub const LOCK_WANTS_BYTES_MAX: usize = 16 * 1024;
/// How much waiting one step of priority is worth.
pub const LOCK_AGING_STEP: Span = Span::from_secs(300);
/// How long what is offered is set aside: an agent may be in the middle of a turn.
pub const LOCK_OFFER: Span = Span::from_secs(60);
/// How long what a vanished session held rests where no gate compares tokens: a request of its own may be on its way.
pub const LOCK_REST: Span = Span::from_secs(15);
/// How long a change that a gate let through may be on its way.
pub const LOCK_PIN_MAX: Span = Span::from_secs(60);
/// Those who stand in the way that an answer names.
pub const LOCK_AHEAD_SHOWN_MAX: usize = 16;
/// Tickets that the search for a circle looks at: it is part of an append, and takes some hundred nanoseconds for each.
pub const LOCK_CYCLE_SEARCH_MAX: usize = 100_000;
/// Tickets of the whole installation that are not over: bounds state in memory (about 500 bytes each).
pub const TICKETS_MAX: usize = 500_000;
/// Tickets of one holder that are not over: every file of a large change, one by one.
pub const TICKETS_PER_HOLDER_MAX: usize = 10_000;
/// Tickets of one holder that wait: an agent does one thing at a time, a few of its sub-agents too.
pub const TICKETS_WAITING_PER_HOLDER_MAX: usize = 32;
/// Tickets that wait for one resource.
pub const TICKETS_WAITING_PER_RESOURCE_MAX: usize = 20_000;
/// Tickets remembered after they are over; the oldest are forgotten first.
pub const TICKETS_OVER_REMEMBERED_MAX: usize = 50_000;
/// Bytes of a project's lock rules: a page of paths and commands; escaped, they fit in an entry.
pub const LOCK_RULES_BYTES_MAX: usize = 16 * 1024;
/// Resources that are frozen at once: each waits for a human.
pub const FREEZES_MAX: usize = 1_000;
/// Changes in one record: what one command of an agent changed.
pub const WRITES_PER_RECORD_MAX: usize = 64;
/// Pieces of one change.
pub const HUNKS_PER_WRITE_MAX: usize = 32;
/// Changes of one resource that are remembered: enough to see a struggle.
pub const WRITES_REMEMBERED_PER_RESOURCE_MAX: usize = 8;
/// Resources whose changes are remembered; the longest unchanged are forgotten first.
pub const WRITTEN_RESOURCES_REMEMBERED_MAX: usize = 20_000;
/// How far back a struggle is looked for.
pub const STRUGGLE_WINDOW: Span = Span::from_secs(30 * 60);
/// Turns by at least two sessions on one text that make a struggle.
pub const STRUGGLE_TURNS: usize = 3;

/// Refs of one push: `--all` of a repository with many branches.
pub const PUSH_UPDATES_MAX: usize = 128;
/// Bytes of the names of the refs of one push: with two ids each they fit in an entry.
pub const PUSH_REF_BYTES_MAX: usize = 12 * 1024;
/// Characters of an object's id: SHA-256 in hexadecimal.
pub const PUSH_OBJECT_CHARS_MAX: usize = 64;
/// Characters of a repository's name: host, owner and name.
pub const PUSH_REPOSITORY_CHARS_MAX: usize = 512;
/// Paths that one push touches: two and a half times the largest repository that was measured.
pub const PUSH_PATHS_MAX: usize = 50_000;
/// Fencing tokens of one push: every lock of a large change.
pub const PUSH_TOKENS_MAX: usize = 256;

/// Developers in one installation (design point: a few hundred; bound: fifty thousand).
pub const DEVELOPERS_MAX: usize = 50_000;
/// Sign-ins of one developer; a new one over the limit ends the oldest.
pub const SIGN_INS_PER_DEVELOPER_MAX: usize = 32;
/// Life of a sign-in: a month.
pub const SIGN_IN_TTL: Span = Span::from_secs(30 * 86_400);
/// Ended sign-ins remembered, so that a late retry does not revive one; the oldest are forgotten first.
pub const SIGN_INS_OVER_REMEMBERED_MAX: usize = 10_000;
/// Teams in one installation.
pub const TEAMS_MAX: usize = 5_000;
/// Projects in one installation.
pub const PROJECTS_MAX: usize = 20_000;
/// Teams one project may be worked on by.
pub const TEAMS_PER_PROJECT_MAX: usize = 64;

/// Largest amount in an entry: 2⁵³ − 1 nano-dollars (about 9 million dollars), the largest integer that
/// RFC 8785 canonical JSON carries exactly.
pub const ENTRY_USD_NANOS_MAX: i64 = (1 << 53) - 1;
/// Largest count of anything one call used: the same bound of canonical JSON.
pub const ENTRY_COUNT_MAX: u64 = (1 << 53) - 1;
/// Largest entry: tlog-tiles bundles prefix each entry with 16 bits of length.
pub const ENTRY_BYTES_MAX: usize = 65_535;
