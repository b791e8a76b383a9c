//! Every bound of the data plane, each with its unit and its reason.

use std::time::Duration;

/// Bytes of one request body: the provider's own limit for a Messages request.
pub const BODY_BYTES_MAX: usize = 32 << 20;
/// Bytes of all request bodies held at one time: eight of the largest, thousands of usual ones (60 kB).
pub const BODIES_IN_FLIGHT_BYTES_MAX: usize = 256 << 20;
/// Longest pause within a request body: a client that stops for longer is gone or hostile.
pub const BODY_IDLE_MAX: Duration = Duration::from_secs(10);
/// Longest time for a whole request body: 32 MiB at 2.2 Mbit/s.
pub const BODY_TOTAL_MAX: Duration = Duration::from_secs(120);
/// Bytes allocated ahead for a body whose length is announced but not yet seen. A body that announces more is large:
/// it holds its whole length of the common bound before it is read.
pub const BODY_AHEAD_BYTES_MAX: usize = 1 << 20;
/// One part in so many of the common bound is never taken by large bodies: some slow ones must not keep the usual
/// thousands of small ones out.
pub const SMALL_BODIES_PART: usize = 4;
/// Bytes of a refused request that are read and thrown away, so that the client sees the refusal and not a reset.
pub const DRAIN_BYTES_MAX: usize = 64 << 20;
/// Longest time spent on that.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Upstreams in one configuration: a primary and some to fail over to.
pub const UPSTREAMS_MAX: usize = 8;
/// Longest time for one connection to an upstream, name and TLS included.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the head of an answer: the provider's own limit for an answer that is not streamed.
pub const HEAD_MAX: Duration = Duration::from_secs(600);
/// A stream without a byte for this long is cut (within twice this time): the client itself gives up after 300 s.
pub const STREAM_IDLE_MAX: Duration = Duration::from_secs(320);
/// An upstream that could not be reached is asked last for this long (milliseconds).
pub const UPSTREAM_REST_MS: u64 = 10_000;
/// Bytes of an answer's head.
pub const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers in an answer's or a request's head.
pub const HEADERS_MAX: usize = 100;

/// How long a call waits for a new key once the upstream has refused the old one: a token endpoint answers in seconds, and
/// the call itself has waited for nothing yet.
pub const KEY_RENEWAL_MAX: Duration = Duration::from_secs(15);
/// Exchanges on one pool before the next one is used: an HTTP/2 pool is a single connection, and providers allow about
/// a hundred streams on one.
pub const POOL_STREAMS: usize = 64;
/// Pools of one upstream; beyond `POOL_STREAMS` on each, the least busy takes more.
pub const POOLS: usize = 32;
/// Idle connections kept per pool.
pub const POOL_IDLE_CONNECTIONS_MAX: usize = 64;
/// How long an idle upstream connection is kept: below the minute at which many balancers drop it.
pub const POOL_IDLE_MAX: Duration = Duration::from_secs(50);
/// Bytes an HTTP/2 upstream may send ahead on one stream: what one stuck client can pin.
pub const H2_STREAM_WINDOW_BYTES: u32 = 128 << 10;
/// Bytes an HTTP/2 upstream may send ahead on one connection: `POOL_STREAMS` full stream windows and as much again, so
/// that stuck clients never block the others.
pub const H2_CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// How often an HTTP/2 upstream is asked whether it is there.
pub const H2_PING_EVERY: Duration = Duration::from_secs(30);
/// How long it may take to say so.
pub const H2_PING_MAX: Duration = Duration::from_secs(20);

/// Bytes of an answer that wait for the meter; they are parsed when the upstream pauses, or at this bound.
pub const METER_PENDING_BYTES_MAX: usize = 256 << 10;
/// Frames of one burst that leave in one write: as many as hyper puts into one.
pub const BURST_FRAMES_MAX: usize = 16;
/// Turns of the runtime that a burst waits for its next frame: the upstream's connection needs two to hand one over.
pub const BURST_TURNS_MAX: u8 = 2;
/// Bytes of one burst that leave in one write.
pub const BURST_BYTES_MAX: usize = 16 << 10;
/// Frames that wait for the meter: each may pin a whole read buffer.
pub const METER_PENDING_FRAMES_MAX: usize = 64;
/// Bytes decompressed for the meter in one answer: far above any answer, below what a compression bomb costs in time.
pub const METER_DECODED_BYTES_MAX: usize = 64 << 20;
/// Characters kept of the upstream's request id.
pub const UPSTREAM_REQUEST_CHARS_MAX: usize = 128;
/// How long a reservation is waited for after its client has gone, before the call is settled all the same.
pub const RESERVE_TAIL_MAX: Duration = Duration::from_secs(60);
/// Distinct kinds of refusal that are counted apart.
pub const REJECTION_KINDS_MAX: usize = 64;

/// Connections open at one time: beyond it no more are accepted until one closes.
pub const CONNECTIONS_MAX: usize = 8192;
/// A new connection must send a whole request head within this time.
pub const FIRST_HEAD_MAX: Duration = Duration::from_secs(10);
/// A connection between two requests is closed after this long.
pub const KEEP_ALIVE_MAX: Duration = Duration::from_secs(75);
/// Longest TLS handshake.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A client that takes no byte for this long is cut.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(120);
/// How long streams may go on after a shutdown was asked for.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(30);
/// HTTP/2 streams on one client connection.
pub const H2_STREAMS_MAX: u32 = 256;
/// Pause after a failed accept (usually: out of file descriptors), so that the loop does not spin.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Bytes of an answer to what writ sends on its own account: receivers say little, witnesses some kilobytes, and GitHub
/// describes each of up to 500 repositories of a token in up to 8 kB.
pub const OUTBOUND_ANSWER_BYTES_MAX: usize = 4 << 20;
/// Idle connections kept per receiver of such requests.
pub const OUTBOUND_IDLE_CONNECTIONS_MAX: usize = 4;

/// Bytes of a request body that is forwarded to another service: uploads to trackers and chat fit.
pub const RELAY_UPLOAD_BYTES_MAX: usize = 64 << 20;
/// Bytes of another service's answer: an archive of a repository or a build log fits.
pub const RELAY_DOWNLOAD_BYTES_MAX: usize = 512 << 20;
/// Longest wait for the head of another service's answer.
pub const RELAY_HEAD_MAX: Duration = Duration::from_secs(120);
