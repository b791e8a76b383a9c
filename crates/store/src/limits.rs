//! Bounds of the store, each with its unit and its reason.

use std::time::Duration;

use domain::Span;

/// Longest wait for a connection: after it the walls answer "closed" instead of hanging.
pub const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the write lock, connection included: a request waits on it.
pub const APPEND_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for any lock inside the database: below [`APPEND_WAIT_MAX`], so that the database gives up first.
pub const LOCK_WAIT_MAX: Duration = Duration::from_millis(4_500);
/// Longest run of one statement: the largest cost query on a year of history, far above any append.
pub const STATEMENT_RUN_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the answer to one statement: the statement's own bound and a network's slack.
pub const STATEMENT_WAIT_MAX: Duration = Duration::from_secs(6);
/// Longest run of one migration: building an index on millions of rows.
pub const MIGRATION_RUN_MAX: Duration = Duration::from_secs(600);
/// Longest silence inside a PostgreSQL transaction: a frozen process must not hold the write lock for everybody.
pub const TRANSACTION_IDLE_MAX: Duration = Duration::from_secs(10);
/// Longest wait for the readiness probe.
pub const PING_WAIT_MAX: Duration = Duration::from_secs(2);
/// Longest time until [`crate::Doorbell`] rings by itself: how far a read may lag behind another node.
pub const DOORBELL_WAIT_MAX: Duration = Duration::from_millis(500);
/// After this long without a notification the listening connection is replaced: it may have died silently.
pub const LISTEN_SILENCE_MAX: Duration = Duration::from_secs(60);
/// Pause before listening again after a failure: a database that restarts must not be stormed.
pub const LISTEN_RETRY_WAIT: Duration = Duration::from_secs(1);

/// Connections of one process to PostgreSQL for everything but appends; twenty replicas stay below 400 with all.
pub const POSTGRES_CONNECTIONS_MAX: u32 = 14;
/// Connections of one process to PostgreSQL that append: one at work, and one while the other is being handed back.
/// Few, because each keeps its own prepared statements, and those that append have thousands of parameters.
pub const POSTGRES_APPENDING_MAX: u32 = 2;
/// Reading connections on SQLite when nobody says: more than cores to use.
pub const SQLITE_READERS_DEFAULT: u32 = 4;
/// Prepared statements kept per connection: all fixed texts and chunk sizes, and the cost queries in use.
pub const STATEMENTS_CACHED_MAX: usize = 256;
/// Lists of statements that one connection to SQLite is given before it has done the first: the one at work, whose asker may have
/// gone, and one that undoes it.
pub const SQLITE_JOBS_WAITING_MAX: usize = 4;
/// Syncs of the write-ahead log at a time. On a disk that takes milliseconds a commit begins every fraction of one; where fewer are
/// at work, it waits for one to end.
pub const SQLITE_SYNCS_AT_ONCE: usize = 16;
/// Pages of the write-ahead log before it is folded into the database (4 kB each): rarer folding, fewer syncs with everybody
/// waiting. At its busiest the log grows by some 30,000 a second.
pub const SQLITE_CHECKPOINT_PAGES: u32 = 32_000;
/// Attempts to empty the write-ahead log while it is being folded: together with the next, two seconds. For those who read it
/// each waits by itself.
pub const LOG_EMPTYINGS_MAX: usize = 40;
/// Pause between them: a fold takes some tens of milliseconds.
pub const LOG_EMPTYING_WAIT: Duration = Duration::from_millis(50);
/// Page cache of the writing connection in kibibytes: the hot ends of tables and indexes.
pub const SQLITE_CACHE_KIB: u32 = 65_536;

/// Rows that one read returns at most, whatever was asked: bounds memory per request.
pub const ROWS_MAX: usize = 10_000;
/// Credentials that one read names at most: a page of them. SQLite takes 32,766 values in a statement.
pub const CREDENTIALS_NAMED_MAX: usize = 1000;
/// Entries that one read returns at most: bounds memory at 16 MB of typical entries.
pub const ENTRIES_PER_READ_MAX: usize = 10_000;
/// Snapshots kept: the newest, and one more should it turn out damaged.
pub const SNAPSHOTS_KEPT: i64 = 2;
/// Rows of tiles that one read returns at most: the hashes of one tile.
pub const TILE_ROWS_MAX: usize = 256;
/// Checkpoints kept: an hour of a busy log, for auditors who ask for one they saw.
pub const CHECKPOINTS_KEPT: i64 = 3600;
/// Slices of one cost query: more than three is a spreadsheet.
pub const COST_DIMENSIONS_MAX: usize = 3;

/// How long it is kept what a change changed, in short: as long as a session that read the text before may live.
pub const DIFFS_KEPT: Span = domain::limits::SESSION_TTL_MAX;
/// How many of them are kept: about 50 MB of typical ones.
pub const DIFFS_KEPT_MAX: i64 = 100_000;

/// How long after its request a call is made, nearly always: the request is read in between.
pub const CALL_AFTER_REQUEST: Span = Span::from_secs(5);
/// The same at most: the longest time a request's body may take, and some slack.
pub const CALL_AFTER_REQUEST_MAX: Span = Span::from_secs(180);
/// How far a clock may have stepped back between two ids made one after the other.
pub const CLOCK_STEP_MAX: Span = Span::from_secs(2);
/// Calls looked through for the one of a request: three minutes of a very busy installation, some tens of milliseconds.
pub const CALLS_PER_REQUEST_SEARCH_MAX: usize = 50_000;
/// Newest calls of a session whose programs are told: a session has one or two.
pub const CALLS_READ_FOR_PROGRAMS: usize = 200;

/// Entries that one statement of a search reads through at most: about 20 MB of typical entries.
pub const SEARCH_WINDOW_ENTRIES: u64 = 20_000;
/// Entries that one search reads through before it says how far it came: about a second's work.
pub const SEARCH_ENTRIES_MAX: u64 = 200_000;
/// Bytes of entries in one answer of a search: beyond it the answer says how far it came.
pub const SEARCH_BYTES_MAX: usize = 8 << 20;
/// Named entries that one search looks at.
pub const SEARCH_POSITIONS_MAX: usize = 1_000;
/// Entries and rows that a check of the whole database holds at a time: 66 MB at worst.
pub const CHECK_ROWS: usize = 1000;
/// Longest statement, and longest pause between two, of a check: PostgreSQL sorts a table of calls once.
pub const CHECK_WAIT_MAX: Duration = Duration::from_secs(600);
