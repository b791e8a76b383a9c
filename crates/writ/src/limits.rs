//! Bounds of the command line client, each with its unit and its reason. Bounds of the law are in `domain::limits`.

use std::time::Duration;

use domain::Span;

/// Whole time of one API request: a human waits for it.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an API answer: a page of sessions is far below; past it something else answers.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Entries asked for at a time when they are printed as events: below [`ANSWER_BYTES_MAX`] even if each is as large as an
/// entry can be.
pub(crate) const EVENTS_PER_REQUEST: u32 = 200;
/// Bytes of a password read from standard input, its line end included.
pub(crate) const PASSWORD_BYTES_MAX: u64 = 1025;
/// Bytes of a configuration, credentials or settings file: written by hand, so a megabyte is a mistake.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a bundle that are read at a time.
pub(crate) const BUNDLE_PIECE_BYTES: usize = 1 << 20;

/// Pause between two beats of the launcher, though a session needs only one per `domain::limits::BEAT_EVERY`. Cost: half
/// a small request a second for each running agent, answered from memory (the server writes the row less often). Gain:
/// a revocation ends the agent's processes within seconds even while no model call is under way.
pub(crate) const BEAT_PAUSE: Duration = Duration::from_secs(2);
/// Beats without an answer before the launcher says so: one lost packet is no news.
pub(crate) const BEATS_LOST_BEFORE_WARNING: u32 = 3;
/// News waiting from the beat thread: it has four kinds and repeats none in a row.
pub(crate) const NEWS_QUEUE: usize = 8;
/// Time between SIGTERM and SIGKILL for an agent whose session is over: enough to flush, not to go on.
pub(crate) const KILL_GRACE: Duration = Duration::from_secs(5);
/// Attempts to tell the server that the session ended; after them it lapses by missed beats.
pub(crate) const END_ATTEMPTS: u32 = 4;
/// Pause before the second attempt; doubled each time.
pub(crate) const END_PAUSE: Duration = Duration::from_millis(500);

/// Oldest cosignature that counts for a trust policy. An idle log is cosigned again far more often, so one that is older
/// says that a witness is away, or that an old state of the log is shown for the newest.
pub(crate) const COSIGNATURE_AGE_MAX: Span = Span::from_secs(24 * 3600);
/// Times that a smaller log is looked at again: one process of several may be a second behind another.
pub(crate) const LAGGING_RETRIES: u32 = 3;
/// Pause before such a look.
pub(crate) const LAGGING_PAUSE: Duration = Duration::from_millis(700);
/// Times that a command tries for its turn to write down what it has seen: another needs it for milliseconds.
pub(crate) const MEMORY_LOCK_TRIES: u32 = 40;
/// Pause before such a try.
pub(crate) const MEMORY_LOCK_PAUSE: Duration = Duration::from_millis(25);
/// Files of evidence in one home: one is more than anybody should ever see.
pub(crate) const EVIDENCE_FILES_MAX: usize = 100;

/// Time for a part of the demo to come up: a cold disk and a busy laptop included.
pub(crate) const DEMO_START_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for one short command of the demo.
pub(crate) const DEMO_STEP_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for the demo's governed session.
pub(crate) const DEMO_SESSION_TIMEOUT: Duration = Duration::from_secs(600);
/// Time for a part of the demo to go away by itself before it is killed.
pub(crate) const DEMO_STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Lines of a demo part kept for the error text.
pub(crate) const DEMO_LINES_KEPT: usize = 20;
/// Model turns of the scripted agent in one conversation: its longest script has three.
pub(crate) const AGENT_TURNS_MAX: usize = 12;
/// Bytes of one answer the scripted agent reads.
pub(crate) const AGENT_ANSWER_BYTES_MAX: usize = 8 << 20;
/// Bytes of an answer to a yes-or-no question.
pub(crate) const CONSENT_BYTES_MAX: u64 = 64;

/// Whole time of one exchange between a command inside a session and its launcher, which may ask the control plane.
pub(crate) const INSIDE_TIMEOUT: Duration = Duration::from_secs(15);
/// The same for a credential: the launcher may ask a control plane that restarts ([`VAULT_RETRY_MAX`]), and that one a
/// target that is slow.
pub(crate) const CREDENTIAL_ASK_TIMEOUT: Duration = Duration::from_secs(70);
/// Whole time of one request for a credential: a slow target's own bound, twice, and some.
pub(crate) const CREDENTIAL_TIMEOUT: Duration = Duration::from_secs(40);
/// Time in which a control plane that does not answer is asked again: a restart takes seconds.
pub(crate) const VAULT_RETRY_MAX: Duration = Duration::from_secs(20);
/// Pause before it is asked again the first time; doubled each time.
pub(crate) const VAULT_RETRY_PAUSE: Duration = Duration::from_millis(250);
/// How long a failure that may pass is the answer to whoever asks: nobody hammers what is down.
pub(crate) const VAULT_FAILURE_PAUSE: Duration = Duration::from_secs(2);
/// How young a credential may be and not be known where a beat is answered: processes that share a log know of an entry
/// within a second.
pub(crate) const VAULT_UNKNOWN_MAX: Duration = Duration::from_secs(2);
/// Credentials kept for one session: every target of a project in several scopes.
pub(crate) const VAULT_ENTRIES_MAX: usize = 256;
/// Another credential is made when less than this is left, or a fifth of its life.
pub(crate) const CREDENTIAL_LEFT_MIN: Duration = Duration::from_secs(60);
/// The same at AWS: its clients ask anew for every request when less than 15 minutes are left.
pub(crate) const CREDENTIAL_AWS_LEFT_MIN: Duration = Duration::from_secs(16 * 60);
/// A credential with less than this left is not given even if there is no other: it would end on its way.
pub(crate) const CREDENTIAL_GOOD_LEFT_MIN: Duration = Duration::from_secs(5);
/// Bytes of a public key file: one line with a comment.
pub(crate) const PUBLIC_KEY_BYTES_MAX: u64 = 16 * 1024;
/// Time in which a certificate for logging in must come to be offered: a client waits for all of them, and has other keys to
/// try.
pub(crate) const LOGIN_CERTIFICATE_WAIT_MAX: Duration = Duration::from_secs(20);
/// Ancestors of a process that are looked at to find its launcher: shells in shells in build tools.
pub(crate) const ANCESTORS_MAX: usize = 512;
/// Launchers of sessions inside one session that are known at a time.
pub(crate) const INNER_LAUNCHERS_MAX: usize = 256;
/// Grants of one session that are prepared.
pub(crate) const GRANTS_MAX: usize = 256;
/// The same for locks: a turn may be waited for ([`LOCK_WAIT_STEP`]).
pub(crate) const LOCK_ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// How long one request waits for a turn; below what proxies cut.
pub(crate) const LOCK_WAIT_STEP: Duration = Duration::from_secs(25);
/// How often `writ with-lock` looks whether its lock is held still.
pub(crate) const LOCK_LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long nobody may be able to say so: as long as a session may miss its beats before it is suspect.
pub(crate) const LOCK_UNSURE_MAX: Duration = Duration::from_secs(70);
/// How long a command that lost its lock has to end by itself.
pub(crate) const LOCK_CHILD_GRACE: Duration = Duration::from_secs(10);
/// Bytes of one line of that exchange: a session with its token and writ takes some kilobytes.
pub(crate) const INSIDE_LINE_BYTES_MAX: u64 = 64 * 1024;
/// Artifacts in one ask: a rebase reports all its commits at once, and 40 bytes each stay far below a line's bound.
pub(crate) const RECORD_VALUES_MAX: usize = 500;
/// Artifacts waiting to be recorded: a long rebase, twice.
pub(crate) const RECORDS_WAITING_MAX: usize = 1024;
/// Artifacts remembered as noted, so that none is recorded twice in a row: then it starts anew.
pub(crate) const RECORDS_REMEMBERED_MAX: usize = 4096;
/// Attempts to record one.
pub(crate) const RECORD_ATTEMPTS: u32 = 4;
/// Pause before the second attempt; doubled each time.
pub(crate) const RECORD_PAUSE: Duration = Duration::from_millis(500);
/// Time at the end of a session for what is still to be recorded.
pub(crate) const RECORD_FLUSH_MAX: Duration = Duration::from_secs(5);
/// Time before a certificate's end at which the launcher asks for the next one: several attempts fit.
pub(crate) const CERTIFICATE_RENEW_BEFORE: Duration = Duration::from_secs(15 * 60);
/// Pause between two attempts to get a certificate.
pub(crate) const CERTIFICATE_RETRY_PAUSE: Duration = Duration::from_secs(60);
/// Bytes of a socket's path: the shortest bound of the systems writ runs on is 104 with its final zero.
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 100;
/// Servers that a session is told are gates: each is up to six patterns, and a hundred cost each command of git's 2 ms.
pub(crate) const GATES_MAX: usize = 16;
/// Time for one short command of git or OpenSSH while a session is prepared.
pub(crate) const GIT_STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of git's question to a credential helper, and of the file of a session's remotes: 256 grants of 64 repositories.
pub(crate) const GIT_CREDENTIAL_BYTES_MAX: u64 = 4 << 20;
/// Repositories told when git asks about another.
pub(crate) const REMOTES_TOLD_MAX: usize = 8;

/// Time for one git command of `writ who`: blame of a long history.
pub(crate) const GIT_LOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of git's answer: a commit and its signature; more is no commit that a session made.
pub(crate) const GIT_ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Commits told when a short id is ambiguous.
pub(crate) const COMMITS_TOLD_MAX: usize = 20;
/// Objects looked at for the commits among them.
pub(crate) const OBJECTS_LOOKED_AT_MAX: usize = 100;
/// Entries asked for at a time by `writ audit search`.
pub(crate) const SEARCH_PAGE_ENTRIES: u64 = 500;
/// Attempts to get the proof of an entry that no checkpoint covers yet: there is a new one every second.
pub(crate) const PROOF_ATTEMPTS: u32 = 12;
/// Pause between two of them.
pub(crate) const PROOF_PAUSE: Duration = Duration::from_millis(250);
/// Times that proofs and the checkpoint are asked for until they belong together: a new one comes every second.
pub(crate) const PROOF_ROUNDS: u32 = 4;

/// Bytes of a file with a broker's settings: what the control plane takes, with room for comments.
pub(crate) const BROKER_SETTINGS_FILE_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of a file with a broker's secret.
pub(crate) const BROKER_SECRET_BYTES_MAX: u64 = 16 * 1024;

/// How often the demo looks whether a session's credentials are dead.
pub(crate) const DEMO_LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many times it looks: a revocation takes a moment, not ten seconds.
pub(crate) const DEMO_LOOKS_MAX: u32 = 100;

/// Time for one git command of a workspace: the checkout of a large repository whose files come over the network.
pub(crate) const WORKSPACE_GIT_TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of git's answer there: the index of half a million files.
pub(crate) const WORKSPACE_GIT_BYTES_MAX: u64 = 64 << 20;
/// Times that a git command is tried when another git holds a lock: with the pause, two seconds.
pub(crate) const GIT_LOCK_TRIES: u32 = 40;
/// Pause before such a try.
pub(crate) const GIT_LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a file that comes along into a workspace though git does not know it: settings and keys, not data.
pub(crate) const BROUGHT_FILE_BYTES_MAX: u64 = 16 << 20;
/// Such files and hooks of one repository.
pub(crate) const BROUGHT_FILES_MAX: usize = 1000;
/// Bytes of changed and untracked files that one keep-ref takes: past it somebody has to decide what is worth keeping.
pub(crate) const KEPT_BYTES_MAX: u64 = 4 << 30;
/// Branches, tags and stashes of a workspace that one keep-ref takes besides its head.
pub(crate) const KEPT_TIPS_MAX: usize = 512;
/// Workspaces that are looked at by one command.
pub(crate) const WORKSPACES_MAX: usize = 10_000;
/// Age at which an ended workspace is removed by itself: a week to look at what an agent did.
pub(crate) const WORKSPACE_AGE_MAX: Span = Span::from_secs(7 * 24 * 3600);
/// Bytes of all ended workspaces together; past them the oldest are removed by themselves.
pub(crate) const WORKSPACES_BYTES_MAX: u64 = 20 << 30;
/// Files of one workspace that are counted for its size.
pub(crate) const WORKSPACE_FILES_MAX: usize = 5_000_000;
/// Processes that are looked at to find out whether one works in a workspace.
pub(crate) const PROCESSES_MAX: usize = 100_000;
/// Ports of one workspace.
pub(crate) const WORKSPACE_PORTS: u16 = 20;
/// The first port of the first block. From here on 128 blocks end at 32559: below the ports that Linux gives to
/// connections by itself (from 32768 on).
pub(crate) const WORKSPACE_PORT_FIRST: u16 = 30_000;
/// Blocks of ports on one machine: twice as many sessions as one machine bears.
pub(crate) const WORKSPACE_PORT_BLOCKS: u16 = 128;

/// Workspaces for sub-agents that one session has at a time: each is a checkout and a block of ports of the machine's 128.
pub(crate) const PARTS_MAX: usize = 32;
/// Those that it has had: each leaves a branch and a keep-ref.
pub(crate) const PARTS_NAMED_MAX: usize = 1024;
/// Time for a hook that makes, keeps or removes a workspace: the checkout of a large repository.
pub(crate) const HOOK_WORKSPACE_DEADLINE: Duration = Duration::from_secs(300);

/// Bytes of what the client tells a hook: a whole file that is written, and the one before it.
pub(crate) const HOOK_BYTES_MAX: u64 = 32 << 20;
/// Bytes of the answer: a reason with a short difference.
pub(crate) const HOOK_ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Time for a hook that answers by itself, or after one request.
pub(crate) const HOOK_DEADLINE: Duration = Duration::from_secs(10);
/// Time for a hook that may wait for a lock ([`LOCK_WAIT_MAX`]) and ask some more.
pub(crate) const HOOK_WAITING_DEADLINE: Duration = Duration::from_secs(55);
/// The same at the end of a conversation: the client gives 1.5 seconds in all.
pub(crate) const HOOK_END_DEADLINE: Duration = Duration::from_millis(1200);
/// How much longer the client waits for a hook than the hook does itself.
pub(crate) const HOOK_CLIENT_SLACK: Duration = Duration::from_secs(5);
/// Characters of what a session says it is about: what the control plane keeps with a ticket.
pub(crate) const INTENT_CHARS_MAX: usize = 500;
/// Longest wait for a lock in the middle of a turn of the agent's: beyond it the agent is told to do something else.
pub(crate) const LOCK_WAIT_MAX: Duration = Duration::from_secs(45);
/// Time of an exchange with the control plane besides waiting.
pub(crate) const HOOK_LOCK_TIMEOUT: Duration = Duration::from_secs(4);
/// Bytes of a file whose content is compared each time; a larger one is told by its size and times.
pub(crate) const DIGEST_BYTES_MAX: u64 = 8 << 20;
/// Bytes of a file whose content is kept while a tool changes it, to say what changed.
pub(crate) const CONTENT_KEPT_BYTES_MAX: usize = 512 * 1024;
/// Bytes of contents kept that way at a time.
pub(crate) const CONTENTS_KEPT_BYTES_MAX: usize = 32 << 20;
/// Files that the agents of a session are known to have seen; the oldest are forgotten first, and are then never-read.
pub(crate) const READS_KNOWN_MAX: usize = 8192;
/// Files looked at before and after a command, the newest first: 2,000 looks take 4 ms.
pub(crate) const READS_LOOKED_AT_MAX: usize = 2000;
/// Changes by other sessions that are remembered.
pub(crate) const FOREIGN_WRITES_MAX: usize = 4096;
/// Uses of tools that are under way, as far as is known: the client does not tell of those that it gave up.
pub(crate) const PENDING_USES_MAX: usize = 128;
/// Notices that wait for an agent's next hook.
pub(crate) const NOTICES_MAX: usize = 64;
/// Notices told at once.
pub(crate) const NOTICES_TOLD_MAX: usize = 8;
/// Working trees whose repository is remembered.
pub(crate) const REPOSITORIES_KNOWN_MAX: usize = 256;
/// Folders above a file in which its repository is looked for.
pub(crate) const FOLDERS_ABOVE_MAX: usize = 64;
/// Lines on each side that are compared piece by piece.
pub(crate) const DIFF_LINES_MAX: usize = 2000;
/// Characters of a difference that is told.
pub(crate) const DIFF_CHARS_MAX: usize = 1500;
/// Pieces of one change that are told: what the control plane keeps.
pub(crate) const HUNKS_MAX: usize = 32;
/// Changes told in one request: what the control plane takes.
pub(crate) const WRITES_PER_ASK_MAX: usize = 64;
/// Requests with changes that wait for a control plane that does not answer; later ones are lost, and said to be.
pub(crate) const WRITES_WAITING_MAX: usize = 256;
/// Locks held or waited for by a session that are remembered here.
pub(crate) const TICKETS_KNOWN_MAX: usize = 4096;
/// Locks of others that a starting agent is told about.
pub(crate) const LOCKS_TOLD_MAX: usize = 20;
/// Silence of the event stream after which it is opened again: three heartbeats.
pub(crate) const EVENTS_SILENCE_MAX: Duration = Duration::from_secs(45);
/// Pause before the event stream is opened again; doubled up to the next.
pub(crate) const EVENTS_RETRY_PAUSE: Duration = Duration::from_millis(500);
/// The longest such pause.
pub(crate) const EVENTS_RETRY_PAUSE_MAX: Duration = Duration::from_secs(15);
/// Bytes of one event.
pub(crate) const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Files that the client is asked to watch.
pub(crate) const WATCHED_FILES_MAX: usize = 64;
/// Time for one look of git's at a file.
pub(crate) const GIT_ASK_TIMEOUT: Duration = Duration::from_secs(2);
