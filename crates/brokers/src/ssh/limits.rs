//! Bounds of what is read and made here, each with its unit and its reason.

/// Bytes of a certificate, decoded: ours take about 500; the room is for long names.
pub const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a key id, a principal or an extension: the longest key id we make has about 200.
pub const TEXT_BYTES_MAX: usize = 512;
/// Principals in a certificate: the human and the session.
pub const PRINCIPALS_MAX: usize = 8;
/// Extensions in a certificate: we set one.
pub(super) const EXTENSIONS_MAX: usize = 16;
/// Bytes of a signature, decoded: a certificate and some hundred bytes.
pub(super) const SIGNATURE_BYTES_MAX: usize = CERTIFICATE_BYTES_MAX + 1024;
/// Bytes of a commit object: messages of some megabytes exist (generated change logs), larger ones are no commits of ours.
pub const COMMIT_BYTES_MAX: usize = 16 << 20;
