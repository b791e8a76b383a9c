//! Every bound of this room, each with its unit and its reason. Reaching one is a clear error, never growth.

/// Leaves in a tree: 2⁶³ − 1, what a signed 64-bit number of SQL and of other verifiers can say.
pub const TREE_SIZE_MAX: u64 = (1 << 63) - 1;
/// Hashes in one proof. A tree of 2⁶³ − 1 leaves is 63 nodes high, and tlog-witness allows 63 lines.
pub const PROOF_HASHES_MAX: usize = 63;

/// Bytes of a signed note: a checkpoint with a hundred ML-DSA-44 cosignatures of about 3,400 characters each.
pub const NOTE_BYTES_MAX: usize = 512 * 1024;
/// Signature lines in a note; a verifier must take 16 (signed-note), other implementations stop at 100.
pub const NOTE_SIGNATURES_MAX: usize = 100;
/// Bytes of a key's name: what one length byte of an ML-DSA-44 cosignature's message can say.
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// Bytes of a log's origin: the same length byte.
pub const ORIGIN_BYTES_MAX: usize = 255;
/// Lines below the three that a checkpoint must have. Nobody needs any; the specification advises against them.
pub const EXTENSION_LINES_MAX: usize = 16;

/// Bytes of the unauthenticated extra data in an offline proof: a hint, not a document.
pub const PROOF_EXTRA_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an offline proof: its extra data in base64, its hashes, its checkpoint, and room for the other lines.
pub const TLOG_PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_EXTRA_BYTES_MAX * 4 / 3 + 8 * 1024;
/// Bytes of a request to a witness: 63 hashes, the old size, and the checkpoint.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = NOTE_BYTES_MAX + 4 * 1024;

/// Bytes of a trust policy: 192 lines with long addresses.
pub const POLICY_BYTES_MAX: usize = 128 * 1024;
/// Logs, and witnesses, and groups of a trust policy: twice what tlog-policy asks an implementation to take.
pub const POLICY_ITEMS_MAX: usize = 64;
/// Bytes of the six lines of an audit bundle's head: a key of 255 characters and its decoration, an id, four numbers.
pub const DOSSIER_LINES_BYTES_MAX: usize = 1024;
