//! Bounds of the control plane, each with its unit and its reason. Bounds of the nouns are in [`domain::limits`].

use std::time::Duration;

/// Commands waiting for the scribe. Beyond it a wall answers "busy": about two full batches.
pub const COMMANDS_WAITING_MAX: usize = 4096;
/// Requests that wait for what other nodes wrote, at a time: one read answers all that wait.
pub const CATCH_UPS_WAITING_MAX: usize = 64;
/// Commands in one transaction: keeps one commit under some tens of milliseconds.
pub const BATCH_COMMANDS_MAX: usize = 1024;
/// Turns that other tasks get while the scribe waits for those it answered last to come back: some tens of microseconds.
pub const BATCH_GATHER_YIELDS_MAX: usize = 16;
/// The scribe waits so long for those it answered last: a commit's time divided by this. Waiting costs all others
/// that much, coming too late costs one a whole commit.
pub const BATCH_GATHER_PARTS: u32 = 4;
/// And never longer than this: a store that takes seconds is not made faster by waiting.
pub const BATCH_GATHER_MAX: Duration = Duration::from_millis(5);
/// Transactions on their way to the disk: more than the disk is given at a time.
pub const BATCHES_AHEAD_MAX: usize = 32;
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
/// How often the archive is filled: an archive is for months, and each pass writes what is not full yet anew.
pub const ARCHIVE_EVERY: Duration = Duration::from_secs(30);
/// One file read or written in an archive, tries included.
pub const ARCHIVE_REQUEST_MAX: Duration = Duration::from_secs(20);
/// Tries after the first one within that; the next pass tries again anyway.
pub const ARCHIVE_RETRIES_MAX: usize = 2;
/// How long a stop waits for the archive to reach the log's end; the next start goes on.
pub const ARCHIVE_STOP_MAX: Duration = Duration::from_secs(10);
/// Characters kept of a storage service's answer.
pub const ARCHIVE_ERROR_CHARS_MAX: usize = 300;
/// How often an idle node looks for entries of other nodes when no notification came.
pub const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// The longest a request waits for a lock: below what proxies and hooks of clients give up after.
pub const LOCK_WAIT_MAX: Duration = Duration::from_secs(45);
/// Tickets on a page of the console.
pub const LOCK_PAGE_TICKETS_MAX: usize = 500;
/// Hex digits of a machine's name in the ports and names that its workspaces lease.
pub const MACHINE_DIGITS: usize = 16;
/// Frozen resources on a page of the console: each is a card.
pub const LOCK_PAGE_FREEZES_MAX: usize = 50;
/// Requests that follow locks at a time: consoles, and one for each launcher that shows who works where.
pub const FEEDS_MAX: usize = 512;
/// Entries kept for those who follow locks and are slow: who is slower reads on in the log.
pub const FEED_NOTES_KEPT: usize = 4096;
/// Entries read from the log at a time for one who follows and is behind.
pub const FEED_READ_ENTRIES_MAX: usize = 500;
/// Events of one follower that wait to be sent.
pub const FEED_EVENTS_WAITING_MAX: usize = 64;
/// How often a follower is told that nothing happened: proxies close what is silent for a minute or two.
pub const FEED_HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// How long a follower may not take what is sent before it is given up.
pub const FEED_STALL_MAX: Duration = Duration::from_secs(60);
/// Timers of locks looked at in one round: offers that nobody took up, rests that are over.
pub const LOCK_LAPSES_PER_ROUND_MAX: usize = 1024;
/// How long the reaper may not have looked before what passed meanwhile counts as an outage: the process was stopped, or the
/// machine slept, and nobody could beat or claim.
pub const REAP_GAP_MAX: Duration = Duration::from_secs(15);
/// How often old diffs are forgotten.
pub const DIFFS_PRUNED_EVERY: Duration = Duration::from_secs(600);
/// Tickets looked for that a session had when it ended, for one who follows and is behind.
pub const FEED_TICKETS_OF_SESSION_MAX: usize = 1000;
/// Tickets looked at for one answer; what is beyond is on the next page.
pub const LOCKS_LOOKED_AT_MAX: usize = 20_000;
/// Rows of tickets that are over read at once, where only some of them are wanted.
pub const LOCKS_READ_AT_ONCE: usize = 500;
/// Holds of one resource that are remembered, to say how long one takes: enough for a median.
pub const HOLDS_REMEMBERED_PER_RESOURCE_MAX: usize = 16;
/// Resources whose holds are remembered (about 300 bytes each).
pub const RESOURCES_HELD_REMEMBERED_MAX: usize = 5_000;
/// Changes of one resource in one answer.
pub const WRITES_SHOWN_MAX: usize = 200;
/// Characters of the short diff that comes with a change: what an agent is shown of it.
pub const DIFF_CHARS_MAX: usize = 2_000;

/// Body of an API request: people type these.
pub const API_BODY_BYTES_MAX: usize = 256 * 1024;
/// Body of a gate's question about a push: the paths of the largest one, about 160 bytes each, and its commits.
pub const PUSH_BODY_BYTES_MAX: usize = 16 << 20;
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
/// Names looked at in the folder of keys: a handful of keys, the folder of people's, and what was left aside.
pub const KEYS_FOLDER_ENTRIES_MAX: usize = 10_000;
/// How long the command that prints the seal keys may take: it asks a service over the network, a few times.
pub const SEAL_COMMAND_MAX: Duration = Duration::from_secs(30);
/// Bytes of what it prints: as many keys as there may be, with room.
pub const SEAL_COMMAND_BYTES_MAX: usize = 4096;
/// Words of that command.
pub const SEAL_COMMAND_WORDS_MAX: usize = 64;
/// How often a process reads the keys that sign and seal: another one may have replaced them.
pub const KEYS_READ_EVERY: Duration = Duration::from_secs(5);
/// How long after that a token with an unknown key does not make it read again: strangers choose such names.
pub const KEYS_LOOK_PAUSE: domain::Span = domain::Span::from_secs(1);
/// Tries to change the ring of keys while other processes do.
pub const RING_CHANGE_TRIES_MAX: usize = 5;
/// How long relying parties may keep the published keys without asking.
pub const KEY_SET_AGE_MAX: Duration = Duration::from_secs(300);
/// Shortest time that a key is published before it signs: twice as long as whoever keeps the keys may go without asking.
pub const OVERLAP_MIN: domain::Span = domain::Span::from_secs(600);
/// Longest such time: two rotations must fit into the keys that may be published.
pub const OVERLAP_MAX: domain::Span = domain::Span::from_secs(30 * 86_400);
/// The time when nobody says: relying parties that keep keys for a day have the new one by then.
pub const OVERLAP_DEFAULT: domain::Span = domain::Span::from_secs(86_400);
/// People read from the store at a time, at start.
pub const PEOPLE_PER_READ: usize = 1_000;
/// People whose names are looked for at a time, once others registered them.
pub const STRANGERS_PER_LOOK_MAX: usize = 100;
/// How long after a key was not there it is looked for again: a shared folder may lag.
pub const STRANGER_PAUSE: domain::Span = domain::Span::from_secs(30);

/// Audit bundles made at the same time: each holds a connection of the store for most of its time.
pub const BUNDLES_MAX: usize = 4;
/// How long an audit bundle waits for a checkpoint that covers the newest entries: two of them, and their cosignatures.
pub const BUNDLE_CHECKPOINT_WAIT_MAX: Duration = Duration::from_secs(3);
/// How often it looks meanwhile.
pub const BUNDLE_CHECKPOINT_LOOK_EVERY: Duration = Duration::from_millis(50);
/// Entries of a bundle read at a time: 16 MB at worst.
pub const BUNDLE_ENTRIES_PER_READ: usize = 256;
/// Bytes of a bundle sent at a time.
pub const BUNDLE_PIECE_BYTES: usize = 128 * 1024;
/// Pieces of a bundle that wait to be sent.
pub const BUNDLE_PIECES_WAITING_MAX: usize = 4;
/// How long a bundle waits for whoever takes it before it is given up.
pub const BUNDLE_STALL_MAX: Duration = Duration::from_secs(60);
/// Tiles kept between the proofs of one bundle, 8 kB each.
pub const BUNDLE_TILES_KEPT_MAX: usize = 1024;
/// Longest life of a session's certificate: a day, so that a stolen key is worth little; the launcher renews it.
pub const CERTIFICATE_LIFE_MAX: domain::Span = domain::Span::from_secs(24 * 3600);
/// How long before it is made a certificate counts: a laptop's clock may be behind.
pub const CERTIFICATE_BACKDATED: domain::Span = domain::Span::from_secs(5 * 60);

/// Exports that can be configured: each is a task that reads the log again.
pub const EXPORTS_MAX: usize = 16;
/// Entries that an export reads at a time: at most 13 MB.
pub const EXPORT_READ_ENTRIES_MAX: usize = 200;
/// Events in one delivery.
pub const EXPORT_BATCH_MAX: usize = 200;
/// One request to a receiver, from its connection to the end of the answer; below [`EXPORT_LEASE`].
pub const EXPORT_REQUEST_MAX: Duration = Duration::from_secs(10);
/// The first pause after a failed delivery.
pub const EXPORT_BACK_OFF_MIN: Duration = Duration::from_millis(200);
/// The longest one: a receiver that is back is found again within it.
pub const EXPORT_BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// How long failures that may pass are tried again when nobody says.
pub const EXPORT_RETRY_FOR_DEFAULT: Duration = Duration::from_secs(3600);
/// How long a node that died keeps an export from the others.
pub const EXPORT_LEASE: Duration = Duration::from_secs(20);
/// How often a lease is renewed, or tried for.
pub const EXPORT_RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often a busy export notes how far it is: what a crash delivers twice.
pub const EXPORT_NOTE_EVERY: Duration = Duration::from_secs(1);
/// How often an idle export looks for new entries, and for dead ones that are to be tried again.
pub const EXPORT_LOOK_EVERY: Duration = Duration::from_millis(250);
/// Entries that an export may give up on before it waits instead: a misconfigured receiver must not bury the log.
pub const EXPORT_DEAD_MAX: u64 = 10_000;
/// Dead entries tried again between two reads of the log.
pub const EXPORT_DUE_PER_LOOK_MAX: usize = 50;
/// Characters kept of what went wrong with a delivery.
pub const EXPORT_ERROR_CHARS_MAX: usize = 300;
/// Bytes of one syslog datagram: what IPv4 carries in one UDP packet.
pub const EXPORT_DATAGRAM_BYTES_MAX: usize = 65_507;
/// Events in one answer of the API.
pub const EVENTS_PAGE_MAX: u32 = 1000;
/// Bytes after which such an answer takes no further event: entries have up to 64 kB.
pub const EVENTS_PAGE_BYTES: usize = 8 << 20;
/// Sessions told on each side of the moment: a screen.
pub const WHO_NEIGHBOURS_MAX: u32 = 5;
/// Sessions looked at for those that were still at work at the moment.
pub const WHO_NEIGHBOURS_READ_MAX: u32 = 50;
/// Things told that an ambiguous name may mean: a screen.
pub const WHO_CANDIDATES_MAX: usize = 20;
/// Rows read for one name.
pub const WHO_ROWS_READ_MAX: usize = 50;
/// Artifacts of a session looked at for its client's names: they come first.
pub const WHO_ARTIFACTS_READ_MAX: usize = 1_000;
/// Programs told of a session: it has one or two.
pub const WHO_USER_AGENTS_TOLD_MAX: usize = 10;
/// Client sessions, and sub-agents, told of a session.
pub const WHO_AGENTS_TOLD_MAX: usize = 20;
/// Connections to a witness: a few logs, and monitors that look now and then.
pub const WITNESS_CONNECTIONS_MAX: usize = 256;
/// Requests that a witness reads or decides at a time; each holds at most one body, and a thread while it is decided.
pub const WITNESS_REQUESTS_MAX: usize = 32;
/// Time for the body of one such request.
pub const WITNESS_BODY_MAX: Duration = Duration::from_secs(10);
/// How long a witness that stops finishes what it was asked.
pub const WITNESS_STOP_MAX: Duration = Duration::from_secs(5);
/// Files of each kind of evidence that a witness keeps: one convinces everybody, more are noise.
pub const WITNESS_EVIDENCE_FILES_MAX: usize = 64;

/// One answer of a witness. Publishing a checkpoint waits for it, so it is shorter than a human's patience.
pub const WITNESS_ANSWER_MAX: Duration = Duration::from_secs(3);
/// All that is asked of one witness about one checkpoint: a guess, the true size, and its word when it refuses.
pub const WITNESS_ASK_MAX: Duration = Duration::from_secs(5);
/// How long the other witnesses are waited for once the quorum is met.
pub const WITNESS_GRACE: Duration = Duration::from_millis(500);
/// Pause before a witness that failed is asked again; doubled with each failure.
pub const WITNESS_PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest such pause: a witness that is back is asked within it.
pub const WITNESS_PAUSE_MAX: Duration = Duration::from_secs(10);
/// How far a witness's clock may be from ours before that is said.
pub const WITNESS_SKEW_MAX: domain::Span = domain::Span::from_secs(5 * 60);

/// Relying parties that may ask about tokens: the services of a company that do not verify signatures themselves.
pub const INTROSPECTORS_MAX: usize = 64;
/// Characters of the secret of one: 128 bits in hexadecimal.
pub const INTROSPECTION_SECRET_CHARS_MIN: usize = 32;

/// Asking a broker for a credential, or to end one, from its connection to its answer.
pub const MINT_MAX: Duration = Duration::from_secs(20);
/// After this long nothing that was asked of a broker is still on its way: [`MINT_MAX`] and a clock that is a little off.
pub const MINT_OVER_AFTER: domain::Span = domain::Span::from_secs(30);
/// The same for an operator's own broker, which may be given more: `brokers::limits::PLUGIN_TIME_MAX`, and what it takes to
/// end at once what cannot be used.
pub const PLUGIN_MINT_OVER_AFTER: domain::Span = domain::Span::from_secs(90);
/// Life of what is made to try a broker, where its target gives so short a one.
pub const CANARY_LIFE: domain::Span = domain::Span::from_secs(60);
/// How often the revoker looks when nothing rang.
pub const REVOKE_LOOK_EVERY: Duration = Duration::from_millis(500);
/// Credentials ended at a time: a thousand sessions that end at once are through within seconds.
pub const REVOCATIONS_AT_A_TIME_MAX: usize = 64;
/// Credentials of one broker ended at a time.
pub const REVOCATIONS_OF_ONE_BROKER_MAX: usize = 32;
/// Expiries noted in one look.
pub const EXPIRIES_PER_LOOK_MAX: usize = 512;
/// How long it is tried to clean up what an expired credential left at its target: a week of somebody's holidays.
pub const LEFTOVERS_KEPT: domain::Span = domain::Span::from_secs(7 * 86_400);
/// Pause after the first failure to revoke; doubled with each.
pub const REVOKE_BACK_OFF_MIN: domain::Span = domain::Span::from_secs(1);
/// The longest such pause: a target that is back is asked within it.
pub const REVOKE_BACK_OFF_MAX: domain::Span = domain::Span::from_secs(60);
/// Failures after which the log says that a credential cannot be ended: a quarter of a minute.
pub const STALLED_AFTER_ATTEMPTS: u64 = 5;

/// One exchange at a token endpoint, from its connection to the end of the answer.
pub const FEDERATION_REQUEST_MAX: Duration = Duration::from_secs(10);
/// What an assertion counts for: it is used at once, and clocks differ.
pub const FEDERATION_ASSERTION_LIFE: domain::Span = domain::Span::from_secs(300);
/// The shortest pause between two exchanges, and the first after a failure.
pub const FEDERATION_PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause after failures: an endpoint that is back is asked within it.
pub const FEDERATION_BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// The longest life that a token is believed to have: the most that Anthropic gives.
pub const FEDERATION_TOKEN_LIFE_MAX: Duration = Duration::from_secs(86_400);
/// How old a list of revoked certificates may be: hosts fetch it once a minute, and all of them at the same second.
pub const KRL_FRESH_FOR: domain::Span = domain::Span::from_secs(1);
/// How long a revoked certificate stays in the list after it expired: for hosts whose clocks are late.
pub const KRL_KEPT_AFTER_EXPIRY: domain::Span = domain::Span::from_secs(3600);
/// Rows read at a time for such a list.
pub const KRL_ROWS_AT_A_TIME: usize = 5_000;
