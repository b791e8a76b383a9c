//! Every bound of the stand-in service, each with its unit and its reason.

use std::time::Duration;

/// Requests remembered; older ones are forgotten first. Enough for a test under load, small enough to print.
pub(crate) const SEEN_REQUESTS_MAX: usize = 4096;
/// Bytes of one remembered request body; a longer one is remembered by length and digest only.
pub(crate) const SEEN_BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of all remembered request bodies; the oldest bodies go first, their records stay.
pub(crate) const SEEN_BODIES_BYTES_MAX: usize = 64 << 20;
/// Bytes of a request body that are read at all: twice what the real service takes (32 MB), so that a test can see a gateway that forgot its own limit.
pub(crate) const REQUEST_BODY_BYTES_MAX: usize = 64 << 20;
/// Open connections; beyond it a new one is closed at once. Far above any test, below what exhausts a machine.
pub(crate) const CONNECTIONS_MAX: usize = 8192;
/// Events or deltas one script may produce.
pub(crate) const EVENTS_MAX: u64 = 100_000;
/// Kibibytes of text one script may produce.
pub(crate) const TEXT_KIB_MAX: u64 = 16 * 1024;
/// Milliseconds of one scripted pause: ten minutes, longer than any client waits.
pub(crate) const PAUSE_MS_MAX: u64 = 600_000;
/// How long a stalled or gated stream stays open when nobody leaves.
pub(crate) const STALL_MAX: Duration = Duration::from_millis(PAUSE_MS_MAX);
/// Pause before a scripted cut, so that what was sent before it reaches the peer and `cut(events=N)` means N.
pub(crate) const CUT_LINGER: Duration = Duration::from_millis(20);
/// Bytes an endless header or event sends before it gives up on a peer that reads everything.
pub(crate) const FLOOD_BYTES_MAX: u64 = 256 << 20;
/// Bytes per write of an endless header or event.
pub(crate) const FLOOD_CHUNK_BYTES: usize = 64 << 10;
/// Distinct markers that are counted for `overloaded(times=N)`.
pub(crate) const COUNTED_MARKERS_MAX: usize = 1024;
/// Prebuilt benchmark streams kept, one per number of events.
pub(crate) const BENCH_STREAMS_MAX: usize = 16;
/// Characters of a marker with its arguments.
pub(crate) const MARKER_CHARS_MAX: usize = 64 << 10;
/// Largest token count an argument may ask for.
pub(crate) const TOKENS_MAX: u64 = 1_000_000_000_000;
/// Tool calls or searches one script may make.
pub(crate) const TOOL_CALLS_MAX: u64 = 1000;
/// Tokens of the token endpoint that are remembered; the oldest is forgotten first. A caller needs two at a time.
pub(crate) const FEDERATED_TOKENS_MAX: usize = 1024;
/// Actors that one service's tests speak for.
pub(crate) const ACTORS_MAX: usize = 64;
/// Lines of one actor: far more than any test says.
pub(crate) const LINES_MAX: usize = 1000;
/// Pause after a failed accept (usually: out of file descriptors), so that the loop does not spin.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(10);
/// Bytes of a request head the raw hostile server reads before it gives up on the peer.
pub(crate) const HOSTILE_HEAD_BYTES_MAX: usize = 256 << 10;
