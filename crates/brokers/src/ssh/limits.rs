//! Bounds of what is read and made here, each with its unit and its reason.

/// Bytes of a certificate, decoded: ours take about 500; the room is for long names.
pub const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a key id, a principal or an extension: the longest key id we make has about 200.
pub const TEXT_BYTES_MAX: usize = 512;
/// Bytes of the value of a critical option or an extension: a list of sixteen networks fits.
pub const OPTION_BYTES_MAX: usize = 1024;
/// Principals in a certificate: the human and the session when it signs commits, a handful of roles when it logs in.
pub const PRINCIPALS_MAX: usize = 16;
/// Critical options or extensions in a certificate: OpenSSH knows seven, we add two.
pub(super) const EXTENSIONS_MAX: usize = 16;
/// Bytes of a signature, decoded: a certificate and some hundred bytes.
pub(super) const SIGNATURE_BYTES_MAX: usize = CERTIFICATE_BYTES_MAX + 1024;
/// Bytes of a commit object: messages of some megabytes exist (generated change logs), larger ones are no commits of ours.
pub const COMMIT_BYTES_MAX: usize = 16 << 20;
/// Bytes of a private key file, decoded: an Ed25519 key takes about 250; the room is for a long comment.
pub(super) const PRIVATE_KEY_BYTES_MAX: usize = 4 * 1024;
/// Serial numbers in one revocation list. A revoked certificate stays in it for an hour or two, so this is a day's worth of
/// an installation at its bound; 8 bytes each, so the list has at most 1.6 MB.
pub const KRL_SERIALS_MAX: usize = 200_000;
/// Bytes of a revocation list that is read: the largest that is written, twice.
pub const KRL_BYTES_MAX: usize = 4 << 20;
/// Numbers that one bitmap of a revocation list covers: OpenSSH reads sixteen million, but a bitmap is only smaller than a
/// list where numbers lie close together.
pub(super) const KRL_BITMAP_BITS_MAX: u64 = 1 << 16;
/// Bytes of a revocation list's comment.
pub(super) const KRL_COMMENT_BYTES_MAX: usize = 256;
