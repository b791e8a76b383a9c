//! What the log looks like and how it is proved. Pure; knows no storage and no network.
//!
//! - **Entries**: their canonical encoding, their version, and their leaf hash. An entry is one RFC 8785 canonical JSON
//!   object (the subset writ needs: ASCII keys, integers within ±(2⁵³ − 1)):
//!   `{"actor":…,"body":{…},"chain":{"seq":0},"node":"node_…","request":"req_…","time":1790000000000,
//!   "type":"session.opened","v":2}`.
//!   Its bytes, not its meaning, are what the leaf hash covers; nobody ever re-serialises a stored entry to check it.
//! - **The chain** of each session: its entries numbered and linked, so that an omission is visible.
//! - **The tree** over the entries (RFC 6962) and the files it is served as (C2SP tlog-tiles), and proofs from them.
//!   Planning a proof names the tiles it needs, so that whoever fetches them may wait.
//! - **Statements** about the tree: signed notes, checkpoints, cosignatures, offline proofs, trust policies (all C2SP).
//! - **Audits**: of a whole log from its first entry ([`Walk`]), and of a file that holds a part of it with its proofs
//!   ([`dossier`]).
//! - **Laws**: of a witness ([`witness`]), and of a client that remembers what it was shown ([`fork`]).
//!
//! Everything that is read from bytes has one spelling: what is accepted is written again byte by byte as it was.

mod bundle;
mod chain;
mod checkpoint;
mod cosignature;
pub mod dossier;
mod edge;
mod entry;
pub mod fork;
mod key;
pub mod limits;
mod note;
mod proof;
#[cfg(test)]
mod testing;
mod text;
mod tile;
mod tile_set;
mod tlog_proof;
mod tree;
mod trust;
mod walk;
pub mod witness;

pub use bundle::{BUNDLE_BYTES_MAX, BundleError, decode_bundle, encode_bundle};
pub use chain::{Chains, Link};
pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use cosignature::{COSIGNATURE_TIME_S_MAX, Cosigner};
pub use edge::{HashTile, RightEdge};
pub use entry::{DecodeError, EncodeError, Entry, VERSION, decode, encode, leaf_hash};
pub use key::{Algorithm, ED25519_KEY_BYTES, KeyError, KeyId, PRIVATE_KEY_PREFIX, VerifierKey};
pub use note::{Note, NoteError, Signature, Signer, Verified};
pub use proof::{ProofError, ProofPlan, inclusion_root, root_from_tiles, verify_consistency, verify_inclusion};
pub use tile::{
    BundleId, HASH_BYTES, LEVEL_MAX, TILE_BYTES, TILE_WIDTH, Tile, TileError, bundles, full_bundles_between,
    full_tiles_between, partial_bundle, partial_tiles, tile_bytes, tiles,
};
pub use tile_set::TileSet;
pub use tlog_proof::{TlogProof, TlogProofError, TlogProofRejected};
pub use tree::{Frontier, FrontierError, empty_root, merkle_root, node_hash};
pub use trust::{
    Cosigned, Evaluation, PolicyError, PolicyProblem, TrustError, TrustPolicy, TrustedLog, TrustedWitness,
};
pub use walk::{Step, Walk, WalkError};

#[cfg(test)]
extern crate self as ledger; // so that the samples in `entry/tests/samples.rs` read the same in this crate and in `control`
